"""Rows for the elementwise functions, Python's operators, and the methods of ufuncs."""
import operator

import numpy as np

from rule_samples import above_one, given, parts, positive, real, row, unit


def between(low, high):
    "Values of a row of their own, from an interval."
    return lambda rng, shape: rng.uniform(low, high, shape)


def whole(rng, shape):
    "Whole numbers between -3 and 3, none zero."
    return rng.choice([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0], shape)


MASK = np.array([True, False, True, True])

ARITHMETIC = [
    *[row(f, (2, 3), (3,), complex=True, dask=True) for f in (np.add, np.subtract, np.multiply, np.divide)],
    *[row(f, (4,), (1,), complex=True) for f in (operator.add, operator.sub, operator.mul, operator.truediv)],
    *[row(f, (), (), complex=True) for f in (np.add, np.subtract, np.multiply, np.divide, operator.mul)],
    *[row(f, (2, 3), complex=True, dask=True) for f in (np.negative, np.positive, np.reciprocal, np.square)],
    *[row(f, (3,), complex=True) for f in (operator.neg, operator.pos)],
    row(np.multiply, (2, 1, 3), (4, 1), complex=True),
    row(np.multiply, (0,), (0,)),
    row(np.add, (3,), (0, 3)),
    row(np.divide, (3,), (3,), dtype=float),
]

POWERS = [
    row(np.power, (2, 3), (3,), domain=positive, complex=True, dask=True),
    row(np.power, (), (), domain=positive),
    row(operator.pow, (4,), (4,), domain=(positive, real), complex=True),
    *[row(f, (4,), call=lambda f, x, n=n: f(x, n), complex=True)
      for f in (operator.pow, np.power) for n in (-1, 0, 1, 2, 3, 2.0)],
    row(operator.pow, (4,), domain=positive, call=lambda f, x: f(x, 0.5)),
    row(operator.pow, (4,), call=lambda f, x: f(x, np.arange(4))),
    row(operator.pow, (4,), call=lambda f, n: f(2, n)),
    row(np.power, (4,), call=lambda f, n: f(2.5, n)),
    row(np.float_power, (2, 3), (3,), domain=positive, complex=True),
    row(np.polyval, (4,), (2, 3), complex=True),
    row(np.polyval, (1,), ()),
    row(np.sqrt, (2, 3), domain=positive, complex=True, dask=True),
    row(np.cbrt, (2, 3), dask=True),
]

EXPONENTIALS = [
    *[row(f, (2, 3), complex=True, dask=True) for f in (np.exp, np.exp2, np.expm1)],
    *[row(f, (2, 3), domain=positive, complex=True, dask=True) for f in (np.log, np.log2, np.log10, np.log1p)],
    *[row(f, (2, 3), (3,), dask=True) for f in (np.logaddexp, np.logaddexp2)],
    *[row(f, ()) for f in (np.exp, np.expm1)],
]

TRIGONOMETRY = [
    *[row(f, (2, 3), complex=True, dask=True) for f in (np.sin, np.cos, np.sinh, np.cosh, np.tanh, np.arcsinh)],
    *[row(f, (2, 3), domain=unit, complex=True, dask=True)
      for f in (np.tan, np.arcsin, np.arccos, np.arctan, np.arctanh)],
    row(np.arctan, (3,)),
    row(np.arccosh, (2, 3), domain=above_one, complex=True, dask=True),
    *[row(f, (2, 3), (3,), dask=True) for f in (np.hypot, np.arctan2)],
    *[row(f, (2, 3), orders=1, dask=True) for f in (np.degrees, np.radians, np.rad2deg, np.deg2rad)],
]

KINKS = [
    row(np.abs, (2, 3), complex=True, dask=True),
    row(operator.abs, (3,), complex=True),
    row(np.fabs, (2, 3), dask=True),
    row(np.sign, (2, 3), complex=True, dask=True),
    row(np.copysign, (2, 3), (3,), dask=True),
    *[row(f, (2, 3), (3,), dask=True) for f in (np.maximum, np.minimum, np.fmax, np.fmin)],
    row(np.maximum, (4,), call=lambda f, x: f(x, 0), dask=True),
]

SELECTION = [
    row(np.where, (4,), (2, 1), call=lambda f, a, b: f(MASK, a, b), complex=True, dask=True),
    row(np.where, (4,), call=lambda f, a: f(a > 0, a, 0.0)),
    row(np.where, (), (4,), call=lambda f, a, b: f(MASK, a, b), complex=True),
    row(np.clip, (2, 3), call=lambda f, x: f(x, -0.7, 0.9), dask=True),
    row(np.clip, (2, 3), (3,), (), domain=(real, between(-1, -0.5), between(0.5, 1))),
    row(np.clip, (4,), call=lambda f, x: f(x, None, 0.5)),
    row(np.clip, (4,), call=lambda f, x: x.clip(min=-0.5)),
    row(np.select, (4,), (4,), call=lambda f, a, b: f([a > 1, b > 0], [a, b], 0.5), complex=False),
    row(np.select, (4,), (), call=lambda f, a, b: f([MASK], [a], b), complex=True),
    row(np.choose, (3,), (2, 3), call=lambda f, a, b: f([0, 1, 0], [a, b]), complex=True),
    row(np.choose, (2, 3), call=lambda f, a: f([0, 3, -1], a, mode="wrap"), complex=True),
    row(np.nan_to_num, (2, 3), complex=True, dask=True),
    row(np.heaviside, (2, 3), (3,), dask=True),
]

PARTS = [
    *[row(f, (2, 3), (3,), domain=(real, above_one), dask=True) for f in (np.mod, np.fmod)],
    row(operator.mod, (4,), (4,), domain=(real, above_one)),
    row(np.divmod, (2, 3), (3,), domain=(real, above_one)),
    row(np.modf, (2, 3)),
    row(np.frexp, (2, 3)),
    row(np.ldexp, (4,), call=lambda f, x: f(x, np.array([-1, 0, 2, 3]))),
    row(np.nextafter, (4,), call=lambda f, x: f(x, 2.0), low_precision=False),
    row(np.unwrap, (2, 5), domain=between(-9, 9)),
    row(np.unwrap, (5, 2), domain=between(-9, 9), axis=0, period=2.5),
    *[row(f, (2, 3), complex=True, dask=True) for f in (np.real, np.imag, np.conj, np.angle)],
    row(np.angle, (3,), deg=True, complex=True),
    row(np.sinc, (2, 3), complex=True, dask=True),
    row(np.sinc, (3,), domain=between(-0.2, 0.2)),
    row(np.i0, (2, 3), dask=True),
]

METHODS = [
    *[row(f.outer, (2, 3), (2,), complex=True) for f in (np.add, np.subtract, np.multiply, np.divide)],
    row(np.power.outer, (3,), (2,), domain=positive),
    row(np.maximum.outer, (3,), (2,)),
    row(np.hypot.outer, (), (2,)),
    row(np.divmod.outer, (3,), (2,), domain=(real, above_one)),
    *[row(f.reduce, (3, 4)) for f in (np.logaddexp, np.logaddexp2, np.hypot, np.subtract, np.divide, np.fmax, np.fmin)],
    row(np.logaddexp.reduce, (2, 3, 2), axis=(0, -1), keepdims=True),
    row(np.logaddexp.reduce, (3, 2), axis=None),
    row(np.power.reduce, (3, 2), domain=positive, axis=0),
    # along axis 0: on one server np.power.reduce([1.5, 2, 3], initial=2), along contiguous numbers, was 8 and not 512 (NumPy 2.5.2)
    *[row(f.reduce, (2, 3), domain=positive, initial=2.0, axis=0, keepdims=keepdims) for f in (np.subtract, np.divide, np.hypot, np.power) for keepdims in (False, True)],
    row(np.logaddexp.reduce, (2, 3, 2), axis=(0, 1), initial=0.5),
    *[row(f.accumulate, (3, 4), axis=1) for f in (np.logaddexp, np.subtract, np.divide, np.fmax)],
]

NEGATIVE = [real, lambda rng, shape: -positive(rng, shape), positive]
BEYOND = [above_one, lambda rng, shape: -above_one(rng, shape), unit]
COMPLEX_PLANE = [
    *[row(f, (3,), domain=domain, complex=True, call=lambda f, x: f(x), invariant=parts)
      for f in (np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10) for domain in NEGATIVE],
    *[row(f, (2, 3), domain=domain, complex=True, invariant=parts) for f in (np.emath.arccos, np.emath.arcsin, np.emath.arctanh) for domain in BEYOND],
    row(np.emath.sqrt, (), domain=given(-2), invariant=parts),
    row(np.emath.log, (0,), invariant=parts),
    row(np.emath.arcsin, (), domain=given(2), invariant=parts),
    row(np.emath.logn, (3,), (2, 1), domain=(above_one, real), complex=True, invariant=parts),
    row(np.emath.logn, (3,), domain=above_one, call=lambda f, x: f(-2, x), invariant=parts),
    row(np.emath.logn, (3,), call=lambda f, x: f(3.0, x), invariant=parts),
    row(np.emath.power, (3,), (2, 3), complex=True, invariant=parts),
    row(np.emath.power, (3,), domain=positive, call=lambda f, p: f(-2, p), invariant=parts),
    row(np.emath.power, (3,), call=lambda f, x: f(x, [-1, 2, 3]), invariant=parts),
    row(np.emath.power, (3,), call=lambda f, x: f(x, 2), invariant=parts),
    row(np.emath.power, (), call=lambda f, x: f(x, -0.5), invariant=parts),
]

CLOSE_TO_REAL = [
    row(np.real_if_close, (3,), invariant=parts),
    row(np.real_if_close, (3,), call=lambda f, x: f(x + 0j), invariant=parts),
    row(np.real_if_close, (2, 2), call=lambda f, x: f(x * (1 + 1e-15j), tol=1000), invariant=parts),
    row(np.real_if_close, (), call=lambda f, x: f(x * (1 + 1e-3j), tol=0.5), invariant=parts),
    row(np.real_if_close, (3,), call=lambda f, x: f(x * (1 + 1e-3j)), complex=True, invariant=parts),
]

CUTS = [ # both sides of the branch cuts
    *[row(f, (3,), domain=above_one, call=lambda f, x, sign=sign, side=side: f(side(sign * x + 0j)), invariant=parts)
      for f in (np.arcsin, np.arccos, np.arctanh) for sign in (1, -1) for side in (np.positive, np.conj)],
    *[row(np.arccosh, (3,), domain=domain, call=lambda f, x, side=side: f(side(-x + 0j)), invariant=parts) for domain in (above_one, unit) for side in (np.positive, np.conj)],
    *[row(np.arcsinh, (3,), domain=above_one, call=lambda f, x, sign=sign, side=side: f(1j * side(sign * x + 0j)), invariant=parts) for sign in (1, -1) for side in (np.positive, np.conj)],
]

ROWS = ARITHMETIC + POWERS + EXPONENTIALS + TRIGONOMETRY + KINKS + SELECTION + PARTS + METHODS + COMPLEX_PLANE + CLOSE_TO_REAL + CUTS
