"""The double of CuPy (tests/cupy_double.py) does what CuPy does.

It accepts and refuses the same calls, with the same shapes, dtypes and numbers.
"""

import operator

import numpy as np
import pytest

import cupy_double

pytestmark = pytest.mark.gpu
HOST = np.arange(6.0).reshape(2, 3)

CALLS = {
    "asarray": lambda x: np.asarray(x),
    "add host": lambda x: x + np.ones(3),
    "host add": lambda x: np.ones(3) + x,
    "add 0-d": lambda x: x + np.array(1.0),
    "0-d add": lambda x: np.array(1.0) + x,
    "less 0-d": lambda x: x < np.array(1.0),
    "add float": lambda x: x + 1.0,
    "add float64": lambda x: x + np.float64(1),
    "add list": lambda x: x + [1, 2, 3],
    "float32": lambda x: x.astype("f4") + 1.0,
    "float32 and float64": lambda x: x.astype("f4") + np.float64(1),
    "float32 and 0-d": lambda x: x.astype("f4") + x[0, 0],
    "matmul": lambda x: x @ x.T,
    "matmul host": lambda x: x @ np.ones(3),
    "host matmul": lambda x: np.ones(2) @ x,
    "dot": lambda x: np.dot(x, x[0]),
    "dot host": lambda x: np.dot(x, np.ones(3)),
    "sum": lambda x: np.sum(x),
    "sum axis": lambda x: np.sum(x, axis=0, keepdims=True),
    "sum where": lambda x: np.sum(x, where=x > 1),
    "max initial": lambda x: np.max(x, initial=0.0),
    "add.reduce": lambda x: np.add.reduce(x),
    "maximum.reduce": lambda x: np.maximum.reduce(x),
    "add.outer": lambda x: np.add.outer(x[0], x[1]),
    "add.accumulate": lambda x: np.add.accumulate(x),
    "where": lambda x: np.where(x > 1, x, 0.0),
    "where host": lambda x: np.where(x > 1, x, np.ones(3)),
    "host where": lambda x: np.where(HOST > 1, x, x),
    "concatenate": lambda x: np.concatenate([x, x]),
    "concatenate host": lambda x: np.concatenate([x, HOST]),
    "stack": lambda x: np.stack([x, x]),
    "stack number": lambda x: np.stack([x[0, 0], 1.0]),
    "block": lambda x: np.block([x, x]),
    "insert": lambda x: np.insert(x, 0, 1.0),
    "spacing": lambda x: np.spacing(x),
    "vecdot": lambda x: np.vecdot(x, x),
    "unstack": lambda x: np.unstack(x),
    "eye like": lambda x: np.eye(3, like=x),
    "zeros like": lambda x: np.zeros(3, like=x),
    "zeros_like": lambda x: np.zeros_like(x),
    "full_like": lambda x: np.full_like(x, 2),
    "index host": lambda x: x[np.array([0, 1])],
    "index list": lambda x: x[[0, 1]],
    "index mask": lambda x: x[x > 1],
    "element": lambda x: x[0, 0],
    "row": lambda x: x[0],
    "ellipsis": lambda x: x[..., None, 0],
    "host index": lambda x: HOST[x.astype(int)],
    "set host": lambda x: operator.setitem(x, 0, np.ones(3)),
    "set 0-d": lambda x: operator.setitem(x, 0, np.array(1.0)),
    "set number": lambda x: operator.setitem(x, 0, 1.0),
    "iadd": lambda x: operator.iadd(x, x),
    "iadd host": lambda x: operator.iadd(x, HOST),
    "host iadd": lambda x: operator.iadd(HOST.copy(), x),
    "out": lambda x: np.add(x, x, out=x.copy()),
    "out host": lambda x: np.add(x, x, out=HOST.copy()),
    "add.at": lambda x: np.add.at(x, (0,), 1.0),
    "multiply.at": lambda x: np.multiply.at(x, (0,), 1.0),
    "array_equal": lambda x: np.array_equal(x, x),
    "allclose": lambda x: np.allclose(x, x),
    "shape": lambda x: np.shape(x),
    "broadcast_to": lambda x: np.broadcast_to(x[0], (4, 3)),
    "einsum": lambda x: np.einsum("ij->j", x),
    "norm": lambda x: np.linalg.norm(x),
    "fft": lambda x: np.fft.fft(x),
    "var": lambda x: x.var(axis=0, ddof=1),
    "clip": lambda x: np.clip(x, 1, 3),
    "tanh": lambda x: np.tanh(x),
    "sort": lambda x: np.sort(-x),
    "argmax": lambda x: np.argmax(x),
    "divmod": lambda x: np.divmod(x, 2.0)[1],
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "mean dtype": lambda x: np.mean(x.astype("f2")),
    "int sum": lambda x: np.sum(x.astype("i4")),
    "int mean": lambda x: np.mean(x.astype("i4")),
    "true divide": lambda x: x.astype("i4") / 2,
    "power": lambda x: x.astype("i4") ** 2,
    "float": lambda x: float(x[0, 0]),
    "float of many": lambda x: float(x),
    "bool of many": lambda x: bool(x),
    "index of": lambda x: range(x[0, 0].astype(int)),
    "hash": hash,
    "round": lambda x: round(x[0, 0]),
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "ravel": lambda x: x.T.ravel(),
    "transpose": lambda x: x.transpose(1, 0),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
}


def outcome(call, cupy):
    "What a call makes of HOST on the device: `refused`, a plain value, or what there is to know of an array."
    x = cupy.asarray(HOST)
    try:
        result = call(x)
    except Exception:
        return "refused"
    if result is None:  # it wrote into x
        result = x
    return (result.dtype, result.get()) if isinstance(result, cupy.ndarray) else result


@pytest.mark.parametrize("name", CALLS)
def test_the_double_does_as_cupy_does(name):
    real, double = outcome(CALLS[name], pytest.importorskip("cupy")), outcome(CALLS[name], cupy_double.cupy)
    if isinstance(real, tuple) and isinstance(real[0], np.dtype):
        assert double != "refused" and double[0] == real[0]
        assert double[1].shape == real[1].shape
        np.testing.assert_allclose(double[1], real[1], rtol=1e-5 if real[0].itemsize > 2 else 1e-2)
    else:
        assert double == real
