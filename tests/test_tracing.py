"What tracing promises: ordinary NumPy code runs as it stands, and no way out of the trace loses a derivative in silence."
import collections
import concurrent.futures
import copy
import itertools
import math
import operator
import pickle
import sys
import threading

import numpy as np
import pytest

import lux_nb as lux
from lux_nb import AutoForward, AutoReverse, gradient, jvp, tracing, vjp
from lux_nb.tracing import Tracer

X = np.array([1.0, 2.0, 3.0])
both_modes = pytest.mark.parametrize("ad", [AutoForward(), AutoReverse()], ids=["forward", "reverse"])
Pair = collections.namedtuple("Pair", "left right")


def depth():
    "How many transforms are running in this thread."
    return tracing._thread.nesting.depth


def assign(index, value):
    "A function that writes a traced value into a plain array."
    def f(x):
        plain = np.zeros(3)
        plain[index] = value(x)
        return np.sum(plain)
    return f


def into(call):
    "A function that lets NumPy write a traced value into a plain array."
    def f(x):
        plain = np.zeros(3)
        call(plain, x)
        return np.sum(plain)
    return f


def add_in_place(plain, x):
    plain += x


CONVERSIONS = {
    "float": lambda x: float(x[0]), "int": lambda x: int(x[0]), "complex": lambda x: complex(x[0]),
    "math.sin": lambda x: math.sin(x[0]), "math.floor": lambda x: math.floor(x[0]), "math.fsum": math.fsum,
    "index": lambda x: range(x[0]), "item": lambda x: x[0].item(), "tolist": lambda x: x.tolist(), "tobytes": lambda x: x.tobytes(),
    "asarray": np.asarray, "array of a traced value": np.array, "array of several": lambda x: np.array([x[0], x[1]]),
    "array of objects": lambda x: np.array([x[0], x[1]], dtype=object), "float64": lambda x: np.float64(x[0]),
    "float32": lambda x: np.float32(x[0]), "full": lambda x: np.full(3, x[0]), "arange": lambda x: np.arange(x[0], 5),
    "fromiter": lambda x: np.fromiter(x, float), "ndenumerate": lambda x: list(np.ndenumerate(x)),
    "vectorize": np.vectorize(lambda a: a * a), "random numbers": lambda x: np.random.default_rng(0).normal(x),
    "element": assign(0, lambda x: x[0]), "slice": assign(slice(None), lambda x: x), "fill": into(lambda plain, x: plain.fill(x[0])),
    "flat": into(lambda plain, x: operator.setitem(plain.flat, slice(None), x)),
}
WRITES = {
    "+=": into(add_in_place), "add.at": into(lambda plain, x: np.add.at(plain, [0], x[:1])), "copyto": into(np.copyto),
    "put": into(lambda plain, x: np.put(plain, [0], x[0])), "putmask": into(lambda plain, x: np.putmask(plain, plain == 0, x)),
    "place": into(lambda plain, x: np.place(plain, plain == 0, x)),
    "put_along_axis": into(lambda plain, x: np.put_along_axis(plain, np.array([0]), x[:1], 0)),
}
OUTS = {
    "ufunc": lambda x, out: np.add(x, 1, out=out), "ufunc by position": lambda x, out: np.add(x, 1, out),
    "reduce": lambda x, out: np.add.reduce(x[None], out=out), "accumulate": lambda x, out: np.add.accumulate(x, out=out),
    "sum": lambda x, out: np.sum(x[None], axis=0, out=out), "sum by position": lambda x, out: np.sum(x[None], 0, None, out),
    "method": lambda x, out: x[None].sum(axis=0, out=out), "cumsum": lambda x, out: np.cumsum(x, out=out),
    "take": lambda x, out: np.take(x, [0, 1, 2], out=out), "take by position": lambda x, out: np.take(x, [0, 1, 2], None, out),
    "clip": lambda x, out: np.clip(x, 0, 1, out=out), "clip by position": lambda x, out: np.clip(x, 0, 1, out),
    "concatenate": lambda x, out: np.concatenate([x], out=out), "stack": lambda x, out: np.stack([x], out=out[None]),
    "dot": lambda x, out: np.dot(np.eye(3), x, out=out), "dot by position": lambda x, out: np.dot(np.eye(3), x, out),
    "matmul": lambda x, out: np.matmul(np.eye(3), x, out=out), "einsum": lambda x, out: np.einsum("ij,j->i", np.eye(3), x, out=out),
    "mean": lambda x, out: np.mean(x[None], axis=0, out=out), "max": lambda x, out: np.max(x[None], axis=0, out=out),
    "median": lambda x, out: np.median(x[None], axis=0, out=out), "round": lambda x, out: np.round(x, out=out),
    "around by position": lambda x, out: np.around(x, 0, out), "fix by position": lambda x, out: np.fix(x, out), "any by position": lambda x, out: np.any(x[None], 0, out) * x,
    "argmax by position": lambda x, out: np.argmax(x[None], 0, out) * x, "isposinf by position": lambda x, out: np.isposinf(x, out) * x, "round by position": lambda x, out: x.round(0, out),
}
OWN_OUTS = {
    "around": lambda y: np.around(y, 0, y), "fix": lambda y: np.fix(y, y), "round": lambda y: y.round(0, y), "clip": lambda y: y.clip(0, 1, y), "clip by name": lambda y: np.clip(y, 0, 1, out=y),
}


class TestWaysOut:
    @both_modes
    @pytest.mark.parametrize("leave", CONVERSIONS.values(), ids=CONVERSIONS)
    def test_conversions_raise_and_name_the_remedy(self, ad, leave):
        with pytest.raises(tracing.TracerConversionError, match="leave the trace and lose its derivative.*stop_gradient"):
            gradient(leave, X, ad=ad)

    @both_modes
    def test_where_numpy_covers_the_remedy_it_comes_to_light_with_the_line_at_fault(self, ad):
        with pytest.raises(tracing.TracerConversionError, match="np.zeros_like") as caught:
            gradient(lambda x: gradient(assign(0, lambda y: y[0]), x), X, ad=ad)
        assert caught.traceback[-1].name == "f" and str(caught.traceback[-1].statement).strip() == "plain[index] = value(x)"

    @both_modes
    def test_numpys_error_of_its_own_stays(self, ad):
        def f(x):
            plain = np.zeros(3)
            plain[0] = [1.0, 2.0]
            return np.sum(plain * x)

        with pytest.raises(ValueError, match="sequence"):
            gradient(f, X, ad=ad)

    @both_modes
    def test_an_error_that_the_user_makes_of_it_stays(self, ad):
        def f(x):
            try:
                return float(x[0])
            except TypeError as error:
                raise ValueError("mine") from error

        with pytest.raises(ValueError, match="mine"):
            gradient(f, X, ad=ad)

    @both_modes
    @pytest.mark.parametrize("leave", WRITES.values(), ids=WRITES)
    def test_writes_into_plain_arrays_raise_and_name_the_remedy(self, ad, leave):
        with pytest.raises((TypeError, NotImplementedError), match=r"np.zeros_like|updated"):
            gradient(leave, X, ad=ad)

    @both_modes
    @pytest.mark.parametrize("call", OUTS.values(), ids=OUTS)
    def test_out_is_refused(self, ad, call):
        out = np.zeros(3)
        with pytest.raises((TypeError, NotImplementedError), match=r"can't write a traced value|would write its result|out"):
            gradient(lambda x: np.sum(call(x, out)), X, ad=ad)
        assert np.array_equal(out, np.zeros(3))

    @both_modes
    @pytest.mark.parametrize("write", OWN_OUTS.values(), ids=OWN_OUTS)
    def test_out_is_refused_for_a_traced_buffer_too(self, ad, write):
        def f(x):
            y = x * 1
            write(y)
            return np.sum(y)

        with pytest.raises(TypeError, match="out"):
            gradient(f, X, ad=ad)

    @both_modes
    def test_clip_as_a_method_takes_one_bound(self, ad):
        x = np.array([0.2, 1.5, 3.0])
        f = lambda x: np.sum(x.clip(1) + 2 * x.clip(max=2.0) + 3 * x.clip() + 4 * x.clip(0.5, 2.5))
        assert np.array_equal(gradient(f, x, ad=ad), [5, 10, 4]) and np.array_equal(lux.compiled(f)(x), f(x))

    @both_modes
    def test_a_derivative_inside_another_thread_names_the_thread(self, ad):
        def f(x):
            with concurrent.futures.ThreadPoolExecutor(1) as executor:
                return sum(executor.map(lambda v: gradient(lambda u: u**3, v), list(x)))

        with pytest.raises(RuntimeError, match="stay in the thread"):
            gradient(f, X, ad=ad)

    @both_modes
    def test_a_traced_value_cannot_be_pickled(self, ad):
        with pytest.raises((TypeError, RuntimeError)):
            gradient(lambda x: np.sum(pickle.loads(pickle.dumps(x * x))), X, ad=ad)

    @both_modes
    def test_a_function_without_a_rule_is_named_with_the_remedy(self, ad):
        mystery = lux.dispatching(lambda x: x)
        mystery.__name__ = "mystery"
        with pytest.raises(NotImplementedError, match="mystery met a traced value.*def_rule.*stop_gradient"):
            gradient(mystery, 2.0, ad=ad)

    @both_modes
    def test_a_traced_value_has_no_memory_of_its_own(self, ad):
        for name in ("flat", "view", "resize", "ctypes", "byteswap"):
            with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
                gradient(lambda x: getattr(x, name), X, ad=ad)


class TestOrdinaryCode:
    @both_modes
    @pytest.mark.parametrize("f, expected", [
        (sum, [1, 1, 1]), (max, [0, 0, 1]), (lambda x: sorted(x, reverse=True)[1], [0, 1, 0]), (math.prod, [6, 3, 2]),
        (lambda x: [a * b for a, b in zip(x, x)][1], [0, 4, 0]), (lambda x: (lambda first, *rest: first * rest[-1])(*x), [3, 0, 1]),
        (lambda x: x[0] if 0 < x[0] < 2 else x[1], [1, 0, 0]), (lambda x: x[2] if 2.0 in x else x[0], [0, 0, 1]),
        (lambda x: x[2] if x[1] in [2.0, 5.0] else x[0], [0, 0, 1]), (lambda x: x[2] if np.all(x > 0) else x[0], [0, 0, 1]),
        (lambda x: np.sum(x[np.where(x > 1)]), [0, 1, 1]), (lambda x: np.sum(X[np.argsort(-x)] * x), [3, 2, 1]),
        (lambda x: len(x) * x[0] + x.ndim * x[1] + x.size * x[2], [3, 1, 3]), (lambda x: abs(-x[0]) + +x[1] - x[2], [1, 1, -1]),
        (lambda x: divmod(x[2], 2.0)[1], [0, 0, 1]), (lambda x: pow(x[1], 3), [0, 12, 0]), (lambda x: 2 ** x[0], [2 * math.log(2), 0, 0]),
        (lambda x: copy.copy(x)[0] + copy.deepcopy({"x": x})["x"][1], [1, 1, 0]), (lambda x: round(x[0]) * x[0], [1, 0, 0]),
        (lambda x: np.float64(2) * x[0] + x[1] * np.float32(2) - np.array(3.0) * x[2], [2, 2, -3]), (lambda x: np.sum(lux.big(2.0) * x), [2, 2, 2]),
        (lambda x: np.sum(np.stack(Pair(x, 2 * x))), [3, 3, 3]), (lambda x: np.sum(np.block([[x, x], [x, x]])), [4, 4, 4]),
        (lambda x: np.sum(x.astype(int) * 1.5), [0, 0, 0]), (lambda x: np.sum(np.multiply(x, [1.0, 2, 3])), [1, 2, 3]),
    ])
    def test_differentiates_as_it_stands(self, ad, f, expected):
        np.testing.assert_allclose(gradient(f, X, ad=ad), expected)

    @both_modes
    def test_comparisons_and_indices_are_plain_values(self, ad):
        def f(x):
            for plain in (x > 1, x == None, np.argsort(x), np.isfinite(x), np.floor(x), x.argmax(), np.sign(x), x[0] > 1): # noqa: E711
                assert not isinstance(plain, Tracer)
            return x[0]
        gradient(f, X, ad=ad)

    @both_modes
    def test_shapes_and_dtypes_can_be_read(self, ad):
        def f(x):
            assert (x.shape, x.ndim, x.size, x.dtype, x.nbytes, len(x)) == ((2, 3), 2, 6, np.float32, 24, 2)
            assert (np.shape(x), np.ndim(x), np.size(x), np.result_type(x, 1.0), np.iscomplexobj(x)) == ((2, 3), 2, 6, np.float32, False)
            return np.sum(x)
        gradient(f, np.ones((2, 3), np.float32), ad=ad)

    @both_modes
    def test_a_traced_value_is_no_key(self, ad):
        with pytest.raises(TypeError, match="unhashable"):
            gradient(lambda x: {x: 1}, X, ad=ad)

    @both_modes
    def test_a_sequence_of_any_kind_is_followed_or_refused(self, ad):
        for kind in (collections.deque, collections.UserList):
            try:
                found = gradient(lambda x: np.sum(np.stack(kind([x, 2 * x]))), X, ad=ad)
            except TypeError:
                continue
            assert np.array_equal(found, [3, 3, 3])

    @both_modes
    def test_conversion_to_whole_numbers_has_no_slope(self, ad):
        found = gradient(lambda x: np.sum(lux.updated(np.zeros(3, int), 0, 1.5 * x[0]) * 1.0), X, ad=ad)
        assert np.array_equal(found, np.zeros(3))

    @both_modes
    def test_printing_shows_value_and_level(self, ad):
        def f(x):
            assert "1." in repr(x) and "level=1" in repr(x) and f"{x[0]:.2f}" == "1.00"
            return x[0]
        gradient(f, X, ad=ad)

    @both_modes
    def test_a_generator_may_compute_the_parts(self, ad):
        np.testing.assert_allclose(gradient(lambda x: sum(a * a for a in x), X, ad=ad), 2 * X)


class TestLevels:
    @pytest.mark.parametrize("run", [
        lambda f: gradient(f, X), lambda f: gradient(f, X, ad=AutoForward()), lambda f: vjp(f, X), lambda f: jvp(f, (X,), (X,)),
        lambda f: lux.jacobian(f, X, AutoReverse()), lambda f: lux.checked_finite(f)(X), lambda f: gradient(lambda x: gradient(f, x), X),
    ])
    def test_are_left_when_the_function_raises(self, run):
        def f(x):
            raise KeyError("mine")
        with pytest.raises(KeyError, match="mine"):
            run(f)
        assert depth() == 0

    @pytest.mark.parametrize("use", [lambda x: x + 1, lambda x: np.sin(x), lambda x: np.stack([x, x]), lambda x: x[0], lambda x: gradient(lambda y: y @ x, X)])
    @pytest.mark.parametrize("run", [lambda f: vjp(f, X), lambda f: jvp(f, (X,), (X,))], ids=["vjp", "jvp"])
    def test_a_value_that_outlives_its_transform_says_so(self, run, use):
        escaped = []
        run(lambda x: escaped.append(x) or np.sum(x))
        with pytest.raises(RuntimeError, match=r"shape \(3,\) was used after its transform had ended.*has_aux"):
            use(escaped[0])

    def test_auxiliary_values_are_plain(self):
        _, aux = lux.grad(lambda x: (np.sum(x), [x, 2 * x]), has_aux=True)(X)
        assert [type(a) for a in aux] == [np.ndarray, np.ndarray]


class TestThreads:
    def test_differentiate_side_by_side(self):
        big = np.ones(2000)
        job = lambda k: [gradient(lambda x: np.sum(np.sin(x) * big * k), big)[0] for _ in range(20)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for k, found in enumerate(pool.map(job, range(4))):
                np.testing.assert_allclose(found, np.full(20, k * math.cos(1)))
        assert big.flags.writeable

    def test_each_starts_at_level_zero(self):
        depths = []
        def f(x):
            thread = threading.Thread(target=lambda: depths.append(depth()))
            thread.start()
            thread.join()
            return x
        gradient(f, 1.0)
        assert depths == [0]

    @pytest.mark.parametrize("outer, inner", list(itertools.product([AutoForward(), AutoReverse()], repeat=2)))
    @pytest.mark.filterwarnings("ignore")
    def test_a_traced_value_of_another_thread_is_never_taken_for_a_constant(self, outer, inner):
        found = []
        def elsewhere(y):
            try:
                found.append(gradient(lambda z: z * y, 1.0, ad=inner))
            except RuntimeError as error:
                assert "thread" in str(error)
        def f(y):
            thread = threading.Thread(target=elsewhere, args=(y,))
            thread.start()
            thread.join()
            return y * y
        gradient(lambda x: gradient(f, 2.0, ad=outer) * x, 1.0, ad=outer)
        assert found in ([], [2.0])


# Other libraries' code, object arrays, threads

@both_modes
@pytest.mark.parametrize("name", ["polynomial.polyval", "polynomial.polyvalfromroots", "chebyshev.chebval", "legendre.legval", "hermite.hermval", "hermite_e.hermeval", "laguerre.lagval"])
def test_polynomials_tell_arrays_from_numbers(name, ad):
    module, _, function = name.partition(".")
    value = getattr(getattr(np.polynomial, module), function)
    coefficients = np.arange(6.0).reshape(3, 2) + 1
    for x in (np.array([0.5, 2.0]), np.array([[0.5], [2.0]]), 0.5):
        f = lambda x: np.sum(value(x, coefficients) ** 2)
        assert vjp(f, x)[0] == f(x)
        lux.check_gradients(f, x, order=1)
        h = 1e-6
        assert np.sum(gradient(f, x, ad=ad)) == pytest.approx((f(x + h) - f(x - h)) / (2 * h), rel=1e-6)
    assert not isinstance(lux.tracing.Tracer(), np.ndarray) and isinstance(lux.tracing.Tracer(), lux.tracing.Tracer)


@both_modes
@pytest.mark.parametrize("combine", [lambda cells, x: np.where(x > 1.5, cells, x), lambda cells, x: np.stack([cells, x]), lambda cells, x: np.maximum(cells, 0) * 1.0])
def test_an_array_of_objects_hides_no_traced_value(combine, ad):
    def f(x):
        cells = np.empty(3, dtype=object)
        for i in range(3):
            cells[i] = x[i] ** 2
        return np.sum(combine(cells, x))
    try:
        found = gradient(f, X, ad=ad)
    except TypeError as error:
        assert "an array of objects does not" in str(error)
    else: # computed element by element
        assert np.array_equal(found, 2 * X)


@pytest.mark.parametrize("f, match", [
    (lambda x: np.sum(np.full(3, x[0])), r"np\.ones\(shape\) \* value"),
    (lambda x: np.polynomial.Polynomial([1.0, 2.0])(x)[0], "on plain coefficients.*np.polyval"),
    (lambda x: np.sum(scipy_of("linalg").solve(np.eye(3), x)), "np.linalg that does it"),
    (lambda x: np.sum(scipy_of("stats").norm.cdf(x)), "ndtr is the normal distribution function"),
    (lambda x: np.sum(scipy_of("sparse").csr_array(np.eye(3)) @ x), r"toarray\(\)"),
    (lambda x: np.sum(x @ scipy_of("sparse").csr_array(np.eye(3))), r"takes? no sparse ones: convert it with toarray\(\)"),
    (lambda x: np.sum(scipy_of("special").hyp2f1(1, 2, 3, x)), "^hyp2f1 met a traced value"),
])
def test_the_remedy_fits_whose_code_it_is(f, match):
    with pytest.raises((TypeError, NotImplementedError), match=match):
        gradient(f, X)


def scipy_of(name):
    "A module of SciPy."
    return pytest.importorskip(f"scipy.{name}")


def test_a_number_rounds_to_a_whole_one():
    assert np.array_equal(gradient(lambda x: x[round(x[0])] ** 2 + round(x[0]) * x[0], X), [1, 4, 0])
    assert gradient(lambda x: round(x, 1) * x, 2.26) == pytest.approx(2.3)
    with pytest.raises(TypeError, match="can't be recorded"):
        lux.compiled(lambda x: round(x[0]))(X)


def test_threads_may_share_a_tape():
    x = np.random.default_rng(0).normal(size=(8, 200_000))
    part = lambda x, i: np.sum(np.tanh(x[i] * i + np.exp(-x[i] ** 2)) * x[i])
    expected, interval = gradient(lambda x: sum(part(x, i) for i in range(8)), x), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for _ in range(5):
                np.testing.assert_allclose(gradient(lambda x: sum(pool.map(lambda i: part(x, i), range(8))), x), expected, rtol=1e-12)
    finally:
        sys.setswitchinterval(interval)


def test_an_entry_finds_its_slot_when_another_thread_was_quicker():
    class Crowded(list):
        "A list of entries, to which another thread appends just before we do."

        def append(self, entry):
            super().append((None, (), (), 0.0))
            super().append(entry)

    with lux.reverse.Tape() as tape:
        x = tape.leaf(2.0)
        tape.entries = Crowded(tape.entries)
        y = np.sin(x) * 3.0
        assert tape.entries[y.slot][-1] == y.value and tape.entries[y.slot][2][0][1] == 2
        with pytest.raises(RuntimeError, match=r"np\.modf has several results, and can't be recorded while another thread records too"):
            np.modf(y)


def test_an_array_of_objects_that_is_returned_hides_nothing_either():
    def f(x):
        cells = np.empty(2, object)
        cells[0], cells[1] = x[0] * 2, x[1] * 3
        return cells
    for call in (lambda: lux.jacobian(f, np.ones(2)), lambda: jvp(f, (np.ones(2),), (np.ones(2),)), lambda: vjp(f, np.ones(2)), lambda: lux.value_and_grad(lambda x: (np.sum(x), f(x)), has_aux=True)(np.ones(2))):
        with pytest.raises(TypeError, match="an array of objects does not"):
            call()


def test_a_complex_number_does_not_round():
    with pytest.raises(TypeError, match=r"np\.round\(z\)"):
        jvp(lambda z: z * round(z), (1.6 + 2j,), (1 + 0j,))


def test_a_table_leaves_its_operators_to_a_traced_value():
    class Table: # as pandas has it: it asks the other operand for its priority
        __pandas_priority__ = 4000

        def __mul__(self, other):
            return NotImplemented if getattr(other, "__pandas_priority__", 0) > self.__pandas_priority__ else 1 / 0

        def __array__(self, dtype=None, copy=None):
            return np.array([1.0, 2.0, 4.0])

    for ad in (AutoForward(), AutoReverse()):
        assert np.array_equal(gradient(lambda x: np.sum(Table() * x), X, ad=ad), [1, 2, 4])
        assert np.array_equal(gradient(lambda x: np.sum(x * Table()), X, ad=ad), [1, 2, 4])


@both_modes
@pytest.mark.parametrize("x", [2.0, np.float64(2.0), np.float32(2.0), np.array(2.0), np.ones(3)], ids=["float", "float64", "float32", "without axes", "array"])
def test_isscalar_says_of_a_traced_value_what_it_says_of_the_value(ad, x):
    seen = []

    def f(x):
        seen.append([np.isscalar(x), np.isscalar(np.sum(x * np.ones(3))), np.isscalar(x * np.ones(1)), isinstance(x, np.generic)])
        return np.sum(x)

    gradient(f, x, ad=ad)
    lux.compiled(f)(x)
    assert seen == [[np.isscalar(x), True, False, False]] * 2
