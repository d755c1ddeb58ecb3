"""Elementwise rules where it is easy to be wrong: zeros, ties, poles, infinities, tails, complex numbers, dtypes."""
import math
import operator
import os
import subprocess
import sys

import gmpy2
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from lux_nb.autodiff import grad
from lux_nb.checks import check_gradients
from lux_nb.forward import jvp
from lux_nb.reverse import vjp
from lux_nb.rules.special import logsumexp, polygamma
from lux_nb.rules.table import COMPOSITES, NONDIFFERENTIABLE, RULES

INF, NAN = np.inf, np.nan


def slopes(f, *xs, order=1):
    "The derivatives of an elementwise f by each operand, which both modes must agree on."
    if order > 1:
        return slopes(lambda x: vjp(f, x)[1](np.ones(np.shape(x)))[0], *xs, order=order - 1)
    xs = tuple(np.asarray(x, float) for x in xs)
    y, pullback = vjp(f, *xs)
    reverse = pullback(np.ones_like(y))
    for k, x in enumerate(xs):
        _, forward = jvp(f, xs, tuple(np.ones_like(z) * (i == k) for i, z in enumerate(xs)))
        np.testing.assert_allclose(np.broadcast_to(reverse[k], np.shape(y)), forward, rtol=1e-13)
    return reverse if len(xs) > 1 else reverse[0]


def check(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


# Powers

@pytest.mark.parametrize("n", [0, 1, 2, 3, 0.0, 2.0, np.float64(2), np.int64(3), np.array([0, 2, 3])], ids=repr)
@pytest.mark.parametrize("power", [np.power, operator.pow])
def test_whole_powers_at_zero_and_of_negative_bases(power, n):
    bases, exponents = [0.0, -2.0, 3.0], np.broadcast_to(n, 3).tolist()
    check(slopes(lambda x: power(x, n), bases), [k * b ** (k - 1) if k else 0.0 for b, k in zip(bases, exponents)])


def test_power_of_two_traced_operands_at_zero():
    by_base, by_exponent = slopes(np.power, [0.0, 0.0, 0.0, 3.0], [0.0, 1.0, 2.5, 0.0])
    check(by_base, [0, 1, 0, 0])
    check(by_exponent, [0, 0, 0, math.log(3)])


def test_mixed_derivative_of_a_power_at_exponent_zero():
    check(grad(lambda n: grad(lambda x: x**n)(3.0))(0.0), 1 / 3)


def test_second_derivative_of_a_square_at_zero():
    check(slopes(lambda x: x**2, [0.0], order=2), [2.0])
    check(slopes(np.square, [0.0], order=2), [2.0])


def test_zero_and_numbers_as_bases():
    check(slopes(lambda n: 0 ** n, [1.0, 2.0]), [0, 0])
    check(slopes(lambda n: 2 ** n, [0.0, 1.0]), [math.log(2), 2 * math.log(2)])


def test_negative_base_has_no_derivative_by_the_exponent():
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert np.isnan(grad(lambda n: np.power(-2.0, n))(3.0))


# Kinks and ties

def test_absolute_value_at_zero():
    for f in (np.abs, np.fabs, abs, lambda x: np.copysign(x, -1.0), lambda x: np.hypot(x, 0.0)):
        check(slopes(f, [0.0]), [0.0])
    check(grad(lambda z: np.abs(z))(0j), 0)


def test_hypot_at_zero():
    for slope in slopes(np.hypot, [0.0, 3.0], [0.0, 4.0]):
        assert slope[0] == 0
    check(slopes(np.hypot, 1e300, 1e300), (math.sqrt(0.5), math.sqrt(0.5)))


@pytest.mark.parametrize("f", [np.maximum, np.minimum, np.fmax, np.fmin])
def test_ties_split_evenly(f):
    for slope in slopes(f, [1.0, -INF], [1.0, -INF]):
        check(slope, [0.5, 0.5])
    check(slopes(lambda x: f(x, x), [0.0, 2.0]), [1, 1])


@pytest.mark.parametrize("f", [np.fmax, np.fmin])
def test_fmax_gives_all_to_the_number_beside_a_nan(f):
    first, second = slopes(f, [NAN, 1.0], [2.0, NAN])
    check(first, [0, 1])
    check(second, [1, 0])


def test_clip():
    x = [-2.0, -1.0, 0.0, 1.0, 2.0]
    check(slopes(lambda x: np.clip(x, -1, 1), x), [0, 0.5, 1, 0.5, 0])
    check(slopes(lambda x: x.clip(-1), x), [0, 0.5, 1, 1, 1])
    check(slopes(lambda x: np.clip(x, None, None), x), np.ones(5))
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
        check(slopes(lambda x: np.clip(x, min=-1, max=1), x), [0, 0.5, 1, 0.5, 0])
    with pytest.raises(TypeError, match="out"):
        grad(lambda x: np.clip(x, 0, 1, out=np.zeros(())))(0.5)


# Poles, infinities and tails

def test_where_guards_a_pole_only_from_inside():
    def unguarded(x):
        return np.where(x > 0, np.sqrt(x), 0.0)

    def guarded(x):
        return np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0)

    with pytest.warns(RuntimeWarning):
        assert np.isnan(grad(lambda x: np.sum(unguarded(x)))(np.array([0.0, 4.0]))[0])
    check(slopes(guarded, [0.0, 4.0]), [0, 0.25])


def test_where_with_one_argument_is_nonzero():
    def f(x):
        rows, = np.where(x > 0)
        assert type(rows) is np.ndarray
        return x[rows[0]]

    check(grad(f)(np.array([-1.0, 2.0, 3.0])), [0, 1, 0])


@pytest.mark.parametrize("f", [np.logaddexp, np.logaddexp2])
def test_logaddexp_of_impossible_events(f):
    first, second = slopes(f, [-INF, -INF, 0.0, 1000.0], [-INF, 1.0, -INF, -1000.0])
    check(first, [0, 0, 1, 1])
    check(second, [0, 1, 0, 0])


def test_logsumexp_of_impossible_events():
    y, pullback = vjp(lambda x: logsumexp(x, axis=1), np.array([[-INF, -INF], [0.0, -INF]]))
    check(y, [-INF, 0])
    check(pullback(np.ones(2))[0], [[0, 0], [1, 0]])
    check(grad(logsumexp)(np.array([1e4, 1e4])), [0.5, 0.5])
    check(logsumexp(np.array([])), -INF)
    check(logsumexp(np.array([[1, 2], [3, 4]]), axis=0), np.logaddexp.reduce([[1, 2], [3, 4]]))


def test_logsumexp_with_weights():
    special = pytest.importorskip("scipy.special")
    for a, b in (([1000.0, 0.0], [0.0, 1.0]), ([INF, 0.0], [0.0, 1.0]), ([1.0, 2.0, 3.0], [0.5, -2.0, 1.0]), ([-INF, 2.0], [1.0, 3.0])):
        for dtype in (np.float32, np.float64):
            x, w = np.array(a, dtype), np.array(b, dtype)
            for y, expected in zip(logsumexp(x, b=w, return_sign=True), special.logsumexp(x, b=w, return_sign=True)):
                assert y.dtype == dtype
                np.testing.assert_allclose(y, expected, rtol=8 * np.finfo(dtype).eps)
            assert logsumexp(x[None], 1, w, True, True)[0].shape == (1, 1)
    check(logsumexp(np.array([800.0, 799.0]), b=np.zeros(2)), -INF) # SciPy: NaN
    x, w = np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.0, 2.0])
    check(grad(lambda x: logsumexp(x, b=w))(x), w * np.exp(x - logsumexp(x, b=w)))
    check(grad(lambda w: logsumexp(x, b=w))(w), np.exp(x - logsumexp(x, b=w))) # a weight of 0 has a derivative all the same
    check(grad(lambda x: logsumexp(x, b=np.array([0.0, 1.0])))(np.array([1000.0, 0.0])), [0, 1])
    check(grad(lambda w: logsumexp(np.array([400.0, 0.0]), b=w))(np.array([0.0, 1.0])), [np.exp(400.0), 1])


def test_polygamma_is_differentiated_by_its_argument_alone():
    special = pytest.importorskip("scipy.special")
    for n in range(4):
        check(polygamma(n, np.array([0.5, 2.5])), special.polygamma(n, [0.5, 2.5]))
        check(grad(lambda x: polygamma(n, x))(1.5), special.polygamma(n + 1, 1.5))
    with pytest.raises(NotImplementedError, match="no closed form"):
        grad(lambda n: polygamma(n, 1.5))(1.0)
    for n in (-1, 1.5, np.array([0, 1])):
        with pytest.raises(ValueError, match="polygamma needs one order"):
            polygamma(n, 2.0)


@pytest.mark.parametrize("dtype, x", [(np.float16, 300), (np.float32, 1e30), (np.float64, 1e200)])
@pytest.mark.parametrize("f", [np.arctan, np.arcsinh])
def test_large_arguments_do_not_overflow(f, dtype, x):
    slope = vjp(f, np.array(x, dtype))[1](np.ones((), dtype))[0]
    assert slope.dtype == dtype
    expected, rtol = 1 / x if f is np.arcsinh else 1 / x / x, 4e-3 if dtype is np.float16 else 1e-6
    np.testing.assert_allclose(float(slope), expected, rtol, atol=float(np.finfo(dtype).smallest_subnormal))


def test_arctan2():
    check(slopes(np.arctan2, [0.0, 1e-200, 0.0], [1.0, 1e-200, -1.0]), [[1, 0.5e200, -1], [0, -0.5e200, 0]])
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert np.isnan(grad(lambda x: np.arctan2(x, 0.0))(0.0))


@pytest.mark.parametrize("order, at_zero, at_half", [
    (1, 0, -4 / math.pi), (2, -math.pi**2 / 3, 16 / math.pi - 2 * math.pi), (3, 0, None), (4, math.pi**4 / 5, None)])
def test_sinc_to_fourth_order(order, at_zero, at_half):
    got = slopes(np.sinc, [0.0, 1e-9, 0.5], order=order)
    np.testing.assert_allclose(got[:2], at_zero, rtol=1e-7, atol=1e-6)
    if at_half is not None:
        check(got[2], at_half)
    np.testing.assert_allclose(*slopes(np.sinc, [0.25 - 1e-9, 0.25 + 1e-9], order=order), rtol=1e-6)


def test_bessel_i0():
    check(slopes(np.i0, [0.0, 1e-12, -1.0]), [0, 0.5e-12, -0.5651591039924851])
    np.testing.assert_allclose(slopes(np.i0, [700.0]) / np.i0(700.0), 1 - 1 / 1400 - 1 / (8 * 700**2), rtol=1e-8)
    check(slopes(np.i0, [0.0], order=2), [0.5])


def test_nan_to_num():
    x = [1.0, NAN, INF, -INF]
    check(slopes(lambda x: np.nan_to_num(x, nan=7.0, posinf=9.0), x), [1, 0, 0, 0])

    def in_place(x):
        y = np.copy(x)
        np.nan_to_num(y, copy=False)
        return y * y

    check(slopes(in_place, [3.0, NAN]), [6, 0])


# Remainders and parts

@pytest.mark.parametrize("f", [np.mod, operator.mod])
def test_mod_follows_the_sign_of_the_divisor(f):
    by_a, by_b = slopes(f, [7.0, -7.0, 7.0, -7.0], [2.0, 2.0, -2.0, -2.0])
    check(by_a, [1, 1, 1, 1])
    check(by_b, [-3, 4, 4, -3])


def test_fmod_follows_the_sign_of_the_dividend():
    check(slopes(np.fmod, [7.0, -7.0, 7.0, -7.0], [2.0, 2.0, -2.0, -2.0])[1], [-3, 3, 3, -3])


def test_functions_of_several_outputs():
    check(slopes(lambda x: np.modf(x)[0] * 3, [1.25, -2.5]), [3, 3])
    check(slopes(lambda x: np.modf(x)[1] * x, [1.25, -2.5]), [1, -2])
    check(slopes(lambda x: np.frexp(x)[0], [1.25, -24.0]), [0.5, 1 / 32])
    check(slopes(lambda x: np.divmod(x, 2)[0] * x, [5.0]), [2.0])
    assert type(vjp(lambda x: np.frexp(x)[1], 8.0)[0]) is np.int32


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")  # since NumPy 2.5
def test_rounding_is_constant():
    for f in (np.floor, np.ceil, np.trunc, np.rint, np.fix, np.round, np.around, np.sign, np.spacing,
              lambda x: x // 1, lambda x: x.round(1)):
        check(slopes(lambda x: f(x) * x, [1.3, -2.6]), f(np.array([1.3, -2.6])))


# Selection

def test_select_has_numpys_dtype():
    x = np.float32([1.0, -2.0])
    f = lambda x: np.select([x > 5, x > 0], [x, 1.0], 0)
    y, pullback = vjp(f, x)
    assert y.dtype == f(x).dtype == np.float32
    check(pullback(np.ones(2, np.float32))[0], [0, 0])
    with pytest.raises(ValueError):
        grad(lambda x: np.select([x > 0], [x, x]))(1.0)


def test_choose_checks_its_indices():
    f = lambda x: np.sum(np.choose([0, 2], [x, 2 * x]))
    with pytest.raises(ValueError, match="invalid entry"):
        grad(f)(np.ones(2))


# Complex numbers

HOLOMORPHIC = [np.exp, np.log, np.sqrt, np.sin, np.tanh, np.arcsin, np.arccosh, np.arctan, np.sinc,
               lambda z: z**3, lambda z: z**0.5, lambda z: 1 / z]


@pytest.mark.parametrize("f", HOLOMORPHIC)
@pytest.mark.parametrize("z", [1.5 + 0.5j, -0.7 - 1.2j, 0.1 + 0.05j])
def test_holomorphic_functions_have_one_derivative_in_all_directions(f, z):
    h = 1e-5
    once = lambda z: jvp(f, (z,), (1 + 0j,))[1]
    for g in (f, once):
        derivative = jvp(g, (z,), (1 + 0j,))[1]
        np.testing.assert_allclose(derivative, (g(z + h) - g(z - h)) / (2 * h), rtol=1e-6)
        np.testing.assert_allclose(jvp(g, (z,), (1j,))[1], 1j * derivative, rtol=1e-12)
        np.testing.assert_allclose(vjp(g, z)[1](1 + 0j)[0], derivative, rtol=1e-12)


@pytest.mark.parametrize("loss", [
    np.abs, np.real, np.imag, np.angle, lambda z: np.real(np.conj(z) * z), lambda z: np.real(np.sign(z) * (1 + 2j))])
def test_gradient_of_a_real_function_of_a_complex_number(loss):
    z, h = 1.5 - 0.5j, 1e-6
    by_x, by_y = ((loss(z + h * e) - loss(z - h * e)) / (2 * h) for e in (1, 1j))
    np.testing.assert_allclose(grad(loss)(z), by_x - 1j * by_y, rtol=1e-7)


def test_parts_of_a_real_number():
    check(slopes(np.real, [2.0]), [1.0])
    check(slopes(lambda x: np.imag(x) + x, [2.0]), [1.0])
    check(slopes(lambda x: np.angle(x) + x, [2.0, -2.0]), [1.0, 1.0])


# Arguments and names

def test_arguments_that_ufuncs_take():
    y, pullback = vjp(lambda x: np.add(x, 1, dtype=np.float32), np.ones(2))
    assert y.dtype == np.float32
    assert pullback(np.ones(2, np.float32))[0].dtype == float
    with pytest.raises(NotImplementedError, match="where"):
        grad(lambda x: np.sum(np.add(x, 1, where=np.array([True, False]))))(np.ones(2))
    with pytest.raises(TypeError, match="np.add"):
        grad(lambda x: np.sum(np.add(x, 1, out=np.ones(2))))(np.ones(2))
    with pytest.raises(TypeError, match="np.add.at"):
        grad(lambda x: np.add.at(x, 0, 1.0))(np.ones(2))


def test_every_ufunc_is_in_the_table():
    ufuncs = {f for f in vars(np).values() if isinstance(f, np.ufunc) and f.signature is None} # the others are products
    assert not {f.__name__ for f in ufuncs if not any(f in table for table in (RULES, COMPOSITES, NONDIFFERENTIABLE))}
    for f in ufuncs:
        if f.nin == 2:
            methods = (f.outer, f.reduce, f.accumulate) if f.nout == 1 else (f.outer,)
            assert all(any(m in table for table in (RULES, COMPOSITES, NONDIFFERENTIABLE)) for m in methods), f


def test_comparisons_give_plain_values():
    def f(x):
        found = x > 0, x == 1, np.isnan(x), np.logical_and(x, 1), np.isclose(x, 1), np.greater.outer(x, x), np.sign(x)
        for plain in found:
            assert type(plain) in (np.ndarray, np.bool_)
        return np.sum(x)

    grad(f)(np.ones(2))


# Shapes and dtypes

two_shapes = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3)


@given(two_shapes, st.sampled_from([np.float32, np.float64]))
def test_broadcasting_in_both_modes(shapes, dtype):
    a, b = (np.full(shape, value, dtype) for shape, value in zip(shapes.input_shapes, (2.0, 3.0)))
    y, pullback = vjp(np.multiply, a[..., ::-1] if a.ndim else a, b)
    by_a, by_b = pullback(np.ones_like(y))
    repeats = [y.size // x.size if x.size else 0 for x in (a, b)]
    np.testing.assert_array_equal(by_a, np.full(a.shape, 3 * repeats[0], dtype), strict=True)
    np.testing.assert_array_equal(by_b, np.full(b.shape, 2 * repeats[1], dtype), strict=True)
    assert jvp(np.multiply, (a, b), (a, b))[1].shape == y.shape


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_maps_compute_in_the_dtype_of_their_operands(dtype):
    ufuncs = {f for f in vars(np).values() if isinstance(f, np.ufunc)} & RULES.keys() - {np.ldexp, np.arccosh}
    for function, rule in ((f, RULES[f]) for f in ufuncs if RULES[f].elementwise):
        operands = [np.array([0.3, 0.6], dtype) for _ in range(function.nin)]
        y = function(*operands)
        for position, map in rule.push.items():
            if map is not None:
                assert map(np.ones_like(y), y, *operands).dtype == dtype, function
                if function.nin == 2:
                    numbers = [x if k == position else 0.5 for k, x in enumerate(operands)]
                    assert map(np.ones_like(y), function(*numbers), *numbers).dtype == dtype, function


# SciPy

def test_special_functions_enter_without_an_import():
    pytest.importorskip("scipy")
    code = """
import sys
import numpy as np
import lux_nb
from lux_nb.autodiff import grad
assert "scipy" not in sys.modules
from scipy.special import erf
assert abs(grad(erf)(0.5) - 2 / np.pi**0.5 * np.exp(-0.25)) < 1e-15
assert abs(grad(grad(erf))(0.5) + 2 / np.pi**0.5 * np.exp(-0.25)) < 1e-15
"""
    subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", code], check=True)


def test_special_functions_at_the_edges():
    special = pytest.importorskip("scipy.special")
    check(slopes(special.xlogy, [0.0, 0.0, 2.0], [1.0, 2.0, 4.0])[1], [0, 0, 0.5])
    check(grad(lambda p: special.xlogy(0.0, p))(0.0), 0)
    check(slopes(special.log_ndtr, [-100.0]), [100.00999800099926])
    check(slopes(special.logit, [0.5]), [4.0])
    check(slopes(special.expit, [-800.0, 800.0]), [0, 0])
    check(slopes(special.gammaln, [1.0], order=3), [-2 * special.zeta(3)])


def test_special_functions_refuse_what_is_not_known():
    special = pytest.importorskip("scipy.special")
    with pytest.raises(NotImplementedError, match="no closed form"):
        grad(lambda v: special.jv(v, 1.0))(0.5)
    with pytest.raises(NotImplementedError, match="table has no derivative"):
        grad(lambda m: special.ellipk(m))(0.5)
    for name in ("logsumexp", "softmax", "log_softmax"): # these turn their argument into an array before anything can be seen
        with pytest.raises(TypeError, match=f"conversion to an array.*use lux_nb.{name} "):
            grad(lambda x: np.sum(getattr(special, name)(x)))(np.ones(2))


def test_scipys_python_functions_differentiate_with_its_array_api_switch():
    pytest.importorskip("scipy", minversion="1.15")
    code = """
import numpy as np
import scipy.special as special
import scipy.stats
import lux_nb as lux
from lux_nb import check_gradients, compiled, gradient
x, a = np.array([1.0, 2.0, 3.5, 0.3]), np.random.default_rng(0).standard_normal((3, 4))
for theirs, ours in ((special.logsumexp, lux.logsumexp), (special.softmax, lux.softmax), (special.log_softmax, lux.log_softmax)):
    for axis in (0, 1):
        check_gradients(lambda a: theirs(a, axis=axis), a, order=2)
        slope = gradient(lambda a: np.sum(theirs(a, axis=axis) ** 2), a)
        np.testing.assert_allclose(slope, gradient(lambda a: np.sum(ours(a, axis=axis) ** 2), a), rtol=1e-12)
        np.testing.assert_allclose(compiled(lambda a: gradient(lambda a: np.sum(theirs(a, axis=axis) ** 2), a))(a), slope, rtol=1e-12)
for f in (special.expit, special.erf, special.gammaln, special.entr, lambda x: special.xlogy(x, x), lambda x: special.jv(1, x), scipy.stats.skew, scipy.stats.gmean):
    check_gradients(f, x, order=2)
assert special.logsumexp(x.astype(np.float32)).dtype == gradient(special.logsumexp, x.astype(np.float32)).dtype == np.float32
try:
    gradient(lambda x: special.logsumexp(x, b=np.ones(4)), x)
except TypeError as error:
    assert "make a plain array b traced too: b + np.zeros_like(x)" in str(error), error
else:
    raise AssertionError("mixed")
np.testing.assert_allclose(gradient(lambda x: special.logsumexp(x, b=np.ones(4) + np.zeros_like(x)), x), lux.softmax(x))
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"SCIPY_ARRAY_API": "1"})


# The dtype of a ufunc's loop

@pytest.mark.parametrize("f", [
    lambda x, **k: np.maximum(x, 0.2, **k), lambda x, **k: np.minimum(0.5, x, **k), lambda x, **k: np.fmax(x, x[::-1], **k), lambda x, **k: np.maximum.accumulate(x, **k),
    lambda x, **k: np.multiply(x, x, **k), lambda x, **k: np.add(x, 1, **k), lambda x, **k: np.exp(x, **k), lambda x, **k: np.maximum.reduce(x, **k),
])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_a_loop_in_another_dtype_has_the_same_derivative(f, dtype):
    x = np.array([0.1, 0.7, 0.3, 1.1])
    y, pullback = vjp(lambda x: f(x, dtype=dtype), x)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, f(x, dtype=dtype))
    expected = vjp(f, x)[1](np.ones(np.shape(y)))[0]
    np.testing.assert_allclose(pullback(np.ones(np.shape(y), dtype)[()])[0], expected, rtol=1e-6)
    _, t = jvp(lambda x: f(x, dtype=dtype), (x,), (np.ones(4),))
    np.testing.assert_allclose(t, jvp(f, (x,), (np.ones(4),))[1], rtol=1e-6)


@pytest.mark.parametrize("f", [lambda x: np.multiply(x, 2.5, dtype=int, casting="unsafe"), lambda x: np.square(x, dtype=int, casting="unsafe")])
def test_a_loop_of_whole_numbers_cuts_the_derivative_off(f):
    x = np.array([1.3, 2.6, 3.7])
    check(grad(lambda x: np.sum(f(x) * 1.0))(x), [0, 0, 0])
    check(jvp(lambda x: f(x) * 1.0, (x,), (np.ones(3),))[1], [0, 0, 0])
    check(vjp(f, x)[0], f(x))


def test_a_loop_of_real_numbers_drops_imaginary_parts():
    z = np.array([1 + 2j, 3 - 1j])
    with pytest.warns(np.exceptions.ComplexWarning):
        np.multiply(z, z, dtype=float, casting="unsafe")
    check(grad(lambda z: np.sum(np.multiply(z, z, dtype=float, casting="unsafe")))(z), [2, 6])


@pytest.mark.parametrize("f, error, match", [
    (lambda x: np.add(x, 1, dtype=int), TypeError, "operand 0 of dtype float64 is not converted to int64"),
    (lambda x: np.abs(x * 1j, dtype=float), NotImplementedError, "with astype"),
    (lambda x: np.float_power(x, 2, dtype=np.float32), NotImplementedError, "does not know the argument 'dtype'"),
    (lambda x: np.clip(x, 0, 1, dtype=np.float32), NotImplementedError, r"np\.clip: its derivative does not know the argument 'dtype'"),
    (lambda x: np.divmod(x, 2, casting="safe")[1], NotImplementedError, r"np\.divmod: .*'casting'"),
])
def test_what_a_loop_can_not_do_is_said(f, error, match):
    with pytest.raises(error, match=match):
        grad(lambda x: np.sum(f(x)))(np.ones(2))


def test_the_usual_where_is_none():
    check(grad(lambda x: np.sum(np.add(x, x, where=True)))(np.ones(2)), [2, 2])


# Complex exponents, infinities, replacements, polynomials

@pytest.mark.parametrize("power", [np.power, operator.pow, np.float_power])
def test_a_negative_base_has_complex_powers(power):
    def parts(a, b, c):
        y = power(a, b + 1j * c)
        return np.real(y), np.imag(y)
    check_gradients(parts, np.array([-1.5, 2.0, -0.3]), np.array([0.5, 1.2, -1.0]), np.array([1.0, 0.3, 0.7]))
    value = (-2.0) ** (0.5 + 1j) * np.log(-2 + 0j)
    check(vjp(lambda n: (-2.0) ** n, 0.5 + 1j)[1](1 + 0j)[0], value)


def test_logaddexp_of_infinities_by_folds():
    with np.errstate(invalid="ignore"):
        for x in ([INF, 1.0, 2.0], [-INF, -INF, -INF], [-INF, 1.0, 2.0], [INF, INF, 0.0]):
            x = np.array(x)
            np.testing.assert_allclose(grad(np.logaddexp.reduce)(x), grad(logsumexp)(x) if np.isfinite(x).any() else np.zeros(3), rtol=1e-14)


def test_nan_to_num_with_an_array_of_replacements():
    check(grad(lambda x: np.sum(np.nan_to_num(x, nan=np.array([1.0, 2.0]))))(np.array([NAN, 2.0])), [0, 1])


def test_coefficients_of_a_polynomial_have_a_dtype():
    x = np.ones(2, np.float32)
    assert vjp(lambda x: np.polyval([1, 2, 3], x), x)[0].dtype == np.polyval([1, 2, 3], x).dtype == np.float64


def test_the_ends_of_arcsin_and_arccos():
    with np.errstate(divide="ignore"):
        assert [grad(np.arcsin)(1.0), grad(np.arcsin)(-1.0), grad(np.arccos)(1.0), grad(np.arccos)(-1.0)] == [INF, INF, -INF, -INF]


def test_a_power_of_a_complex_base_keeps_its_side_of_the_cut():
    for side in (0.0, -0.0):
        base = np.array([complex(-2.0, side)])
        f = lambda n: np.power(base, n)
        h = 1e-6
        check(jvp(f, (np.array([0.5 + 0j]),), (np.ones(1, complex),))[1].round(6), ((f(0.5 + h) - f(0.5 - h)) / (2 * h)).round(6))


def test_a_loop_of_objects():
    y, t = jvp(lambda x: np.add(x, np.array([2.5]), dtype=object), (np.array([1.5]),), (np.ones(1),))
    assert y.dtype == t.dtype == object and y[0] == 4.0 and t[0] == 1.0


def test_zeros_in_place_of_infinities():
    y, t = jvp(lambda x: np.nan_to_num(x, posinf=0.0, neginf=0.0), (np.array([INF, -INF, 1.0]),), (np.ones(3),))
    check(y, [0, 0, 1]), check(t, [0, 0, 1])


def test_the_complex_plane_of_python_numbers():
    for f in (np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10):
        assert jvp(f, (1 + 2j,), (1 + 0j,))[0] == f(1 + 2j) and jvp(f, (-2.0,), (1.0,))[0] == f(-2.0)


def test_a_running_extremum_stands_on_the_nan_that_it_met():
    check(grad(lambda x: np.maximum.accumulate(x)[-1])(np.array([1.0, NAN, 3.0])), [0, 1, 0])
    check(grad(lambda x: np.fmax.accumulate(x)[-1])(np.array([1.0, NAN, 3.0])), [0, 0, 1])


def test_the_hazard_of_the_normal_distribution_far_out():
    special = pytest.importorskip("scipy.special")
    x = np.array([-30.0, -1.0, 0.0, 1.0, 30.0, 40.0, 1e4])
    ratio = np.exp(-x**2 / 2 - special.log_ndtr(x)) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(slopes(special.log_ndtr, x), ratio, rtol=1e-12)
    np.testing.assert_allclose(slopes(special.log_ndtr, x[1:], order=2), -(ratio * (x + ratio))[1:], rtol=1e-9)


@pytest.mark.parametrize("name", ["erfcx", "dawsn"])
def test_slopes_that_are_the_difference_of_equal_terms(name):
    special = pytest.importorskip("scipy.special")
    x = np.array([-3.0, 0.5, 5.0, 6.999, 7.001, 12.0, 30.0] if name == "erfcx" else [-30.0, -7.001, -6.999, 0.5, 5.0, 7.001, 30.0])
    with gmpy2.context(precision=4000): # so that a hundred equal digits may cancel
        first, second, third = zip(*[_slopes_by_recurrence(name, gmpy2.mpfr(each)) for each in x.tolist()])
    f = getattr(special, name)
    np.testing.assert_allclose(slopes(f, x), first, rtol=1e-13)
    np.testing.assert_allclose(slopes(f, x, order=2), second, rtol=1e-11)
    inside = np.abs(x) != 6.999 # where the modes round apart
    np.testing.assert_allclose(slopes(f, x[inside], order=3), np.array(third)[inside], rtol=1e-10)
    np.testing.assert_allclose(vjp(f, x.astype(np.float32))[1](np.ones(7, np.float32))[0], first, rtol=2e-5)
    far = np.array([1e4, 1e8, 1e100])
    scale = -1 / math.sqrt(math.pi) if name == "erfcx" else -0.5
    np.testing.assert_allclose(slopes(f, far), scale / far / far, rtol=1e-7)


def _slopes_by_recurrence(name, x):
    "The first three derivatives: both functions have y'' = c (2 y + 2 x y'), with c = 1 and -1."
    if name == "erfcx":
        c, y, end = 1, gmpy2.exp(x * x) * gmpy2.erfc(x), -2 / gmpy2.sqrt(gmpy2.const_pi())
    else:
        c, y, end, term, k = -1, x, 1, x, 0
        while abs(term) > 1e-300:
            k += 1
            term *= -2 * x * x / (2 * k + 1)
            y += term
    first = c * 2 * x * y + end
    second = c * (2 * y + 2 * x * first)
    return float(first), float(second), float(c * (4 * first + 2 * x * second))


def test_the_slope_of_the_logistic_function_is_right_in_both_tails():
    special = pytest.importorskip("scipy.special")
    np.testing.assert_allclose(slopes(special.expit, [-40.0, 40.0, 700.0]), np.exp([-40.0, -40.0, -700.0]), rtol=1e-13)
    np.testing.assert_allclose(slopes(np.expm1, [-300.0, -40.0, 1e-8, 3.0]), np.exp([-300.0, -40.0, 1e-8, 3.0]), rtol=1e-15)


def test_the_huber_loss_on_both_sides():
    special = pytest.importorskip("scipy.special")
    check(slopes(lambda r: special.huber(1.0, r), [-3.0, -0.5, 0.5, 3.0]), [-1, -0.5, 0.5, 1])


def test_choices_may_be_lists():
    x = np.array([1.2, 2.7, 3.4, 0.6])
    check(grad(lambda x: np.sum(np.select([x > 1.5], [x], [7.0, 8.0, 9.0, 10.0]) * x))(x), [7, 5.4, 6.8, 10])
    check(grad(lambda x: np.sum(np.select([x > 1.5, x > 1], [x, [1, 2, 3, 4]]) * x))(x), [1, 5.4, 6.8, 0])
    check(grad(lambda x: np.sum(np.choose([0, 1, 0, 1], [x, [5.0, 6.0, 7.0, 8.0]]) * x))(x), [2.4, 6, 6.8, 8])
    with pytest.raises(TypeError, match="dtype bool"):
        grad(lambda x: np.sum(np.select([x], [x])))(x)


def test_a_chosen_number_is_a_number():
    def f(x):
        y = np.choose(0, [x[0], x[1]])
        z = y
        z *= 3.0
        return y * x[2]

    x = np.array([1.0, 2.0, 3.0])
    assert vjp(f, x)[0] == f(x) == 3
    check(grad(f)(x), [3, 0, 1])


def test_the_slope_of_i0_overflows_no_sooner_than_i0():
    for x in (np.array([88.0], np.float32), np.array([9.0], np.float16)):
        value, slope = jvp(np.i0, (x,), (np.ones_like(x),))
        assert np.all(np.isfinite(value)) and np.all(slope < value) and np.all(slope > 0.9 * value)

