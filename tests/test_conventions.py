"""Conventions at the edges, across the whole table: nesting, complex numbers, precision, BigFloat, structures."""
from collections import namedtuple

import numpy as np
import pytest

import lux_nb as lux
from lux_nb.trees import tree_leaves, tree_map

# Three transforms deep

THIRD = { # a smooth function of one number, and its third derivative
    "sin": (np.sin, lambda x: -np.cos(x)),
    "exp(2x)": (lambda x: np.exp(2 * x), lambda x: 8 * np.exp(2 * x)),
    "log": (np.log, lambda x: 2 / x**3),
    "power": (lambda x: x**5, lambda x: 60 * x**2),
    "sqrt": (np.sqrt, lambda x: 0.375 * x**-2.5),
    "1/x": (lambda x: 1 / x, lambda x: -6 / x**4),
    "tanh": (np.tanh, lambda x: (1 - np.tanh(x) ** 2) * (6 * np.tanh(x) ** 2 - 2)),
    "product": (lambda x: np.prod(np.stack([x, 2 * x, x * x])), lambda x: 48 * x),
    "sum and where": (lambda x: np.sum(np.where(np.array([True, False]), x**3, x**4)), lambda x: 6 + 24 * x),
    "matmul": (lambda x: np.sum(np.diag(x * np.ones(2)) @ np.diag(x * x * np.ones(2))), lambda x: 12.0 + 0 * x),
    "inverse": (lambda x: np.linalg.inv(x * np.eye(2))[0, 0], lambda x: -6 / x**4),
    "logsumexp": (lambda x: np.log(np.sum(np.exp(x * np.array([1.0, -1.0])))), lambda x: -2 * np.tanh(x) / np.cosh(x) ** 2),
    "einsum": (lambda x: np.einsum("i,i,i->", *[x * np.ones(2)] * 3), lambda x: 12.0 + 0 * x),
    "index and write": (lambda x: lux.updated(x * x * np.arange(3.0), 0, x**3)[:2].sum(), lambda x: 6.0 + 0 * x),
}
FORWARD = lambda f: lambda x: lux.jvp(f, (x,), (np.float64(1.0),))[1]
MODES = {"forward": FORWARD, "reverse": lux.grad}


@pytest.mark.parametrize("outer", MODES)
@pytest.mark.parametrize("middle", MODES)
@pytest.mark.parametrize("inner", MODES)
@pytest.mark.parametrize("name", THIRD)
def test_three_transforms_deep(name, inner, middle, outer):
    f, third = THIRD[name]
    got = MODES[outer](MODES[middle](MODES[inner](f)))(np.float64(0.7))
    np.testing.assert_allclose(got, third(0.7), rtol=1e-9, atol=1e-12)


def test_a_transform_inside_a_transformed_function_sees_its_own_variable_alone():
    "Perturbation confusion: d/dx (x d/dy (x + y)) is 1, not 2."
    for outer in MODES.values():
        for inner in MODES.values():
            assert outer(lambda x: x * inner(lambda y: x + y)(np.float64(1.0)))(np.float64(3.0)) == 1.0


def test_gradient_inside_a_loop_of_descent_is_differentiated_through():
    def after_three_steps(rate):
        x = np.array([1.0, -2.0])
        for _ in range(3):
            x = x - rate * lux.gradient(lambda x: np.sum(x**4), x)
        return np.sum(x * x)

    h, rate = 1e-6, 0.01
    slope = (after_three_steps(rate + h) - after_three_steps(rate - h)) / (2 * h)
    np.testing.assert_allclose(lux.grad(after_three_steps)(rate), slope, rtol=1e-8)
    np.testing.assert_allclose(lux.jvp(after_three_steps, (rate,), (1.0,))[1], slope, rtol=1e-8)


# Complex numbers: the gradient of a real f(x + iy) is df/dx - i df/dy, as JAX and HIPS autograd have it; -g.conj() is steepest descent.

REAL_FUNCTIONS = {
    "squared absolute value": lambda z: np.sum(np.abs(z) ** 2),
    "real part of a square": lambda z: np.real(np.sum(z * z)),
    "imaginary part": lambda z: np.sum(np.imag(z) * np.array([1.0, 2.0])),
    "conj": lambda z: np.real(np.sum(np.conj(z) * z * (1 + 2j))),
    "exp": lambda z: np.real(np.sum(np.exp(z))),
    "matmul": lambda z: np.abs(z @ np.array([1 + 1j, 2 - 1j])),
    "fft": lambda z: np.sum(np.abs(np.fft.fft(z)) ** 4),
    "angle": lambda z: np.sum(np.angle(z)),
    "solve": lambda z: np.abs(np.linalg.solve(np.diag(z) + 0.3j, np.array([1.0, 2.0]))[0]),
    "prod": lambda z: np.abs(np.prod(z)),
    "var": lambda z: np.var(z),
    "norm": lambda z: np.linalg.norm(z),
    "astype": lambda z: np.sum(np.abs(z.astype(np.complex64).astype(complex)) ** 2),
}
Z = np.array([1.5 - 0.5j, -0.75 + 2.0j])


@pytest.mark.parametrize("name", REAL_FUNCTIONS)
def test_gradient_of_a_real_function_of_complex_numbers(name):
    f, h = REAL_FUNCTIONS[name], 1e-3 if name == "astype" else 1e-6
    got = lux.gradient(f, Z)
    assert got.dtype == complex and got.shape == Z.shape
    for k, unit in enumerate(np.eye(2)):
        by_x, by_y = ((f(Z + h * u * unit) - f(Z - h * u * unit)) / (2 * h) for u in (1, 1j))
        np.testing.assert_allclose(got[k], by_x - 1j * by_y, rtol=1e-4 if name == "astype" else 1e-7, atol=1e-7)


@pytest.mark.parametrize("name", sorted(set(REAL_FUNCTIONS) - {"angle", "astype"}))
def test_steepest_descent_goes_along_the_conjugate(name):
    f = REAL_FUNCTIONS[name]
    assert f(Z - 1e-5 * np.conj(lux.gradient(f, Z))) < f(Z)


def test_a_complex_tangent_is_the_directional_derivative():
    v, h = np.array([0.3 + 0.4j, -1.0j]), 1e-6
    for f in REAL_FUNCTIONS.values():
        slope = (f(Z + h * v) - f(Z - h * v)) / (2 * h)
        if f is not REAL_FUNCTIONS["astype"]:
            np.testing.assert_allclose(lux.jvp(f, (Z,), (v,))[1], slope, rtol=1e-6, atol=1e-8)
            np.testing.assert_allclose(np.real(np.sum(lux.gradient(f, Z) * v)), slope, rtol=1e-6, atol=1e-8)


def test_a_holomorphic_function_pulls_back_by_its_derivative_without_conjugation():
    y, pullback = lux.vjp(lambda z: z**3, Z)
    np.testing.assert_allclose(pullback(np.ones_like(y))[0], 3 * Z**2)
    np.testing.assert_allclose(pullback(np.full_like(y, 1j))[0], 3j * Z**2)


def test_a_complex_result_has_no_gradient():
    with pytest.raises(TypeError, match="np.real"):
        lux.gradient(lambda z: np.sum(z * z), Z)


def test_a_real_operand_among_complex_ones_has_a_real_cotangent():
    x = np.array([1.0, 2.0])
    got = lux.gradient(lambda x: np.sum(np.abs(x * Z) ** 2), x)
    assert got.dtype == float
    np.testing.assert_allclose(got, 2 * x * np.abs(Z) ** 2)


# Precision

MIXED = {
    "arithmetic": lambda x: np.sum((2 * x + 1) / (x + 3) - x**2 * 0.5),
    "functions": lambda x: np.mean(np.tanh(x) + np.exp(-x) * np.log(x + 2)),
    "reductions": lambda x: np.std(x) + np.max(x) - np.prod(x[0]) * np.sqrt(np.sum(x * x)),
    "shapes": lambda x: np.sum(np.concatenate([x.T.ravel(), x[0, ::-1]]) * 3),
    "products": lambda x: np.sum(x @ x.T * 0.25),
    "selection": lambda x: np.sum(np.where(x > 0.5, x, 0.1 * x)[np.array([0, 1, 1])]),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("name", MIXED)
def test_values_tangents_and_cotangents_keep_their_dtype(name, dtype):
    x = np.array([[0.25, 0.5, 0.75], [1.0, 1.25, 0.125]], dtype)
    f = MIXED[name]
    value, tangent = lux.jvp(f, (x,), (np.ones_like(x),))
    _, pullback = lux.vjp(f, x)
    assert value.dtype == tangent.dtype == f(x).dtype == dtype
    got = pullback(dtype(1))[0]
    assert got.dtype == dtype and lux.gradient(f, x).dtype == dtype
    exact = lux.gradient(f, x.astype(np.longdouble))
    np.testing.assert_allclose(got.astype(np.longdouble), exact, rtol=0, atol=float(np.finfo(dtype).eps) * 40 * float(1 + np.max(np.abs(exact))))


@pytest.mark.skipif(np.finfo(np.longdouble).eps >= np.finfo(float).eps, reason="this machine's longdouble is a double")
def test_longdouble_keeps_more_digits_than_float64():
    third = np.longdouble(1) / 3
    got = lux.gradient(lambda x: np.sum(x**3), np.array([third]))[0]
    assert abs(got - 3 * third * third) <= 4 * np.finfo(np.longdouble).eps
    second = lux.hvp(lambda x: np.sum(np.sin(x)), np.array([third]), np.array([np.longdouble(1)]))[0]
    assert abs(second + np.sin(third)) <= 4 * np.finfo(np.longdouble).eps


def test_two_precisions_meet_as_numpy_says_and_each_cotangent_goes_back_to_its_own():
    a, b = np.ones(3, np.float32), np.ones((2, 3))
    y, pullback = lux.vjp(lambda a, b: a * b, a, b)
    assert y.dtype == float and [c.dtype for c in pullback(np.ones((2, 3)))] == [np.float32, float]
    assert lux.jvp(lambda a, b: a * b, (a, b), (a, b))[1].dtype == float


@pytest.mark.parametrize("f", [np.linalg.inv, np.linalg.svd, np.linalg.eigh, np.linalg.cholesky])
def test_what_numpy_refuses_for_a_dtype_is_refused_in_its_words(f):
    x = np.eye(2, dtype=np.float16)
    with pytest.raises(TypeError) as plain:
        f(x)
    for call in (lambda: lux.vjp(f, x), lambda: lux.jvp(f, (x,), (x,))):
        with pytest.raises(TypeError) as traced:
            call()
        assert str(traced.value) == str(plain.value)


# BigFloat: 256 bits

THIRDS = lux.big(np.array([1.0, 2.0, 4.0])) / 3
DIGITS = lux.big(2.0) ** -240
BIG = {
    "arithmetic": (lambda x: np.sum(x * x / (x + 1) - x**3 * 0.5), lambda x: (x * x + 2 * x) / (x + 1) ** 2 - x**2 * 1.5),
    "@ of vectors": (lambda x: x @ x, lambda x: 2 * x),
    "@ of matrices": (lambda x: np.sum(np.reshape(x, (3, 1)) @ np.reshape(x, (1, 3))), lambda x: 2 * np.sum(x) + 0 * x),
    "mean": (lambda x: np.mean(x * x), lambda x: 2 * x / 3),
    "variance": (lambda x: np.var(x), lambda x: 2 * (x - np.mean(x)) / 3),
    "sqrt": (lambda x: np.sqrt(np.sum(x * x)), lambda x: x / np.sqrt(np.sum(x * x))),
    "exp": (lambda x: np.sum(np.exp(x)), np.exp),
    "log": (lambda x: np.sum(np.log(x)), lambda x: 1 / x),
    "tanh": (lambda x: np.sum(np.tanh(x)), lambda x: 1 - np.tanh(x) ** 2),
    "elements": (lambda x: x[0] * x[1] * x[2], lambda x: x[0] * x[1] * x[2] / x),
    "max": (lambda x: np.max(x) ** 2, lambda x: np.where(x == np.max(x), 2 * x, 0 * x)),
    "where": (lambda x: np.sum(np.where(x > 0.5, x * x, x)), lambda x: np.where(x > 0.5, 2 * x, 1 + 0 * x)),
    "shapes": (lambda x: np.sum(np.concatenate([x[::-1], x]) * np.stack([x, 2 * x]).ravel()), lambda x: 4 * x + x[::-1] * 2),
}


def big_close(a, b):
    return all(abs(p - q) < DIGITS for p, q in zip(np.ravel(a), np.ravel(b), strict=True))


@pytest.mark.parametrize("name", BIG)
def test_big_floats_differentiate_to_their_last_digits(name):
    f, slope = BIG[name]
    got = lux.gradient(f, THIRDS)
    assert got.dtype == object and all(isinstance(g, lux.BigFloat) for g in got)
    assert big_close(got, slope(THIRDS))
    v = lux.big(np.array([3.0, -1.0, 0.5])) / 7
    assert big_close([lux.jvp(f, (THIRDS,), (v,))[1]], [np.sum(slope(THIRDS) * v)])


def test_second_derivatives_of_big_floats():
    f = lambda x: np.sum(x**4) + x @ x
    assert big_close(lux.hvp(f, THIRDS, THIRDS), 12 * THIRDS**3 + 2 * THIRDS)
    assert big_close(lux.gradient(lambda x: lux.gradient(f, x) @ x, THIRDS), 16 * THIRDS**3 + 4 * THIRDS)
    assert big_close(np.diag(lux.hessian(f, THIRDS)), 12 * THIRDS**2 + 2)


def test_one_big_float():
    s = lux.big(2.0) / 3
    assert lux.gradient(lambda s: s**3, s) == 3 * s**2
    value, tangent = lux.jvp(lambda s: s * s, (s,), (s,))
    assert value == s * s and tangent == 2 * s * s
    assert lux.gradient(lambda s: s, s) == 1 and isinstance(lux.gradient(lambda s: s, s), lux.BigFloat)
    assert lux.jvp(lambda s: s, (s,), (s,)) == (s, s)


# Structures

Pair = namedtuple("Pair", "w b")
STRUCTURES = {
    "dict": {"a": np.arange(2.0), "b": {"c": np.ones((2, 2))}},
    "list": [np.arange(2.0), [np.ones(3)], 2.0],
    "tuple": (np.arange(2.0), (1.5,)),
    "named tuple": Pair(np.ones((2, 3)), np.zeros(2)),
    "frozen": lux.frozen({"a": np.arange(2.0), "b": np.ones(1)}),
    "component array": lux.ComponentArray({"w": np.arange(6.0).reshape(2, 3), "b": np.ones(2)}),
    "none inside": {"a": None, "b": np.arange(3.0)},
    "empty": {"a": [], "b": np.arange(3.0), "c": np.zeros((0, 2))},
}


def squares(tree):
    return sum(np.sum(leaf * leaf) for leaf in tree_leaves(tree))


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("ad", [lux.AutoForward(), lux.AutoReverse()], ids=["forward", "reverse"])
def test_a_gradient_has_the_structure_of_its_argument(name, ad):
    tree = STRUCTURES[name]
    got = lux.gradient(squares, tree, ad=ad)
    assert type(got) is type(tree)
    for g, x in zip(tree_leaves(got), tree_leaves(tree), strict=True):
        np.testing.assert_array_equal(g, 2 * x)
    assert lux.trees.tree_structure(got) == lux.trees.tree_structure(tree)


@pytest.mark.parametrize("name", STRUCTURES)
def test_results_may_be_structures_too(name):
    tree = STRUCTURES[name]
    f = lambda tree: {"double": tree_map(lambda x: 2 * x, tree), "total": [squares(tree)]}
    value, tangent = lux.jvp(f, (tree,), (tree,))
    assert lux.trees.tree_structure(value) == lux.trees.tree_structure(tangent)
    np.testing.assert_allclose(tangent["total"][0], 2 * squares(tree))
    cotangent = lux.vjp(f, tree)[1](value)[0]
    for c, x in zip(tree_leaves(cotangent), tree_leaves(tree), strict=True):
        np.testing.assert_allclose(c, 4 * x + 2 * x * squares(tree))


def test_leaves_without_derivative_are_left_alone_where_asked_and_refused_otherwise():
    f = lambda p, n: np.sum(p["w"] ** n)
    np.testing.assert_allclose(lux.grad(f)({"w": np.arange(3.0)}, 3)["w"], 3 * np.arange(3.0) ** 2)
    for bad in (3, np.arange(3), True, "text", np.array([True])):
        with pytest.raises(TypeError):
            lux.gradient(lambda p: 0.0, {"w": np.ones(2), "n": bad})


# Empty arrays

@pytest.mark.parametrize("f", [
    np.sum, np.prod, lambda x: np.sum(np.sort(x)), lambda x: np.sum(np.cumsum(x)), lambda x: np.sum(np.cumprod(x)), lambda x: np.sum(x[::-1]),
    lambda x: np.sum(x @ x.T), lambda x: np.linalg.norm(x), lambda x: np.sum(np.concatenate([x, x])), lambda x: np.sum(np.tanh(x)),
    lambda x: np.sum(np.einsum("ij->i", x)), lambda x: np.sum(np.pad(x, 1)), lambda x: np.sum(np.where(x > 0, x, 0.0)), lambda x: np.sum(np.diff(x)),
    lambda x: np.sum(np.max(x, initial=0.0)), lambda x: np.sum(x[x > 0]), lambda x: np.sum(np.stack([x, x])), lambda x: np.sum(np.tile(x, 2))])
@pytest.mark.parametrize("shape", [(0, 3), (0, 0)])
def test_empty_arrays_have_empty_gradients(f, shape):
    for ad in (lux.AutoForward(), lux.AutoReverse()):
        got = lux.gradient(f, np.zeros(shape), ad=ad)
        assert got.shape == shape and got.dtype == float
