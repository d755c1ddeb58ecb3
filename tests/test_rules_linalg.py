"""Products, linear algebra, factorizations: conventions at the edges, and what is said where there is no derivative."""
import itertools
import math

import numpy as np
import pytest

from lux_nb.arrays import BigFloat, big
from lux_nb.autodiff import AutoForward, AutoReverse, gradient, hessian, jacobian
from lux_nb.checks import check_gradients
from lux_nb.forward import jvp
from lux_nb.programs import compiled
from lux_nb.reverse import record, vjp

H = 1e-5


def second_difference(f, x, t, g):
    "How the gradient, paired with g, changes along t."
    slope = lambda x: np.sum(np.real(gradient(f, x) * g))
    return (slope(x + H * t) - slope(x - H * t)) / (2 * H)


@pytest.mark.parametrize("f", [
    lambda x: np.dot([1.0, 2.0], x), lambda x: np.dot(x, [1.0, 2.0]), lambda x: np.sum(np.matmul([[1.0, 2.0]], x)),
    lambda x: np.einsum("i,ij,j", x, [[1.0, 2.0], [3.0, 5.0]], x),
    lambda x: np.sum(np.linalg.solve([[2.0, 1.0], [1.0, 3.0]], x)),
    lambda x: np.sum(np.kron([1.0, 2.0], x)), lambda x: np.vdot([1.0, 2.0], x), lambda x: np.sum(np.outer(x, [1, 2])),
    lambda x: np.inner([1.0, 2.0], x), lambda x: np.tensordot([1.0, 2.0], x, 1), lambda x: np.sum(np.dot(2.0, x)),
])
def test_lists_and_numbers_serve_as_operands(f):
    x = np.array([0.3, -0.7])
    differences = [(f(x + H * e) - f(x - H * e)) / (2 * H) for e in np.eye(2)]
    np.testing.assert_allclose(gradient(f, x), differences, rtol=1e-8)
    np.testing.assert_allclose(jvp(f, (x,), (np.array([1.0, 0.0]),))[1], differences[0], rtol=1e-8)
    assert hessian(f, x).shape == (2, 2)


def test_python_numbers_in_products():
    assert gradient(lambda a: np.sum(np.dot(a, np.array([1.0, 2.0]))), 3.0) == 3.0
    assert gradient(lambda a: np.sum(np.outer(a, np.array([1.0, 2.0]))), 3.0) == 3.0
    assert gradient(lambda a: np.einsum(",i->", a, np.array([1.0, 2.0])), 3.0) == 3.0
    assert gradient(lambda a: np.linalg.norm(a), -3.0) == -1.0


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])
def test_products_keep_every_dtype(dtype):
    a, b = np.ones((2, 3), dtype), np.ones((3, 2), dtype)
    for f in (np.matmul, np.dot, np.tensordot):
        cotangent = gradient(lambda a: np.sum(f(a, b) if f is not np.tensordot else f(a, b, 1)), a)
        assert cotangent.dtype == dtype
        assert np.array_equal(cotangent, np.full((2, 3), 2))


def test_extended_precision_through_a_product():
    a = np.array([[BigFloat(1), BigFloat(2)], [BigFloat(3), BigFloat(4)]], dtype=object)
    b = np.array([BigFloat("0.1"), BigFloat(5)], dtype=object)
    cotangent = gradient(lambda b: (a @ b) @ (a @ b), b)
    expected = 2 * (a.T @ (a @ b))
    assert cotangent.dtype == object and all(cotangent == expected)


def test_multi_dot_multiplies_in_the_cheap_order():
    column, row, other = np.ones((40, 1)), np.ones((1, 40)), np.ones((40, 1))
    tape, *_ = record(lambda a: np.linalg.multi_dot([a, row, other]), (column,), "test")
    assert max(np.size(value) for *_, value in tape.entries) == 40
    tape, *_ = record(lambda a: np.linalg.multi_dot([row, a, row]), (column,), "test")
    assert max(np.size(value) for *_, value in tape.entries) == 40


def test_einsum_path_is_a_plain_value():
    x = np.ones((2, 2))
    plain = np.einsum_path("ij,jk->ik", x, x)
    paths = []
    gradient(lambda x: paths.append(np.einsum_path("ij,jk->ik", x, x)) or np.sum(x), x)
    assert paths[0][0] == plain[0]


@pytest.mark.parametrize("call, error, words", [
    (lambda x: np.matmul(x, x, dtype=np.float64), NotImplementedError, "dtype"),
    (lambda x: np.linalg.qr(x, "raw"), NotImplementedError, "use reduced, complete or r"),
    (lambda x: np.tensordot(x, np.ones((3, 2)), 1), ValueError, r"equal lengths, got \[2\] of a and \[3\] of b"),
    (lambda x: np.linalg.outer(x, x), ValueError, r"needs vectors, got shapes \(2, 2\)"),
    (lambda x: np.linalg.cross(x, x), ValueError, "3 components along axis -1"),
    (lambda x: np.cross(np.ones((2, 4)), np.concatenate([x, x], 1)), ValueError, "2 or 3 components, got 4 and 4"),
    (lambda x: np.linalg.multi_dot([x]), ValueError, "at least two arrays, got 1"),
    (lambda x: np.linalg.norm(x, "nothing"), ValueError, "no order 'nothing' for matrices"),
    (lambda x: np.linalg.norm(x[0], "fro"), ValueError, "is for matrices"),
    (lambda x: np.linalg.norm(x[None], 2), ValueError, "got 3: np.linalg.vector_norm"),
    (lambda x: np.matmul(x, np.ones((3, 2))), ValueError, "matmul"),
    (lambda x: np.linalg.matrix_power(x, 0.5), TypeError, "integer"),
    (lambda x: np.linalg.matrix_power(x[:1], 1), np.linalg.LinAlgError, r"square matrices, got shape \(1, 2\)"),
    (lambda x: np.linalg.inv(x[:1]), np.linalg.LinAlgError, "square"),
])
def test_refusals_say_why(call, error, words):
    for transform in (lambda f, x: vjp(f, x), lambda f, x: jvp(f, (x,), (x,))):
        with pytest.raises(error, match=words):
            transform(call, np.eye(2))


def test_planar_vectors_have_a_cross_product():
    a, b = np.array([1.0, 2.0]), np.array([3.0, -1.0, 2.0])
    assert np.array_equal(gradient(lambda a: np.cross(a, np.array([3.0, -1.0])) * 1.0, a), [-1.0, -3.0])
    value, change = jvp(lambda a: np.cross(a, b), (a,), (np.array([1.0, 0.0]),))
    assert np.array_equal(value, np.cross([1.0, 2.0, 0.0], b)) and np.array_equal(change, np.cross([1.0, 0.0, 0.0], b))


@pytest.mark.parametrize("matrix", [
    np.zeros((0, 0)), np.zeros((1, 1)), np.array([[1.0, 2.0], [2.0, 4.0]]), np.outer([1.0, 2.0, 3.0], [1.0, 0.0, 1.0]),
], ids=len)
def test_a_determinant_has_a_gradient_where_it_is_zero(matrix):
    n = len(matrix)
    minor = lambda i, j: np.linalg.det(np.delete(np.delete(matrix, i, 0), j, 1))
    minors = [[(-1) ** (i + j) * minor(i, j) for j in range(n)] for i in range(n)]
    np.testing.assert_allclose(gradient(np.linalg.det, matrix), np.reshape(minors, (n, n)), atol=1e-12)


def leibniz(a):
    "The determinant as the sum over all permutations."
    rows = range(len(a))
    signs = {p: round(np.linalg.det(np.eye(len(a))[list(p)])) for p in itertools.permutations(rows)}
    return sum(sign * math.prod([a[i, p[i]] for i in rows]) for p, sign in signs.items())


@pytest.mark.parametrize("rank", range(5))
def test_second_derivatives_of_a_determinant_at_any_rank(rank):
    rng = np.random.default_rng(rank)
    a = rng.normal(size=(4, rank)) @ rng.normal(size=(rank, 4))
    np.testing.assert_allclose(hessian(np.linalg.det, a), hessian(leibniz, a), atol=1e-12)
    z, v = a + 1j * rng.normal(size=(4, rank)) @ rng.normal(size=(rank, 4)), rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    change = lambda f: jvp(lambda z: vjp(f, z)[1](1 + 0.5j)[0], (z,), (v,))[1]
    np.testing.assert_allclose(change(np.linalg.det), change(leibniz), atol=1e-12)


def test_second_derivatives_of_determinants_in_a_stack():
    a = np.array([[[1.0, 2.0], [2.0, 4.0]], [[3.0, 1.0], [0.0, 0.0]]])
    assert check_gradients(np.linalg.det, a, order=2)
    blocks = hessian(lambda a: np.linalg.det(a) @ np.array([1.0, 10.0]), a)
    for k, scale in enumerate((1.0, 10.0)):
        np.testing.assert_allclose(blocks[k, :, :, k], scale * hessian(leibniz, a[k]), atol=1e-13)
        np.testing.assert_allclose(blocks[k, :, :, 1 - k], 0, atol=1e-13)


@pytest.mark.parametrize("ad", [AutoForward(), AutoForward(chunk=2), AutoReverse()])
def test_the_third_derivative_of_a_determinant(ad):
    a = np.random.default_rng(0).normal(size=(3, 3))
    third = lambda f: jacobian(lambda a: hessian(f, a), a, ad=ad)
    np.testing.assert_allclose(third(np.linalg.det), third(leibniz), atol=1e-10)
    with pytest.raises(np.linalg.LinAlgError, match="third derivative at a singular matrix"):
        jacobian(lambda a: hessian(np.linalg.det, a), np.arange(9.0).reshape(3, 3) / 10, ad=ad)


@pytest.mark.parametrize("f", [
    np.linalg.norm, np.linalg.vector_norm, lambda x: np.sum(np.linalg.norm(x[None], axis=1)), lambda x: np.linalg.norm(x[None], "fro"), lambda x: np.hypot(x[0], x[1]),
    lambda x: np.abs(x[0] + 1j * x[1]), lambda x: np.linalg.norm(x) ** 2,
])
def test_a_norm_at_zero_has_a_slope_of_zero_and_no_second_derivative(f):
    assert np.array_equal(gradient(f, np.zeros(2)), [0, 0])
    assert np.all(np.isnan(hessian(f, np.zeros(2))))
    assert np.all(np.isfinite(hessian(f, np.array([0.0, 2.0]))))


def test_a_general_norm_of_nothing_but_zeros_is_zero():
    value, pullback = vjp(lambda x: np.linalg.norm(x, 3), np.zeros(3))
    assert value == 0 and np.array_equal(pullback(1.0)[0], np.zeros(3))


def test_outer_takes_vectors_alone():
    with pytest.raises(ValueError):
        vjp(lambda x: np.linalg.outer(np.ones(2), x), np.ones((2, 2)))


def test_least_squares_with_the_default_cutoff_counts_the_size_of_the_matrix():
    a = np.diag([1.0, 6e-16, 1.0])
    value, pullback = vjp(lambda b: np.linalg.lstsq(a + 0 * b[0], b, None)[0], np.ones(3))
    np.testing.assert_array_equal(value, np.linalg.lstsq(a, np.ones(3), None)[0])
    assert np.array_equal(pullback(np.ones(3))[0], [1, 0, 1])


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_what_counts_as_equal_singular_values_scales_with_the_matrix(scale):
    a = np.diag([1.0, 1 + 1e-9, 0.1]) * scale
    with pytest.raises(NotImplementedError):
        hessian(lambda a: np.sum(np.linalg.pinv(a, 0.5)), a)


def test_equal_eigenvalues():
    f = lambda a: np.sum(np.array([1.0, 1.0, 1.0]) * np.linalg.eigvalsh(a))
    assert np.array_equal(gradient(f, np.eye(3)), np.eye(3))
    assert jvp(f, (np.eye(3),), (np.eye(3),))[1] == 3.0
    assert np.array_equal(gradient(lambda a: np.sum(np.linalg.svdvals(a)), np.eye(3)), np.eye(3))
    assert np.array_equal(gradient(lambda a: np.sum(np.real(np.linalg.eigvals(a))), np.eye(3)), np.eye(3))
    eigh, eig, svd = (lambda a: np.linalg.eigh(a)[1]), (lambda a: np.linalg.eig(a)[1]), (lambda a: np.linalg.svd(a)[0])
    for vectors in (eigh, eig, svd):
        assert np.isnan(gradient(lambda a: np.sum(np.real(vectors(a)) * np.arange(9.0).reshape(3, 3)), np.eye(3))).any()
        assert np.isnan(jvp(vectors, (np.eye(3),), (np.arange(9.0).reshape(3, 3),))[1]).any()


@pytest.mark.parametrize("order, shape", [
    *[(order, (3,)) for order in (None, 1, 2, 3, np.inf)],
    *[(order, (2, 3)) for order in (None, "fro", "nuc", 1, 2, np.inf)],
], ids=str)
def test_a_norm_has_derivative_zero_at_zero(order, shape):
    x, f = np.zeros(shape), lambda x: np.linalg.norm(x, order)
    assert np.array_equal(gradient(f, x), x)
    assert jvp(f, (x,), (np.ones(shape),))[1] == 0


def test_one_triangle_is_read():
    m = np.array([[2.0, 0.3, 0.1], [0.7, 3.0, 0.2], [0.5, 0.4, 5.0]])
    for f in (np.linalg.eigvalsh, np.linalg.cholesky):
        weights = np.arange(1.0, 1 + f(m @ m.T).size).reshape(f(m @ m.T).shape)
        g = gradient(lambda a: np.sum(weights * f(a)), m @ m.T)
        assert np.array_equal(g, np.tril(g)) and not np.array_equal(g, np.diag(np.diag(g)))
        through = gradient(lambda m: np.sum(weights * f(m @ m.T)), m)
        differences = np.reshape([np.sum(weights * (f((m + e) @ (m + e).T) - f((m - e) @ (m - e).T))) / (2 * H)
                                  for e in H * np.eye(9).reshape(9, 3, 3)], (3, 3))
        np.testing.assert_allclose(through, differences, rtol=1e-6, atol=1e-8)
    upper = gradient(lambda a: np.sum(np.linalg.eigh(a, "U").eigenvalues ** 2), m + m.T)
    assert np.array_equal(upper, np.triu(upper))


def test_the_condition_of_a_singular_matrix_is_infinite():
    assert vjp(np.linalg.cond, np.diag([1.0, 0.0]))[0] == np.inf


def test_named_tuples_stay():
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    eigen = "eigenvalues", "eigenvectors"
    for f, fields in ((np.linalg.eigh, eigen), (np.linalg.eig, eigen), (np.linalg.svd, ("U", "S", "Vh")),
                      (np.linalg.qr, ("Q", "R")), (np.linalg.slogdet, ("sign", "logabsdet"))):
        value, tangent = jvp(f, (a,), (a,))
        assert value._fields == tangent._fields == fields
        value, pullback = vjp(f, a)
        assert value._fields == fields and pullback(value)[0].shape == (2, 2)
        assert gradient(lambda a: np.sum(np.real(getattr(f(a), fields[1]))), a).shape == (2, 2)


def test_the_sign_of_a_determinant_is_constant():
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    assert np.array_equal(gradient(lambda a: np.linalg.slogdet(a).sign * 1.0, a), np.zeros((2, 2)))
    np.testing.assert_allclose(gradient(lambda a: np.linalg.slogdet(a)[1], a), np.linalg.inv(a).T)


def test_least_squares_of_lower_rank():
    a, b = np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]]), np.array([1.0, 2.0, 3.0])
    x, residuals, rank, s = vjp(lambda b: np.linalg.lstsq(a, b), b)[0]
    expected = np.linalg.lstsq(a, b)
    assert rank == expected[2] == 1 and residuals.shape == expected[1].shape == (0,)
    np.testing.assert_allclose(x, expected[0], atol=1e-12)
    g = gradient(lambda b: np.sum(np.linalg.lstsq(a, b)[0]), b)
    np.testing.assert_allclose(g, np.linalg.pinv(a).sum(0), atol=1e-12)


COMPLEX = {
    "inv": lambda a: np.linalg.inv(a),
    "det": lambda a: np.linalg.det(a),
    "slogdet": lambda a: np.linalg.slogdet(a)[0] * np.linalg.slogdet(a)[1],
    "solve": lambda a: np.linalg.solve(a, a * a),
    "cholesky": lambda a: np.linalg.cholesky(a @ np.conj(a.T)),
    "qr": lambda a: np.linalg.qr(a)[0] + np.linalg.qr(a)[1],
    "eigh": lambda a: (lambda w, v: (v * np.sin(w)) @ np.conj(v.T))(*np.linalg.eigh(a + np.conj(a.T))),
    "eig": lambda a: np.abs(np.linalg.eig(a)[1]) ** 2 + np.linalg.eigvals(a),
    "svd": lambda a: (lambda u, s, vh: (u * np.sin(s)) @ vh)(*np.linalg.svd(a)),
    "pinv": lambda a: np.linalg.pinv(a[:2]) @ np.linalg.pinv(a[:, :2]),
    "norm": lambda a: np.linalg.norm(a) + np.linalg.norm(a, "nuc"),
    "vdot": lambda a: np.vdot(a, a * a) + np.vecdot(a, a * a),
    "einsum": lambda a: np.einsum("ij,kj,ii->k", a, a, a),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_second_derivatives_of_complex_functions(name, rng):
    draw = lambda: rng.uniform(-1, 1, (3, 3)) + 1j * rng.uniform(-1, 1, (3, 3))
    a, t, u, weights = draw() + np.diag([2.0, 4.0, 7.0]), draw(), draw(), draw()
    f = lambda a: np.sum(np.real(weights * COMPLEX[name](a)))
    slope = jvp(f, (a,), (t,))[1]
    np.testing.assert_allclose(slope, (f(a + H * t) - f(a - H * t)) / (2 * H), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.sum(np.real(gradient(f, a) * t)), slope, rtol=1e-8, atol=1e-8)
    curvature = second_difference(f, a, t, u)
    along = jvp(lambda a: gradient(f, a), (a,), (t,))[1]
    np.testing.assert_allclose(np.sum(np.real(along * u)), curvature, rtol=1e-5, atol=1e-5)
    twice_back = gradient(lambda a: np.sum(np.real(gradient(f, a) * u)), a)
    np.testing.assert_allclose(twice_back, jvp(lambda a: gradient(f, a), (a,), (u,))[1], rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("f", [
    np.linalg.det, np.linalg.norm, lambda a: np.sum(np.linalg.inv(a)), lambda a: np.sum(np.linalg.eigvalsh(a) ** 3),
    lambda a: np.sum(np.linalg.cholesky(a @ a.T)), lambda a: np.sum(np.linalg.svdvals(a) ** 3),
    lambda a: np.sum(np.linalg.qr(a)[0]), lambda a: np.sum(np.linalg.pinv(a[:, :2])),
])
def test_third_derivatives(f, rng):
    a, t = rng.uniform(-0.5, 0.5, (3, 3)) + np.diag([2.0, 4.0, 7.0]), rng.uniform(-1, 1, (3, 3))
    first = lambda s: jvp(lambda s: f(a + s * t), (s,), (1.0,))[1]
    second = lambda s: jvp(first, (s,), (1.0,))[1]
    third = jvp(second, (0.0,), (1.0,))[1]
    np.testing.assert_allclose(third, (second(1e-4) - second(-1e-4)) / 2e-4, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient(second, 0.0), third, rtol=1e-7, atol=1e-9)


# Singular values that are cut off

A = np.diag([3.0, 1.0]) + np.array([[0.2, 0.5], [0.1, 0.3]]) # singular values 3.26 and 1.26


@pytest.mark.parametrize("f", [
    lambda a: np.linalg.pinv(a, 0.5), lambda a: np.linalg.pinv(a, rtol=0.5), lambda a: np.linalg.pinv(np.concatenate([a, a * a]), 0.6),
    lambda a: np.linalg.pinv(np.concatenate([a, a * a], 1), 0.6), lambda a: np.linalg.pinv(a + a.T, 0.5, True), lambda a: np.linalg.pinv(a * (1 + 1j) + a.T, 0.5).real,
    lambda a: np.linalg.pinv(np.stack([a, 2 * a, a.T]), [0.5, 0.1, 0.5]), lambda a: np.linalg.lstsq(a, np.array([1.0, 2.0]), rcond=0.5)[0],
    lambda a: np.linalg.pinv(a, 1e-10), lambda a: np.linalg.pinv(a), lambda a: np.linalg.pinv(np.outer(a[0], a[1]), 1e-10),
])
def test_a_pseudo_inverse_with_a_cutoff(f):
    check_gradients(f, A)
    weights = np.random.default_rng(0).normal(size=f(A).shape)
    h = hessian(lambda a: np.sum(f(a) * weights), A).reshape(4, 4)
    np.testing.assert_allclose(h, h.T, atol=1e-9)
    np.testing.assert_allclose(vjp(f, A)[0], f(A), rtol=1e-13)


Q = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
TRUNCATED = { # where vectors of equal singular values are not settled, and the pseudo-inverse is smooth all the same
    "nothing removed": (np.eye(3), 1e-12), "equal ones kept": (np.diag([1.0, 1.0, 0.1]), 0.5), "equal ones kept, turned": (Q @ np.diag([1.0, 1.0, 0.1]) @ Q.T @ Q.T, 0.5),
    "equal ones removed": (Q @ np.diag([1.0, 0.1, 0.1]), 0.5), "zero and another removed": (np.eye(4, 3) * [1.0, 0.1, 0.0], 0.5), "wide": (np.eye(2, 4) * [1.0, 0.2, 0, 0], 0.5),
}


@pytest.mark.parametrize("a, cutoff", TRUNCATED.values(), ids=TRUNCATED)
def test_a_truncated_pseudo_inverse_of_equal_singular_values(a, cutoff):
    f = lambda a: np.linalg.pinv(a, cutoff)
    check_gradients(f, a, order=1)
    weighted = lambda a: np.sum(f(a) * np.arange(a.size).reshape(a.T.shape))
    np.testing.assert_allclose(compiled(lambda a: gradient(weighted, a))(a), gradient(weighted, a), atol=1e-12)
    try:
        h = hessian(weighted, a).reshape(a.size, a.size)
    except NotImplementedError as error:
        assert "has no second derivative here" in str(error)
    else:
        np.testing.assert_allclose(h, h.T, atol=1e-8)
        check_gradients(weighted, a)


def test_what_a_pseudo_inverse_reads_and_takes():
    a = np.array([[1.0, 50.0], [0.0, 0.2]])
    np.testing.assert_allclose(vjp(lambda a: np.linalg.pinv(a, 0.1, True), a)[0], np.linalg.pinv(a, 0.1, True)) # one triangle
    tiny = np.diag([1, 1, 1, 1, 1, 1.05e-15])
    for options in ({}, {"rtol": None}, {"rcond": 1e-3}, {"rtol": 1e-3}):
        np.testing.assert_allclose(vjp(lambda a: np.linalg.pinv(a, **options), tiny)[0], np.linalg.pinv(tiny, **options))
    with pytest.raises(ValueError, match="not both"):
        gradient(lambda a: np.sum(np.linalg.pinv(a, 0.1, rtol=0.1)), a)


def test_least_squares_in_the_wider_of_two_dtypes():
    a, b = np.vander(np.linspace(0, 1, 8), 6).astype(np.float32), np.linspace(1, 2, 8) ** 2
    value, expected = vjp(lambda b: np.linalg.lstsq(a, b)[0], b)[0], np.linalg.lstsq(a, b)[0]
    np.testing.assert_allclose(value, expected, atol=1e-9)
    for found, known in zip(vjp(lambda b: np.linalg.lstsq(a, b)[2:] + (b,), b)[0], np.linalg.lstsq(a, b)[2:]):
        assert np.asarray(found).dtype == np.asarray(known).dtype
    np.testing.assert_allclose(gradient(lambda b: np.sum(np.linalg.lstsq([[1, 2], [3, 4], [5, 7]], b)[0]), np.ones(3)), np.linalg.pinv([[1, 2], [3, 4], [5, 7]]).sum(0))


def test_the_order_of_a_norm_has_no_dtype():
    x = np.ones((2, 2), np.float32)
    assert vjp(lambda x: np.linalg.norm(x, np.float64(3), axis=0), x)[0].dtype == np.linalg.norm(x, np.float64(3), axis=0).dtype == np.float32


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_einsum_in_another_dtype():
    z = np.array([1 + 2j, 3 - 1j])
    np.testing.assert_array_equal(gradient(lambda z: np.einsum("i,i", z, z, dtype=float, casting="unsafe"), z), [2, 6])
    with pytest.raises(TypeError, match="dtype=int64 has no derivative"):
        gradient(lambda x: np.einsum("i,i", x, x, dtype=int, casting="unsafe") * 1.0, np.ones(2))


# Polynomials

@pytest.mark.parametrize("f", [
    lambda x: np.polyadd(x, [1, 2, 3, 4]), lambda x: np.polysub([1, 2], x), lambda x: np.polymul(x, [1, 2, 3, 4]), lambda x: np.polymul([x[0], 2.0, x[2]], x[:2]),
    lambda x: np.polydiv(x, [2, 1]), lambda x: np.polydiv([1, 3, 2, 4], x[:2]), lambda x: np.polyint(x[:2], 2, [x[0], 3.0]), lambda x: np.poly([x[0], 2.0, x[1]]),
    lambda x: np.polyfit([0, 1, 2, 3], x, 2), lambda x: np.polyfit(x, [0, 1, 2, 3], 1), lambda x: np.polyder([x[0], 2.0, 1.0] * x[:3]),
    lambda x: (lambda r: (r.real, r.imag))(np.roots(np.concatenate([x, [3.0]]))),
])
def test_polynomials_with_lists_and_numbers(f):
    check_gradients(f, np.array([0.7, -1.3, 2.1, 0.4]))


def test_roots_move_with_coefficients_that_are_zero():
    moves = lambda p: vjp(np.roots, p)[1](np.eye(1, len(np.roots(p)))[0])[0]
    np.testing.assert_allclose(moves(np.array([1.0, 2.0, 0.0])), [2, -1, 0.5] if np.roots([1, 2, 0])[0] == -2 else [0, 0, -0.5]) # the root -2
    at_zero = vjp(np.roots, np.array([1.0, 2.0, 0.0]))[1](np.array([0.0, 1.0]))[0]
    np.testing.assert_allclose(at_zero, [0, 0, -0.5]) # the root 0 moves by -1/2 with the last coefficient, which NumPy strips
    np.testing.assert_allclose(vjp(np.roots, np.array([0.0, 1.0, -3.0]))[1](np.ones(1))[0], [-9, -3, -1])
    assert np.isnan(vjp(np.roots, np.array([1.0, -2.0, 1.0]))[1](np.ones(2))[0]).all() # a double root


def test_a_product_depends_on_a_leading_zero():
    np.testing.assert_array_equal(vjp(lambda p: np.polymul(p, [1.0, 2.0]), np.array([0.0, 3.0]))[0], np.polymul([0.0, 3.0], [1.0, 2.0]))
    np.testing.assert_array_equal(vjp(lambda p: np.polymul(p, [1.0, 2.0]), np.array([0.0, 3.0]))[1](np.ones(2))[0], [2, 3])


@pytest.mark.parametrize("f, error, match", [
    (lambda x: np.polyadd(np.poly1d([1, 2]), x), TypeError, "poly1d .*p.coeffs"), (lambda x: np.vander(x[:, None]), ValueError, "needs a vector"), (lambda x: np.vander(x, -1), ValueError, "columns that is not negative, got -1"),
    (lambda x: np.polyder(x, -1), ValueError, "not negative"), (lambda x: np.polyint(x, 3, [1, 2]), ValueError, "one constant or 3"),
    (lambda x: np.polydiv(x[:, None], x), ValueError, "needs vectors"), (lambda x: np.poly(x.reshape(1, 2)), ValueError, "square matrix"),
    (lambda x: np.polyfit(x[:0], x[:0], 1), TypeError, "points?"), (lambda x: np.polyfit(x, x, -1), ValueError, "not negative"), (lambda x: np.polyfit(x, x[:1], 1), TypeError, "as many values"),
    (lambda x: np.polyfit(x, x, 1, w=x[:1]), TypeError, "one weight a point"), (lambda x: np.polyfit(x, x, 1, cov=True), ValueError, "more points than coefficients"),
])
def test_polynomials_that_are_none(f, error, match):
    with pytest.raises(error, match=match):
        gradient(lambda x: np.sum(f(x)), np.ones(2) + np.arange(2))


def test_a_program_of_polynomials_raises_where_values_decide_on_shapes():
    for f in (lambda x: np.polymul(x, x), lambda x: np.roots(x), lambda x: np.polydiv(x, [1.0, 1.0])[0]):
        with pytest.raises(TypeError, match="whose shape depends on values"):
            compiled(f)(np.array([1.0, 2.0]))


def test_polynomials_of_big_floats():
    p = big([1.5, 2.5])
    assert jvp(np.poly, (p,), (big([1, 0]),))[0].tolist() == np.poly(p).tolist() == [1, -4, BigFloat(3.75)]
    (quotient, rest), _ = jvp(lambda u: np.polydiv(u, big([1, 2])), (big([1.5, 2.5, 3]),), (big([1, 0, 0]),))
    assert quotient.tolist() == [BigFloat(1.5), BigFloat(-0.5)] and rest.tolist() == [4]


def test_a_product_with_the_polynomial_of_no_coefficients():
    x = np.array([1.0, 2.0])
    value, pullback = vjp(lambda x: np.polymul(x, np.array([])), x)
    np.testing.assert_array_equal(value, np.polymul(x, np.array([])))
    assert np.array_equal(pullback(value + 1)[0], np.zeros(2))


def test_products_of_many_follow_numpy_beyond_matrices():
    a, b = np.ones((2, 2)), np.arange(8.0).reshape(2, 2, 2)
    np.testing.assert_array_equal(vjp(lambda x: np.linalg.multi_dot([a, x]), b)[0], np.linalg.multi_dot([a, b]))
    with pytest.raises(np.linalg.LinAlgError, match="matrices"):
        vjp(lambda x: np.linalg.multi_dot([a, x, a]), b)
    assert vjp(lambda x: np.inner(2.0, x), np.ones(2, np.float32))[0].dtype == np.inner(2.0, np.ones(2, np.float32)).dtype


def test_norms_of_negative_order_over_nothing_are_infinite():
    for order, x, axis in ((-1, np.zeros(0), None), (-2, np.zeros((0, 2)), 0)):
        with np.errstate(divide="ignore"):
            np.testing.assert_array_equal(vjp(lambda x: np.linalg.norm(x, order, axis), x)[0], np.linalg.norm(x, order, axis))

