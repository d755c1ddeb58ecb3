"""NumPy's public functions, the methods of its ufuncs, and the attributes of its arrays: each works on a traced value, or raises."""
import inspect
import math
import types

import numpy as np
import pytest

import lux_nb as lux
from lux_nb.forward import jvp
from lux_nb.reverse import vjp
from lux_nb.rules.table import COMPOSITES, NONDIFFERENTIABLE, RULES, name_of
from lux_nb.tracing import INSPECTING, Tracer
from test_rules import ROWS, flat_outputs, like, operands_of

# Every public function that the table does not hold stands here, under the reason why.
REASONS = {
    "makes an array from numbers that count, such as lengths and shapes": """
        arange broadcast_shapes diag_indices empty eye fromfunction full identity indices
        mask_indices ones tri tril_indices triu_indices zeros fft.fftfreq fft.rfftfreq""",
    "reads or writes files and bytes": """
        from_dlpack frombuffer fromfile fromregex fromstring genfromtxt load loadtxt save savetxt savez savez_compressed""",
    "asks or sets types, printing and configuration": """
        base_repr binary_repr can_cast common_type datetime_as_string datetime_data  format_float_positional
        format_float_scientific get_include get_printoptions getbufsize geterr geterrcall info iscomplexobj isdtype isfortran
        isrealobj isscalar issubdtype iterable min_scalar_type mintypecode ndim printoptions promote_types result_type
        set_printoptions setbufsize seterr seterrcall shape show_config show_runtime size test linalg.test fft.test typename""",
    "is about calendars": "busday_count busday_offset is_busday",
    "packs bits": "packbits unpackbits",
    "makes an index of an open mesh": "ix_",
    "makes a window from its length": "bartlett blackman hamming hanning kaiser",
    "makes a plain array or matrix by definition": """
        array asarray asanyarray asarray_chkfinite ascontiguousarray asfortranarray asmatrix bmat fromiter require""",
    "makes a view from addresses": "lib.stride_tricks.as_strided",
    "runs Python code on plain elements": "frompyfunc nested_iters vectorize",
    "is an old name for np.vstack": "row_stack",
}
LISTED = {name: reason for reason, names in REASONS.items() for name in names.split()}
CONVERTING = REASONS["makes a plain array or matrix by definition"].split()


def public_functions():
    "The functions and ufuncs of NumPy's modules for numbers, by the name under which the reasons list them."
    found = {}
    for module in (np, np.linalg, np.fft, np.emath, np.lib.stride_tricks):
        prefix = module.__name__.removeprefix("numpy").lstrip(".")
        for name in dir(module):
            f = getattr(module, name)
            if not name.startswith("_") and callable(f) and not isinstance(f, (type, types.ModuleType)):
                found[f"{prefix}.{name}".lstrip(".")] = f
    return found


PUBLIC = public_functions()
OUTSIDE = {name: f for name, f in PUBLIC.items() if not any(f in table for table in (RULES, COMPOSITES, NONDIFFERENTIABLE))}


def traced_call(f, x, levels=1):
    "What f gives for a traced x: its result, or its exception; with two levels, for x traced by two transforms."
    results = []

    def probe(x):
        try:
            results.append(f(x) if levels == 1 else traced_call(f, x, levels - 1))
        except Exception as error:
            results.append(error)
        return np.sum(x)

    lux.gradient(probe, x)
    return results[0]


def is_number(y):
    "Whether numbers would leave the trace in a result: a float or complex number, or an array of them, also inside a tuple or a list."
    if isinstance(y, (tuple, list)):
        return any(map(is_number, y))
    return isinstance(y, (float, complex)) or isinstance(y, (np.ndarray, np.generic)) and y.dtype.kind in "fcO"


# The table is complete

def test_every_function_is_in_the_table_or_has_a_reason():
    assert not sorted(set(OUTSIDE) - set(LISTED)), "give these an entry in the table, or a reason here"


def test_no_reason_is_given_twice_or_for_a_function_in_the_table():
    names = [name for group in REASONS.values() for name in group.split()]
    assert len(names) == len(set(names))
    assert not sorted(set(LISTED) & (set(PUBLIC) - set(OUTSIDE)))


def test_no_function_stands_in_two_tables():
    for one, other in ((RULES, COMPOSITES), (RULES, NONDIFFERENTIABLE), (COMPOSITES, NONDIFFERENTIABLE)):
        assert not sorted(name_of(f) for f in one if f in other)


# Arguments may be named, as NumPy names them

def has_signature(function):
    "Whether Python knows the parameters of a function; of NumPy's in C it doesn't in all versions."
    try:
        return bool(inspect.signature(function))
    except ValueError:
        return False


def named_arguments(row):
    "How a row calls its function: its operands by name, and the rest; None where NumPy takes them by position alone."
    calls, parameters = [], inspect.signature(row.function).parameters.values()
    if row.label.endswith("-call") or any(p.kind in (p.POSITIONAL_ONLY, p.VAR_POSITIONAL) for p in parameters):
        return None
    row.call(lambda *args, **kwargs: calls.append((args, kwargs)), *operands_of(row)[0])
    (args, kwargs), = calls
    return dict(zip([p.name for p in parameters], range(len(args)))), kwargs


FIRST = {row.function: row for row in ROWS[::-1] if hasattr(row.function, "_implementation")} # NumPy's functions, without ufuncs
FIRST = {function: row for function, row in FIRST.items() if has_signature(function) and named_arguments(row)}


@pytest.mark.parametrize("row", FIRST.values(), ids=str)
def test_arguments_by_name_are_those_by_position(row):
    places, rest = named_arguments(row)
    xs, rng = operands_of(row)
    by_name = lambda *xs: [y for y in lux.tree_leaves(row.invariant(row.function(**{n: xs[k] for n, k in places.items()}, **rest))) if np.result_type(y).kind in "fc"]
    f, tangents = flat_outputs(row), tuple(like(rng, xs))
    for a, b in zip(jvp(f, tuple(xs), tangents)[1], jvp(by_name, tuple(xs), tangents)[1], strict=True):
        np.testing.assert_array_equal(a, b)
    ones = [np.ones_like(y) for y in f(*xs)]
    for a, b in zip(vjp(f, *xs)[1](ones), vjp(by_name, *xs)[1](ones), strict=True):
        np.testing.assert_array_equal(a, b)


# Bad axes are refused, as NumPy refuses them

AXES = list({
    np.sum: (), np.mean: (), np.var: (), np.max: (), np.prod: (), np.median: (), np.average: (), np.cumsum: (), np.cumprod: (), np.sort: (), np.nansum: (),
    np.flip: (), np.roll: (1,), np.repeat: (2,), np.split: ([1],), np.array_split: (2,), np.delete: (0,), np.insert: (0, 1.0), np.take: (0,), np.compress: ([True],),
    np.diff: (), np.trapezoid: (), np.gradient: (), np.expand_dims: (), np.squeeze: (), np.rollaxis: (), np.quantile: (0.3,), np.fft.fft: (), np.fft.rfft: (),
    np.linalg.norm: (), np.logaddexp.reduce: (), np.subtract.accumulate: (), np.cross: (np.ones(3),), np.ptp: (), np.argmax: (),
}.items())


@pytest.mark.parametrize("axis", [2, 5, -3])
@pytest.mark.parametrize("f, args", AXES, ids=lambda f: name_of(f) if callable(f) else "")
def test_an_axis_that_is_not_there_is_refused(f, args, axis):
    x = np.arange(1.0, 7.0).reshape(2, 3)
    if f is np.expand_dims and axis in (2, -3):
        pytest.skip("it counts the axes of its result, which has one more")
    with pytest.raises((ValueError, IndexError)): # np.exceptions.AxisError is both
        f(x, *args, axis=axis)
    for transform in (lambda: vjp(lambda x: f(x, *args, axis=axis), x), lambda: jvp(lambda x: f(x, *args, axis=axis), (x,), (x,))):
        with pytest.raises((ValueError, IndexError)):
            transform()


NUMBERS = [np.sum, np.prod, np.max, np.min, np.nansum, np.cumsum, np.cumprod, np.ptp, np.logaddexp.reduce, np.add.reduce, lux.logsumexp, lux.softmax]


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("f", NUMBERS, ids=name_of)
def test_an_axis_of_a_number_counts_nothing(f, axis):
    "NumPy lets 0 and -1 pass for a number; many tangents, which have an axis, must not be summed along it."
    x, g = np.array([0.3, 0.7]), lambda x: np.sum(f(x[0] * x[1], axis=axis) * x)
    gradients = [lux.gradient(g, x, ad=ad) for ad in (lux.AutoForward(), lux.AutoReverse())]
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-12)
    np.testing.assert_allclose(gradients[0], [(g(x + h) - g(x - h)) / 2e-6 for h in 1e-6 * np.eye(2)], atol=1e-8)


# Nothing outside it gives a wrong number

SAFE_TO_CALL = sorted(set(OUTSIDE) - {"test", "linalg.test", "fft.test", "info", "show_config", "show_runtime", "seterr", "setbufsize"})


@pytest.mark.filterwarnings("ignore::DeprecationWarning") # row_stack
@pytest.mark.parametrize("x", [np.array([1.0, 2.0, 3.0]), np.diag([1.0, 2.0]) + 0.1, 2.0], ids=["vector", "matrix", "number"])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", SAFE_TO_CALL)
def test_no_number_comes_out_of_a_function_outside_the_table(name, count, x):
    got = traced_call(lambda x: OUTSIDE[name](*[x] * count), x)
    assert not is_number(got)
    assert isinstance(got, (Exception, Tracer, bool, int, tuple, str, np.dtype, type(None), type(np.printoptions()))) or name == "frompyfunc"


LEAVES = {name: getattr(np, name) for name in CONVERTING if name not in ("fromiter", "bmat")} | {
    "fromiter": lambda x: np.fromiter(x, float),
    "bmat": lambda x: np.bmat([[x, x]]),
    "array of elements": lambda x: np.array([x[0], x[1]]),
    "asarray of elements": lambda x: np.asarray([x[0], 2.0]),
    "array with dtype": lambda x: np.array(x, np.float32),
    "array without copy": lambda x: np.array(x, copy=None),
    "full": lambda x: np.full(3, x[0]),
    "matrix": np.matrix,
    "masked array": np.ma.array,
    "r_": lambda x: np.r_[x, x],
    "c_": lambda x: np.c_[x, x],
    "sum of a list": lambda x: np.sum([x[0], x[1]]),
    "add to a list": lambda x: np.add([x[0], x[1]], 1.0),
    "float64": lambda x: np.float64(x[0]),
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "complex": lambda x: complex(x[0]),
    "math": lambda x: math.sin(x[0]),
    "math.fsum": lambda x: math.fsum(x),
    "item": lambda x: x.item(0),
    "tolist": lambda x: x.tolist(),
    "vectorize": lambda x: np.vectorize(lambda t: t * t)(x),
    "frompyfunc": lambda x: np.frompyfunc(lambda t: t * t, 1, 1)(x),
    "apply_along_axis": lambda x: np.apply_along_axis(np.sum, 0, x),
    "apply_over_axes": lambda x: np.apply_over_axes(np.sum, x, [0]),
    "piecewise": lambda x: np.piecewise(x, [np.array([True, False, True])], [lambda t: t * t, 0.0]),
    "nditer": lambda x: [float(t) for t in np.nditer(x)],
    "ndenumerate": lambda x: list(np.ndenumerate(x)),
    "as_strided": lambda x: np.lib.stride_tricks.as_strided(x, (2,), (8,)),
    "strides": lambda x: np.lib.stride_tricks.as_strided(x, (2, 2), (8, 8)),
    "random": lambda x: np.random.default_rng(0).normal(x),
    "permutation": lambda x: np.random.default_rng(0).permutation(x),
    "copyto": lambda x: np.copyto(np.zeros(3), x),
    "copyto a traced array": lambda x: np.copyto(x, np.zeros(3)),
    "put": lambda x: np.put(np.zeros(3), [0, 1], x),
    "put into a traced array": lambda x: np.put(x, [0], 1.0),
    "put_along_axis": lambda x: np.put_along_axis(np.zeros(3), np.array([0]), x[:1], 0),
    "place": lambda x: np.place(np.zeros(3), np.array([True, False, True]), x),
    "putmask": lambda x: np.putmask(np.zeros(3), np.array([True, False, True]), x),
    "fill_diagonal": lambda x: np.fill_diagonal(np.zeros((3, 3)), x),
    "write": lambda x: np.zeros(3).__setitem__(slice(None), x),
    "write of an element": lambda x: np.zeros(3).__setitem__(0, x[0]),
    "in place": lambda x: np.zeros(3).__iadd__(x),
}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning") # np.matrix
@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("name", LEAVES)
def test_ways_out_of_the_trace_raise(name, levels):
    got = traced_call(LEAVES[name], np.array([1.0, 2.0, 3.0]), levels)
    assert isinstance(got, (TypeError, NotImplementedError, ValueError)), got


@pytest.mark.parametrize("name", ["array", "array of elements", "float", "sum of a list", "write", "in place", "copyto", "vectorize", "piecewise"])
def test_messages_name_the_way_to_stay(name):
    message = str(traced_call(LEAVES[name], np.array([1.0, 2.0, 3.0])))
    assert any(remedy in message for remedy in ("np.stack", "stop_gradient", "np.zeros_like", "updated")), message


@pytest.mark.parametrize("f", [lambda x: np.asarray(x), lambda x: float(x), lambda x: math.exp(x), lambda x: np.zeros(2).__setitem__(0, x)])
def test_ways_out_of_the_trace_raise_for_a_number_in_forward_mode(f):
    with pytest.raises((TypeError, ValueError)):
        jvp(f, (2.0,), (1.0,))


# A buffer for the result, given by name or by position

BUFFERS = {
    "sum": lambda x, o: np.sum(x, 0, None, o), "prod": lambda x, o: np.prod(x, 0, None, o), "mean": lambda x, o: np.mean(x, 0, None, o),
    "var": lambda x, o: np.var(x, 0, None, o), "std": lambda x, o: np.std(x, 0, None, o), "max": lambda x, o: np.max(x, 0, o),
    "nanmax": lambda x, o: np.nanmax(x, 0, o), "ptp": lambda x, o: np.ptp(x, 0, o), "median": lambda x, o: np.median(x, 0, o),
    "quantile": lambda x, o: np.quantile(x, 0.5, 0, o), "nansum": lambda x, o: np.nansum(x, 0, None, o),
    "nanmean": lambda x, o: np.nanmean(x, 0, None, o), "trace": lambda x, o: np.trace(np.outer(x, x), 0, 0, 1, None, o),
    "dot": lambda x, o: np.dot(x, x, o), "cumsum": lambda x, o: np.cumsum(x, 0, None, o), "cumprod": lambda x, o: np.cumprod(x, 0, None, o),
    "x.sum": lambda x, o: x.sum(0, None, o), "x.cumsum": lambda x, o: x.cumsum(0, None, o), "outer": lambda x, o: np.outer(x, x, o),
    "take": lambda x, o: np.take(x, [0, 1, 2], 0, o), "compress": lambda x, o: np.compress([True] * 3, x, 0, o),
    "clip": lambda x, o: np.clip(x, 0, 1, o), "concatenate": lambda x, o: np.concatenate([x, x], 0, o), "choose": lambda x, o: np.choose([0, 1, 0], [x, x], o),
    "fft": lambda x, o: np.fft.fft(x, None, -1, None, o), "sin": lambda x, o: np.sin(x, o), "add": lambda x, o: np.add(x, 1, o),
    "add.reduce": lambda x, o: np.add.reduce(x, 0, None, o), "matmul": lambda x, o: np.matmul(x, np.eye(3), o),
    "sum by name": lambda x, o: np.sum(x, out=o), "add by name": lambda x, o: np.add(x, 1, out=o), "einsum": lambda x, o: np.einsum("i->i", x, out=o),
    "stack": lambda x, o: np.stack([x, x], out=o),
}
SHAPES = {"cumsum": (3,), "cumprod": (3,), "x.cumsum": (3,), "outer": (3, 3), "take": (3,), "compress": (3,), "clip": (3,), "concatenate": (6,),
    "choose": (3,), "fft": (3,), "sin": (3,), "add": (3,), "matmul": (3,), "add by name": (3,), "einsum": (3,), "stack": (2, 3)}


@pytest.mark.parametrize("name", BUFFERS)
def test_a_buffer_for_the_result_raises(name):
    buffer = np.zeros(SHAPES.get(name, ()), complex if name == "fft" else float)
    BUFFERS[name](np.array([1.0, 2.0, 3.0]), buffer) # NumPy takes the call
    for outside in (vjp, lambda f, x: jvp(f, (x,), (x,))):
        with pytest.raises((TypeError, NotImplementedError), match="out|takes|existing array"):
            outside(lambda x: BUFFERS[name](x, buffer), np.array([1.0, 2.0, 3.0]))


# Methods of ufuncs

UFUNCS = {f.__name__: f for f in vars(np).values() if isinstance(f, np.ufunc)}
X = np.array([[0.31, 0.73, 0.57], [0.83, 0.22, 0.47]]) # nowhere near a kink
UFUNC_CALLS = {
    "call": lambda f, x: f(*[x, x + 0.25][: f.nin]),
    "outer": lambda f, x: f.outer(x[0], x),
    "reduce": lambda f, x: f.reduce(x),
    "reduce the last axis": lambda f, x: f.reduce(x, axis=-1),
    "reduce all": lambda f, x: f.reduce(x, axis=None),
    "reduce, keep": lambda f, x: f.reduce(x, 0, keepdims=True),
    "reduce in float32": lambda f, x: f.reduce(x, dtype=np.float32),
    "reduce from": lambda f, x: f.reduce(x, initial=0.6),
    "reduce where": lambda f, x: f.reduce(x, initial=0.6, where=np.array([[True, False, True], [True, True, False]])),
    "accumulate": lambda f, x: f.accumulate(x),
    "accumulate the last axis": lambda f, x: f.accumulate(x, axis=1),
    "reduceat": lambda f, x: f.reduceat(x, [0, 1]),
}
# NumPy 2.4 computes these wrongly along a contiguous axis: np.arctan2.reduce([a, b, c]) is not arctan2(arctan2(a, b), c).
NUMPY_IS_WRONG = {("arctan2", "reduce the last axis"), ("power", "reduce the last axis")}


@pytest.mark.parametrize("method", UFUNC_CALLS)
@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_a_method_of_a_ufunc_is_right_or_raises(name, method):
    if (name, method) in NUMPY_IS_WRONG:
        pytest.skip("NumPy's own result is not the fold")
    f = lambda x: UFUNC_CALLS[method](UFUNCS[name], x)
    try:
        plain = f(X)
    except Exception as refused:
        assert isinstance(traced_call(f, X), Exception), f"NumPy refuses: {refused}"
        return
    try:
        got, pullback = vjp(f, X)
    except (TypeError, NotImplementedError, ValueError):
        assert isinstance(traced_call(f, X), Exception)
        return
    direction, h = np.cos(np.arange(6.0)).reshape(2, 3) / 4, 1e-3 if "float32" in method else 1e-6
    _, tangents = jvp(f, (X,), (direction,))
    several = UFUNCS[name].nout > 1
    for k, (y, expected) in enumerate(zip(got, plain) if several else [(got, plain)]):
        np.testing.assert_allclose(y, expected, rtol=1e-6 if "float32" in method else 1e-13)
        assert np.result_type(y) == np.result_type(expected)
        if y.dtype.kind not in "fc":
            continue
        tangent = tangents[k] if several else tangents
        part = (lambda x: f(x)[k]) if several else f
        slope = (part(X + h * direction) - part(X - h * direction)) / (2 * h)
        if UFUNCS[name] not in (np.spacing, np.nextafter):
            np.testing.assert_allclose(tangent, slope, rtol=1e-5, atol=1e-3 if "float32" in method else 1e-7)
        weights = np.ones_like(y)
        cotangent = pullback(tuple(weights if i == k else np.zeros_like(z) for i, z in enumerate(got)) if several else weights)[0]
        np.testing.assert_allclose(np.sum(cotangent * direction), np.sum(tangent), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", sorted(n for n, f in UFUNCS.items() if f in RULES or f in COMPOSITES))
def test_where_without_out_raises(name):
    f = UFUNCS[name]
    got = traced_call(lambda x: f(*[x] * f.nin, where=np.array([True, False, True])), X)
    assert isinstance(got, Exception)


@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_at_raises(name):
    f = UFUNCS[name]
    others = (1.0,) * (f.nin - 1)
    assert isinstance(traced_call(lambda x: f.at(x, 0, *others), np.ones(3)), Exception)
    if f.nin == 2:
        assert isinstance(traced_call(lambda x: f.at(np.ones(3), 0, x[0]), np.ones(3)), Exception)


# Attributes and methods of arrays

ATTRIBUTES = "T device dtype imag itemsize mT nbytes ndim real shape size strides".split()
METHODS = {
    "all": [()], "any": [(), (0,)], "argmax": [(), (1,)], "argmin": [(0,)], "argpartition": [(1,)], "argsort": [(), (0,)],
    "astype": [(np.float32,), (complex,), (int,)], "choose": [], "clip": [(0.3, 0.6), (None, 0.5)],
    "compress": [([True, False, True], 1), ([False, True], 0), ([False, True, True],)],
    "conj": [()], "conjugate": [()], "copy": [(), ("F",)], "cumprod": [(), (1,)], "cumsum": [(), (0,)], "diagonal": [(), (1,), (0, 1, 0)],
    "dot": [(np.arange(6.0).reshape(3, 2),)], "flatten": [(), ("F",)], "max": [(), (1,)], "mean": [(), (0,)], "min": [()], "nonzero": [()],
    "prod": [(), (1,)], "ravel": [(), ("F",)], "repeat": [(2,), ([1, 2, 0], 1)], "reshape": [(3, 2), ((3, 2),), (-1,)], "round": [(), (1,)],
    "searchsorted": [], "squeeze": [()], "std": [(), (0,)], "sum": [(), (0,), ((0, 1),)], "swapaxes": [(0, 1)],
    "take": [([0, 2, 2],), ([0, 2, 2], 1)], "trace": [(), (1,)], "transpose": [(), (1, 0), ((1, 0),), (None,)], "var": [(), (1,)],
    "__abs__": [()], "__len__": [()], "__bool__": [], "__contains__": [(0.31,), (9.0,)], "__getitem__": [(0,), ((slice(None), [0, 2]),)],
    "__divmod__": [(0.2,)], "__rdivmod__": [(2.0,)], "__pow__": [(2,)], "__rpow__": [(2,)], "__neg__": [()], "__pos__": [()],
    "__matmul__": [(np.ones((3, 2)),)], "__rmatmul__": [(np.ones((4, 2)),)], "__eq__": [(0.31,)], "__ne__": [(0.31,)], "__lt__": [(0.5,)],
    "__le__": [(0.5,)], "__gt__": [(0.5,)], "__ge__": [(0.5,)], "__mod__": [(0.2,)], "__rmod__": [(2.0,)], "__floordiv__": [(0.2,)],
    "__rfloordiv__": [(2.0,)], "__truediv__": [(2,)], "__rtruediv__": [(2,)], "__add__": [(X,)], "__radd__": [(X,)], "__sub__": [(1,)],
    "__rsub__": [(1,)], "__mul__": [(X[0],)], "__rmul__": [(X[0],)], "__copy__": [()], "__deepcopy__": [({},)],
}
IN_PLACE = {"fill": [(0.5,)], "partition": [(1,), (0, 0)], "sort": [(), (0,), (1, "stable")], "__setitem__": [(0, 0.5), ((slice(None), 1), X[:, 0])],
    "__iadd__": [(1.0,)], "__isub__": [(1.0,)], "__imul__": [(2.0,)], "__itruediv__": [(2.0,)], "__ipow__": [(2,)], "__imod__": [(0.2,)],
    "__ifloordiv__": [(0.2,)], "__imatmul__": []}
NO_MEMORY = "base byteswap ctypes data flags flat getfield put resize setfield setflags to_device view".split()
LEAVING = "dump dumps item tobytes tofile tolist".split()


def test_every_attribute_of_an_array_is_spoken_for():
    names = {name for name in dir(np.ndarray) if not name.startswith("_")} - {"itemset", "newbyteorder", "ptp", "tostring"} # which raise in every NumPy 2
    assert names == {n for n in {*ATTRIBUTES, *METHODS, *IN_PLACE, *NO_MEMORY, *LEAVING} if not n.startswith("_")} & names
    missing = {n for n in dir(np.ndarray) if n.startswith("__") and not hasattr(Tracer, n)}
    assert missing <= {"__array_finalize__", "__array_interface__", "__array_namespace__", "__array_struct__", "__array_wrap__", "__buffer__", "__class_getitem__",
        "__delitem__", "__dlpack__", "__dlpack_device__", "__setstate__"}


def leaves(y):
    return y if isinstance(y, tuple) else (y,)


def agree(got, plain, x, where):
    "Check that a traced result is NumPy's answer."
    if isinstance(plain, (np.ndarray, np.generic)) and plain.dtype.kind == "f" and not isinstance(got, Tracer):
        assert got.dtype.kind != "f" or where in ("round", "__floordiv__", "__rfloordiv__", "__divmod__", "__rdivmod__"), f"{where} lost the trace"
    value = got.primal if isinstance(got, Tracer) else got
    assert np.result_type(value) == np.result_type(plain) and np.shape(value) == np.shape(plain), where
    np.testing.assert_allclose(value, plain, rtol=1e-13, err_msg=where)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_are_numpys(name):
    for x in (X, X.T[::-1], np.float64(2.0)):
        if not hasattr(x, name):
            continue # a NumPy scalar has no mT
        got, plain = traced_call(lambda x: getattr(x, name), x), getattr(x, name)
        if isinstance(plain, (np.ndarray, np.generic)):
            agree(got, plain, x, name)
        else:
            assert got == plain or name in ("device", "strides")


@pytest.mark.parametrize("name, args", [pytest.param(n, a, id=f"{n}-{i}") for n, calls in METHODS.items() for i, a in enumerate(calls)])
def test_methods_are_numpys(name, args):
    call = lambda x: getattr(x, name)(*args)
    plain, got = call(X.copy()), traced_call(call, X)
    if isinstance(got, Exception):
        raise got
    for a, b in zip(leaves(got), leaves(plain), strict=True):
        agree(a, b, X, name)
    if any(isinstance(a, Tracer) for a in leaves(got)):
        direction, h = np.cos(np.arange(6.0)).reshape(2, 3), 1e-6
        total = lambda x: sum(np.sum(np.real(y)) for y in leaves(call(x)))
        if name != "round" and "float32" not in str(args):
            slope = (total(X + h * direction) - total(X - h * direction)) / (2 * h)
            np.testing.assert_allclose(np.sum(lux.gradient(total, X) * direction), slope, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(jvp(total, (X,), (direction,))[1], slope, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name, args", [pytest.param(n, a, id=f"{n}-{i}") for n, calls in IN_PLACE.items() for i, a in enumerate(calls)])
def test_methods_that_write_are_numpys(name, args):
    def written(x):
        y = np.copy(x)
        z = y # an alias sees the write
        getattr(y, name)(*args)
        return z

    np.testing.assert_array_equal(vjp(written, X)[0], written(X))
    direction, h = np.cos(np.arange(6.0)).reshape(2, 3), 1e-6
    slope = (written(X + h * direction) - written(X - h * direction)) / (2 * h)
    np.testing.assert_allclose(jvp(written, (X,), (direction,))[1], slope, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.sum(vjp(written, X)[1](np.ones((2, 3)))[0] * direction), np.sum(slope), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NO_MEMORY + LEAVING)
def test_what_a_traced_value_does_not_have_raises(name):
    got = traced_call(lambda x: getattr(x, name), X)
    if not isinstance(got, Exception):
        got = traced_call(lambda x: getattr(x, name)(*["file"] * (name in ("dump", "tofile"))), X)
    assert isinstance(got, (AttributeError, TypeError)) and "traced value" in str(got)


@pytest.mark.parametrize("name", ["shape", "dtype", "strides", "T", "real", "imag", "data", "flat", "anything"])
def test_attributes_can_not_be_set(name):
    def set_it(x):
        setattr(x, name, getattr(X, name, 1))

    assert isinstance(traced_call(set_it, X), AttributeError)


KEYWORDS = {
    "sum": dict(axis=0, keepdims=True), "std": dict(axis=1, ddof=1), "var": dict(axis=0, keepdims=True), "clip": dict(min=0.3, max=0.5), "max": dict(axis=0),
    "take": dict(indices=[1], axis=0), "astype": dict(dtype=float, copy=False), "reshape": dict(order="F"), "ravel": dict(order="F"), "cumsum": dict(axis=1),
    "mean": dict(axis=(0, 1), dtype=float), "repeat": dict(repeats=2, axis=0), "compress": dict(condition=[True, False], axis=0),
    "diagonal": dict(offset=1), "trace": dict(offset=1), "squeeze": dict(axis=None), "flatten": dict(order="C"), "copy": dict(order="C"),
    "prod": dict(axis=0, initial=2.0), "argsort": dict(axis=0), "round": dict(decimals=1), "argmax": dict(axis=1, keepdims=True),
}


@pytest.mark.parametrize("name", KEYWORDS)
def test_keywords_of_methods_are_numpys(name):
    call = lambda x: getattr(x, name)(*[3, 2] * (name == "reshape"), **KEYWORDS[name])
    got, plain = traced_call(call, X), call(X.copy())
    if isinstance(got, Exception):
        raise got
    agree(got, plain, X, name)


def test_a_copy_lies_in_memory_as_numpys_does():
    "Which a later ravel in the order of memory would show."
    for call in (lambda x: x.T.copy().ravel("K"), lambda x: np.copy(x.T).ravel("K"), lambda x: x.T.copy("F").ravel("K"), lambda x: x.T.flatten().ravel("K")):
        np.testing.assert_array_equal(vjp(call, X)[0], call(X))


def test_functions_that_ask_give_what_they_give_for_arrays():
    for f in INSPECTING - {np.can_cast}:
        assert traced_call(f, X) == f(X) and traced_call(f, X, levels=2) == f(X)
    assert traced_call(lambda x: np.can_cast(x.dtype, np.float32), X) is False
    assert traced_call(np.iterable, X) is True
