"""The table of derivatives on drawn inputs: shapes, broadcasting, layouts, dtypes, ties and zeros, indices, subscripts, paddings."""
import math
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from lux_nb.forward import jvp, push_forward
from lux_nb.reverse import vjp
from lux_nb.rules.table import RULES
from lux_nb.trees import tree_flatten, tree_leaves

settings.register_profile("drawn", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
drawn = settings(settings.get_profile("drawn"), max_examples=40)
few = settings(drawn, max_examples=12)

DTYPES = [np.float16, np.float32, np.float64, np.longdouble]
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
seeds = st.integers(0, 2**32 - 1)
KINKS = np.array([0.0, -0.0, 1.0, -1.0, 0.5])


def values(shape, seed, low=-1.8, high=1.8, dtype=float):
    "Values apart from each other; where the interval has zero inside, none within 0.05 of it."
    rng, n = np.random.default_rng(seed), math.prod(shape)
    x = low + (high - low) * (rng.permutation(n) + rng.uniform(0.3, 0.7, n)) / max(n, 1)
    return (x + np.copysign(0.05, x) * (low < 0)).reshape(shape).astype(dtype)


@st.composite
def arrays(draw, shape=None, low=-1.8, high=1.8, dtype=st.just(float)):
    "An array in one of the layouts that NumPy has: C, Fortran, reversed, every second element of a larger one."
    shape = draw(shapes) if shape is None else shape
    x = values(shape, draw(seeds), low, high, draw(dtype))
    layout = draw(st.sampled_from(["C", "F", "reversed", "strided", "read-only"]))
    if layout == "F":
        return np.asfortranarray(x) if x.ndim else x
    if layout == "reversed":
        return x[(slice(None, None, -1),) * x.ndim]
    if layout == "strided" and x.ndim:
        wide = np.repeat(x, 2, axis=-1)
        return wide[..., ::2]
    if layout == "read-only":
        x.flags.writeable = False
    return x


def directions(xs, seed):
    "A direction for each operand."
    rng = np.random.default_rng(seed)
    return tuple(np.asarray(rng.uniform(-1, 1, np.shape(x))).astype(np.result_type(x)) for x in xs)


def pairing(us, vs):
    "Re sum(u v) of nested lists of arrays."
    return sum(float(np.sum(np.real(np.multiply(u, v)), dtype=float)) for u, v in zip(tree_leaves(us), tree_leaves(vs), strict=True))


def check(f, *xs, differences=True, seed=0, rtol=None, h=None):
    "All promises of an entry at one point: value, shapes, dtypes, adjoint identity, leading axes and, away from kinks, finite differences."
    plain = tree_leaves(f(*xs))
    ts = directions(xs, seed)
    ys, dys = (tree_leaves(part) for part in jvp(f, xs, ts))
    zs, pullback = vjp(f, *xs)
    precision = max(float(np.finfo(np.result_type(y)).eps) for y in (*xs, *plain) if np.result_type(y).kind in "fc")
    rtol = rtol or 64 * precision
    for y, z, dy, p in zip(ys, tree_leaves(zs), dys, plain, strict=True):
        assert np.shape(y) == np.shape(z) == np.shape(p) and np.result_type(y) == np.result_type(z) == np.result_type(p)
        np.testing.assert_allclose(y, p, rtol=rtol, atol=rtol)
        np.testing.assert_allclose(z, p, rtol=rtol, atol=rtol)
        if np.result_type(p).kind in "fc":
            assert np.shape(dy) == np.shape(p) and np.result_type(dy) == np.result_type(p)
    gs = directions(plain, seed + 1)
    cs = pullback(vjp(f, *xs)[0].__class__(gs) if isinstance(zs, (tuple, list)) else gs[0])
    for x, c in zip(xs, cs, strict=True):
        assert np.shape(c) == np.shape(x) and np.result_type(c) == np.result_type(x)
    size = 1 + sum(float(np.sum(np.abs(np.multiply(c, t)), dtype=float)) for c, t in zip(cs, ts))
    assert np.isfinite(size), "a cotangent is not finite"
    assert abs(pairing(cs, ts) - pairing(gs, dys)) <= 32 * rtol * size
    many, treedef = [np.stack([t, np.zeros_like(t), -2 * t]) for t in ts], tree_flatten(xs)[1]
    for both, dy in zip(tree_leaves(push_forward(f, list(xs), many, treedef.unflatten, batch=1)[1]), dys, strict=True):
        np.testing.assert_allclose(both, np.multiply.outer(np.array([1, 0, -2], dy.dtype), dy), rtol=8 * rtol, atol=8 * rtol)
    if differences:
        h = h or np.cbrt(precision)
        ahead, behind = (tree_leaves(f(*[(x + s * h * t).astype(x.dtype) for x, t in zip(xs, ts)])) for s in (1, -1))
        for dy, a, b in zip(dys, ahead, behind, strict=True):
            slope = np.asarray((a - b) / (2 * h))
            scale = 1 + float(np.max(np.abs(slope), initial=0))
            np.testing.assert_allclose(dy, slope, rtol=0, atol=200 * h * h * scale)
    if all(np.size(x) == 0 for x in xs):
        assert all(np.size(c) == 0 for c in cs)


# Elementwise functions

WIDE = (-1.8, 1.8)
DOMAINS = {np.arcsin: (-0.9, 0.9), np.arccos: (-0.9, 0.9), np.arctanh: (-0.9, 0.9), np.arccosh: (1.2, 3.0), np.tan: (-1.2, 1.2),
    **{f: (0.2, 2.0) for f in (np.sqrt, np.log, np.log2, np.log10, np.log1p, np.reciprocal, np.power, np.float_power, np.divide)}}
STEPS = {np.mod, np.fmod, np.modf, np.frexp, np.heaviside, np.nextafter, np.spacing, np.copysign} # jumps: differences only where none is near
UFUNCS = sorted({f for f in vars(np).values() if isinstance(f, np.ufunc) and f in RULES and RULES[f].elementwise} | {np.float_power}, key=lambda f: f.__name__)
ONE = [f for f in UFUNCS if f.nin == 1 and f not in STEPS]
TWO = [f for f in UFUNCS if f.nin == 2 and f not in STEPS | {np.ldexp}]
OTHERS = [np.real, np.imag, np.conj, np.sinc, np.nan_to_num, np.angle, np.i0]
every = lambda functions: pytest.mark.parametrize("f", functions, ids=lambda f: getattr(f, "__name__", None))


@every(ONE + OTHERS)
@given(st.data())
@drawn
def test_elementwise_functions_of_one_operand(f, data):
    x = data.draw(arrays(None, *DOMAINS.get(f, WIDE)))
    check(f, x, differences=f is not np.angle)


@every(TWO)
@given(st.data())
@drawn
def test_elementwise_functions_of_two_operands_that_broadcast(f, data):
    both = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3))
    a, b = (data.draw(arrays(shape, *DOMAINS.get(f, WIDE))) for shape in both.input_shapes)
    apart = np.size(np.broadcast_arrays(a, b)[0]) == 0 or np.min(np.abs(np.subtract(a, b))) > 1e-3
    check(f, a, b, differences=bool(apart))


@every([f for f in ONE + TWO if f not in (np.float_power, np.arccosh)])
@given(st.sampled_from([np.float16, np.float32, np.longdouble]), seeds)
@few
def test_dtypes_of_elementwise_functions(f, dtype, seed):
    xs = [values((2, 3), seed + k, *DOMAINS.get(f, (0.2, 0.9)), dtype) for k in range(f.nin)]
    check(f, *xs, differences=False, rtol=400 * float(np.finfo(dtype).eps))


@every([np.abs, np.fabs, np.sign, np.maximum, np.minimum, np.fmax, np.fmin, np.hypot, np.square, np.copysign, np.heaviside, np.add, np.multiply, np.subtract,
        np.nan_to_num, np.sinc])
@given(st.data())
@few
def test_at_kinks_ties_and_signed_zeros(f, data):
    shape = data.draw(shapes)
    pick = st.lists(st.sampled_from(KINKS.tolist()), min_size=math.prod(shape), max_size=math.prod(shape))
    xs = [np.array(data.draw(pick)).reshape(shape) for _ in range(getattr(f, "nin", 1))]
    check(f, *xs, differences=False)


@given(st.data())
@drawn
def test_powers_with_zeros_and_negative_bases(data):
    n = data.draw(st.integers(0, 4))
    x = np.array(data.draw(st.lists(st.sampled_from([0.0, -0.0, 1.0, -2.0, 3.0]), max_size=5)))
    check(lambda x: x**n, x, differences=False)
    expected = n * x ** max(n - 1, 0) if n else np.zeros_like(x)
    np.testing.assert_array_equal(vjp(lambda x: x**n, x)[1](np.ones_like(x))[0], expected)


# Reductions

@st.composite
def with_axes(draw, several=True, low=-1.8, high=1.8, min_side=1):
    "An array, and an axis of it, or some, or None."
    x = draw(arrays(draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=min_side, max_side=3)), low, high))
    one = st.integers(-x.ndim, x.ndim - 1)
    choices = [st.none(), one] + [st.lists(one, unique_by=lambda a: a % x.ndim, min_size=1).map(tuple)] * several
    return x, draw(st.one_of(choices)), draw(st.booleans())


@every([np.sum, np.mean, np.prod, np.var, np.std, np.max, np.min, np.ptp, np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin, np.median, np.nanmedian])
@given(with_axes())
@drawn
def test_reductions(f, case):
    x, axis, keepdims = case
    alone = x.size == 1 or np.size(f(x, axis=axis)) == x.size
    check(lambda x: f(x, axis=axis, keepdims=keepdims), x, differences=not (f is np.std and alone))


@every([np.sum, np.prod])
@given(with_axes(min_side=0))
@few
def test_reductions_of_empty_arrays(f, case):
    x, axis, keepdims = case
    check(lambda x: f(x, axis=axis, keepdims=keepdims), x)


@every([np.max, np.min])
@given(with_axes(), st.integers(2, 3))
@few
def test_extrema_split_ties_evenly(f, case, levels):
    x, axis, keepdims = case
    x = np.round(x) % levels
    check(lambda x: f(x, axis=axis, keepdims=keepdims), x, differences=False)
    shares = vjp(lambda x: f(x, axis=axis, keepdims=True), x)[1](np.ones_like(f(x, axis=axis, keepdims=True)))[0]
    np.testing.assert_allclose(np.sum(shares, axis=axis), 1)
    attained = x == f(x, axis=axis, keepdims=True)
    np.testing.assert_allclose(shares, attained / np.sum(attained, axis=axis, keepdims=True))


@every([np.sum, np.mean, np.prod, np.max, np.var])
@given(with_axes(), seeds)
@few
def test_reductions_where(f, case, seed):
    x, axis, keepdims = case
    mask = np.random.default_rng(seed).uniform(size=x.shape) < 0.7
    assume(np.all(np.sum(mask, axis=axis) > 0))
    extra = dict(initial=-9.0) if f is np.max else {}
    check(lambda x: f(x, axis=axis, keepdims=keepdims, where=mask, **extra), x)


@every([np.cumsum, np.cumprod, np.nancumsum, np.nancumprod, np.maximum.accumulate, np.logaddexp.accumulate, np.add.accumulate])
@given(with_axes(several=False))
@few
def test_running_reductions(f, case):
    x, axis, _ = case
    check(lambda x: f(x, axis=axis if axis is not None or isinstance(getattr(f, "__self__", None), type(None)) else 0), x)


@every([np.sum, np.mean, np.prod, np.max, np.var, np.std, np.cumsum, np.cumprod, np.median, np.sort])
@given(st.sampled_from(DTYPES), seeds)
@few
def test_dtypes_of_reductions(f, dtype, seed):
    check(f, values((2, 3), seed, 0.2, 1.5, dtype), differences=False, rtol=400 * float(np.finfo(dtype).eps))


@given(with_axes(), st.floats(0, 1), st.sampled_from(["linear", "lower", "higher", "midpoint", "nearest", "hazen", "median_unbiased"]))
@drawn
def test_quantiles(case, q, method):
    x, axis, keepdims = case
    check(lambda x: np.quantile(x, q, axis=axis, keepdims=keepdims, method=method), x, rtol=1e-9)


# Shapes

@st.composite
def reshaped(draw):
    x = draw(arrays())
    shape = draw(st.permutations([n for n in x.shape])) if draw(st.booleans()) else ((-1,) if x.size else (0,))
    return x, tuple(shape), draw(st.sampled_from("CF"))


@given(reshaped())
@drawn
def test_reshape(case):
    x, shape, order = case
    check(lambda x: np.reshape(x, shape, order=order), x)
    check(lambda x: np.ravel(x, order), x)
    check(lambda x: x.flatten(), x)


@given(st.data())
@drawn
def test_permuted_and_moved_axes(data):
    x = data.draw(arrays(data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=3))))
    axes = data.draw(st.permutations(range(x.ndim)))
    check(lambda x: np.transpose(x, axes), x)
    a, b = (data.draw(st.integers(-x.ndim, x.ndim - 1)) for _ in range(2))
    check(lambda x: np.swapaxes(x, a, b), x)
    check(lambda x: np.moveaxis(x, a, b), x)
    check(lambda x: np.flip(x, a), x)
    check(lambda x: np.roll(x, b, a), x)
    check(lambda x: np.expand_dims(x, a), x)
    check(lambda x: np.squeeze(np.expand_dims(x, b), b), x)


@given(st.data())
@drawn
def test_broadcast_tile_and_repeat(data):
    x = data.draw(arrays(data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))))
    shape = np.broadcast_shapes(x.shape, tuple(2 if n == 1 else n for n in x.shape))
    lead = data.draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=2))
    check(lambda x: np.broadcast_to(x, lead + shape), x)
    reps = data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=3))
    check(lambda x: np.tile(x, reps), x)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    repeats = data.draw(st.lists(st.integers(0, 2), min_size=x.shape[axis], max_size=x.shape[axis]))
    check(lambda x: np.repeat(x, repeats, axis), x)


@given(st.data())
@drawn
def test_concatenate_and_stack(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    lengths = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    xs = [data.draw(arrays(tuple(n if k == axis % len(shape) else m for k, m in enumerate(shape)))) for n in lengths]
    check(lambda *xs: np.concatenate(xs, axis), *xs)
    same = [data.draw(arrays(shape)) for _ in lengths]
    where = data.draw(st.integers(-len(shape) - 1, len(shape)))
    check(lambda *xs: np.stack(xs, where), *same)
    check(lambda *xs: np.concatenate([xs[0], np.ones_like(xs[0]), xs[-1]], axis), *same)


MODES = ["constant", "edge", "linear_ramp", "maximum", "mean", "median", "minimum", "reflect", "symmetric", "wrap"]


@pytest.mark.parametrize("mode", MODES)
@given(st.data())
@drawn
def test_pad(mode, data):
    x = data.draw(arrays(data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))))
    widths = [data.draw(st.tuples(st.integers(0, 4), st.integers(0, 4))) for _ in x.shape]
    check(lambda x: np.pad(x, widths, mode), x)


# Indexing

@given(st.data())
@settings(drawn, max_examples=80)
def test_basic_indices(data):
    x = data.draw(arrays(data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=3))))
    index = data.draw(hnp.basic_indices(x.shape, allow_newaxis=True, allow_ellipsis=True))
    check(lambda x: x[index], x)


@given(st.data())
@settings(drawn, max_examples=60)
def test_integer_array_indices(data):
    x = data.draw(arrays(data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))))
    index = data.draw(hnp.integer_array_indices(x.shape, result_shape=hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)))
    check(lambda x: x[index], x)


@st.composite
def mixed_index(draw, shape):
    "An index of integers, slices, integer arrays and boolean masks, ellipsis and newaxis among them."
    length = draw(st.integers(1, 2))
    parts = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        kinds = {
            "integer": st.integers(-n, n - 1), "slice": st.slices(n), "array": hnp.arrays(int, (length,), elements=st.integers(-n, n - 1)),
            "column": hnp.arrays(int, (2, 1), elements=st.integers(-n, n - 1)), "list": st.lists(st.integers(-n, n - 1), min_size=length, max_size=length),
        }
        parts.append(draw(kinds[draw(st.sampled_from(sorted(kinds)))]))
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), None)
    if draw(st.booleans()):
        parts.append(...)
    return tuple(parts)


@given(st.data())
@settings(drawn, max_examples=120)
def test_mixed_indices(data):
    x = data.draw(arrays(data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=3))))
    index = data.draw(mixed_index(x.shape))
    check(lambda x: x[index], x)
    replacement = values(np.shape(x[index]), 5)
    repeats = np.unique(np.arange(x.size).reshape(x.shape)[index]).size < np.size(x[index])

    def written(x, z):
        y = np.copy(x)
        y[index] = z
        return y

    check(written, x, replacement, differences=not repeats)


@given(st.data())
@drawn
def test_boolean_masks(data):
    x = data.draw(arrays(data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=3))))
    start = data.draw(st.integers(0, x.ndim - 1))
    stop = data.draw(st.integers(start, x.ndim))
    mask = data.draw(hnp.arrays(bool, x.shape[start:stop]))
    index = (slice(None),) * start + (mask,)
    check(lambda x: x[index], x)
    check(lambda x: np.where(mask.reshape(x.shape[start:stop] + (1,) * (x.ndim - stop)), x, 2 * x), x)


@given(with_axes(several=False), st.sampled_from(["raise", "wrap", "clip"]), st.data())
@drawn
def test_take_and_sort(case, mode, data):
    x, axis, _ = case
    n = x.size if axis is None else x.shape[axis]
    bound = n if mode == "raise" else 2 * n
    indices = data.draw(hnp.arrays(int, hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3), elements=st.integers(-bound, bound - 1)))
    check(lambda x: np.take(x, indices, axis=axis, mode=mode), x)
    check(lambda x: np.sort(x, axis=axis), x)
    check(lambda x: np.partition(x, n // 2, axis=axis), x)
    order = np.argsort(x, axis=axis)
    check(lambda x: np.take_along_axis(x, order, axis=axis), x)


@given(with_axes(several=False))
@few
def test_sort_of_ties_follows_the_order_of_a_stable_sort(case):
    x, axis, _ = case
    x, axis = np.round(x), -1 if axis is None else axis
    check(lambda x: np.sort(x, axis=axis), x, differences=False)
    order = np.argsort(x, axis=axis, kind="stable")
    t = values(x.shape, 3)
    np.testing.assert_array_equal(jvp(lambda x: np.sort(x, axis=axis), (x,), (t,))[1], np.take_along_axis(t, order, axis))


# Products

@given(st.data())
@settings(drawn, max_examples=60)
def test_matmul(data):
    case = data.draw(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, min_side=0, max_side=3))
    a, b = (data.draw(arrays(shape)) for shape in case.input_shapes)
    check(np.matmul, a, b)
    check(lambda a, b: a @ b, a, b)


@given(st.data())
@drawn
def test_dot_inner_outer_tensordot(data):
    k = data.draw(st.integers(0, 3))
    a, b = (data.draw(arrays((*data.draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)), k))) for _ in range(2))
    check(np.inner, a, b)
    check(np.outer, a, b)
    check(lambda a, b: np.tensordot(a, b, (-1, -1)), a, b)
    check(lambda a, b: np.dot(a, np.moveaxis(b, -1, -2) if b.ndim > 1 else b), a, b)


@st.composite
def einsum_calls(draw):
    "Subscripts and operands: repeated labels, labels summed over, any number of operands, explicit or implicit output."
    sizes = dict(zip("ijk", draw(st.lists(st.integers(0, 3), min_size=3, max_size=3))))
    dots = draw(st.booleans())
    terms, operands = [], []
    for _ in range(draw(st.integers(1, 3))):
        labels = draw(st.lists(st.sampled_from("ijk"), max_size=3))
        lead = draw(st.sampled_from([(), (2,), (1, 2)])) if dots else ()
        operands.append(draw(arrays((*lead, *[sizes[c] for c in labels]))))
        terms.append("..." * dots + "".join(labels))
    present = sorted(set("".join(terms)) - {"."})
    subscripts = ",".join(terms)
    if draw(st.booleans()):
        kept = draw(st.permutations(present))[: draw(st.integers(0, len(present)))]
        subscripts += "->" + "..." * dots + "".join(kept)
    return subscripts, operands, draw(st.sampled_from([False, True, "greedy"]))


@given(einsum_calls())
@settings(drawn, max_examples=100)
def test_einsum(case):
    subscripts, operands, optimize = case
    check(lambda *xs: np.einsum(subscripts, *xs, optimize=optimize), *operands, rtol=1e-11)


@given(st.data())
@drawn
def test_solve_and_inverse_of_stacks(data):
    shape = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, min_side=0, max_side=2))
    n, k = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 2))
    a = 0.1 * data.draw(arrays((*shape.input_shapes[0], n, n))) + np.diag(np.arange(1.0, n + 1))
    b = data.draw(arrays((*shape.input_shapes[1], n, k)))
    check(np.linalg.inv, a, rtol=1e-11)
    check(np.linalg.det, a, rtol=1e-11)
    check(np.linalg.solve, a, b, rtol=1e-11)


def test_directions_are_not_all_alike():
    "The harness itself: two seeds give two directions."
    x = np.ones(3)
    assert not np.array_equal(directions([x], 0)[0], directions([x], zlib.crc32(b"1"))[0])
