"""Matrix products, contractions and einsum."""
import operator

import numpy as np

from rule_samples import positive, real, row

MATRICES = [((4,), (4,)), ((4,), (4, 2)), ((3, 4), (4,)), ((3, 4), (4, 2)), ((2, 3, 4), (4, 2)),
            ((3, 4), (2, 4, 2)), ((2, 3, 4), (4,)), ((4,), (2, 4, 3)), ((2, 1, 3, 4), (3, 4, 2)),
            ((0, 4), (4, 2)), ((3, 0), (0, 2)), ((2, 0, 3, 4), (4, 2))]


def sublists(f, a, b):
    return f(a, [0, 1], b, [1, 2], [2, 0])


ROWS = [
    *[row(np.matmul, *shapes, complex=True, dask=min(map(min, shapes)) > 0) for shapes in MATRICES],
    row(operator.matmul, (3, 4), (4, 2), complex=True),
    row(np.linalg.matmul, (2, 3, 4), (4, 2)),
    *[row(np.dot, *shapes, complex=True) for shapes in [
        ((), (3,)), ((3, 2), ()), *MATRICES[:4], ((2, 3, 4), (4, 2)), ((3, 4), (2, 4, 3)), ((4,), (2, 4, 3))]],
    *[row(np.inner, *shapes, complex=True) for shapes in [
        ((), (3,)), ((4,), (4,)), ((3, 4), (4,)), ((3, 4), (2, 4)), ((2, 3, 4), (3, 2, 4))]],
    row(np.tensordot, (2, 3, 4), (3, 4, 2), complex=True),
    row(np.tensordot, (2, 3), (2, 2), axes=0),
    row(np.tensordot, (2, 3, 4), (4, 2), axes=1, dask=True),
    row(np.tensordot, (2, 3, 4), (4, 2, 3), axes=([0, 2], [1, 0]), complex=True),
    row(np.tensordot, (2, 3, 4), (4, 2, 3), axes=(-2, 2)),
    row(np.linalg.tensordot, (2, 3), (3, 2), axes=1),
    row(np.vdot, (3,), (3,), complex=True),
    row(np.vdot, (2, 3), (3, 2), complex=True),
    row(np.vecdot, (4,), (4,), complex=True),
    row(np.vecdot, (2, 1, 4), (3, 4), complex=True),
    row(np.vecdot, (4, 2), (4, 1), axis=0),
    row(np.linalg.vecdot, (3, 4), (3, 4), complex=True),
    row(np.linalg.vecdot, (4, 3), (4, 3), axis=0),
    row(np.outer, (3,), (2,), complex=True),
    row(np.outer, (), (2, 2)),
    row(np.linalg.outer, (3,), (2,), complex=True),
    *[row(np.kron, *shapes, complex=True) for shapes in [
        ((2,), (3,)), ((2, 3), (3, 2)), ((2,), (2, 3)), ((), (3,)), ((2, 1, 2), (2, 3))]],
    row(np.cross, (3,), (3,), complex=True),
    row(np.cross, (2, 1, 3), (4, 3)),
    row(np.cross, (3, 4), (4, 3), axisa=0, axisc=0),
    row(np.cross, (3, 4), (3, 1), axis=0),
    row(np.linalg.cross, (4, 3), (3,), complex=True),
    row(np.linalg.cross, (3, 4), (3, 4), axis=0),
    *[row(np.linalg.multi_dot, *shapes, call=lambda f, *xs: f(xs), complex=True)
      for shapes in [((2, 3), (3, 4)), ((4, 1), (1, 5), (5, 2)), ((3,), (3, 4), (4, 2), (2,)), ((3,), (3, 2), (2, 4))]],
    *[row(np.einsum, *shapes, call=lambda f, *xs, s=s, o=o: f(s, *xs, optimize=o), complex=c) for s, shapes, o, c in [
        ("ij,jk->ik", ((2, 3), (3, 4)), False, True),
        ("ij,jk", ((2, 3), (3, 4)), True, False),
        ("ba", ((2, 3),), False, True),
        ("ij->j", ((2, 3),), False, False),
        ("ij->", ((2, 3),), False, False),
        ("ii", ((3, 3),), False, True),
        ("ii->i", ((3, 3),), False, False),
        ("iij,jkk->ik", ((2, 2, 3), (3, 2, 2)), False, False),
        ("iii->", ((2, 2, 2),), False, False),
        ("i,i->", ((3,), (1,)), False, False),
        ("...ij,...jk->...ik", ((2, 1, 2, 3), (4, 3, 2)), False, True),
        ("...ij,j", ((2, 2, 3), (3,)), False, False),
        ("i...->...", ((3, 2),), False, False),
        ("i ... j, ... -> j ...", ((3, 2, 2), (2,)), False, False),
        ("ij,jk,kl,lm->im", ((2, 3), (3, 2), (2, 4), (4, 2)), "greedy", True),
        ("ij,ik,i->jk", ((3, 2), (3, 4), (3,)), ["einsum_path", (0, 2), (0, 1)], False),
        ("i,ij,j", ((3,), (3, 3), (3,)), False, True),
        (",ij,->ji", ((), (2, 3), ()), False, False),
        ("ij,jk->ik", ((2, 0), (0, 3)), False, False),
    ]],
    row(np.einsum, (2, 3), (3, 4), call=sublists),
    row(np.einsum, (2, 3), (3, 4), call=lambda f, a, b: f(a, [0, 7], b, [7, 30])),
    row(np.einsum, (2, 3, 3), call=lambda f, a: f(a, [Ellipsis, 1, 1])),
]
if hasattr(np, "matvec"):
    ROWS += [row(np.matvec, (2, 3, 4), (4,), complex=True), row(np.vecmat, (2, 1, 3), (4, 3, 2), complex=True)]
WEIGHTS, COUNTS = np.array([0.5, 1.0, 2.0, 0.25, 1.5]), np.array([1, 3, 0, 2, 1])
ROWS += [
    *[row(f, *shapes, complex=True) for f in (np.cov, np.corrcoef) for shapes in (((3, 5),), ((3, 5), (2, 5)), ((2, 5), (5,)))],
    row(np.cov, (5,), complex=True),
    row(np.corrcoef, (5,), orders=1),
    *[row(f, (5, 2), (5, 3), rowvar=False) for f in (np.cov, np.corrcoef)],
    *[row(np.cov, (2, 5), **options) for options in (dict(bias=True), dict(ddof=2))],
    row(np.cov, (2, 5), call=lambda f, x: f(x, fweights=COUNTS)),
    *[row(np.cov, (2, 5), call=lambda f, x, ddof=ddof: f(x, ddof=ddof, aweights=WEIGHTS, fweights=COUNTS)) for ddof in (0, 1)],
    *[row(np.cov, (2, 5), (5,), domain=(real, positive), call=lambda f, x, w, ddof=ddof: f(x, ddof=ddof, aweights=w)) for ddof in (0, 1)],
]
