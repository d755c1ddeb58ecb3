"What the chapter on optimizers promises: each step as computed by hand."
import math

import numpy as np
import pytest

import lux_nb as lux
from lux_nb import SGD, Adam, ComponentArray, Descent, FrozenDict, Momentum

EVERY = [SGD(0.1), Momentum(0.1), Momentum(0.1, nesterov=True), Adam(0.1), Adam(0.1, weight_decay=0.1)]
every_optimizer = pytest.mark.parametrize("optimizer", EVERY, ids=repr)
START, SLOPES = np.array([1.0, -2.0]), [np.array([0.5, 1.0]), np.array([-1.0, 3.0]), np.array([2.0, 0.0])]


def run(optimizer, ps, slopes):
    "The parameters after each step."
    state, path = optimizer.init(ps), []
    for slope in slopes:
        ps, state = optimizer.update(slope, state, ps)
        path.append(ps)
    return path


def by_hand(step):
    "The parameters after each step of a rule for one number: step(p, g, memory, count) -> p, memory."
    path = []
    for start, slopes in zip(START, np.transpose(SLOPES)):
        p, memory, column = start, {}, []
        for count, g in enumerate(slopes, 1):
            p, memory = step(p, g, memory, count)
            column.append(p)
        path.append(column)
    return np.transpose(path)


def plain(p, g, memory, count):
    return p - 0.1 * g, memory


def heavy_ball(p, g, memory, count, nesterov=False):
    v = 0.9 * memory.get("v", 0) + 0.1 * g
    return p - (0.9 * v + 0.1 * g if nesterov else v), {"v": v}


def adam(p, g, memory, count, decay=0.0):
    m, v = 0.9 * memory.get("m", 0) + 0.1 * g, 0.999 * memory.get("v", 0) + 0.001 * g * g
    return p - 0.1 * decay * p - 0.1 * (m / (1 - 0.9**count)) / (math.sqrt(v / (1 - 0.999**count)) + 1e-8), {"m": m, "v": v}


@pytest.mark.parametrize("optimizer, step", [
    (SGD(0.1), plain), (Momentum(0.1), heavy_ball), (Momentum(0.1, nesterov=True), lambda *a: heavy_ball(*a, nesterov=True)), (Adam(0.1), adam),
    (Adam(0.1, weight_decay=0.5), lambda *a: adam(*a, decay=0.5)),
], ids=["SGD", "Momentum", "Nesterov", "Adam", "AdamW"])
def test_steps_are_those_of_the_formula(optimizer, step):
    np.testing.assert_allclose(run(optimizer, START, SLOPES), by_hand(step), rtol=1e-13)


@every_optimizer
def test_updates_are_pure(optimizer):
    ps, g = START.copy(), SLOPES[0].copy()
    state = optimizer.init(ps)
    before = [np.copy(leaf) for leaf in lux.tree_leaves(state)]
    first, second = optimizer.update(g, state, ps), optimizer.update(g, state, ps)
    assert np.array_equal(first[0], second[0]) and np.array_equal(ps, START) and np.array_equal(g, SLOPES[0])
    assert all(map(np.array_equal, before, lux.tree_leaves(state)))


@every_optimizer
@pytest.mark.parametrize("make", [
    lambda x: {"a": x, "b": [x]}, lambda x: FrozenDict(a=x, b={"c": x}), lambda x: ComponentArray(a=x, b={"c": x}), lambda x: (x, (), None),
], ids=["dict", "FrozenDict", "ComponentArray", "tuple"])
def test_structures_keep_their_kind(optimizer, make):
    path = run(optimizer, make(START), [make(g) for g in SLOPES])
    expected = run(optimizer, START, SLOPES)
    for ps, alone in zip(path, expected):
        assert lux.tree_structure(ps) == lux.tree_structure(make(START))
        for leaf in lux.tree_leaves(ps):
            np.testing.assert_allclose(leaf, np.resize(alone, leaf.shape), rtol=1e-15)


@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), np.float32(0.1)], ids=["float", "float64", "float32"])
@pytest.mark.parametrize("make", [SGD, Momentum, Adam])
def test_parameters_keep_their_dtype(make, rate):
    for dtype in (np.float16, np.float32, np.float64):
        for ps in run(make(rate), START.astype(dtype), [g.astype(dtype) for g in SLOPES]):
            assert ps.dtype == dtype


@every_optimizer
def test_a_minimum_is_found(optimizer):
    ps, state = START, optimizer.init(START)
    for _ in range(400):
        ps, state = optimizer.update(lux.gradient(lambda p: np.sum((p - 3) ** 2), ps), state, ps)
    np.testing.assert_allclose(ps, 3, atol=0.6 if getattr(optimizer, "weight_decay", 0) else 1e-3)


@pytest.mark.parametrize("make", [SGD, Momentum, Adam])
@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, np.float32(-1)], ids=str)
def test_a_rate_must_be_positive(make, rate):
    with pytest.raises(ValueError, match=f"{make.__name__} needs a positive learning rate, got"):
        make(rate)


def test_descent_is_another_name():
    assert Descent is SGD and repr(SGD(0.5)) == "SGD(learning_rate=0.5)"
