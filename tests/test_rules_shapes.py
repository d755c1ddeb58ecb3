"""Shapes and indexing where it is easy to be wrong: writes, repeats, layouts, NaN, ties, numbers, dtypes, refusals."""
import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from lux_nb.autodiff import AutoForward, AutoReverse, gradient, hessian, jacobian
from lux_nb.checks import check_gradients
from lux_nb.forward import jvp
from lux_nb.reverse import vjp
from lux_nb.rules.indexing import is_basic, scatter
from lux_nb.rules.table import stop_gradient
from lux_nb.trees import ComponentArray, updated

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def equal(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


# Indexing and writing

@given(st.data())
def test_any_basic_index(data):
    x = np.arange(24.0).reshape(2, 3, 4)
    index = data.draw(hnp.basic_indices(x.shape, allow_newaxis=True))
    y, pullback = vjp(lambda x: x[index] * 1.0, x)
    expected = np.zeros(x.shape)
    expected[index] = np.ones(np.shape(y))
    assert is_basic(index)
    np.testing.assert_array_equal(pullback(np.ones(np.shape(y)))[0], expected)


@given(hnp.integer_array_indices((3, 4), result_shape=hnp.array_shapes(max_dims=3, max_side=3)))
def test_any_integer_arrays(index):
    x = np.arange(12.0).reshape(3, 4)
    y, pullback = vjp(lambda x: x[index], x)
    expected = np.zeros(x.shape)
    np.add.at(expected, index, 1.0)
    np.testing.assert_array_equal(pullback(np.ones(y.shape))[0], expected)


def test_an_element_picked_twice_gets_both_cotangents():
    equal(gradient(lambda x: np.sum(x[[0, 2, 2]] ** 2), np.array([1.0, 2.0, 3.0])), [2, 0, 12])
    equal(hessian(lambda x: np.sum(x[[0, 2, 2]] ** 2), np.array([1.0, 2.0, 3.0])), np.diag([2, 0, 4]))


def test_the_last_of_repeated_writes_counts():
    at = np.array([0, 2, 2])
    y, pullback = vjp(lambda v: updated(np.zeros(3), at, v), np.array([5.0, 6.0, 7.0]))
    equal(y, [5, 0, 7])
    equal(pullback(np.array([1.0, 10.0, 100.0]))[0], [1, 0, 100])
    many = lambda x: updated(x, (at, slice(None)), x[:, ::-1])
    _, t = jvp(many, (np.ones((3, 3)),), (np.arange(9.0).reshape(3, 3),))
    equal(t, many(np.arange(9.0).reshape(3, 3)))


def test_writing_a_number_into_many_places():
    equal(gradient(lambda v: np.sum(updated(np.zeros((2, 3)), (slice(None), [0, 0, 1]), v)), 3.0), 4.0)


def test_array_code_that_builds_its_result():
    def running(x):
        y = np.zeros_like(x)
        y[0] = x[0]
        for i in range(1, len(x)):
            y[i] = y[i - 1] * 0.5 + x[i] ** 2
        return y[-1]

    x = np.array([1.0, 2.0, 3.0])
    equal(gradient(running, x), [0.25, 2.0, 6.0])
    equal(hessian(running, x), np.diag([0, 1.0, 2.0]))


def test_masks_and_comparisons():
    equal(gradient(lambda x: np.sum(x[x > 2.5] ** 2), X), np.where(X > 2.5, 2 * X, 0))
    equal(gradient(lambda x: x[0, np.argmax(x[0])] ** 2, X), [[0, 0, 6], [0, 0, 0]])

    def clipped(x):
        y = np.copy(x)
        y[y > 4.5] = 0.0
        return np.sum(y * y)

    equal(gradient(clipped, X), np.where(X > 4.5, 0, 2 * X))


def test_scatter_adds_what_repeats():
    equal(scatter(np.ones(3), np.array([1, 1, 0]), (3,)), [1, 2, 0])
    assert scatter(np.ones(2, np.float32), slice(1, 3), (3,)).dtype == np.float32


# Constants and conversions

def test_likes_of_traced_arrays_are_traced_constants():
    for f in (np.zeros_like, np.ones_like, lambda x: np.full_like(x, 2.0)):
        y, t = jvp(lambda x: f(x) * x, (X,), (X,))
        equal(t, y)
        equal(gradient(lambda x: np.sum(f(x)), X), np.zeros((2, 3)))
    _, t = jvp(np.empty_like, (X,), (X,))
    equal(t, np.zeros((2, 3)))


def test_the_value_of_full_like_may_be_traced():
    equal(gradient(lambda v: np.sum(np.full_like(X * v, v)), 2.0), 6.0)
    y, t = jvp(lambda v: np.full_like(X.astype(np.float32) * v, v), (np.float32(2),), (np.float32(1),))
    assert y.dtype == t.dtype == np.float32


@pytest.mark.parametrize("convert", [lambda x: x.astype(int), lambda x: x.astype(bool), lambda x: np.zeros_like(x, dtype=int),
                                     lambda x: np.ones_like(x, int), lambda x: np.full_like(x, 1.5, dtype=np.int32)])
def test_integers_are_plain(convert):
    seen = []
    gradient(lambda x: seen.append(convert(x)) or np.sum(x), X)
    assert isinstance(seen[0], np.ndarray) and seen[0].dtype.kind in "bi"
    equal(gradient(lambda x: np.sum(convert(x) * x), X), convert(X))


def test_conversions_between_float_types_and_complex():
    y, pullback = vjp(lambda x: x.astype(np.float32), X)
    c, = pullback(y)
    assert y.dtype == np.float32 and c.dtype == np.float64
    _, pullback = vjp(lambda x: x.astype(complex), X)
    c, = pullback(X + 1j)
    assert c.dtype == np.float64
    equal(c, X)
    with pytest.warns(np.exceptions.ComplexWarning):
        c, = vjp(lambda z: z.astype(float), X + 0j)[1](X)
    assert c.dtype == complex
    equal(gradient(lambda x: np.sum(x.astype(np.float64)), 2.0), 1.0)


# Order

def test_ties_in_order_keep_the_order_of_the_elements():
    x = np.array([2.0, 1.0, 2.0, 1.0])
    equal(jacobian(np.sort, x), np.eye(4)[[1, 3, 0, 2]])
    equal(gradient(np.median, x), [0.5, 0, 0, 0.5])
    equal(jacobian(np.maximum.accumulate, x), np.eye(4)[[0, 0, 2, 2]])


def test_quantiles_at_and_between_elements():
    x = np.array([3.0, 1.0, 2.0])
    equal(jacobian(lambda x: np.quantile(x, [0, 0.5, 0.75, 1]), x), [[0, 1, 0], [0, 0, 1], [0.5, 0, 0.5], [1, 0, 0]])
    with pytest.raises(NotImplementedError, match="overwrite_input"):
        gradient(lambda x: np.median(x, overwrite_input=True), x)


def test_a_quantile_grows_with_its_level_by_the_gap_around_it():
    x, slope = np.array([3.0, 1.0, 7.0]), lambda q, **options: gradient(lambda q: np.quantile(x, q, **options), q)
    equal([slope(q) for q in (0.0, 0.25, 0.5, 0.75, 1.0)], [4, 4, 8, 8, 8]) # at an element by the gap above it, at the last one by that below
    equal([slope(q, method="weibull") for q in (0.1, 0.375, 0.9)], [0, 8, 0]) # below and above all elements
    equal([slope(0.4, method=m) for m in ("lower", "nearest", "inverted_cdf")], 0)
    equal(gradient(lambda q: np.nanpercentile(np.append(x, np.nan), q), 25.0), 0.04)
    equal(gradient(lambda q: np.quantile(5.0, q), 0.5), 0)
    assert np.isnan(gradient(lambda q: np.quantile(np.append(x, np.nan), q), 0.5))


def test_nan_in_order():
    x = np.array([3.0, np.nan, 1.0, 2.0])
    equal(gradient(np.nanmedian, x), [0, 0, 0, 1])
    equal(jacobian(np.sort, x), np.eye(4)[[2, 3, 0, 1]])


def test_interpolation_at_and_beyond_the_points():
    xp, fp = [0.0, 1.0, 3.0], [0.0, 2.0, 2.5]
    slope = lambda x, **kwargs: gradient(lambda x: np.interp(x, xp, fp, **kwargs), x)
    equal([slope(x) for x in (-1.0, 0.5, 1.0, 2.0, 4.0)], [0, 2, 0.25, 0.25, 0])
    equal(gradient(lambda fp: np.interp(5.0, xp, fp), np.array(fp)), [0, 0, 1])
    equal(gradient(lambda left: np.interp(0 * left - 1.0, xp, fp, left=left), 7.0), 1.0)
    assert np.isnan(vjp(lambda x: np.interp(x, xp, fp), np.nan)[0])


# Shapes

@pytest.mark.parametrize("function", [lambda x: x[:0], lambda x: x.reshape(3, 0), lambda x: np.concatenate([x, x]), lambda x: np.tile(x, 2),
                                      lambda x: np.sort(x, 0), lambda x: np.flip(x), lambda x: np.repeat(x, 2, 0), lambda x: x[[]], lambda x: np.roll(x, 1),
                                      lambda x: np.take(x, [0, 1], 1), lambda x: np.resize(x, (2, 2)), lambda x: np.split(x, 3, 1)[0]])
def test_empty_arrays_have_empty_gradients(function):
    assert gradient(lambda x: np.sum(function(x)), np.zeros((0, 3))).shape == (0, 3)


def test_numbers():
    equal(gradient(lambda a, b: np.sum(np.stack([a, b]) ** 2), 2.0, 3.0), (4, 6))
    equal(gradient(lambda a, b: np.sum(np.hstack([a, b]) ** 2), 2.0, 3.0), (4, 6))
    equal(gradient(lambda a: np.sum(np.reshape(a, (1,)) + np.ravel(a) + np.expand_dims(a, 0) + np.broadcast_to(a, (2,))), 2.0), 8.0)


def test_any_layout():
    for x in (X[::-1, ::-1], X.T, X[:, ::2], np.asfortranarray(X)):
        weights = np.arange(1.0, 1 + x.size)
        expected = np.empty_like(x)
        expected[...] = weights.reshape(x.shape)
        equal(gradient(lambda x: np.sum(np.ravel(x) * weights), x), expected)
        for order in "CFAK":
            assert np.array_equal(jacobian(lambda x: np.ravel(x, order=order), x).reshape(x.size, -1) @ np.ravel(x), np.ravel(x, order=order))


def test_iteration_unpacking_and_methods():
    equal(gradient(lambda x: sum(np.prod(row) for row in x), X), [[6, 3, 2], [30, 24, 20]])
    equal(gradient(lambda x: (lambda a, b: np.sum(a * b))(*x), X), X[::-1])
    for method, args in dict(flatten=(), ravel=("F",), repeat=(2, 1), squeeze=(), swapaxes=(0, 1), take=([1, 1],), diagonal=(), trace=(), copy=(),
                             transpose=(1, 0), reshape=(3, 2), cumsum=(1,), std=(0,), sort=()).items():
        run = lambda x: np.sum(np.sin(getattr(x, method)(*args)))
        if method == "sort":
            run = lambda x: (lambda y: y.sort() or np.sum(np.sin(y)))(np.copy(x))
        t = np.cos(X)
        step = 1e-6
        equal(round(float(np.sum(gradient(run, X) * t)), 4), round(float((run(X + step * t) - run(X - step * t)) / (2 * step)), 4))


def test_the_method_compress_takes_the_condition_first():
    equal(gradient(lambda x: np.sum(x.compress([False, True], axis=0) ** 2), X), [[0, 0, 0], [8, 10, 12]])


def test_parts_of_a_component_array():
    p = ComponentArray(weight=X, bias=np.ones(2))
    g = gradient(lambda p: np.sum(p.weight**2) * p.bias[0], p)
    equal(g.weight, 2 * X)
    equal(g.bias, [91, 0])
    unused = gradient(lambda p: np.sum(p.bias), p)
    equal(unused.weight, np.zeros((2, 3)))


# Refusals

@pytest.mark.parametrize("call, match", [
    (lambda x: np.put_along_axis(x, np.array([[0]]), 1.0, 0), "updated"),
    (lambda x: np.copyto(x, 1.0), "updated"),
    (lambda x: np.copyto(np.zeros((2, 3)), x), "updated"),
    (lambda x: np.fill_diagonal(x, 1.0), "updated"),
    (lambda x: np.unique(x), "return_index"),
    (lambda x: np.trim_zeros(x[0]), r"np\.nonzero, and cut with x\[start:stop\]"),
    (lambda x: np.full_like(np.ones(2), x[0, 0]), r"np\.full_like.* np\.where"),
    (lambda x: np.histogram(x), "density"),
    (lambda x: np.apply_along_axis(np.sum, 0, x), "np.stack"),
    (lambda x: np.pad(x, 1, "empty"), "np.concatenate"),
    (lambda x: np.pad(x, 9, "reflect", reflect_type="odd"), "np.concatenate"),
])
def test_refusals_say_what_to_do(call, match):
    with pytest.raises(NotImplementedError, match=match):
        vjp(call, X)


@pytest.mark.parametrize("call", [
    lambda x: np.split(x, 2, axis=1), lambda x: np.rot90(x, axes=(0, 0)), lambda x: np.rollaxis(x, 0, 5),
    lambda x: np.meshgrid(x[0], x[0], indexing="no"), lambda x: np.concatenate([x, x[0]]), lambda x: x.reshape(4, 2),
])
def test_what_numpy_refuses_is_refused(call):
    with pytest.raises(ValueError):
        vjp(call, X)


def test_positions_and_counts_are_plain():
    def f(x):
        found = (np.argsort(x, axis=None), np.argmax(x), np.searchsorted(x[0], 2.5), np.nonzero(x > 2), np.count_nonzero(x), np.any(x > 2), np.lexsort(x))
        assert not any(hasattr(each, "owner") for each in found)
        return np.sum(x[0][np.argsort(x[0])] * stop_gradient(x[0]))

    equal(gradient(f, X), [[1, 2, 3], [0, 0, 0]])


# Truth values as indices, orders of memory, one array in place of a list of them

@pytest.mark.parametrize("f", [
    lambda x: np.take(x, np.array([True, True])), lambda x: np.take(x, [True, False]), lambda x: x.take(True), lambda x: np.take(x, [[True], [False]], axis=0),
    lambda x: np.bincount(np.array([True, True, False]), x), lambda x: np.bincount([True, False, True], x, 3),
])
def test_truth_values_are_whole_numbers_where_numpy_says_so(f):
    check_gradients(lambda x: f(x) * np.arange(1.0, 1 + np.size(f(np.ones(3)))).reshape(np.shape(f(np.ones(3)))), np.array([2.0, 5.0, -1.0]))


@pytest.mark.parametrize("order", "CFAK")
@pytest.mark.parametrize("f", [
    lambda x, order: np.ravel(x, order), lambda x, order: x.flatten(order), lambda x, order: np.ravel(x.T, order), lambda x, order: np.ravel(x * 2, order),
    lambda x, order: x.reshape(-1, order=order.replace("K", "A")), lambda x, order: x.T.reshape(1, -1, order=order.replace("K", "A")),
])
def test_orders_of_memory_are_those_of_the_input(f, order):
    plain = np.arange(24.0).reshape(4, 6)
    small = (plain, plain.T, plain[:, ::2], plain[:, ::2].T, plain[::-1], plain[::-1, ::2].T, plain[:1, ::2], plain[1:, 1:].T,
             np.broadcast_to(plain[0], (3, 6)), np.broadcast_to(plain[:, :1], (4, 3)), np.broadcast_to(plain[0], (3, 6)).T)
    large = (np.tile(plain, (30, 40))[:, ::2].T, np.tile(plain, (30, 40))[::-1], np.broadcast_to(np.arange(2000.0), (3, 2000)), np.broadcast_to(np.arange(2000.0), (3, 2000)).T)
    for x in (*small, *large): # a small array is copied, a large one locked
        value, pullback = vjp(lambda x: f(x, order), x)
        equal(value, f(x, order))
        weights = np.random.default_rng(0).normal(size=value.shape)
        equal(np.sum(pullback(weights)[0] * x), np.sum(weights * value)) # f is linear, and NumPy itself says where it takes the elements of x
        equal(jvp(lambda x: f(x, order), (x,), (x,))[1], value)


@pytest.mark.parametrize("f", [
    np.concatenate, np.stack, np.vstack, np.hstack, lambda x: np.concatenate(x, axis=1) if np.ndim(x) == 3 else np.concatenate(x), lambda x: np.stack(x, axis=-1),
])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 2)])
def test_an_array_stands_for_the_list_of_its_layers(f, shape):
    x = np.random.default_rng(0).normal(size=shape)
    weights = np.random.default_rng(1).normal(size=f(x).shape)
    check_gradients(lambda x: f(x) * weights, x)
    equal(jacobian(f, x, ad=AutoReverse()), jacobian(f, x, ad=AutoForward()))


@pytest.mark.parametrize("join", [np.concatenate, np.stack, np.vstack])
def test_joining_to_whole_numbers_is_refused(join):
    with pytest.raises(TypeError, match="dtype=int64 has no derivative"):
        gradient(lambda x: np.sum(join([x, x], dtype=int, casting="unsafe")) * 1.0, np.ones(2))


# NaN and nothing in quantiles

@pytest.mark.parametrize("function", [np.median, lambda x, **k: np.quantile(x, 0.3, **k), lambda x, **k: np.percentile(x, [30, 60], **k)])
def test_a_quantile_that_is_nan_has_derivatives_that_are(function):
    x = np.array([[np.nan, 1.0, 2.0], [0.0, 1.0, 5.0]])
    for ad in (AutoForward(), AutoReverse()):
        found = gradient(lambda x: np.sum(function(x, axis=1)), x, ad=ad)
        assert np.isnan(found[0]).all() and (ad == AutoForward() or np.isfinite(found[1]).all()) # a tangent of zero times NaN is NaN


@pytest.mark.parametrize("function", [np.nanmedian, lambda x, **k: np.nanquantile(x, 0.3, **k), np.nanmax])
def test_nan_alone_has_no_part_in_what_is_masked_out(function):
    x = np.array([[np.nan] * 3, [1.0, 2.0, 3.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning) # NumPy says that a slice is all NaN
        for ad in (AutoForward(), AutoReverse()):
            found = gradient(lambda x: np.sum(np.where([False, True], function(x, axis=1), 0)), x, ad=ad)
            assert np.array_equal(found[0], np.zeros(3)) and np.sum(found[1]) == pytest.approx(1)


@pytest.mark.parametrize("function", [np.median, np.nanmedian, lambda x, **k: np.quantile(x, [0.3, 0.5], **k)])
def test_quantiles_of_no_rows(function):
    for ad in (AutoForward(), AutoReverse()):
        assert gradient(lambda x: np.sum(function(x, axis=1)), np.zeros((0, 3)), ad=ad).shape == (0, 3)


@pytest.mark.parametrize("function", [np.median, np.nanmedian, lambda x: np.quantile(x, 0.3)])
def test_quantiles_of_a_number_to_second_order(function):
    equal(hessian(lambda x: function(x) ** 2, 0.7), 2)


@pytest.mark.parametrize("make", [lambda s: np.pad(s, 0), np.block, lambda s: np.block([s])])
def test_padding_and_blocks_of_a_number_are_arrays(make):
    def f(s):
        y = make(s)
        z = y
        z *= 3.0
        return np.sum(y)

    s = np.float64(2.0)
    assert vjp(f, s)[0] == f(s) == 6 and gradient(f, s) == 3


def test_the_ends_of_a_padding_may_be_traced():
    x = np.array([1.0, 2.0])
    equal(gradient(lambda x: np.sum(np.pad(x, 2, constant_values=(x[0], 2 * x[1])) * np.arange(6.0)), x), [0 + 1 + 2, 3 + 2 * (4 + 5)])


def test_append_along_an_axis():
    y, pullback = vjp(lambda x: np.append(x, np.ones((2, 2)), axis=1), np.ones((2, 2)))
    assert y.shape == (2, 4)
    equal(pullback(np.arange(8.0).reshape(2, 4))[0], [[0, 1], [4, 5]])


def test_resizing_nothing():
    y, pullback = vjp(lambda x: np.resize(x, (2, 3)), np.ones(0))
    assert np.array_equal(y, np.zeros((2, 3))) and pullback(y)[0].shape == (0,)


def test_a_diagonal_beyond_the_corner_is_empty():
    equal(gradient(lambda x: np.sum(np.diagonal(x, 5)), np.ones((2, 2))), np.zeros((2, 2)))


INF = np.inf


@pytest.mark.parametrize("x, xp, fp", [
    ([-1, 0, 1, 0.5], [-INF, 0, INF], [0, 1, 2]), ([-1, 0, 1, 0.5], [-1, 0, 1], [0, 5, INF]), ([-1, 0, 1, 0.5, -0.5], [-1, 0, 1], [INF, 5, INF]),
    ([0.5, -0.5], [-1, 0, 1], [INF, 5, -INF]), ([0.5, -0.5, 0], [-1, 0, 1], [INF, INF, -INF]), ([np.nan, 0, 3], [1], [2]), ([INF, -INF, 0.5], [0, 1], [3, 4]),
    ([0, 0.5], [0, 0, 1], [1, 2, 3]), ([INF, 5], [0, INF], [3, 4]), ([-INF, 5, INF, -3], [-INF, 0, 2], [3, 4, 5]), (np.linspace(-1, 3, 50), [0, 0.3, 1.7, 2], [1, 0.1, 7, -3]),
])
def test_interpolation_gives_what_numpy_gives(x, xp, fp):
    x, xp, fp = (np.asarray(v, float) for v in (x, xp, fp))
    with np.errstate(invalid="ignore"):
        expected = np.interp(x, xp, fp)
        np.testing.assert_array_equal(jvp(lambda x: np.interp(x, xp, fp), (x,), (x,))[0], expected)
        value, pullback = vjp(lambda fp: np.interp(x, xp, fp), fp)
    np.testing.assert_array_equal(value, expected)
    if np.all(np.isfinite(x)) and np.all(np.isfinite(xp)) and np.all(np.isfinite(fp)):
        np.testing.assert_allclose(pullback(np.ones_like(value))[0] @ fp, np.sum(value), rtol=1e-12) # linear in the heights


def test_interpolation_refuses_what_numpy_refuses():
    x = np.array([0.5])
    with pytest.raises(ValueError, match="period"):
        gradient(lambda x: np.sum(np.interp(x, [0.0, 1.0], [0.0, 1.0], period=0)), x)
    with pytest.raises(TypeError, match="real"):
        vjp(lambda x: np.interp(x * 1j, [0.0, 1.0], [0.0, 1.0]), x)
    assert vjp(lambda x: np.interp(x, [0.0, 1.0], [0.0, 1.0]), x.astype(np.longdouble))[0].dtype == np.float64


@pytest.mark.parametrize("f, word", [
    (lambda x: np.resize(x, (-1,)), "not negative"), (lambda x: np.compress([[1]], x), "one axis"), (lambda x: (x * 1).fill(x), "one number"),
    (lambda x: np.linalg.norm(x[None], axis=(0, 0)), "different"),
])
def test_what_numpy_refuses_is_refused(f, word):
    with pytest.raises(ValueError):
        f(X[0])
    with pytest.raises(ValueError, match=word):
        vjp(f, X[0])


def test_interpolation_is_in_double_precision_and_takes_lists():
    x, f = np.array([100.2], np.float32), lambda x: np.interp(x, [0, 0.3, 0.8], [1, 2, 7.0], period=0.9)
    np.testing.assert_array_equal(jvp(f, (x,), (x,))[0], f(x))
    xp, f = np.array([0.1, 0.2, 0.7], np.float32), lambda xp: np.interp([0.3], xp, [1, 2, 7.0])
    np.testing.assert_array_equal(jvp(f, (xp,), (xp,))[0], f(xp))
    equal(gradient(lambda fp: np.sum(np.interp([0.1, 0.5], [0.0, 0.3, 0.8], fp, period=1)), X[0]), [2 / 3, 1 / 3 + 0.6, 0.4])
    with pytest.raises(ValueError, match="as many heights"):
        vjp(lambda fp: np.interp(1.0, [0, 1], fp), X[0])


def test_arrays_without_axes_and_their_aliases():
    def close(x):
        z = np.real_if_close(x)
        z *= 2
        return x + 0

    def finite(x):
        z = np.nan_to_num(x, copy=False)
        z *= 2
        return x + 0

    for f in (close, finite):
        x = np.array(0.5)
        assert vjp(f, x)[0] == f(x.copy())


def test_calls_at_the_edges_of_a_signature():
    x = X[0]
    equal(gradient(lambda x: np.sum(np.take(x, [])), x), [0, 0, 0])
    assert jvp(lambda x: x.take([]), (x,), (x,))[1].shape == (0,)
    equal(gradient(lambda x: np.sum(np.clip(x, 0, 1, None)), x), [0.5, 0, 0])
    equal(gradient(lambda x: np.sum(np.outer(x, x[::-1] * 0 + 2, None)), x), [6, 6, 6])
    equal(gradient(lambda x: np.real(np.fft.fft(x, None, -1, None, None))[0], x), [1, 1, 1])
    for f in (lambda x: np.clip(x, 0, 1, None, 2), lambda x: np.outer(x, x, None, 2), lambda x: x.choose([x, x])):
        with pytest.raises(TypeError):
            gradient(lambda x: np.sum(f(x)), x)
    with pytest.raises(TypeError, match="casting='safe'"):
        gradient(lambda x: np.sum(x.astype(np.float32, casting="safe")), x)

