"""Reductions where it is easy to be wrong: zeros, ties, NaN, empty arrays, one number, dtypes, lists, arguments."""
import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from lux_nb.autodiff import AutoForward, AutoReverse, gradient, hessian, jacobian
from lux_nb.checks import check_gradients
from lux_nb.forward import jvp
from lux_nb.reverse import vjp

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
FLOATS = (np.float16, np.float32, np.float64, np.longdouble)


def equal(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


# Zeros

def test_products_with_zeros_to_third_order():
    x = np.array([0.0, 0.0, 3.0, 2.0])
    equal(gradient(np.prod, x), [0, 0, 0, 0])
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = 6
    equal(hessian(np.prod, x), expected)
    third = jacobian(lambda x: hessian(np.prod, x), x)
    equal(third[0, 1], [0, 0, 2, 3])


def test_running_products_with_zeros():
    x = np.array([2.0, 0.0, 3.0, 0.0, 5.0])
    rows = [[1, 0, 0, 0, 0], [0, 2, 0, 0, 0], [0, 6, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    equal(jacobian(np.cumprod, x), rows)
    equal(hessian(lambda x: np.cumprod(x)[-1], x)[1, 3], 30)


@pytest.mark.parametrize("function", [np.std, np.nanstd])
def test_a_standard_deviation_of_zero_has_derivative_zero(function):
    equal(gradient(function, np.full(3, 2.0)), np.zeros(3))


# Ties

@pytest.mark.parametrize("function", [np.max, np.amax, np.maximum.reduce, np.nanmax, np.fmax.reduce])
def test_ties_split_evenly(function):
    equal(gradient(function, np.array([1.0, 3.0, 3.0, 3.0])), [0, 1 / 3, 1 / 3, 1 / 3])
    equal(gradient(lambda x: function(x, initial=3.0), np.array([1.0, 3.0])), [0, 0.5])
    equal(gradient(lambda x: function(x, initial=9.0), np.array([1.0, 3.0])), [0, 0])


def test_a_range_of_zero():
    equal(gradient(np.ptp, np.array([2.0, 2.0])), [0, 0])


def test_infinities_in_logaddexp():
    equal(gradient(np.logaddexp.reduce, np.array([-np.inf, 0.0, 0.0])), [0, 0.5, 0.5])
    equal(gradient(np.logaddexp.reduce, np.array([1000.0, 0.0])), [1, 0])


# Shapes

@pytest.mark.parametrize("function", [np.sum, np.prod, np.nansum, lambda x: np.sum(np.cumsum(x)), lambda x: np.sum(np.cumprod(x, 0)),
                                      lambda x: np.sum(np.mean(x, 1)), lambda x: np.sum(np.max(x, 1)), lambda x: np.sum(np.diff(x, axis=1))])
def test_empty_arrays_have_empty_gradients(function):
    assert gradient(function, np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("function", [np.sum, np.mean, np.prod, np.max, np.min, np.median, np.nansum, np.average, np.nanmax,
                                      lambda x: np.cumsum(x)[0], lambda x: np.cumprod(x)[0], lambda x: np.quantile(x, 0.3)])
@pytest.mark.parametrize("x", [2.0, np.float32(2.0), np.array(2.0)], ids=repr)
def test_reductions_of_one_number(function, x):
    g = gradient(function, x)
    equal(g, 1.0)
    assert np.shape(g) == () and np.result_type(g) == np.result_type(x)


@given(hnp.array_shapes(min_dims=1, max_dims=4, max_side=4), st.data())
def test_sums_over_any_axes_are_pulled_back_by_repetition(shape, data):
    axes = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1))))
    axes = tuple(data.draw(st.sampled_from((a, a - len(shape)))) for a in axes)
    keepdims = data.draw(st.booleans())
    x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)[::-1]
    y, pullback = vjp(lambda x: np.sum(x, axis=axes, keepdims=keepdims), x)
    g = np.arange(1.0, 1 + y.size).reshape(y.shape)
    expected = np.broadcast_to(g if keepdims else np.expand_dims(g, axes), shape)
    np.testing.assert_array_equal(pullback(g)[0], expected)


def test_gradients_own_their_memory():
    for f in (np.sum, lambda x: np.sum(np.sum(x, 0)), np.mean, lambda x: np.sum(np.broadcast_to(x, (2, 2, 3)))):
        g = gradient(f, X)
        g[0, 0] = 7.0
        assert g[0, 1] != 7.0


# Dtypes

@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("function", [np.sum, np.mean, np.var, np.std, np.max, np.cumsum, np.ptp, np.average, np.logaddexp.reduce, np.diff, np.gradient,
                                      np.nanmean, np.trapezoid, lambda x: np.prod(x, 0), lambda x: np.cumprod(x, 0)])
def test_dtypes_stay(function, dtype):
    x = X.astype(dtype)
    y, t = jvp(function, (x,), (x,))
    flat = (y, t) if not isinstance(y, tuple) else (*y, *t)
    assert {np.result_type(each) for each in flat} == {np.dtype(dtype)}
    c, = vjp(function, x)[1](y)
    assert c.dtype == dtype


def test_a_sum_may_be_taken_in_a_wider_dtype():
    g = gradient(lambda x: np.sum(x, dtype=np.float64), X.astype(np.float32))
    assert g.dtype == np.float32
    equal(g, np.ones((2, 3)))


@pytest.mark.parametrize("function", [np.sum, np.prod, np.cumsum, np.cumprod, np.mean, np.add.reduce, np.multiply.accumulate])
def test_a_reduction_in_integers_is_refused(function):
    with pytest.raises(TypeError, match="stop_gradient"):
        gradient(lambda x: np.sum(1.0 * function(x, dtype=int)), X)


def test_objects_sum():
    x = np.array([1.0, 2.0], dtype=object)
    assert vjp(lambda x: np.sum(x * x), x)[1](1.0)[0].tolist() == [2.0, 4.0]


# Arguments

def test_variance_about_a_given_mean():
    equal(gradient(lambda x: np.var(x, mean=np.zeros((1, 1))), X), 2 * X / 6)


def test_traced_weights_and_coordinates_beside_plain_lists():
    equal(gradient(lambda w: np.average([1.0, 2.0, 4.0], weights=w), np.ones(3)), (np.array([1.0, 2, 4]) - 7 / 3) / 3)
    equal(gradient(lambda x: np.trapezoid([1.0, 3.0], x), np.array([0.0, 2.0])), [-2, 2])
    equal(gradient(lambda h: np.sum(np.gradient([1.0, 2.0, 4.0], h)), 2.0), -1.125)


def test_weights_that_sum_to_zero():
    with pytest.raises(ZeroDivisionError, match="sum to zero"):
        gradient(lambda x: np.average(x, weights=[1.0, -1.0]), np.ones(2))


def test_slices_without_any_term():
    equal(gradient(lambda x: np.sum(x, where=False), X), np.zeros((2, 3)))
    equal(gradient(lambda x: np.sum(np.sum(x, axis=1, where=np.array([[True], [False]]))), X), [[1, 1, 1], [0, 0, 0]])


@pytest.mark.parametrize("call, match", [
    (lambda x: np.diff(x, -1), "negative"),
    (lambda x: np.gradient(x, edge_order=3), "edge_order"),
    (lambda x: np.gradient(x, 1.0, 2.0, 3.0), "spacing"),
    (lambda x: np.gradient(x, [1.0, 2.0], axis=1), "coordinates"),
    (lambda x: np.gradient(x[:, :1]), "too small"),
    (lambda x: np.cumulative_sum(x), "axis"),
    (lambda x: np.average(x, axis=0, weights=[1.0]), "weights"),
])
def test_what_numpy_refuses_is_refused(call, match):
    with pytest.raises((ValueError, TypeError), match=match):
        vjp(call, X)


# Complex numbers made real, NaN, axes, modes, what NumPy makes a number

@pytest.mark.parametrize("reduction", [
    np.prod, np.cumprod, np.multiply.reduce, np.multiply.accumulate, np.nanprod, np.sum, np.mean, np.cumsum, np.var, np.std, np.nanvar,
])
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_a_reduction_to_real_numbers_drops_imaginary_parts(reduction):
    check_gradients(lambda a, b: reduction(a + 1j * b, dtype=float), np.array([1.0, 3.0, 2.0]), np.array([2.0, -1.0, 0.5]))


@pytest.mark.parametrize("function", [np.max, np.min, np.ptp, np.maximum.reduce, np.minimum.reduce])
def test_an_extremum_that_is_nan_has_derivatives_that_are(function):
    x = np.array([[np.nan, 1.0, 2.0], [0.0, 1.0, 5.0]])
    for ad in (AutoForward(), AutoReverse()):
        found = gradient(lambda x: np.sum(function(x, axis=1)), x, ad=ad)
        assert np.isnan(found[0]).all() and (ad == AutoForward() or np.isfinite(found[1]).all()) # a tangent of zero times NaN is NaN


@pytest.mark.parametrize("f", [np.sum, np.mean, np.max, np.cumsum, np.sort, np.median, np.cumprod, np.nanmax, np.std])
def test_an_axis_may_be_an_array_without_axes(f):
    equal(gradient(lambda x: np.sum(f(x, axis=np.array(1)) ** 2), X), gradient(lambda x: np.sum(f(x, axis=1) ** 2), X))
    equal(gradient(lambda x: np.average(x, axis=[0, 1]), X), np.full((2, 3), 1 / 6))


@pytest.mark.parametrize("mode, name", [(0, "valid"), (1, "same"), (2, "full")])
def test_modes_of_convolutions_have_numbers(mode, name):
    x, v = np.array([0.1, 0.7, 0.3, 1.1]), np.array([1.0, 2.0, 3.0])
    for f in (np.convolve, np.correlate):
        equal(gradient(lambda x, v: np.sum(np.sin(f(x, v, mode))), x, v)[0], gradient(lambda x, v: np.sum(np.sin(f(x, v, name))), x, v)[0])
    equal(gradient(lambda x: jvp(lambda x: np.sum(np.convolve(x, v) ** 2), (x,), (1.0,))[1], 0.7), 28)


def test_running_sums_of_nothing_begin_somewhere():
    if hasattr(np, "cumulative_sum"):
        for f in (np.cumulative_sum, np.cumulative_prod):
            y, pullback = vjp(lambda x: f(x, include_initial=True), np.zeros(0))
            equal(y, f(np.zeros(0), include_initial=True))
            assert pullback(np.ones(1))[0].shape == (0,)


@pytest.mark.parametrize("f", [
    lambda x: np.linalg.norm(x, 3), lambda x: np.linalg.norm(x, np.inf), lambda x: np.linalg.norm(np.outer(x, x), 1), lambda x: np.linalg.norm(np.outer(x, x), -1),
    lambda x: np.linalg.vector_norm(x, ord=-2), lambda x: np.interp(x[0], [0.0, 3.0], [0.0, 1.0]), lambda x: np.average(x, weights=x, returned=True)[1],
    lambda x: np.average(x, returned=True)[1] * x[0], lambda x: np.linalg.det(np.outer(x, x) + np.eye(2)), lambda x: np.median(x), lambda x: np.trapezoid(x),
])
def test_what_numpy_gives_as_a_number_is_replaced_in_place(f):
    def aliased(x):
        n = f(x)
        m = n
        m += 1.0
        return n * m
    x = np.array([1.0, 2.0])
    assert np.isscalar(f(x))
    equal(vjp(aliased, x)[0], aliased(x))
    check_gradients(aliased, x)


def test_a_tie_with_what_is_masked_out_is_none():
    mask = np.array([True, True, False])
    equal(gradient(lambda x: np.max(x, where=mask, initial=0.0), np.array([1.0, 2.0, 2.0])), [0, 1, 0])
    equal(jvp(lambda x: np.max(x, where=mask, initial=0.0), (np.array([1.0, 2.0, 2.0]),), (np.array([1.0, 10.0, 100.0]),))[1], 10)


@pytest.mark.parametrize("ad", [AutoForward(), AutoReverse()])
@pytest.mark.parametrize("ddof", [2, 3])
def test_a_variance_without_degrees_of_freedom_has_no_slope(ad, ddof):
    with np.errstate(invalid="ignore", divide="ignore"), pytest.warns(RuntimeWarning):
        assert np.all(np.isnan(gradient(lambda x: np.var(x, ddof=ddof), np.array([1.0, 2.0]), ad=ad)))


def test_an_average_of_a_list():
    equal(gradient(lambda w: np.average([[1.0, 2.0], [3.0, 5.0]], axis=0, weights=w)[0], np.array([1.0, 2.0])), [-4 / 9, 2 / 9])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("view", [lambda x: x, lambda x: x.T, lambda x: x[::-1, ::2], lambda x: x[:0], lambda x: x[0, 0, None]])
def test_a_mean_of_all_elements_is_numpys_to_the_last_bit(dtype, view):
    x = view(np.random.default_rng(0).normal(size=(37, 51)).astype(dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for value in (vjp(np.mean, x)[0], jvp(np.mean, (x,), (x,))[0]):
            np.testing.assert_array_equal(value, np.mean(x))
            assert type(value) is type(np.mean(x))


@pytest.mark.parametrize("ad", [AutoForward(), AutoReverse()])
def test_equal_numbers_have_no_slope_of_their_spread(ad):
    equal(gradient(np.std, np.full(3, 0.1), ad=ad), [0, 0, 0])
    equal(gradient(lambda x: np.std(x, where=np.array([True, True, False])), np.full(3, 0.1), ad=ad), [0, 0, 0])
    equal(gradient(np.std, np.array([1.0, 2.0, 3.0]), ad=ad), np.array([-1, 0, 1]) / 6**0.5)


def test_means_of_float16_are_taken_in_float32():
    x = np.ones(70000, np.float16)
    for f in (np.mean, lambda x: x.mean(), np.average, np.nanmean, lambda x: np.mean(x, where=x > 0), lambda x: np.mean(x, axis=0)):
        assert np.array_equal(gradient(f, x), np.full(70000, 1 / 70000, np.float16))
        assert jvp(f, (x,), (x,))[1] == 1
    x = np.full(100, 1000, np.float16)
    assert jvp(np.mean, (x,), (x,))[1] == 1000


def test_spreads_without_degrees_of_freedom_are_nan():
    x = np.array([[1.0, 2.0, 3.0], [1.0, np.nan, 2.0]])
    with pytest.warns(RuntimeWarning):
        np.testing.assert_array_equal(jvp(lambda x: np.nanvar(x, axis=1, ddof=2), (x,), (x,))[0], [2, np.nan])
    with pytest.warns(RuntimeWarning):
        assert np.isnan(vjp(lambda x: np.nanstd(x, ddof=3), x[0])[0])
    equal(gradient(lambda x: np.nanstd(x), np.array([1, np.nan, 3.0])), [-0.5, 0, 0.5])


def test_differences_of_nothing_between_ends():
    for x, axis in ((np.zeros(0), -1), (np.zeros((0, 3)), 0)):
        f = lambda x: np.diff(x, prepend=0.0, append=1.0, axis=axis)
        np.testing.assert_array_equal(vjp(f, x)[0], f(x))
    with pytest.raises(TypeError, match="complex ends"):
        gradient(lambda x: np.sum(np.ediff1d(x, to_end=1j)), np.ones(3))


@pytest.mark.parametrize("function", [np.logaddexp, np.logaddexp2])
@pytest.mark.parametrize("a, dtype", [(-1e7, np.float32), (-1e4, np.float32), (-1000, np.float16), (1e16, np.float64), (-1e10, np.float64), (0, np.float64)])
def test_shares_of_a_sum_of_powers_do_not_lose_the_digits_of_the_sum(function, a, dtype):
    x = np.full(2, a, dtype)
    assert np.array_equal(gradient(function.reduce, x), [0.5, 0.5])
    assert np.array_equal(vjp(function, x[:1], x[:1])[1](np.ones(1, dtype)), [[0.5], [0.5]])
    three = np.array([a] * 3, dtype)
    np.testing.assert_allclose(gradient(lambda x: function.reduce(x, where=np.array([True, False, True])), three), [0.5, 0, 0.5], rtol=1e-3)
    np.testing.assert_allclose(gradient(lambda x: function.reduce(x, initial=dtype(a)), three), [0.25] * 3, rtol=1e-3)


def test_a_fold_of_hypot_begins_with_zero():
    for x, axis in (([[-3.0, 4.0]], 0), ([-1.0, 2.0], ()), ([-3.0, 4.0], 0), ([], 0)):
        x = np.array(x)
        value, pullback = vjp(lambda x: np.hypot.reduce(x, axis=axis), x)
        equal(value, np.hypot.reduce(x, axis=axis))
        equal(pullback(np.ones_like(value))[0], x / np.where(value == 0, 1, value) if x.size else x)

