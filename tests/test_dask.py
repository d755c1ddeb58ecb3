"""The table of derivatives on Dask arrays: where Dask has a function, its tangents and cotangents stay lazy, and equal NumPy's."""
import warnings

import numpy as np
import pytest

import lux_nb as lux
from device_rules import assert_same, derivatives, plain
from lux_nb.trees import tree_leaves
from test_rules import ROWS

dask = pytest.importorskip("dask", reason="needs Dask: pip install 'dask[array]'")
da = pytest.importorskip("dask.array", reason="needs Dask: pip install 'dask[array]'")

# Dask computes these functions block by block in ways of their own; their derivatives need what it lacks.
LACKING = {
    np.median: "a sort", np.quantile: "a sort", np.percentile: "a sort", np.nanmedian: "a sort", np.nanquantile: "a sort", np.nanpercentile: "a sort",
    np.sort: "a sort", np.partition: "a sort", np.extract: "shapes that are known", np.compress: "shapes that are known",
    np.copy: "np.copy: it has the method alone",
    np.nanmean: "the argument where", np.nanvar: "the argument where", np.nanstd: "the argument where",
    np.linalg.lstsq: "a pseudoinverse", np.linalg.cholesky: "the lower triangle of its argument: it reads the upper one",
}


def lazy(x):
    "A Dask array of a NumPy array."
    return da.from_array(np.asarray(x))


def now(x):
    "The NumPy array that a Dask array stands for."
    return x.compute(scheduler="sync")


def refuse(graph, keys, **options):
    raise AssertionError("a Dask array was computed on the way")


def nothing_computed():
    "A scheduler that refuses: whatever needs a number raises."
    return dask.config.set(scheduler=refuse)


def implemented(row):
    "Skip a row whose function Dask does not have, computes at once, or answers in its own way."
    if (getattr(row.function, "__module__", "") or "").startswith("lux_nb"):
        pytest.skip("no function of NumPy's")
    if row.function is np.prod and any(0 in shape for shape in row.shapes):
        pytest.skip("Dask's concatenate, which the rule needs, forgets the axes of empty arrays")
    try:
        with nothing_computed(), warnings.catch_warnings():
            warnings.simplefilter("error") # Dask warns where it converts to NumPy
            ys = plain(row, lazy)
    except Exception as error:
        pytest.skip(f"Dask does not have it: {str(error)[:80]}")
    expected = plain(row, lambda x: x)
    if not ys or not all(isinstance(y, da.Array) and y.shape == np.shape(e) for y, e in zip(ys, expected)):
        pytest.skip("Dask gives no lazy array of NumPy's shape for it")
    try:
        for y, e in zip(ys, expected):
            np.testing.assert_allclose(now(y), e, rtol=1e-9)
    except Exception as error:
        pytest.skip(f"Dask's own value is not NumPy's: {str(error)[:80]}")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_rule_stays_lazy(row):
    implemented(row)
    if row.function in LACKING:
        pytest.skip(f"its derivative needs {LACKING[row.function]}")
    with nothing_computed():
        got = derivatives(row, lazy)
    for y in tree_leaves([list(part) for part in got]):
        assert isinstance(y, da.Array), type(y)
    expected = derivatives(row, lambda x: x)
    for part, reference in zip(got, expected):
        for a, b in zip(part, reference):
            assert a.shape == np.shape(b) and a.dtype == np.result_type(b)
    assert_same(got, expected, now)


def energy(x):
    return np.sum(np.tanh(x @ x.T)[:, 1:] * np.exp(-np.mean(x, axis=1)[:, None])[:, :1])


CHUNKED = np.linspace(-1.0, 1.0, 24).reshape(4, 6)


@pytest.mark.parametrize("ad", [lux.AutoReverse(), lux.AutoForward(chunk=24)], ids=["reverse", "forward"])
def test_gradient_of_a_chunked_array_stays_lazy(ad):
    x = da.from_array(CHUNKED, chunks=2)
    if isinstance(ad, lux.AutoForward):
        directions = [np.eye(24)[k].reshape(4, 6) for k in (0, 7, 23)]
        with nothing_computed():
            slopes = [lux.jvp(energy, (x,), (da.from_array(t, chunks=2),))[1] for t in directions]
        expected = lux.gradient(energy, CHUNKED)
        for t, slope in zip(directions, slopes):
            np.testing.assert_allclose(now(slope), np.sum(expected * t), rtol=1e-12)
        return
    with nothing_computed():
        got = lux.gradient(energy, x, ad=ad)
    assert isinstance(got, da.Array)
    np.testing.assert_allclose(now(got), lux.gradient(energy, CHUNKED), rtol=1e-12)


def test_second_derivatives_stay_lazy():
    x, v = da.from_array(CHUNKED, chunks=3), da.from_array(np.cos(CHUNKED), chunks=3)
    with nothing_computed():
        got = lux.hvp(energy, x, v)
        again = lux.gradient(lambda x: np.sum(lux.gradient(energy, x) * v), x)
    assert isinstance(got, da.Array) and isinstance(again, da.Array)
    expected = lux.hvp(energy, CHUNKED, np.cos(CHUNKED))
    np.testing.assert_allclose(now(got), expected, rtol=1e-10)
    np.testing.assert_allclose(now(again), expected, rtol=1e-10)


def test_a_layer_on_lazy_data():
    model = lux.Chain(lux.Dense(6, 5, lux.tanh), lux.Dense(5, 1))
    ps, st = lux.setup(lux.Xoshiro(0), model)
    loss = lambda ps, x: np.mean(model(x, ps, st)[0] ** 2)
    with nothing_computed():
        got = lux.grad(loss)(ps, da.from_array(CHUNKED.astype(np.float32), chunks=(2, 6)))
    expected = lux.grad(loss)(ps, CHUNKED.astype(np.float32))
    for a, b in zip(tree_leaves(got), tree_leaves(expected), strict=True):
        np.testing.assert_allclose(now(a) if isinstance(a, da.Array) else a, b, rtol=1e-5, atol=1e-6)


def test_plain_and_lazy_operands_mix():
    x, y = da.from_array(CHUNKED, chunks=2), CHUNKED + 1
    with nothing_computed():
        got = lux.gradient(lambda x: np.sum(x * y + np.where(y > 1, x, 0.0) + y @ x.T @ y), x)
    np.testing.assert_allclose(now(got), lux.gradient(lambda x: np.sum(x * y + np.where(y > 1, x, 0.0) + y @ x.T @ y), CHUNKED))
