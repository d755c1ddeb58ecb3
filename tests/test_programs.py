"""Programs give what the functions give that they were recorded from, and their results belong to the caller alone."""
import threading
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lux_nb as lux
from lux_nb.programs import Program, compiled

UNARY = [
    np.sin, np.cos, np.tanh, np.exp, np.square, np.abs, np.negative, np.sqrt, np.log1p, np.positive, np.copy, np.floor, np.sign,
    lambda x: x * 2, lambda x: 3 * x, lambda x: x + 0, lambda x: x * 1, lambda x: x / 4, lambda x: -x, lambda x: 1 - x, lambda x: x**2, lambda x: x**3,
    lambda x: x.T, lambda x: np.transpose(x), lambda x: x.reshape(-1), lambda x: np.reshape(x, x.shape[::-1]), lambda x: x[..., ::-1], lambda x: x[None][0],
    lambda x: np.sum(x, axis=0), lambda x: np.sum(x, axis=-1, keepdims=True), lambda x: np.mean(x), lambda x: np.max(x, axis=0), lambda x: np.cumsum(x, axis=0),
    lambda x: np.broadcast_to(x, (2, *x.shape)), lambda x: np.zeros_like(x), lambda x: np.ones_like(x) * 3, lambda x: np.full_like(x, 7.0),
    lambda x: np.where(x > 0.5, x, 0), lambda x: np.where(x <= 0, 0, x), lambda x: np.concatenate([np.ravel(x), np.ravel(x * x)]), lambda x: np.clip(x, 0.2, 0.7),
    lambda x: lux.updated(x, 0, 1.0) if x.ndim else x, lambda x: x.astype(np.float32), lambda x: x.astype(np.float64), lambda x: np.sort(x, axis=-1), lambda x: np.expand_dims(x, 1),
    lambda x: np.stack([x, x]), lambda x: x @ np.ones(x.shape[-1], x.dtype), lambda x: np.flip(x), lambda x: np.linalg.norm(x), lambda x: np.argsort(x, axis=-1),
    lambda x: np.swapaxes(x, 0, -1), lambda x: np.roll(x, 1), lambda x: np.maximum(x, 0.5), lambda x: x[np.array([0, 0])], lambda x: np.diag(np.ravel(x)[:3]),
]
BINARY = [np.add, np.subtract, np.multiply, np.maximum, np.arctan2, np.hypot, lambda a, b: a - -b, lambda a, b: (2 * a) * (3 * b), lambda a, b: np.vdot(a, b) if a.size == b.size else a]


def composition(numbers, x, y):
    "A random composition of table functions: every result may be read again, and all of them are returned."
    values = [x, y]
    for kind, i, j in numbers:
        a, b = values[i % len(values)], values[j % len(values)]
        try:
            if kind < len(UNARY):
                value = UNARY[kind](a)
            else:
                value = BINARY[kind - len(UNARY)](a, b)
        except (ValueError, IndexError, AttributeError, np.exceptions.AxisError): # shapes that don't go together
            continue
        if value.size <= 200:
            values.append(value)
    return values[2:]


def assert_close(expected, found):
    "Equal types, shapes and dtypes, values equal to rounding."
    assert type(found) is type(expected) and found.dtype == expected.dtype and np.shape(found) == np.shape(expected)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(found), finite)
    a, b = np.asarray(expected)[finite], np.asarray(found)[finite]
    if a.dtype.kind == "f":
        scale = np.max(np.abs(a), initial=1)
        np.testing.assert_allclose(b, a, rtol=0, atol=1e4 * np.finfo(a.dtype).eps * scale)
    else:
        np.testing.assert_array_equal(b, a)


def run_alone(program, *inputs):
    "The results of a program's source, executed with nothing but what it imports and its captured values."
    space = {}
    exec(program.source, space)
    run = space["build"](*program.objects) if "build" in space else space["program"]
    return run(*inputs)


steps = st.lists(st.tuples(st.integers(0, len(UNARY) + len(BINARY) - 1), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12)
shapes = st.sampled_from([(3, 4), (4, 4), (5,), (1,), (2, 3, 2), (0, 3), ()])


@settings(max_examples=250, deadline=None)
@given(steps, shapes, st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32 - 1))
def test_a_composition_equals_the_eager_one(numbers, shape, dtype, seed):
    rng = np.random.default_rng(seed)
    x, y = (np.asarray(rng.uniform(0.1, 0.9, shape)).astype(dtype) for _ in range(2))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = composition(numbers, x.copy(), y.copy())
        f = compiled(lambda x, y: composition(numbers, x, y))
        first = f(x, y)
        again = f(x, y)
        other = f(y, x)
        for a, b in zip(expected, first, strict=True):
            assert_close(a, b)
        for a, b in zip(expected, again, strict=True): # a second run, in the same buffers
            assert_close(a, b)
        for a, b in zip(composition(numbers, y.copy(), x.copy()), other, strict=True):
            assert_close(a, b)
    arrays = [r for results in (first, again, other) for r in results if isinstance(r, np.ndarray)]
    for k, a in enumerate(arrays):
        assert a.flags.writeable
        assert not any(np.shares_memory(a, b) for b in (*arrays[:k], x, y))


@settings(max_examples=100, deadline=None)
@given(steps, st.integers(0, 2**32 - 1))
def test_a_gradient_equals_the_eager_one(numbers, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.1, 0.9, (3, 4)), rng.uniform(0.1, 0.9, (3, 4))

    def loss(x, y):
        results = [r for r in composition(numbers, x, y) if r.dtype.kind == "f"]
        return sum((np.sum(r.astype(float)) for r in results), start=np.sum(x * y))

    both = lux.value_and_grad(loss, argnums=(0, 1))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            expected = lux.tree_leaves(both(x, y))
        except NotImplementedError: # a function without a rule
            return
        program = compiled(both)
        for a, b in zip(expected, lux.tree_leaves(program(x, y)), strict=True):
            assert_close(a, b)
        for a, b in zip(expected, lux.tree_leaves(program(x, y)), strict=True):
            assert_close(a, b)
