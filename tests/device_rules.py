"""What every row of the table of derivatives has to do on another device, or on another kind of array."""
import numpy as np

from lux_nb.forward import jvp
from lux_nb.reverse import vjp
from test_rules import flat_outputs, like, operands_of


def derivatives(row, move):
    "The outputs, tangents and cotangents of a row, its operands and directions moved by `move`; the directions are always the same."
    xs, rng = operands_of(row)
    f = flat_outputs(row)
    tangents = like(rng, xs)
    cotangents = like(rng, f(*xs))
    ys, dys = jvp(f, tuple(map(move, xs)), tuple(map(move, tangents)))
    _, pullback = vjp(f, *map(move, xs))
    return ys, dys, pullback([move(g) for g in cotangents])


def plain(row, move):
    "The row's function alone, without derivatives."
    return flat_outputs(row)(*map(move, operands_of(row)[0]))


def assert_same(got, expected, back, rtol=1e-9):
    "Compare nested lists of arrays with those on the CPU; `back` brings one array there."
    for part, reference in zip(got, expected, strict=True):
        for a, b in zip(part, reference, strict=True):
            np.testing.assert_allclose(back(a), b, rtol=rtol, atol=rtol)
