"""The double of CuPy refuses what CuPy refuses and keeps count of what CuPy carries."""

import copy
import operator
import pickle
import sys

import numpy as np
import pytest

HOST = np.arange(6.0).reshape(2, 3)


@pytest.fixture
def cp(cupy_double):
    return cupy_double.cupy


@pytest.fixture
def x(cp):
    return cp.asarray(HOST)


def check(x, expected, dtype=None):
    assert type(x).__name__ == "ndarray" and type(x) is not np.ndarray
    np.testing.assert_allclose(x.get(), expected)
    assert dtype is None or x.dtype == dtype


@pytest.mark.parametrize(
    "convert",
    [np.asarray, np.array, np.asanyarray, lambda x: np.array([x, x]), lambda x: np.zeros((2, 3)).__setitem__(..., x)],
)
def test_implicit_conversion_is_refused(x, convert):
    with pytest.raises(TypeError, match="Implicit conversion to a NumPy array is not allowed"):
        convert(x)


@pytest.mark.parametrize("other", [np.ones(3), np.ones(1), np.array(1.0)], ids=["1-d", "one element", "0-d"])
@pytest.mark.parametrize(
    "operation", [operator.add, operator.mul, operator.pow, np.add, np.maximum, lambda a, b: np.where(a is b, a, b)]
)
def test_mixing_is_refused(x, operation, other):
    for pair in ((x, other), (other, x)):
        with pytest.raises(TypeError, match="Unsupported type <class 'numpy.ndarray'>"):
            operation(*pair)


@pytest.mark.parametrize(
    "mix",
    [
        lambda x: x @ np.ones(3),
        lambda x: np.ones(2) @ x,
        lambda x: np.dot(x, np.ones(3)),
        lambda x: np.concatenate([x, HOST]),
        lambda x: np.stack([x, HOST]),
        lambda x: np.stack([x.sum(), 1.0]),
        lambda x: np.add(x, x, out=np.ones((2, 3))),
        lambda x: operator.iadd(x, HOST),
        lambda x: operator.iadd(HOST.copy(), x),
        lambda x: x + [1, 2, 3],
        lambda x: np.einsum("ij,ij->i", x, HOST),
        lambda x: np.where(HOST > 1, x, x),
        lambda x: np.copyto(x, HOST),
    ],
)
def test_mixing_in_functions_is_refused(x, mix):
    with pytest.raises(TypeError):
        mix(x)


def test_a_host_array_cannot_be_written_into_a_device_array(x):
    with pytest.raises(ValueError, match="non-scalar numpy.ndarray cannot be used for fill"):
        x[0] = np.ones(3)
    x[0] = np.array(7.0)
    x[1, 1:] = 8
    check(x, [[7, 7, 7], [3, 8, 8]])


def test_arrays_of_two_devices_are_refused(cp, x):
    with cp.cuda.Device(1):
        y = cp.asarray(HOST)
        assert y.device == cp.cuda.Device(1) and (y + y).device == cp.cuda.Device(1)
    with pytest.raises(ValueError, match=r"\(1\) is different from the current device \(0\)"):
        x + y


def test_scalars_mix_and_keep_numpys_dtypes(cp):
    x = cp.asarray(np.ones(3, np.float32))
    for scalar, dtype in [
        (2, "f4"),
        (2.0, "f4"),
        (True, "f4"),
        (np.float32(2), "f4"),
        (np.float64(2), "f8"),
        (2j, "c8"),
    ]:
        assert (x + scalar).dtype == (scalar + x).dtype == np.dtype(dtype)
    check(x < np.array(2.0), [True] * 3)  # CuPy lets 0-d arrays through in comparisons alone


def test_results_stay_on_the_device(x):
    for result in (
        x.sum(),
        np.sum(x),
        np.add.reduce(x, axis=None),
        x[0, 0],
        np.max(x),
        np.dot(x[0], x[0]),
        np.linalg.norm(x),
    ):
        assert type(result) is type(x) and result.shape == ()
    for result in (np.array_equal(x, x), np.allclose(x, x), np.all(x > -1)):
        assert type(result) is type(x) and bool(result)
    assert (
        np.shape(x) == (2, 3) and np.ndim(x) == 2 and np.size(x) == 6 and len(x) == 2 and isinstance(np.shape(x), tuple)
    )


def test_functions_methods_and_operators_give_numpys_numbers(x):
    check(np.tanh(x), np.tanh(HOST))
    check(x.mean(axis=0, keepdims=True), HOST.mean(axis=0, keepdims=True))
    check(-x + 2 * x**2 / 3 - 1 // (x + 1), -HOST + 2 * HOST**2 / 3 - 1 // (HOST + 1))
    check(x @ x.T, HOST @ HOST.T)
    check(np.concatenate([x, x], axis=1), np.concatenate([HOST, HOST], axis=1))
    check(np.zeros(3, like=x), np.zeros(3))
    check(np.fft.fft(x), np.fft.fft(HOST))
    check(np.modf(x / 2)[0], np.modf(HOST / 2)[0])
    check(x.reshape(3, -1).transpose(1, 0), HOST.reshape(3, -1).T)


def test_elements_are_views(x):
    row, element = x[0], x[1, 2]
    row += 10
    element += 100
    check(x, [[10, 11, 12], [3, 4, 105]])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sum(x, where=x > 0),
        lambda x: np.max(x, initial=0.0),
        lambda x: x.sum(where=x > 0),
        lambda x: np.eye(3, like=x),
        lambda x: np.insert(x, 0, 1.0),
        lambda x: np.block([x, x]),
        lambda x: np.spacing(x),
        lambda x: np.add(x, x, order="F"),
        lambda x: x.setflags(write=False),
        lambda x: np.maximum.reduce(x),
        lambda x: np.multiply.at(x, 0, 2.0),
        lambda x: np.modf(x, out=(x, x)),
        hash,
        lambda x: range(x),
        round,
        lambda x: x.flags.writeable,
        lambda x: setattr(x, "name", 1),
        lambda x: x.__array_namespace__(),
    ],
)
def test_what_cupy_lacks_is_lacking(x, call):
    with pytest.raises((TypeError, ValueError, AttributeError, NotImplementedError)):
        call(x)


def test_other_arrays_may_take_over(x):
    class Tracer:
        def __array_ufunc__(self, *args, **kwargs):
            return "taken"

        def __array_function__(self, *args, **kwargs):
            return "taken"

        def __radd__(self, other):
            return "reflected"

    assert x + Tracer() == "taken" and np.add(x, Tracer()) == "taken" and np.concatenate([x, Tracer()]) == "taken"

    class Wrapper:
        __array_ufunc__ = None

        def __radd__(self, other):
            return "reflected"

    assert x + Wrapper() == "reflected"


def test_a_function_of_ours_is_not_cupys(x):
    def sum(x):
        pass

    sum.__module__ = "lux_nb.trees"
    assert x.__array_function__(sum, (type(x),), (x,), {}) is NotImplemented


@pytest.mark.parametrize(
    ("call", "direction"),
    [
        (float, "to host"),
        (bool, "to host"),
        (int, "to host"),
        (complex, "to host"),
        (repr, "to host"),
        (str, "to host"),
        (lambda x: f"{x}", "to host"),
        (lambda x: x.item(), "to host"),
        (lambda x: x.get(), "to host"),
        (lambda x: x.tolist(), "to host"),
        (pickle.dumps, "to host"),
        (lambda x: sys.modules["cupy"].asarray(np.ones(1)), "to device"),
        (lambda x: x[np.array([0])], "to device"),
        (lambda x: x[[0]], "to device"),
    ],
)
def test_every_copy_is_counted(cupy_double, call, direction):
    one = cupy_double.cupy.asarray(np.ones(1))
    with cupy_double.transfers() as copied:
        call(one)
    assert copied and copied[0][0] == direction


def test_computing_on_the_device_copies_nothing(cupy_double, x):
    with cupy_double.transfers() as copied:
        y = np.tanh(x @ x.T + 1).sum() * 2
        y += x[0, 1]
        copy.deepcopy(x)[x > 1]
    assert not copied


def test_unsupported_dtypes(cp):
    for array in (np.array([1, None]), np.array(["a"]), np.ones(1, np.longdouble)):
        with pytest.raises(ValueError, match="Unsupported dtype"):
            cp.asarray(array)
    assert cp.asarray(np.ones(2, ">f4")).dtype == np.float32


def test_the_record_of_what_cupy_has_is_of_the_installed_version(cupy_double, monkeypatch):
    monkeypatch.undo()
    cupy = pytest.importorskip("cupy", reason="the record is compared where CuPy is installed; no GPU is needed for it")
    if cupy.__version__ != cupy_double.API["version"]:
        pytest.skip(f"the record is of CuPy {cupy_double.API['version']}, installed is {cupy.__version__}")
    for kind in ("functions", "methods"):
        found, record = cupy_double.recorded()[kind], cupy_double.API[kind]
        common = found.keys() & record.keys()  # the names depend on NumPy's version too
        assert len(common) > 0.9 * len(record)
        assert {name: found[name] for name in common} == {name: record[name] for name in common}
