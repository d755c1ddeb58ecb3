"""Inverses, factorizations, eigenvalues, norms."""
import numpy as np

from rule_samples import positive_definite, row, square_matrix, symmetric


def adjoint(x):
    return np.conj(np.swapaxes(x, -1, -2))


def spectral(y):
    "The eigenvalues, and a matrix function of them, which no phase of the eigenvectors changes."
    w, v = y
    return w, np.matmul(v * np.sin(w)[..., None, :], adjoint(v))


def projectors(y):
    "The eigenvalues, and the projectors on the eigenvectors, weighted by a number for each."
    w, v = y
    return w, np.matmul(v * np.cos(np.arange(v.shape[-1])), adjoint(v))


def singular(y):
    "The singular values, a matrix function of them, and the spaces that the vectors span."
    u, s, vh = y
    k = s.shape[-1]
    turned = np.matmul(u[..., :k] * np.sin(s)[..., None, :], vh[..., :k, :])
    left, right = u * np.cos(np.arange(u.shape[-1]) // k), vh * np.cos(np.arange(vh.shape[-2]) // k)[:, None]
    return s, turned, np.matmul(left, adjoint(u)), np.matmul(adjoint(vh), right), np.matmul(u[..., :k], vh[..., :k, :])


def completed(y):
    "The factors of a complete QR; of the columns that complete Q only the space is determined."
    q, r = y
    n = r.shape[-1]
    return q[..., :n], np.matmul(q[..., n:], adjoint(q[..., n:])), r


def magnitudes(y):
    "Squared absolute values, which no phase changes."
    w, v = y
    return np.real(w), np.imag(w), np.square(np.abs(v))


def parts(y):
    "Real and imaginary parts, so that a sum of them has a gradient."
    return np.real(y), np.imag(y)


def skewed(a):
    "A Hermitian matrix with the real part a."
    return a + 0.5j * (np.tril(a, -1) - np.triu(a, 1))


def anything(rng, shape):
    "Any numbers."
    return rng.normal(size=shape)


def folded(shape):
    "Well-conditioned square matrices, in another shape."
    n = int(np.prod(shape) ** 0.5)
    return lambda rng, _: square_matrix(rng, (n, n)).reshape(shape)


def rotations(rng, shape):
    "Matrices with complex eigenvalues."
    return 0.3 * rng.uniform(-1, 1, shape) + np.array([[1.0, 2.0, 0.0], [-2.0, 1.0, 0.0], [0.0, 0.0, 3.0]])


SQUARES = [(3, 3), (2, 3, 3), (1, 1)]
TALL_AND_WIDE = [(4, 3), (3, 4), (3, 3), (2, 4, 3), (2, 3, 4)]

ROWS = [
    *[row(f, shape, domain=square_matrix, complex=True) for f in (np.linalg.inv, np.linalg.det) for shape in SQUARES],
    row(np.linalg.inv, (0, 0)),
    row(np.linalg.slogdet, (3, 3), domain=square_matrix, complex=True, orders=1),
    row(np.linalg.slogdet, (2, 3, 3), domain=square_matrix, complex=True, call=lambda f, a: f(a)[1]),
    row(np.linalg.slogdet, (2, 2), domain=square_matrix, complex=True, call=lambda f, a: f(a).sign, orders=1),
    *[row(np.linalg.solve, a, b, domain=(square_matrix, anything), complex=True) for a, b in [
        ((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3, 2)), ((2, 3, 3), (2, 3, 1)), ((3, 3), (2, 3, 2)),
        ((2, 1, 3, 3), (4, 3, 2)), ((2, 3, 3), (3,))]],
    *[row(np.linalg.cholesky, shape, domain=positive_definite) for shape in SQUARES],
    row(np.linalg.cholesky, (3, 3), domain=positive_definite, invariant=parts,
        call=lambda f, a: f(skewed(a), upper=True)),
    row(np.linalg.cholesky, (3, 3), domain=positive_definite, call=lambda f, a: f(skewed(a)), invariant=parts),
    row(np.linalg.cholesky, (2, 3, 3), domain=positive_definite, upper=True),
    *[row(np.linalg.qr, shape, complex=True) for shape in TALL_AND_WIDE],
    row(np.linalg.qr, (4, 3), mode="r", complex=True),
    row(np.linalg.qr, (3, 4), mode="r"),
    row(np.linalg.qr, (4, 2), mode="complete", complex=True, invariant=completed),
    row(np.linalg.qr, (2, 3, 3), mode="complete", invariant=completed),
    row(np.linalg.qr, (2, 4), mode="complete", invariant=completed),
    *[row(np.linalg.eigh, shape, domain=symmetric, invariant=spectral) for shape in SQUARES],
    row(np.linalg.eigh, (2, 3, 3), domain=symmetric, invariant=projectors, UPLO="U"),
    row(np.linalg.eigh, (3, 3), domain=symmetric, call=lambda f, a: f(skewed(a)),
        invariant=lambda y: (y[0], *parts(projectors(y)[1]))),
    row(np.linalg.eigh, (3, 3), domain=symmetric, call=lambda f, a: f(a)[1], invariant=lambda v: np.square(v)),
    row(np.linalg.eigvalsh, (2, 3, 3), domain=symmetric),
    row(np.linalg.eigvalsh, (3, 3), domain=symmetric, UPLO="U"),
    *[row(np.linalg.eig, shape, domain=square_matrix, invariant=magnitudes) for shape in SQUARES],
    row(np.linalg.eig, (3, 3), domain=rotations, invariant=magnitudes),
    row(np.linalg.eig, (3, 3), domain=square_matrix, invariant=magnitudes,
        call=lambda f, a: f(a * (1 + 0.5j) + 0.3j * np.swapaxes(a, 0, 1))),
    row(np.linalg.eigvals, (2, 3, 3), domain=square_matrix, complex=True, invariant=parts),
    row(np.linalg.eigvals, (3, 3), domain=rotations, invariant=parts),
    *[row(np.linalg.svd, shape, full_matrices=full, complex=True, invariant=singular)
      for shape in TALL_AND_WIDE for full in (True, False)],
    row(np.linalg.svd, (4, 3), compute_uv=False, complex=True),
    row(np.linalg.svd, (2, 3, 3), domain=symmetric, hermitian=True, invariant=singular),
    row(np.linalg.svd, (3, 3), domain=symmetric, hermitian=True, compute_uv=False),
    row(np.linalg.svdvals, (2, 3, 4), complex=True),
    *[row(np.linalg.pinv, shape, complex=True) for shape in TALL_AND_WIDE],
    row(np.linalg.pinv, (3, 3), domain=symmetric, hermitian=True),
    row(np.linalg.pinv, (2, 3), rcond=1e-10),
    row(np.linalg.pinv, (4, 2), (2, 3), call=lambda f, b, c: f(np.matmul(b, c), 1e-4), complex=True),
    row(np.linalg.pinv, (2, 3), rtol=1e-10),
    row(np.linalg.lstsq, (5, 3), (5,)),
    row(np.linalg.lstsq, (5, 3), (5, 2), complex=True),
    row(np.linalg.lstsq, (2, 3), (2, 2), rcond=1e-12),
    *[row(np.linalg.matrix_power, (2, 3, 3), n=n, domain=square_matrix, complex=True) for n in (-2, 0, 1, 2, 3, 5)],
    row(np.linalg.tensorinv, (4, 6, 8, 3), domain=folded((4, 6, 8, 3))),
    row(np.linalg.tensorinv, (4, 2, 2), ind=1, domain=folded((4, 2, 2))),
    row(np.linalg.tensorsolve, (2, 3, 6), (2, 3), domain=(folded((2, 3, 6)), anything)),
    row(np.linalg.tensorsolve, (2, 6, 3), (2, 3), axes=(1,),
        domain=(lambda rng, shape: np.moveaxis(folded((2, 3, 6))(rng, shape), -1, 1), anything)),
    row(np.linalg.cond, (3, 3), domain=square_matrix, complex=True),
    *[row(np.linalg.cond, (2, 3, 3), p=p, domain=square_matrix) for p in (2, -2, 1, "fro")],
    row(np.linalg.trace, (2, 3, 3), offset=1),
    row(np.linalg.diagonal, (2, 3, 3), offset=-1),
    row(np.linalg.matrix_transpose, (2, 3, 4)),
    row(np.matrix_transpose, (2, 3, 4)),
    *[row(np.linalg.norm, shape, complex=True, dask=True) for shape in [(), (4,), (3, 4), (2, 3, 4)]],
    row(np.linalg.norm, (3, 4), keepdims=True),
    *[row(np.linalg.norm, (3, 4), axis=axis, keepdims=keep) for axis in (0, -1, (0, 1)) for keep in (False, True)],
    *[row(np.linalg.norm, (4,), ord=p, complex=p != np.inf) for p in (0, 1, 2, 3, 0.5, -2, np.inf, -np.inf)],
    *[row(np.linalg.norm, (3, 4), ord=p, axis=1) for p in (1, 2, 3, np.inf)],
    *[row(np.linalg.norm, (3, 4), ord=p, complex=p in ("fro", "nuc", 2))
      for p in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)],
    *[row(np.linalg.norm, (3, 2, 4), ord=p, axis=(2, 0), keepdims=keep)
      for p in ("nuc", 1, np.inf, 2) for keep in (False, True)],
    row(np.linalg.vector_norm, (2, 3, 4), complex=True),
    row(np.linalg.vector_norm, (2, 3, 4), axis=(0, 2), ord=3, keepdims=True),
    row(np.linalg.vector_norm, (2, 2, 3, 2), axis=(0, 1, 3)),
    row(np.linalg.matrix_norm, (2, 3, 4), complex=True),
    row(np.linalg.matrix_norm, (2, 3, 4), ord="nuc", keepdims=True),
]
