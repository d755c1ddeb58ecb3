"""Rows for indexing of every kind, writes, picks, order statistics and interpolation."""
import operator

import numpy as np

from lux_nb.rules.indexing import scatter
from lux_nb.trees import updated
from rule_samples import positive, real, row, unit

PAIRS = np.array([[0, 1], [1, 1]])
INDEXES = {
    "integer": 1, "negative": -1, "numpy integer": np.int64(1), "slice": slice(None, None, 2), "reversed": slice(None, None, -1),
    "ellipsis": (..., 0), "newaxis": (None, 0, None), "all": (0, 1, 2), "empty tuple": (), "empty slice": slice(2, 2),
    "mask": np.array([True, False]), "whole mask": np.arange(24).reshape(2, 3, 4) % 3 == 0, "late mask": (..., np.array([True, False, True, True])),
    "list": [0, 1, 1], "array": PAIRS, "inner array": (slice(None), PAIRS), "array and slice": (PAIRS, slice(0, 2)),
    "adjacent": (slice(None), 0, PAIRS), "apart": (0, slice(None), PAIRS), "apart by ellipsis": (PAIRS, ..., PAIRS),
    "apart by newaxis": ([0, 1], None, slice(None), [0, 1]), "broadcast": (np.array([[0], [1]]), [0, 2, 2]), "mask and array": (np.array([True, True]), [0, 2]),
    "true": True, "no elements": np.zeros(0, int),
}
SHAPE = (2, 3, 4)
METHODS = (
    "inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen weibull linear median_unbiased normal_unbiased "
    "lower higher midpoint nearest"
).split()


def indexed(index):
    return np.zeros(SHAPE)[index].shape


def increasing(rng, shape):
    return np.cumsum(positive(rng, shape))


def levels(rng, shape):
    "Levels of quantiles, none where a method jumps or bends for samples of 5, 6, 7 or 24."
    return np.resize([0.156, 0.31, 0.77, 0.457], shape)


def holes(f, x, *args, **kwargs):
    "A function that ignores NaN, of an array in which every fifth element is NaN."
    return f(np.where(np.arange(x.size).reshape(x.shape) % 5 == 1, np.nan, x), *args, **kwargs)


INDEXING = [
    *[row(operator.getitem, SHAPE, call=lambda f, x, index=index: f(x, index), complex=True) for index in INDEXES.values()],
    *[row(scatter, indexed(index), call=lambda f, v, index=index: f(v, index, SHAPE), complex=True) for index in INDEXES.values()
      if indexed(index)],
    *[row(updated, SHAPE, indexed(index), call=lambda f, x, v, index=index: f(x, index, v), complex=True) for index in INDEXES.values()],
    *[row(updated, SHAPE, (), call=lambda f, x, v, index=index: f(x, index, v)) for index in INDEXES.values()],
    row(updated, SHAPE, (4,), call=lambda f, x, v: f(x, (slice(None), [0, 0, 2]), v)),
    row(updated, (3,), call=lambda f, v: f(np.ones((2, 3)), 0, v)),
]

PICKS = [
    *[row(np.take, SHAPE, indices=indices, axis=axis, complex=True) for indices in (1, -1, [0, 1, 1], PAIRS) for axis in (None, 0, -1)],
    *[row(np.take, SHAPE, indices=[7, -8, 1], axis=1, mode=mode) for mode in ("wrap", "clip")],
    *[row(np.take_along_axis, SHAPE, call=lambda f, x, axis=axis: f(x, np.argsort(x, axis), axis), complex=False) for axis in (0, 1, -1)],
    row(np.take_along_axis, (3, 4), call=lambda f, x: f(x, np.array([[0, 0, 1]]), 1), complex=True),
    row(np.take_along_axis, (3, 4), call=lambda f, x: f(x, np.array([0, 0, 11]), None)),
    row(np.compress, (3, 4), call=lambda f, x: f([True, False, True], x, axis=0), complex=True),
    row(np.compress, (3, 4), call=lambda f, x: f([True, False, True], x)),
    row(np.extract, (3, 4), call=lambda f, x: f(x > 0, x)),
    row(np.bincount, (5,), call=lambda f, w: f([0, 2, 2, 1, 0], weights=w, minlength=4), low_precision=False),
]

ORDER = [
    *[row(np.sort, SHAPE, axis=axis) for axis in (None, 0, 1, -1)],
    row(np.sort, (5,), kind="stable", complex=True),
    row(np.sort_complex, (5,), low_precision=False, orders=1),
    row(np.sort, (5,), call=lambda f, x: f(x)[::-1] * x),
    *[row(np.partition, (3, 7), kth=kth, axis=axis) for kth in (2, (1, 2)) for axis in (None, 0, -1)],
    *[row(f.accumulate, (4, 5), axis=axis) for f in (np.maximum, np.minimum, np.fmax, np.fmin) for axis in (0, -1)],
]

QUANTILES = [
    *[row(np.median, SHAPE, axis=axis, keepdims=keepdims) for axis in (None, 0, -1, (0, 2), (2, 1)) for keepdims in (False, True)],
    *[row(np.quantile, SHAPE, q=0.3, axis=axis, keepdims=keepdims) for axis in (None, 1, (2, 0)) for keepdims in (False, True)],
    *[row(np.percentile, SHAPE, call=lambda f, x, axis=axis: f(x, [[0, 10], [55, 100]], axis)) for axis in (None, 1, (2, 0))],
    *[row(np.quantile, (7, 2), call=lambda f, x, m=m: f(x, [0.15, 0.3, 0.77], 0, method=m)) for m in METHODS],
    *[row(np.quantile, (7, 2), (3,), domain=(real, levels), call=lambda f, x, q, m=m: f(x, q, 0, method=m)) for m in METHODS],
    *[row(np.nanquantile, (7, 2), (3,), domain=(real, levels), call=lambda f, x, q, m=m: holes(f, x, q, 0, method=m)) for m in METHODS],
    *[row(np.quantile, SHAPE, (2, 2), domain=(real, levels), call=lambda f, x, q, axis=axis: f(x, q, axis=axis, keepdims=True)) for axis in (None, (2, 0))],
    row(np.percentile, (7,), (), domain=(real, levels), call=lambda f, x, q: f(x, 100 * q)),
    row(np.nanpercentile, (3, 5), (), domain=(real, levels), call=lambda f, x, q: holes(f, x, 100 * q, 1)),
    row(np.quantile, (), (2,), domain=(real, levels)),
    *[row(np.nanquantile, (7, 2), call=lambda f, x, m=m: holes(f, x, [0.15, 0.3, 0.77], 0, method=m)) for m in METHODS],
    *[row(np.nanmedian, (3, 7), call=lambda f, x, axis=axis, k=k: holes(f, x, axis=axis, keepdims=k)) for axis in (None, 0, (1, 0)) for k in (False, True)],
    row(np.nanpercentile, (3, 7), call=lambda f, x: holes(f, x, 40, axis=-1)),
]

INTERPOLATION = [
    row(np.interp, (2, 3), (6,), (6,), domain=(positive, increasing, real), low_precision=False),
    row(np.interp, (), (6,), (6,), domain=(positive, increasing, real), low_precision=False),
    row(np.interp, (7,), (4,), (4,), (), (), domain=(lambda rng, shape: 3 * real(rng, shape), increasing, real, real, real), low_precision=False),
    row(np.interp, (7,), (4,), (4,), domain=(real, unit, real), period=2.5, low_precision=False),
    row(np.interp, (6,), call=lambda f, fp: f([0.2, 3.3], np.arange(6.0), fp), complex=True, low_precision=False),
]

windows = np.lib.stride_tricks.sliding_window_view
WINDOWS = [
    row(windows, (6,), window_shape=3, complex=True),
    row(windows, (6,), window_shape=1),
    row(windows, (5,), window_shape=5),
    row(windows, (5,), window_shape=(0,)),
    row(windows, (0,), window_shape=0),
    row(windows, (), window_shape=()),
    row(windows, (4, 5), window_shape=(2, 3), complex=True),
    row(windows, (4, 5), window_shape=2, axis=-1),
    row(windows, (4, 5, 2), window_shape=(3, 2), axis=(1, 0)),
    row(windows, (4, 5, 2), window_shape=(2, 2), axis=(-2, 0)),
    row(windows, (3, 7), window_shape=(2, 3, 2), axis=(1, -1, 0)),
    row(windows, (3, 4), window_shape=(), axis=()),
    row(windows, (2, 5), call=lambda f, x: f(x, 3, axis=1, writeable=True)),
]

SEGMENTS = [
    row(np.add.reduceat, (8,), complex=True, call=lambda f, x: f(x, [0, 4, 6])),
    row(np.add.reduceat, (8,), call=lambda f, x: f(x, [2, 3, 7])),
    row(np.add.reduceat, (8,), call=lambda f, x: f(x, [0, 4, 1, 5, 2, 6, 3, 7]), complex=True),
    row(np.add.reduceat, (8,), call=lambda f, x: f(x, [3, 3, 3, 0])),
    row(np.add.reduceat, (3, 4), call=lambda f, x: f(x, [0, 2], 1)),
    row(np.add.reduceat, (3, 4), call=lambda f, x: f(x, np.array([2, 0, 1]), axis=0)),
    row(np.add.reduceat, (3, 4, 2), call=lambda f, x: f(x, [1, 3, 0], axis=-2, dtype=float)),
    row(np.add.reduceat, (3,), call=lambda f, x: f(x, np.array([], int))),
    row(np.add.reduceat, (0, 3), call=lambda f, x: f(x, [0, 1], axis=1)),
]

ROWS = INDEXING + PICKS + ORDER + QUANTILES + INTERPOLATION + WINDOWS + SEGMENTS
