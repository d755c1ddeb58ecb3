"""Rows for polynomials: arithmetic, calculus, fits, roots."""
import numpy as np

from rule_samples import given, parts, positive, real, row

POLYNOMIALS = [
    row(np.vander, (4,), complex=True),
    row(np.vander, (3,), N=5, increasing=True, complex=True),
    *[row(np.vander, (3,), N=n, increasing=up) for n in (0, 1) for up in (False, True)],
    row(np.vander, (3,), domain=given(0, -1, 2)),
    row(np.vander, (0,), N=3),
    *[row(f, *shapes, complex=True) for f in (np.polyadd, np.polysub, np.polymul)
      for shapes in (((3,), (3,)), ((2,), (4,)), ((4,), (1,)), ((), (3,)))],
    *[row(np.polydiv, *shapes, complex=True, low_precision=False) # how much of the remainder is zero up to rounding depends on the precision
      for shapes in (((5,), (3,)), ((3,), (3,)), ((4,), ()))],
    row(np.polydiv, (2,), (3,), complex=True),
    row(np.polydiv, (4,), (2,), call=lambda f, u, v: f(u, v)[0], complex=True),
    *[row(np.polyder, (4,), m=m, complex=True) for m in (0, 1, 2, 4, 5)],
    row(np.polyder, (1,)),
    *[row(np.polyint, (3,), m=m, complex=True) for m in (0, 1, 3)],
    row(np.polyint, (3,), (), call=lambda f, p, k: f(p, 2, k)),
    row(np.polyint, (3,), (3,), call=lambda f, p, k: f(p, m=2, k=k), complex=True),
    row(np.polyint, (0,), k=2),
    row(np.poly, (4,), complex=True),
    row(np.poly, (1,)),
    row(np.poly, (0,)),
    row(np.poly, (3, 3)),
    row(np.poly, (3, 3), domain=given(0, -1, 0.3, 1, 0.2, 0, 0.1, 0.4, 2)),
    row(np.poly, (2,), call=lambda f, x: f(np.stack([x[0] + 1j * x[1], x[0] - 1j * x[1]]))),
]

FITS = [
    row(np.polyfit, (6,), (6,), deg=2, complex=True),
    row(np.polyfit, (6,), (6, 2), deg=1),
    row(np.polyfit, (6,), (6,), (6,), domain=(real, real, positive), call=lambda f, x, y, w: f(x, y, 2, w=w)),
    row(np.polyfit, (6,), (6, 2), (6,), domain=(real, real, positive), call=lambda f, x, y, w: f(x, y, 1, None, False, w)),
    row(np.polyfit, (6,), (6,), call=lambda f, x, y: f(x, y, 2, full=True)[:4]), # without rcond, a plain number
    row(np.polyfit, (7,), (7,), deg=2, cov=True),
    row(np.polyfit, (6,), (6, 2), (6,), domain=(real, real, positive), call=lambda f, x, y, w: f(x, y, 1, w=w, cov="unscaled")),
    row(np.polyfit, (8,), (8, 2), deg=2, cov=True, rcond=1e-10),
    row(np.polyfit, (3,), (3,), deg=2),
]

ROOTS = [
    row(np.roots, (4,), complex=True, invariant=parts),
    row(np.roots, (5,), domain=given(1, -10, 35, -50, 24), complex=True, invariant=parts),
    row(np.roots, (4,), domain=given(1, 1, 1, 2), invariant=parts),
    row(np.roots, (3,), call=lambda f, x: f(np.concatenate([np.zeros(2), x, np.zeros(1)])), invariant=parts),
    row(np.roots, (1,), invariant=parts),
    row(np.roots, (2,), invariant=parts),
]

ROWS = POLYNOMIALS + FITS + ROOTS
