"""Other systems that differentiate NumPy-like code. Each gives a call that returns [value, *gradients or new parameters]."""
import importlib.util


def _updated(value, arrays, grads, rate):
    "What a workload asks for: the value and the gradients, or the parameters after a step."
    return [value, *(grads if rate is None else [p - rate * g for p, g in zip(arrays, grads)])]


def autograd(work):
    "HIPS autograd, https://github.com/HIPS/autograd"
    import autograd.numpy as m
    from autograd.differential_operators import value_and_grad
    count = len(work.arrays)
    both = value_and_grad(lambda arrays: work.objective(m, *arrays, *work.constants))

    def call():
        value, grads = both(work.arrays)
        return _updated(value, work.arrays, grads[:count], work.rate)

    return call


def mygrad(work):
    "MyGrad, https://github.com/rsokl/MyGrad"
    import mygrad as m

    def call():
        arrays = [m.tensor(x) for x in work.arrays]
        value = work.objective(m, *arrays, *work.constants)
        value.backward()
        return _updated(value.data, work.arrays, [x.grad for x in arrays], work.rate)

    return call


def torch(work):
    "PyTorch, eager, on one thread of the CPU"
    import torch as m
    m.set_num_threads(1)
    arrays, constants = ([m.as_tensor(x) for x in xs] for xs in (work.arrays, work.constants))

    def call():
        leaves = [x.detach().requires_grad_() for x in arrays]
        value = work.objective(m, *leaves, *constants)
        grads = m.autograd.grad(value, leaves)
        return _updated(value.detach(), arrays, grads, work.rate)

    return call


def jax(work):
    "JAX, compiled; the time to compile is not counted"
    import jax as j
    j.config.update("jax_enable_x64", True)
    m, count = j.numpy, len(work.arrays)
    arrays, constants = ([m.asarray(x) for x in xs] for xs in (work.arrays, work.constants))

    @j.jit
    def step(arrays, constants):
        value, grads = j.value_and_grad(lambda arrays: work.objective(m, *arrays, *constants))(arrays)
        return _updated(value, arrays, grads, work.rate)

    return lambda: j.block_until_ready(step(arrays, constants))


PEERS = {"autograd": autograd, "mygrad": mygrad, "torch": torch, "jax": jax}


def installed():
    "The peers that can be imported here."
    return {name: peer for name, peer in PEERS.items() if importlib.util.find_spec(name) is not None}
