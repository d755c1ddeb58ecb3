"""A stand-in for CuPy, for tests on a machine without a GPU.

`cupy` is a module whose `ndarray` keeps its numbers in a NumPy array that nobody else can reach, and refuses what CuPy
refuses:

- conversion that nobody asked for: `np.asarray(x)`, `np.array([x])`, writes of `x` into a NumPy array;
- an operation on a device array and a NumPy array, of any dimension, or on arrays of two devices;
- functions, methods and keyword arguments that CuPy does not have; they are recorded in cupy_api.json.

As in CuPy, reductions and elements are 0-d device arrays and not scalars, Python numbers and NumPy scalars may be mixed
in, and `float(x)`, `x.item()`, `repr(x)` and the like are allowed but copy to the host. `transfers` collects the copies
between host and device:

    with transfers() as copied:
        step(model, data)
    assert not copied

There are two devices. What CuPy does was read from its source and tried on arrays of CuPy 14.2 made without a card.

Run as a program with CuPy installed (no card needed) this file writes cupy_api.json anew.
"""

import contextlib
import functools
import importlib.machinery
import inspect
import json
import operator
import re
import types
from pathlib import Path

import numpy as np

API_FILE = Path(__file__).with_name("cupy_api.json")
API = json.loads(API_FILE.read_text()) if API_FILE.exists() else {"version": "0", "functions": {}, "methods": {}}
DTYPES = "?bhilqBHILQefdFD"
SCALARS = (bool, int, float, complex, np.bool_, np.number)
PYTHON_IN_NUMPY = {
    "array_equal",
    "array_equiv",
    "allclose",
    "count_nonzero",
}  # bool or int there, 0-d device arrays in CuPy
TEXT = {"array_str", "array_repr", "array2string"}  # of a copy on the host


# ---- transfers between host and device
_recorders = []


@contextlib.contextmanager
def transfers():
    "Collect every copy between host and device as (direction, shape) while the block runs."
    copied = []
    _recorders.append(copied)
    try:
        yield copied
    finally:
        _recorders.remove(copied)


def _record(direction, host):
    for copied in _recorders:
        copied.append((direction, host.shape if hasattr(host, "shape") else np.shape(host)))


# ---- devices
class CUDARuntimeError(RuntimeError):
    "What CuPy raises when the CUDA runtime reports an error."


class Device:
    "`cupy.cuda.Device`: compares with other devices and has no hash."

    count = 2
    _stack = [0]
    __hash__ = None

    def __init__(self, device=None):
        self.id = Device._stack[-1] if device is None else operator.index(device)

    def __enter__(self):
        if not 0 <= self.id < self.count:
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        Device._stack.append(self.id)
        return self

    def __exit__(self, *exception):
        Device._stack.pop()

    def __eq__(self, other):
        return self.id == other.id if isinstance(other, Device) else NotImplemented

    def __int__(self):
        return self.id

    def __repr__(self):
        return f"<CUDA Device {self.id}>"

    def synchronize(self):
        pass


# ---- taking arguments off their device, and putting results on it
def _unwrap(value):
    "The host array of a device array on the current device, also within lists and tuples; NumPy arrays are refused."
    if isinstance(value, ndarray):
        current = Device()
        if value.device != current:
            raise ValueError(
                f"The device where the array resides ({value.device.id}) is different from the current device "
                f"({current.id}). Peer access is unavailable between these devices."
            )
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if type(value) in (list, tuple):
        return type(value)(map(_unwrap, value))
    return value


def _wrap(result):
    "Put NumPy's results on the current device: arrays, and scalars as 0-d arrays."
    if isinstance(result, (np.ndarray, np.generic)):
        return ndarray._of(np.asarray(result))
    if isinstance(result, (list, tuple)):
        wrapped = [_wrap(part) for part in result]
        return wrapped if isinstance(result, list) else tuple(wrapped)
    return result


def _check_arguments(name, parameters, args, kwargs):
    "Raise TypeError, as Python would, for arguments that CuPy's function does not have."
    variadic = any(p.startswith("*") and not p.startswith("**") for p in parameters)
    if len(args) > len(parameters) and not variadic:
        raise TypeError(f"{name}() takes {len(parameters)} positional arguments but {len(args)} were given")
    if not any(p.startswith("**") for p in parameters):
        for key in kwargs:
            if key not in parameters:
                raise TypeError(f"{name}() got an unexpected keyword argument {key!r}")


def _refuse_mixed_sequence(name, args):
    "Lists that CuPy joins hold device arrays only, not even numbers."
    if name in ("concatenate", "concat", "stack", "vstack", "hstack", "dstack", "column_stack") and args:
        for part in args[0]:
            if not isinstance(part, ndarray):
                raise TypeError(f"Only cupy arrays can be concatenated, got {type(part)}")


# CuPy sorts the whole array where NumPy puts elements on the right side only
SORTED = {
    np.partition: lambda a, kth, axis=-1: np.sort(a, axis),
    np.argpartition: lambda a, kth, axis=-1: np.argsort(a, axis, stable=True),
}


def _device_function(function, name, parameters):
    "CuPy's counterpart of a NumPy function: the same numbers, CuPy's arguments, device arrays only."

    @functools.wraps(function, assigned=("__doc__",), updated=())
    def on_device(*args, **kwargs):
        _check_arguments(name, parameters, args, kwargs)
        _refuse_mixed_sequence(name, args)
        if name in TEXT:
            _record("to host", args[0])
        out = kwargs.get("out")
        if function is np.linalg.solve and args[1].ndim > 1 and args[0].shape[:-1] != args[1].shape[:-1]:
            raise ValueError("a must have (..., M, M) shape and b must have (..., M, K) for multidimensional b")
        result = SORTED.get(function, function)(*map(_unwrap, args), **{key: _unwrap(value) for key, value in kwargs.items()})
        if out is not None:
            return out
        return _wrap(np.asarray(result) if name in PYTHON_IN_NUMPY else result)

    on_device.__name__ = on_device.__qualname__ = name
    return on_device


# ---- universal functions
class ufunc:
    "`cupy.ufunc`: called, and its methods as far as CuPy has them."

    REDUCE = ACCUMULATE = ("add", "multiply")
    AT = ("add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor")
    KEYWORDS = ("out", "where", "dtype", "casting")

    def __init__(self, host):
        self.host = host
        self.name = f"cupy_{host.__name__}"
        self.__name__ = host.__name__
        if host.signature is not None:
            self.KEYWORDS = ("out", "dtype", "casting", "axes", "axis", "keepdims", "order", "signature")

    def __repr__(self):
        return f"<ufunc '{self.name}'>"

    def _arguments(self, args):
        for arg in args:
            if not isinstance(arg, (ndarray, *SCALARS)):
                raise TypeError(f"Unsupported type {type(arg)}")
        return map(_unwrap, args)

    def __call__(self, *args, **kwargs):
        wrong = {key: value for key, value in kwargs.items() if key not in self.KEYWORDS}
        if wrong:
            raise TypeError(f"Wrong arguments {wrong}")
        out = kwargs.pop("out", None)
        host = self.host(
            *self._arguments(args),
            **({} if out is None else {"out": _unwrap(out)}),
            **{k: _unwrap(v) for k, v in kwargs.items()},
        )
        return _wrap(host) if out is None else out

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False):
        self._has("reduce", self.REDUCE)
        result = self.host.reduce(_unwrap(array), axis=axis, dtype=dtype, keepdims=keepdims, out=_unwrap(out))
        return _wrap(result) if out is None else out

    def accumulate(self, array, axis=0, dtype=None, out=None):
        self._has("accumulate", self.ACCUMULATE)
        result = self.host.accumulate(_unwrap(array), axis=axis, dtype=dtype, out=_unwrap(out))
        return _wrap(result) if out is None else out

    def reduceat(self, array, indices, axis=0, dtype=None, out=None):
        self._has("reduceat", ("add",))
        result = self.host.reduceat(_unwrap(array), _index(indices), axis=axis, dtype=dtype, out=_unwrap(out))
        return _wrap(result) if out is None else out

    def at(self, array, indices, values=None):
        self._has("at", self.AT)
        self.host.at(_unwrap(array), _index(indices), *self._arguments((values,)))

    def outer(self, a, b, **kwargs):
        return _wrap(self.host.outer(*self._arguments((a, b)), **kwargs))

    def _has(self, method, names):
        if self.__name__ not in names:
            raise NotImplementedError(f"`{self.name}.{method}` is not supported yet")


def _index(index):
    "An index with device arrays taken off the device; CuPy copies host arrays and lists among indices to the device."
    if isinstance(index, tuple):
        return tuple(map(_index, index))
    if isinstance(index, (np.ndarray, list)):
        _record("to device", index)
        return np.asarray(index, int if np.size(index) == 0 else None)
    return _unwrap(index)


# ---- the array
class Flags:
    "The flags of a device array: its layout, and no `writeable`."

    def __init__(self, host):
        self.c_contiguous, self.f_contiguous, self.owndata = (
            host.flags.c_contiguous,
            host.flags.f_contiguous,
            host.flags.owndata,
        )
        self.fnc = host.flags.fnc

    def __getitem__(self, name):
        return getattr(self, {"C": "c_contiguous", "F": "f_contiguous", "O": "owndata"}.get(name, name.lower()))


class ndarray:
    "`cupy.ndarray`: numbers on a device."

    __slots__ = ("_host", "_index", "__weakref__")
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, shape, dtype=float, order="C"):
        self._host, self._index = np.empty(shape, dtype, order), Device().id

    @classmethod
    def _of(cls, host, index=None):
        "The device array of a host array's numbers, on the current device unless said."
        array = cls.__new__(cls)
        array._host, array._index = host, Device().id if index is None else index
        return array

    # -- what it is
    shape, ndim, size, dtype, itemsize, nbytes, strides = (
        property(lambda self, name=name: getattr(self._host, name))
        for name in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides")
    )
    flags = property(lambda self: Flags(self._host))
    device = property(lambda self: Device(self._index))
    base = property(lambda self: None if self._host.base is None else ndarray._of(self._host.base, self._index))
    T = property(lambda self: self if self.ndim < 2 else ndarray._of(self._host.T, self._index))
    mT = property(lambda self: ndarray._of(self._host.mT, self._index))
    real = property(
        lambda self: ndarray._of(self._host.real, self._index),
        lambda self, value: setattr(self._host, "real", _unwrap(value)),
    )
    imag = property(
        lambda self: ndarray._of(self._host.imag, self._index),
        lambda self, value: setattr(self._host, "imag", _unwrap(value)),
    )

    # -- to the host, when asked
    def get(self, stream=None, order="C", out=None, blocking=True):
        _record("to host", self._host)
        if out is None:
            return np.array(self._host, order=order, copy=True)
        out[...] = self._host
        return out

    def set(self, arr, stream=None):
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype or arr.shape != self.shape:
            raise ValueError(f"Shape or dtype mismatch: {arr.shape} {arr.dtype}, {self.shape} {self.dtype}")
        _record("to device", arr)
        self._host[...] = arr

    def item(self):
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    def tolist(self):
        return self.get().tolist()

    def tobytes(self, order="C"):
        return self.get().tobytes(order)

    def __float__(self):
        return float(self.get().item())

    def __int__(self):
        return int(self.get().item())

    def __complex__(self):
        return complex(self.get().item())

    def __bool__(self):
        if self.size != 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()"
            )
        return bool(self.get().item())

    def __repr__(self):
        return repr(self.get())

    def __str__(self):
        return str(self.get())

    def __format__(self, spec):
        return format(self.get(), spec)

    def __reduce__(self):
        return array, (self.get(),)

    # -- to the host, when not asked
    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    # -- NumPy's protocols
    def __array_ufunc__(self, function, method, *inputs, **kwargs):
        out = kwargs.get("out", ())
        if len(out) > 1:
            raise ValueError("The 'out' parameter must have exactly one array value")
        if out:
            kwargs["out"] = out[0]
        device_ufunc = getattr(cupy, function.__name__, None)
        if not isinstance(device_ufunc, ufunc):
            return NotImplemented
        if method == "__call__" and not all(isinstance(x, (ndarray, np.ndarray, *SCALARS)) for x in (*inputs, *out)):
            return NotImplemented
        if function.__name__ in ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"):
            inputs = [x.item() if isinstance(x, np.ndarray) and x.ndim == 0 else x for x in inputs]
        if method == "at":  # cupy.add.at is there, np.add.at does not find it
            return NotImplemented
        return getattr(device_ufunc, method)(*inputs, **kwargs)

    def __array_function__(self, function, types, args, kwargs):
        try:
            module = functools.reduce(getattr, function.__module__.split(".")[1:], cupy)
            device_function = getattr(module, function.__name__)
        except AttributeError:
            return NotImplemented
        if device_function is function or not all(t in (ndarray, np.ndarray) for t in types):
            return NotImplemented
        return device_function(*args, **kwargs)

    # -- elements
    def __len__(self):
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return len(self._host)

    def __iter__(self):
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        index = _index(index) if isinstance(index, tuple) else (_index(index),)
        with self.device:  # with an ellipsis, NumPy too gives an element as a 0-d view
            return _wrap(self._host[index if any(i is ... for i in index) else (*index, ...)])

    def __setitem__(self, index, value):
        if isinstance(value, np.ndarray):
            if value.ndim:
                raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
            value = value.item()
        places = np.arange(self.size).reshape(self.shape)[_index(index)]  # threads write in any order, here the last first
        self._host.flat[places.ravel()[::-1]] = np.broadcast_to(_unwrap(value), places.shape).ravel()[::-1]

    def scatter_add(self, slices, value):
        np.add.at(self._host, _index(slices), _unwrap(value))

    def fill(self, value):
        self[...] = value

    # -- copies
    def copy(self, order="C"):
        return ndarray._of(self._host.copy(order))

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        host = self._host.astype(dtype, order=order, casting=casting or "unsafe", copy=copy)
        return self if host is self._host else _wrap(host)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        with self.device:
            return self.copy()


# ---- operators and methods
def _leave_to(x, y):
    "Whether the operator of `x` leaves the operation to `y`: NEP 13, or by `__array_priority__`."
    if hasattr(y, "__array_ufunc__"):
        return y.__array_ufunc__ is None
    return x.__array_priority__ < getattr(y, "__array_priority__", 0)


def _operators(name):
    "The methods `__op__`, `__rop__` and `__iop__` that call the ufunc of that name."

    def forward(self, other):
        if isinstance(other, ndarray):
            return getattr(cupy, name)(self, other)
        return NotImplemented if _leave_to(self, other) else getattr(np, name)(self, other)

    def reflected(self, other):
        return NotImplemented if _leave_to(self, other) else getattr(np, name)(other, self)

    def in_place(self, other):
        return getattr(cupy, name)(self, other, out=self)

    return forward, reflected, in_place


BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "matmul": "matmul",
    "lshift": "left_shift",
    "rshift": "right_shift",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
}
COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "eq": "equal",
    "ne": "not_equal",
    "gt": "greater",
    "ge": "greater_equal",
}
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}
for _dunder, _name in BINARY.items():
    for _prefix, _method in zip(("__", "__r", "__i"), _operators(_name)):
        setattr(ndarray, f"{_prefix}{_dunder}__", _method)
for _dunder, _name in COMPARISONS.items():
    setattr(ndarray, f"__{_dunder}__", _operators(_name)[0])
ndarray.__hash__ = None
for _dunder, _name in UNARY.items():
    setattr(ndarray, f"__{_dunder}__", lambda self, name=_name: getattr(cupy, name)(self))
for _name, _parameters in API["methods"].items():
    if hasattr(np.ndarray, _name) and _name not in vars(ndarray):
        setattr(ndarray, _name, _device_function(getattr(np.ndarray, _name), _name, _parameters))


# ---- the module
def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    "`cupy.array`: from the host, or from this or another device."
    if isinstance(obj, ndarray):
        if (
            copy is not True
            and obj.device == Device()
            and dtype in (None, obj.dtype)
            and (order in "KA" or obj.flags[order])
        ):
            return obj
        return ndarray._of(np.array(obj._host, dtype, order=order, ndmin=ndmin))
    if isinstance(obj, (list, tuple)) and obj and all(isinstance(part, ndarray) for part in obj):
        return ndarray._of(np.array([_unwrap(part) for part in obj], dtype, order=order, ndmin=ndmin))
    host = np.array(obj, dtype, order="A" if order == "K" else order, ndmin=ndmin)
    if host.dtype.char not in DTYPES:
        raise ValueError(f"Unsupported dtype {host.dtype}")
    _record("to device", host)
    return ndarray._of(host.astype(host.dtype.newbyteorder("="), copy=False))


def asarray(a, dtype=None, order="K", *, copy=None, blocking=False):
    "`cupy.asarray`: `a` itself if it is on the device already."
    return array(a, dtype, copy, order or "K")


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    "`cupy.asnumpy`: on the host."
    return a.get(stream, order, out) if isinstance(a, ndarray) else np.asarray(a, order=order)


def _module():
    "Assemble the module `cupy`."
    module = types.ModuleType("cupy", __doc__)
    module.__spec__ = importlib.machinery.ModuleSpec("cupy", None)
    module.__version__ = API["version"]
    for name in dir(np):
        value = getattr(np, name)
        if (
            isinstance(value, type)
            and issubclass(value, (np.generic, np.dtype))
            or isinstance(value, float)
            or name in ("newaxis", "finfo", "iinfo")
        ):
            setattr(module, name, value)
    for path, parameters in API["functions"].items():
        *parents, name = path.split(".")
        host = (
            functools.reduce(getattr, [*parents, name], np)
            if hasattr(functools.reduce(getattr, parents, np), name)
            else None
        )
        if host is None:
            continue
        for parent in parents:
            if not hasattr(module, parent):
                setattr(module, parent, types.ModuleType(f"cupy.{parent}"))
        place = functools.reduce(getattr, parents, module)
        setattr(place, name, ufunc(host) if isinstance(host, np.ufunc) else _device_function(host, name, parameters))
    module.ndarray, module.ufunc = ndarray, ufunc
    module.array, module.asarray, module.asanyarray, module.asnumpy = array, asarray, asarray, asnumpy
    module.ascontiguousarray = lambda a, dtype=None: array(a, dtype, None, "C")
    module.asfortranarray = lambda a, dtype=None: array(a, dtype, None, "F")
    module.may_share_memory = module.shares_memory = lambda a, b, max_work=None: np.shares_memory(a._host, b._host)
    module.is_available = lambda: Device.count > 0
    module.get_array_module = lambda *args: module if any(isinstance(arg, ndarray) for arg in args) else np
    module.cuda = types.ModuleType("cupy.cuda")
    module.cuda.Device, module.cuda.is_available = Device, module.is_available
    module.cuda.runtime = types.SimpleNamespace(
        CUDARuntimeError=CUDARuntimeError,
        getDeviceCount=lambda: Device.count,
        getDevice=lambda: Device().id,
        getDeviceProperties=lambda index: {"name": b"a test double"},
        runtimeGetVersion=lambda: 13000,
        driverGetVersion=lambda: 13000,
    )
    return module


cupy = _module()


# ---- recording what CuPy has
def _parameters(function):
    "Parameter names of a function of CuPy's; a compiled one has them in the first line of its docstring."
    try:
        return [
            str(p).split("=")[0] if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) else p.name
            for p in inspect.signature(function).parameters.values()
        ]
    except (TypeError, ValueError):
        inside = re.match(r"[^(]*\((.*)\)", function.__doc__).group(1)
        return [part.split("=")[0].split()[-1] for part in re.split(r",\s*", inside) if part != "*"]


def recorded():
    "What the installed CuPy has of NumPy's functions and methods, with the names of parameters; None for a ufunc."
    import cupy as real

    functions = {}
    for parent in ("", "linalg", "fft"):
        host, device = (getattr(module, parent) if parent else module for module in (np, real))
        for name in dir(host):
            function, counterpart = getattr(host, name), getattr(device, name, None)
            if (
                name.startswith("_")
                or isinstance(function, (type, types.ModuleType))
                or not callable(function)
                or not callable(counterpart)
            ):
                continue
            if counterpart is not function:
                positional = ["x", "out"] if isinstance(counterpart, real.ufunc) else None
                is_ufunc = isinstance(function, np.ufunc)
                functions[f"{parent}.{name}".lstrip(".")] = None if is_ufunc else positional or _parameters(counterpart)
    methods = {
        name: _parameters(method)
        for name, method in inspect.getmembers(real.ndarray, callable)
        if not name.startswith("_") and hasattr(np.ndarray, name)
    }
    return {"version": real.__version__, "functions": functions, "methods": methods}


if __name__ == "__main__":
    api = recorded()
    lines = [f'"version": {json.dumps(api["version"])}']
    for group in ("functions", "methods"):
        lines.append(
            f'"{group}": {{\n'
            + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in api[group].items())
            + "\n}"
        )
    API_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
