"""Rows for sums, means, products, extrema, running and NaN versions, averages, differences and convolutions."""
import numpy as np

from rule_samples import parts, positive, real, row

AXES = (None, 0, -1, (0, 2), (-1, 0), (2, 1, 0))
MASK = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])


def with_zeros(rng, shape):
    "Values of both signs, a third of them zero."
    return np.where(rng.permutation(np.prod(shape, dtype=int)).reshape(shape) % 3 == 0, 0, real(rng, shape))


def holes(f, x, **kwargs):
    "A function that ignores NaN, of an array in which every fifth element is NaN."
    return f(np.where(np.arange(x.size).reshape(x.shape) % 5 == 1, np.nan, x), **kwargs)


def holed(function, *shapes, **kwargs):
    return row(function, *shapes, call=lambda f, x: holes(f, x, **kwargs))


SUMS = [
    *[row(f, (2, 3, 4), axis=axis, keepdims=keepdims, complex=f in (np.sum, np.mean), dask=True)
      for f in (np.sum, np.mean, np.max, np.min) for axis in AXES for keepdims in (False, True)],
    *[row(f, (), complex=True) for f in (np.sum, np.mean, np.prod, np.cumsum)],
    *[row(f, (3, 4), axis=1, where=MASK, complex=True) for f in (np.sum, np.mean, np.prod)],
    *[row(f, (3, 4), axis=(0, 1), keepdims=True, where=MASK) for f in (np.sum, np.mean, np.prod)],
    *[row(f, (2, 3), axis=0, initial=1.5) for f in (np.sum, np.prod)],
    *[row(f, (0, 3), axis=axis) for f in (np.sum, np.prod) for axis in (0, 1)],
    *[row(f, (0, 3), axis=1) for f in (np.mean, np.max, np.var)],
    row(np.sum, (2, 3), axis=()),
    row(np.sum, (2, 3), call=lambda f, x: x.sum(0), complex=True),
    row(np.sum, (2, 3), axis=0, dtype=np.float64),
    row(np.mean, (2, 3), axis=0, dtype=np.complex128, low_precision=False, orders=1),
]

SPREAD = [
    *[row(f, (2, 3, 4), axis=axis, keepdims=keepdims, complex=True, dask=True)
      for f in (np.var, np.std) for axis in (None, 0, -1, (0, 2)) for keepdims in (False, True)],
    *[row(f, (3, 4), axis=0, ddof=1, complex=True) for f in (np.var, np.std)],
    *[row(f, (3, 4), axis=1, correction=0.5) for f in (np.var, np.std)],
    *[row(f, (3, 4), axis=1, where=MASK) for f in (np.var, np.std)],
    *[row(f, (3, 4), axis=1, where=MASK, ddof=1, keepdims=True) for f in (np.var, np.std)],
    *[row(f, (3, 4), axis=0, mean=np.ones((1, 4))) for f in (np.var, np.std)],
]

EXTREMA = [
    *[row(f, (3, 4), axis=0, initial=0.4, where=MASK) for f in (np.max, np.min)],
    *[row(f, (3, 4), axis=axis) for f in (np.amax, np.amin, np.ptp) for axis in (None, 1)],
    row(np.ptp, (3, 4), axis=(0, 1), keepdims=True),
    row(np.max, (2, 3), call=lambda f, x: x.max(axis=1)),
]

PRODUCTS = [
    *[row(f, (2, 3, 4), axis=axis, complex=True, dask=True) for f in (np.prod,) for axis in AXES],
    *[row(np.prod, (3, 4), axis=axis, domain=with_zeros) for axis in (None, 0, 1)],
    row(np.prod, (3, 4), axis=0, keepdims=True, domain=with_zeros, initial=2.0),
    *[row(np.cumprod, (3, 4), axis=axis, complex=True, dask=axis is not None) for axis in (None, 0, 1, -1)],
    *[row(np.cumprod, (3, 5), axis=axis, domain=with_zeros) for axis in (None, 0, 1)],
    *[row(f, (1,)) for f in (np.prod, np.cumprod, np.cumsum)],
]

RUNNING = [
    *[row(np.cumsum, (2, 3, 4), axis=axis, complex=True, dask=axis is not None) for axis in (None, 0, -1, 1)],
    *[row(f, (0,)) for f in (np.cumsum, np.cumprod)],
]
if hasattr(np, "cumulative_sum"):
    RUNNING += [
        *[row(f, (4,)) for f in (np.cumulative_sum, np.cumulative_prod)],
        *[row(f, (2, 3), axis=axis, include_initial=True, complex=True)
          for f in (np.cumulative_sum, np.cumulative_prod) for axis in (0, -1)],
    ]

UFUNC_METHODS = [
    *[row(f.reduce, (3, 4), call=lambda f, x: f(x)) for f in (np.add, np.multiply, np.maximum, np.minimum)],
    *[row(f.reduce, (2, 3, 4), axis=(0, -1), keepdims=True) for f in (np.add, np.multiply, np.maximum, np.fmin)],
    *[row(f.reduce, (3, 4), axis=1, where=MASK) for f in (np.add, np.multiply)],
    *[row(f.reduce, (3, 4), axis=1, where=MASK, initial=-np.inf) for f in (np.maximum, np.fmax)],
    *[row(f.accumulate, (3, 4), call=lambda f, x: f(x)) for f in (np.add, np.multiply)],
    *[row(f.accumulate, (3, 4), axis=-1) for f in (np.add, np.multiply)],
]

WITHOUT_NAN = [
    *[holed(f, (3, 4), axis=axis) for f in (np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin)
      for axis in (None, 0, (0, 1))],
    *[holed(f, (3, 4), axis=1, keepdims=True, ddof=1) for f in (np.nanvar, np.nanstd)],
    *[holed(f, (3, 4), axis=1) for f in (np.nancumsum, np.nancumprod)],
]

AVERAGES = [
    row(np.average, (2, 3)),
    row(np.average, (2, 3), axis=0, keepdims=True, complex=True),
    row(np.average, (2, 3), axis=1, returned=True),
    row(np.average, (2, 3), (2, 3), domain=(real, positive), call=lambda f, x, w: f(x, weights=w)),
    row(np.average, (2, 3), (3,), domain=(real, positive), call=lambda f, x, w: f(x, axis=1, weights=w, returned=True)),
    row(np.average, (2, 3, 4), (4, 2), domain=(real, positive), call=lambda f, x, w: f(x, axis=(2, 0), weights=w, keepdims=True)),
    row(np.trapezoid, (3, 4), complex=True),
    row(np.trapezoid, (3, 4), axis=0, dx=0.5),
    row(np.trapezoid, (3, 4), (3,), call=lambda f, y, x: f(y, x, axis=0)),
    row(np.trapezoid, (3, 4), (3, 4), axis=-2),
]

DIFFERENCES = [
    *[row(np.diff, (4, 5), n=n, axis=axis, complex=True, dask=True) for n in (1, 2) for axis in (0, -1)],
    row(np.diff, (3, 4), (), (3, 2), call=lambda f, x, p, a: f(x, n=2, prepend=p, append=a), complex=True),
    row(np.ediff1d, (3, 4), complex=True),
    row(np.ediff1d, (4,), (), (2,), call=lambda f, x, a, b: f(x, to_begin=a, to_end=b)),
    *[row(np.gradient, (4, 5), edge_order=order) for order in (1, 2)],
    *[row(np.gradient, (4, 5), (), call=lambda f, x, h, order=order: f(x, h, axis=-1, edge_order=order), complex=True) for order in (1, 2)],
    *[row(np.gradient, (2, 5), (5,), domain=(real, lambda rng, shape: np.cumsum(positive(rng, shape))),
          call=lambda f, x, h, order=order: f(x, h, axis=1, edge_order=order)) for order in (1, 2)],
    row(np.gradient, (4, 5), call=lambda f, x: f(x, 0.5, np.array([0.0, 1.0, 3.0, 4.0, 6.0]))),
]

CONVOLUTIONS = [
    row(f, *shapes, mode=mode, complex=True)
    for f in (np.convolve, np.correlate) for mode in ("full", "same", "valid")
    for shapes in (((5,), (3,)), ((2,), (5,)), ((4,), (4,)), ((6,), (4,)), ((1,), (4,)))
]

OF_MEAN = [
    *[row(f, (3, 4), shape, call=lambda f, x, m, axis=axis: f(x, axis, mean=m), complex=True)
      for f in (np.var, np.std) for axis, shape in ((0, (1, 4)), (1, (3, 1)), (None, ()), (None, (1, 1)), (0, (4,)), (-1, (3, 4)))],
    *[row(f, (3, 1), call=lambda f, m: f(np.arange(12.0).reshape(3, 4), axis=1, mean=m, ddof=1, keepdims=True)) for f in (np.var, np.std)],
    *[row(f, (3, 4), call=lambda f, x: f(x, 1, mean=np.mean(x, 1, keepdims=True))) for f in (np.var, np.std)],
    *[row(f, (3, 4), (1, 4), call=lambda f, x, m: f(x, 0, mean=m, where=MASK, correction=1), complex=True) for f in (np.var, np.std)],
    *[row(f, (3, 4), (1, 4), call=lambda f, x, m: f(np.where(MASK, x, np.nan), 0, mean=m)) for f in (np.nanvar, np.nanstd)],
    row(np.var, (3,), (), call=lambda f, x, m: f(x, mean=m + 2j), invariant=parts),
    row(np.var, (2, 3), (2, 1), call=lambda f, x, m: x.var(1, mean=m)),
    row(np.var, (0, 3), (0, 1), call=lambda f, x, m: f(x, 1, mean=m)),
]

ROWS = SUMS + SPREAD + EXTREMA + PRODUCTS + RUNNING + UFUNC_METHODS + WITHOUT_NAN + AVERAGES + DIFFERENCES + CONVOLUTIONS + OF_MEAN
