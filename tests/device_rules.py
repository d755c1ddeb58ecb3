"""What every row of the table of derivatives has to do on another device, or on another kind of array."""
import numpy as np
import pytest

from lux_nb.devices import cpu
from lux_nb.forward import jvp
from lux_nb.programs import compiled
from lux_nb.reverse import vjp
from lux_nb.trees import tree_leaves
from test_rules import flat_outputs, like, operands_of


def promised(row):
    "The row's function, as far as NumPy says what it gives: the order on either side of a partition is each library's own."
    f = flat_outputs(row)
    return (lambda *xs: [np.sort(y, axis=None) for y in f(*xs)]) if row.function is np.partition else f


def derivatives(row, move):
    "The outputs, tangents and cotangents of a row, its operands and directions moved by `move`; the directions are always the same."
    xs, rng = operands_of(row)
    f = promised(row)
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


def program_is_as_eager(row, move, rtol=1e-9):
    "Compare a program of the derivatives, called twice, with the derivatives themselves; skip what can't be recorded."
    f, (xs, rng) = promised(row), operands_of(row)
    both = lambda xs, tangents, cotangents: (jvp(f, tuple(xs), tuple(tangents)), vjp(f, *xs)[1](cotangents))
    arguments = tuple([[*map(move, values)] for values in (xs, like(rng, xs), like(rng, f(*xs)))])
    expected, program = tree_leaves(both(*arguments)), compiled(both)
    try:
        found = [tree_leaves(program(*arguments)) for _ in range(2)]
    except TypeError as error:
        if "can't be recorded" not in str(error):
            raise
        pytest.skip(str(error)[:80])
    for leaves in found:
        for a, b in zip(leaves, expected, strict=True):
            assert type(a) is type(b)
            np.testing.assert_allclose(cpu(a), cpu(b), rtol=rtol, atol=rtol)
