"""For every row of sample inputs: the promises that an entry of the table makes."""
import importlib
import zlib
from pathlib import Path

import numpy as np
import pytest

from lux_nb import reverse
from lux_nb.autodiff import grad, gradient
from lux_nb.forward import jvp, push_forward
from lux_nb.reverse import vjp, pull_to_leaves, record, owned
from lux_nb.trees import tree_flatten, tree_leaves

SAMPLES = sorted(path.stem for path in (Path(__file__).parent / "samples").glob("[a-z]*.py"))
ROWS = [each for name in SAMPLES for each in importlib.import_module(f"samples.{name}").ROWS]
every_row = pytest.mark.parametrize("row", ROWS, ids=str)
H = np.cbrt(np.finfo(float).eps)  # the step that balances truncation against rounding in a central difference


def operands_of(row, dtype=float):
    "The operands of a row, always the same ones."
    rng = np.random.default_rng(zlib.crc32(str(row).encode()))
    xs = [np.asarray(domain(rng, shape), float) for domain, shape in zip(row.domains, row.shapes)]
    if np.dtype(dtype).kind == "c":
        xs = [x + 1j * domain(rng, shape) for x, domain, shape in zip(xs, row.domains, row.shapes)]
    return [x.astype(dtype) for x in xs], rng


def flat_outputs(row):
    "The row's function as one that returns its floating-point outputs in a list."
    def f(*xs):
        leaves = tree_leaves(row.invariant(row.call(row.function, *xs)))
        return [y for y in leaves if np.result_type(y).kind in "fc"]
    return f


def like(rng, values):
    "A random direction for each value."
    def draw(value):
        shape, kind = np.shape(value), np.result_type(value).kind
        v = rng.uniform(-1, 1, shape) + (1j * rng.uniform(-1, 1, shape) if kind == "c" else 0)
        return np.asarray(v).astype(np.result_type(value))
    return [draw(value) for value in values]


def dot(us, vs):
    "The pairing of cotangents and tangents, Re sum(u v)."
    return sum(np.sum(np.real(np.asarray(u) * np.asarray(v)), dtype=float) for u, v in zip(us, vs))


def weighted(row, rng):
    "The row's function, made scalar and curved by a smooth sum of its outputs."
    f = flat_outputs(row)
    weights = like(rng, f(*operands_of(row)[0]))
    return lambda *xs: sum(np.sum(w * y + w * y * y) for w, y in zip(weights, f(*xs)))


@every_row
def test_value_and_dtype_are_numpys(row):
    xs, rng = operands_of(row)
    f = flat_outputs(row)
    expected = f(*xs)
    for got in (jvp(f, tuple(xs), tuple(like(rng, xs)))[0], vjp(f, *xs)[0]):
        assert len(got) == len(expected)
        for a, b in zip(got, expected):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)
            assert np.result_type(a) == np.result_type(b) and np.shape(a) == np.shape(b)


@every_row
def test_adjoint_identity(row):
    for dtype in (float, complex) if row.complex else (float,):
        xs, rng = operands_of(row, dtype)
        f = flat_outputs(row)
        ts = like(rng, xs)
        ys, dys = jvp(f, tuple(xs), tuple(ts))
        gs = like(rng, ys)
        cotangents = vjp(f, *xs)[1](gs)
        for x, t, c in zip(xs, ts, cotangents):
            assert np.shape(c) == x.shape and np.result_type(c) == x.dtype
        for y, dy in zip(ys, dys):
            assert np.shape(dy) == np.shape(y) and np.result_type(dy) == np.result_type(y)
        np.testing.assert_allclose(dot(cotangents, ts), dot(gs, dys), rtol=1e-9, atol=1e-9)


@every_row
def test_finite_differences(row):
    for dtype in (float, complex) if row.complex else (float,):
        xs, rng = operands_of(row, dtype)
        f, ts = flat_outputs(row), like(rng, xs)
        _, dys = jvp(f, tuple(xs), tuple(ts))
        ahead, behind = (f(*[x + s * H * t for x, t in zip(xs, ts)]) for s in (1, -1))
        for dy, a, b in zip(dys, ahead, behind):
            difference = (a - b) / (2 * H)
            np.testing.assert_allclose(dy, difference, rtol=1e-5, atol=1e-6 * (1 + np.max(np.abs(difference), initial=0)))


@every_row
def test_second_derivatives_in_all_nestings(row):
    if row.orders < 2:
        pytest.skip("the row asks for first derivatives only")
    xs, rng = operands_of(row)
    s, ts = weighted(row, rng), tuple(like(rng, xs))
    g = grad(s, argnums=tuple(range(len(xs))))
    _, forward_over_reverse = jvp(g, tuple(xs), ts)
    slope = lambda *xs: jvp(s, xs, ts)[1]
    reverse_over_forward = grad(slope, argnums=tuple(range(len(xs))))(*xs)
    along = lambda *xs: dot_traced(g(*xs), ts)
    reverse_over_reverse = grad(along, argnums=tuple(range(len(xs))))(*xs)
    _, forward_over_forward = jvp(slope, tuple(xs), ts)
    ahead, behind = (g(*[x + sign * H * t for x, t in zip(xs, ts)]) for sign in (1, -1))
    for k in range(len(xs)):
        difference = (ahead[k] - behind[k]) / (2 * H)
        tolerance = dict(rtol=1e-5, atol=1e-5 * (1 + np.max(np.abs(difference), initial=0)))
        np.testing.assert_allclose(forward_over_reverse[k], difference, **tolerance)
        np.testing.assert_allclose(reverse_over_forward[k], forward_over_reverse[k], rtol=1e-7, atol=1e-7)
        np.testing.assert_allclose(reverse_over_reverse[k], forward_over_reverse[k], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(forward_over_forward, dot(forward_over_reverse, ts), rtol=1e-7, atol=1e-7)


def dot_traced(us, vs):
    return sum(np.sum(u * v) for u, v in zip(us, vs))


@every_row
def test_leading_axes(row):
    xs, rng = operands_of(row)
    f, many = flat_outputs(row), 3
    values, treedef = tree_flatten(tuple(xs))
    batches = [np.stack(column) for column in zip(*[like(rng, xs) for _ in range(many)])]
    ys, dys = push_forward(f, values, batches, treedef.unflatten, batch=1)
    for i in range(many):
        _, one = jvp(f, tuple(xs), tuple(b[i] for b in batches))
        for dy, expected in zip(dys, one):
            np.testing.assert_allclose(dy[i], expected, rtol=1e-10, atol=1e-10)
    seeds = [np.stack(column) for column in zip(*[like(rng, ys) for _ in range(many)])]
    pullback = vjp(f, *xs)[1]
    tape, leaves, treedef, result, _ = record(f, tuple(xs), "test")
    pairs = [(y.slot, g) for y, g in zip(result, seeds) if owned(tape, y)]
    if not pairs:
        return
    together = pull_to_leaves(tape, leaves, treedef, pairs, lead=(many,))
    for i in range(many):
        for c, expected in zip(together, pullback([g[i] for g in seeds])):
            np.testing.assert_allclose(c[i], expected, rtol=1e-10, atol=1e-10)


@every_row
def test_low_precision_stays(row):
    if not row.low_precision:
        pytest.skip("NumPy has no such function in float32")
    xs, rng = operands_of(row, np.float32)
    f, ts = flat_outputs(row), like(rng, xs)
    plain = f(*xs)
    ys, dys = jvp(f, tuple(xs), tuple(ts))
    cotangents = vjp(f, *xs)[1](like(rng, ys))
    for p, y, dy in zip(plain, ys, dys):
        assert np.result_type(y) == np.result_type(p) == np.result_type(dy)
    for x, c in zip(xs, cotangents):
        assert np.result_type(c) == x.dtype
    exact, exact_d = jvp(f, tuple(x.astype(float) for x in xs), tuple(t.astype(float) for t in ts))
    for dy, reference in zip(dys, exact_d):
        np.testing.assert_allclose(dy, reference, rtol=1e-2, atol=2e-3 * (1 + np.max(np.abs(reference), initial=0)))


@every_row
def test_what_is_not_kept_is_not_needed(row, monkeypatch):
    xs, rng = operands_of(row)
    f = flat_outputs(row)
    ys, pullback = vjp(f, *xs)
    gs = like(rng, ys)
    expected = pullback(gs)
    monkeypatch.setattr(reverse, "LARGE", -1) # as if every array were a large one
    monkeypatch.setattr(reverse, "hollow", lambda x: np.full_like(x, np.nan) if x.dtype.kind in "fc" else x)
    for c, e in zip(vjp(f, *xs)[1](gs), expected):
        np.testing.assert_array_equal(c, e)
