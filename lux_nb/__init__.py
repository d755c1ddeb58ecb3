"""Arrays, automatic differentiation and training: the Lux tutorial's system in Python, on plain NumPy.

    import numpy as np
    import lux_nb as lux

The modules stand in the order in which they depend on each other; each is a chapter of the book.
"""
__version__ = "0.1.0"

from .trees import (
    ComponentArray, FrozenDict, dispatching, frozen, register_pytree_node, tree_flatten, tree_leaves,
    tree_leaves_with_path, tree_map, tree_map_with_path, tree_structure, tree_unflatten, updated,
)
from .arrays import BigFloat, big, show
from .randomness import Xoshiro, default_rng, replicate, seed
from .devices import CPUDevice, Device, GPUDevice, cpu, cpu_device, cu, get_device, gpu, gpu_available, gpu_device
from .rules.table import composite, def_rule, elementwise, linear, nondifferentiable, stop_gradient
from .rules.special import logsumexp
from .forward import jvp
from .reverse import vjp
from .autodiff import (
    AutoForward, AutoReverse, batched_jacobian, elementwise_grad, grad, gradient, hessian, hvp, jacfwd, jacobian,
    jacobian_vector_product, jacrev, value_and_grad, vector_jacobian_product,
)
from .custom import custom_rule, remat
from .checks import GradientReport, check_gradients, checked_finite
from .programs import Program, compiled
from .layers import (
    Chain, Dense, Dropout, Layer, bias_uniform, gelu, glorot_uniform, identity, kaiming_uniform, log_softmax,
    parameter_count, relu, setup, sigmoid, softmax, tanh, testmode, trainmode, zeros_init,
)
from .losses import BinaryCrossEntropyLoss, CrossEntropyLoss, HuberLoss, Loss, MAELoss, MSELoss
from .optimizers import SGD, Adam, Descent, Momentum, Optimizer
from .training import TrainState, apply_gradients, compute_gradients, single_train_step
from .versions import versioninfo
