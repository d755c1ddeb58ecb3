"""Rows for the functions that move numbers: reshaping, permuting, repeating, joining, cutting, padding, diagonals."""
import numpy as np

from lux_nb.trees import ComponentArray, flatten_parts, unravel
from rule_samples import positive, row

LAYOUT = ComponentArray(weight=np.zeros((2, 3)), bias=np.zeros(2), scale=np.zeros(())).layout

RESHAPING = [
    *[row(np.reshape, (2, 3, 4), shape=(4, -1), order=order, complex=True) for order in "CFA"],
    *[row(np.reshape, (2, 3, 4), call=lambda f, x, order=order: f(x.T, (4, -1), order=order)) for order in "CFA"],
    *[row(np.ravel, (2, 3), order=order, complex=True) for order in "CFAK"],
    *[row(np.ravel, (2, 3), call=lambda f, x, order=order: f(x.T, order=order)) for order in "CFAK"],
    row(np.reshape, (2, 3, 4), shape=(4, -1), dask=True),
    row(np.ravel, (2, 3), dask=True),
    row(np.reshape, (), shape=(1, 1)),
    row(np.reshape, (2, 3), call=lambda f, x: x.reshape(3, 2)),
    row(np.ravel, (2, 3), call=lambda f, x: x.flatten("F")),
    *[row(np.squeeze, (1, 3, 1), axis=axis, complex=True, dask=True) for axis in (None, 0, -1)],
    *[row(np.expand_dims, (2, 3), axis=axis, complex=True, dask=True) for axis in (0, -1, (0, 2))],
    *[row(f, shape) for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d) for shape in ((), (3,), (2, 3), (2, 3, 4))],
    row(np.atleast_2d, (), (3,)),
]

PERMUTING = [
    *[row(np.transpose, (2, 3, 4), axes=axes, complex=True, dask=True) for axes in (None, (1, 2, 0), (-1, 0, 1))],
    row(np.transpose, (2, 3), call=lambda f, x: x.T),
    row(np.transpose, (2, 3, 4), call=lambda f, x: x.transpose(2, 0, 1)),
    *[row(np.swapaxes, (2, 3, 4), axis1=a, axis2=b, complex=True, dask=True) for a, b in ((0, 2), (-1, 1))],
    *[row(np.moveaxis, (2, 3, 4), source=a, destination=b, complex=True, dask=True) for a, b in ((0, -1), ((0, 1), (-1, 0)))],
    *[row(np.rollaxis, (2, 3, 4), axis=a, start=b, dask=True) for a, b in ((2, 0), (0, 3), (1, 1), (-3, -1))],
    *[row(np.permute_dims, (2, 3, 4), axes=(2, 0, 1))],
    *[row(f, (2, 3, 4)) for f in (np.matrix_transpose, np.linalg.matrix_transpose)],
    *[row(np.flip, (2, 3), axis=axis, complex=True, dask=True) for axis in (None, 0, (0, -1))],
    *[row(f, (2, 3), dask=True) for f in (np.fliplr, np.flipud)],
    *[row(np.rot90, (2, 3, 4), k=k, axes=(0, 2), complex=True) for k in (-1, 0, 1, 2, 7)],
    *[row(np.roll, (2, 3, 4), shift=s, axis=a, complex=True) for s, a in ((2, None), (1, 0), ((1, -2), (0, 2)), (1, (0, 1)))],
]

REPEATING = [
    *[row(np.broadcast_to, shape, shape=(2, 3, 4), call=lambda f, x: f(x, (2, 3, 4)), complex=True, dask=True) for shape in ((), (4,), (3, 1))],
    row(np.broadcast_arrays, (3, 1), (4,), (), complex=True),
    *[row(np.tile, (2, 3), reps=reps, complex=True, dask=True) for reps in (2, (2, 1), (2, 1, 3))],
    row(np.tile, (), reps=(2, 2)),
    *[row(np.repeat, (2, 3), repeats=2, axis=axis, complex=True) for axis in (None, 0, -1)],
    row(np.repeat, (2, 3), repeats=[1, 0, 2], axis=1),
    *[row(np.resize, (2, 3), new_shape=shape) for shape in (4, (3, 5), (0, 2))],
    *[row(np.meshgrid, (2,), (3,), (4,), indexing=indexing, sparse=sparse) for indexing in ("xy", "ij") for sparse in (False, True)],
]

CONSTANTS = [
    row(np.copy, (2, 3), complex=True),
    row(np.copy, (2, 3), call=lambda f, x: x.astype(np.float64)),
    *[row(f, (2, 3), call=lambda f, x: f(x) + x) for f in (np.zeros_like, np.ones_like)],
    row(np.zeros_like, (2, 3), shape=(4,)),
    *[row(np.full_like, (2, 3), shape) for shape in ((), (3,))],
]
if hasattr(np, "astype"):
    CONSTANTS.append(row(np.astype, (2, 3), call=lambda f, x: f(x, np.float64)))

JOINING = [
    *[row(np.concatenate, *shapes, call=lambda f, *xs, axis=axis: f(xs, axis=axis), complex=True, dask=axis is not None)
      for axis, shapes in ((0, [(2, 3), (1, 3)]), (-1, [(2, 3), (2, 0), (2, 2)]), (None, [(2, 3), (2,)]))],
    row(np.concatenate, (2,), call=lambda f, x: f([x, [1.0, 2.0], x])),
    *[row(np.stack, (2, 3), (2, 3), call=lambda f, *xs, axis=axis: f(xs, axis=axis), complex=True, dask=True) for axis in (0, 1, -1, -3)],
    row(np.stack, (), (), call=lambda f, *xs: f(xs)),
    *[row(f, *shapes, call=lambda f, *xs: f(xs), dask=True)
      for f, shapes in ((np.vstack, [(3,), (2, 3)]), (np.hstack, [(2, 3), (2, 1)]), (np.hstack, [(2,), (3,)]), (np.dstack, [(2, 3), (2, 3)]))],
    row(np.column_stack, (3,), (3, 2), call=lambda f, *xs: f(xs)),
    row(np.append, (2, 3), (2,)),
    row(np.append, (2, 3), (1, 3), axis=0, dask=True),
    row(np.block, (2, 3), (2,), call=lambda f, a, b: f([[a, b[:, None]], [a * b[0], np.ones((2, 1))]])),
    row(np.block, (2,), (3,), call=lambda f, a, b: f([a, 1.0, b])),
]

CUTTING = [
    row(np.split, (4, 3), call=lambda f, x: f(x, 2)),
    row(np.split, (4, 3), call=lambda f, x: f(x, [1, 3], axis=0), complex=True),
    row(np.array_split, (3, 7), call=lambda f, x: f(x, 3, axis=-1)),
    *[row(f, (2, 4, 2), call=lambda f, x: f(x, 2)) for f in (np.vsplit, np.hsplit, np.dsplit)],
    row(np.hsplit, (4,), call=lambda f, x: f(x, [1])),
    *[row(np.delete, (3, 4), call=lambda f, x, at=at: f(x, at, axis=1)) for at in (1, [0, -1], slice(1, 3))],
    row(np.delete, (3, 4), call=lambda f, x: f(x, [1, 7])),
    row(np.insert, (3, 4), (3,), call=lambda f, x, v: f(x, 1, v, axis=1)),
    row(np.insert, (3, 4), (3, 2), call=lambda f, x, v: f(x, [1, 3], v, axis=1)),
    row(np.insert, (3, 4), (3, 1), call=lambda f, x, v: f(x, [1], v, axis=1)),
    row(np.insert, (3, 4), (), call=lambda f, x, v: f(x, [2, 2], v, axis=0)),
    row(np.insert, (3, 4), (2,), call=lambda f, x, v: f(x, slice(2, 4), v)),
]
if hasattr(np, "unstack"):
    CUTTING.append(row(np.unstack, (2, 3), axis=1))

PADDING = [
    *[row(np.pad, (3, 4), call=lambda f, x, mode=mode, width=width: f(x, width, mode), complex=mode not in ("maximum", "minimum", "median"))
      for mode in ("constant", "edge", "reflect", "symmetric", "wrap", "mean", "median", "maximum", "minimum", "linear_ramp")
      for width in (1, ((0, 2), (3, 1)))],
    row(np.pad, (3,), (), call=lambda f, x, c: f(x, (1, 2), constant_values=c)),
    row(np.pad, (2, 3), call=lambda f, x: f(x, 1, constant_values=((1, 2), (3, 4)))),
    row(np.pad, (2, 3), call=lambda f, x: f(x, 2, "linear_ramp", end_values=(1, 2))),
    row(np.pad, (2, 3), call=lambda f, x: f(x, 2, "mean", stat_length=2)),
    *[row(np.pad, (3, 4), call=lambda f, x, mode=mode: f(x, 2, mode, reflect_type="odd")) for mode in ("reflect", "symmetric")],
]

DIAGONALS = [
    *[row(np.diag, shape, k=k, complex=True) for shape in ((3,), (3, 4)) for k in (-1, 0, 2)],
    row(np.diagflat, (2, 2), k=1),
    *[row(np.diagonal, (2, 3, 4), offset=k, axis1=a, axis2=b, complex=True) for k in (-1, 0, 1) for a, b in ((0, 1), (-1, 0))],
    *[row(np.trace, (2, 3, 4), offset=k, axis1=a, axis2=b, complex=True) for k in (0, 1) for a, b in ((0, 1), (2, -2))],
    row(np.linalg.diagonal, (2, 3, 4), offset=1),
    row(np.linalg.trace, (2, 3, 4)),
    *[row(f, (2, 3, 4), k=k, complex=True, dask=True) for f in (np.tril, np.triu) for k in (-1, 0, 1)],
    *[row(f, (3,)) for f in (np.tril, np.triu)],
]

SPACED = [
    *[row(f, (), (), domain=positive, low_precision=f is not np.geomspace, num=5, endpoint=endpoint)
      for f in (np.linspace, np.logspace, np.geomspace) for endpoint in (True, False)],
    *[row(f, (2,), (3, 2), domain=positive, low_precision=f is not np.geomspace, num=4, axis=-1) for f in (np.linspace, np.logspace, np.geomspace)],
    *[row(np.linspace, (), (2,), num=num, endpoint=endpoint) for num in (0, 1, 2) for endpoint in (True, False)],
    row(np.linspace, (2,), (2,), num=4, retstep=True, complex=True),
    row(np.linspace, (), call=lambda f, x: f(-1, x, 4)),
    row(np.linspace, (2,), call=lambda f, x: f(x, 3.0, 4, dtype=np.float64)),
    row(np.logspace, (), (), (3,), domain=positive, call=lambda f, a, b, base: f(a, b, 4, base=base)),
    row(np.geomspace, (), (), domain=positive, low_precision=False, call=lambda f, a, b: f(-a, -b, 4)),
    row(np.geomspace, (), (), domain=positive, low_precision=False, num=1),
]

PARTS = [
    row(unravel, (9,), call=lambda f, x: f(x, LAYOUT), complex=True),
    row(unravel, (9,), call=lambda f, x: f(x, LAYOUT)[0]),
    row(unravel, (4, 9), call=lambda f, x: f(x, LAYOUT)),
    row(flatten_parts, (2, 3), (2,), (), call=lambda f, *parts: f(parts, LAYOUT), complex=True),
    row(flatten_parts, (4, 2, 3), (4, 2), (4,), call=lambda f, *parts: f(parts, LAYOUT)),
]

ROWS = RESHAPING + PERMUTING + REPEATING + CONSTANTS + JOINING + CUTTING + PADDING + DIAGONALS + SPACED + PARTS
