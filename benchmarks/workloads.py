"""The workloads, each beside the same thing by hand.

An objective takes the array module as its first argument, so that other systems can run it too (`peers.py`); ours
runs it on plain `numpy`.
"""
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

import baselines
import lux_nb as lux


@dataclass(kw_only=True)
class Workload:
    "What is measured, and against what. `hand` and `ours` take no arguments and return the same arrays, ours once it is unpacked."

    title: str # what its row is called
    hand: Callable # the frozen baseline
    ours: Callable # the same by lux_nb
    unpack: Callable = lambda result: result # from what ours returns to what hand does; not measured
    aim: float | None = None # the ratio to stay under
    operations: int | None = None # how many operations one call records; its row then tells microseconds an operation
    array: int | None = None # bytes of one array; its row then tells the peak of extra memory, in arrays
    check: Callable | None = None # check(result of hand, result of ours), where they are not equal to rounding
    objective: Callable | None = None # objective(module, *arrays, *constants) -> scalar, for the peers
    arrays: tuple = () # what it is differentiated with respect to
    constants: tuple = () # what it takes besides
    rate: float | None = None # with a rate the result is the value and `array - rate * gradient`, else the value and the gradients


def reverse(title, objective, arrays, constants=(), **facts):
    "A workload that asks for the value of an objective and its gradients, in reverse mode."
    both = lux.value_and_grad(partial(objective, np), argnums=tuple(range(len(arrays))))

    def ours():
        value, grads = both(*arrays, *constants)
        return value, *grads

    return Workload(title=title, ours=ours, objective=objective, arrays=arrays, constants=constants, **facts)


def training(title, model, lossfn, objective, data, rate, flat=False, **facts):
    "A workload that takes one step of training: it asks for the loss before the step, and the parameters after it."
    ps, st = lux.setup(np.random.default_rng(0), model)
    tstate = lux.TrainState(model, lux.ComponentArray(ps) if flat else ps, st, lux.SGD(rate))

    ad, arrays = lux.AutoReverse(), tuple(lux.tree_leaves(ps))

    def unpack(result):
        _, loss, _, new = result
        return loss, *lux.tree_leaves(new.parameters.to_dict() if flat else new.parameters)

    return Workload(title=title, ours=lambda: lux.single_train_step(ad, lossfn, data, tstate), unpack=unpack,
                    objective=objective, arrays=arrays, constants=data, rate=rate, **facts)


def normal(*shape, dtype=np.float32, seed=0):
    "Normal numbers, the same ones each time."
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def step():
    def objective(m, weight, bias, x, y):
        return m.mean(m.square(x @ weight.T + bias - y))

    work = training("training step, Dense(10, 5), 20 samples", lux.Dense(10, 5), lux.MSELoss(), objective,
                    (normal(20, 10), normal(20, 5)), rate=0.01, hand=None, aim=2.0)
    work.hand = partial(baselines.training_step, *work.arrays, *work.constants, work.rate)
    return work


def step_flat():
    work = training("the same, parameters in a ComponentArray", lux.Dense(10, 5), lux.MSELoss(), None, (normal(20, 10), normal(20, 5)),
                    rate=0.01, flat=True, hand=None, aim=2.0)
    work.hand = partial(baselines.training_step, *work.arrays, *work.constants, work.rate)
    return work


def mlp():
    def objective(m, w1, b1, w2, b2, w3, b3, x, y):
        h = x @ w1.T + b1
        h = (h * (h > 0)) @ w2.T + b2
        z = (h * (h > 0)) @ w3.T + b3
        return -m.mean(m.sum(y * (z - m.log(m.sum(m.exp(z), 1))[:, None]), 1))

    model = lux.Chain(lux.Dense(784, 256, lux.relu), lux.Dense(256, 128, lux.relu), lux.Dense(128, 10))
    labels = np.random.default_rng(0).integers(10, size=128)
    data = normal(128, 784), np.eye(10, dtype=np.float32)[labels]
    work = training("training step, MLP 784-256-128-10, batch 128", model, lux.CrossEntropyLoss(), objective, data, rate=0.1, hand=None)
    work.hand = partial(baselines.mlp_step, work.arrays, *data, work.rate)
    return work


def rosenbrock():
    def objective(m, x):
        return m.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    x = normal(1000, dtype=float)
    return reverse("Rosenbrock of 1,000, gradient", objective, (x,), hand=lambda: baselines.rosenbrock(x), aim=3.0)


def rosenbrock_hvp():
    f, x, v = partial(rosenbrock().objective, np), normal(1000, dtype=float), normal(1000, dtype=float, seed=1)
    return Workload(title="Rosenbrock of 1,000, hvp", hand=lambda: [baselines.rosenbrock_hvp(x, v)], ours=lambda: [lux.hvp(f, x, v)])


def recurrent():
    def objective(m, w, u, b, xs, y):
        h = 0 * y
        for x in xs:
            h = m.tanh(h @ w + x @ u + b)
        return m.mean((h - y) ** 2)

    w, u, b = normal(32, 32) / 8, normal(16, 32) / 8, normal(32) / 8
    xs, y = normal(100, 16, 16), normal(16, 32, seed=1)
    return reverse("recurrent net of 32, 100 steps, batch 16", objective, (w, u, b), (xs, y),
                   hand=lambda: baselines.recurrent(w, u, b, xs, y), aim=2.2)


def scalars():
    def objective(m, x):
        for _ in range(333):
            x = m.sin(x) * 1.1 + 0.1
        return x

    x = np.float64(0.5)
    return reverse("chain of 999 operations on a scalar", objective, (x,), hand=lambda: baselines.scalar_chain(x, 333), operations=999)


def small():
    def objective(m, x, a, b):
        for _ in range(100):
            x = m.tanh(x * a + b)
        return m.sum(x)

    x, a, b = (normal(10, seed=seed) for seed in range(3))
    return reverse("chain of 300 operations on 10 numbers", objective, (x,), (a, b),
                   hand=lambda: baselines.small_chain(x, a, b, 100), operations=300)


def elementwise():
    def objective(m, x):
        return m.sum(m.square(m.log(m.sqrt(m.tanh(m.exp(m.sin(x)))) * 2 + 1)))

    x = normal(10**7)
    return reverse("8 elementwise operations on 10^7 float32", objective, (x,),
                   hand=lambda: baselines.eight_elementwise(x), aim=1.4, array=x.nbytes)


def tangents():
    def f(x):
        return np.exp(np.cos(np.square(np.log(np.sqrt(np.tanh(np.exp(np.sin(x)))) * 2 + 1))))

    x, t = normal(10**6), normal(10**6, seed=1)
    return Workload(title="JVP of 10 elementwise operations on 10^6 float32", aim=1.2,
                    hand=lambda: baselines.ten_elementwise(x, t), ours=lambda: lux.jvp(f, (x,), (t,)))


def forward():
    x, a, b = normal(50, dtype=float), normal(50, 50, dtype=float) / 7, normal(50, dtype=float, seed=1)
    both = lux.value_and_grad(lambda x: np.mean((np.tanh(a @ x) - b) ** 2), ad=lux.AutoForward())
    return Workload(title="gradient in forward mode, n = 50", aim=2.0,
                    hand=lambda: baselines.forward_gradient(x, a, b), ours=lambda: both(x))


def uniforms(n=10**7, aim=4.0, title=None):
    def check(theirs, ours):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype and 0 <= ours.min() and ours.max() < 1
        assert abs(ours.mean() - theirs.mean()) < 4 / n**0.5

    theirs, ours = np.random.default_rng(0), lux.default_rng(0)
    return Workload(title=title or f"{n:,} uniforms", hand=lambda: theirs.random(n), ours=lambda: ours.random(n), check=check, aim=aim)


def few_uniforms():
    return uniforms(100, aim=None, title="100 uniforms (aim: 0.3 ms)")


WORKLOADS = {f.__name__: f for f in (
    step, step_flat, mlp, rosenbrock, rosenbrock_hvp, recurrent, scalars, small, elementwise, tangents, forward, uniforms, few_uniforms,
)}
