"What the chapter on mutation promises: in-place code has NumPy's values and their derivatives, or an error at the line that matters."
import array
import collections
import copy
import gc

import numpy as np
import pytest

import lux_nb as lux
from lux_nb import AutoForward, AutoReverse, ComponentArray, check_gradients, gradient, jvp, vjp
from lux_nb.reverse import SMALL
from lux_nb.trees import locks as _locks

X = np.array([[1.0, 2.0], [3.0, 4.0]])
LARGE = 2000 # numbers in an array that is locked rather than copied
both_modes = pytest.mark.parametrize("ad", [AutoForward(), AutoReverse()], ids=["forward", "reverse"])


def overwrite(y, x): y[:, 0] = x[:, 1] * 3
def add(y, x): y += x
def scale_by_itself(y, x): y *= y
def divide(y, x): y /= 1 + x
def to_a_power(y, x): y **= 2
def take_remainder(y, x): y %= 1.5
def floor_divide(y, x): y //= 1.5
def multiply_matrices(y, x): y @= x
def at_a_mask(y, x): y[y > 2] = x[0, 0]
def add_at_a_mask(y, x): y[y > 2] += x[0, 0]
def add_to_an_element(y, x): y[0, 1] += x[1, 1] ** 2
def add_to_a_row(y, x): y[0] += x[1]
def scale_a_block(y, x): y[:, 1:] *= x[:, :1]
def at_repeated_places(y, x): y[[0, 0]] = x
def through_an_ellipsis(y, x): y[..., 0] = 7 * x[0]
def fill(y, x): y.fill(5.0)
def sort(y, x): y.sort(axis=0)
def write_its_own_value(y, x): y[:] = y.T * x
def from_nested_lists(y, x): y[:] = [[x[1, 0], 3.0], (x[0, 1], x[1, 1] * 2)]
def with_an_axis_in_front(y, x): y[0] = x[1:] ** 2
def through_an_array_of_its_dtype(y, x):
    z = np.astype(y, float, copy=False) if hasattr(np, "astype") else y
    z *= x
def one_after_the_other(y, x):
    for i in range(2):
        y[i, 0] = y[i - 1, 1] * x[i, 0]


IN_PLACE = [overwrite, add, scale_by_itself, divide, to_a_power, take_remainder, floor_divide, multiply_matrices, at_a_mask, add_at_a_mask,
            add_to_an_element, add_to_a_row, scale_a_block, at_repeated_places, through_an_ellipsis, fill, sort, write_its_own_value, from_nested_lists, with_an_axis_in_front,
            through_an_array_of_its_dtype, one_after_the_other]


VIEWS = {
    "transpose": np.transpose, "ravel": np.ravel, "np.real": np.real, "diagonal": np.diagonal, "diag": np.diag, "flipud": np.flipud, "rot90": np.rot90,
    "atleast_3d": np.atleast_3d, "moveaxis": lambda y: np.moveaxis(y, 0, 1), "squeeze": lambda y: y[None].squeeze(0), "real": lambda y: y.real,
    "einsum": lambda y: np.einsum("ij->ji", y), "einsum of a diagonal": lambda y: np.einsum("ii->i", y), "row": lambda y: y[0], "new axis": lambda y: y[None],
    "reshape": lambda y: y.reshape(4), "split": lambda y: np.split(y, 2)[1], "broadcast_to": lambda y: np.broadcast_to(y, (3, 2, 2)),
    "view of a view": lambda y: y.T[0][:1], "iteration": lambda y: next(iter(y)),
    "conj": lambda y: y.conj(), "astype": lambda y: y.astype(float, copy=False), "nan_to_num": lambda y: np.nan_to_num(y, copy=False).T,
}
every_view = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)


class TestInPlace:
    @both_modes
    @pytest.mark.parametrize("write", IN_PLACE, ids=lambda f: f.__name__)
    def test_writes_have_numpys_values_and_their_slopes(self, ad, write):
        def f(x):
            y = np.copy(x)
            write(y, x)
            return np.sum(np.sin(y) * x)
        x, step = X + 0.1, 1e-6 # away from kinks
        value, found = lux.value_and_grad(f, ad=ad)(x)
        np.testing.assert_allclose(value, f(x), rtol=1e-14)
        slopes = [(f(x + step * e.reshape(2, 2)) - f(x - step * e.reshape(2, 2))) / (2 * step) for e in np.eye(4)]
        np.testing.assert_allclose(found.ravel(), slopes, atol=1e-7)

    @both_modes
    def test_an_alias_sees_the_write(self, ad):
        def f(x):
            y = np.copy(x)
            z = y
            y += 1
            y[0] = 0
            return np.sum(z * x)
        assert lux.value_and_grad(f, ad=ad)(X)[0] == 32
        np.testing.assert_allclose(gradient(f, X, ad=ad), [[0, 0], [7, 9]])

    @both_modes
    @pytest.mark.parametrize("number", [3.0, np.float32(3), lux.big(3.0)], ids=["float", "float32", "BigFloat"])
    def test_a_number_is_replaced_and_its_alias_stays(self, ad, number):
        def f(x):
            y = x
            y += 1
            return x * y
        value, found = lux.value_and_grad(f, ad=ad)(number)
        assert (value, found) == (12, 7)

    @both_modes
    def test_the_users_array_is_never_written_to(self, ad):
        x = X.copy()
        def f(x):
            x *= 2
            x[0] = 0
            return np.sum(x)
        assert np.array_equal(gradient(f, x, ad=ad), [[0, 0], [2, 2]]) and np.array_equal(x, X)

    @both_modes
    def test_zeros_like_a_traced_value_can_be_filled(self, ad):
        def f(x):
            y = np.zeros_like(x)
            for i in range(2):
                y[i] = x[i] ** (i + 2)
            return np.sum(y)
        np.testing.assert_allclose(gradient(f, X, ad=ad), [[2, 4], [27, 48]])

    @both_modes
    @pytest.mark.parametrize("write, error, message", [
        (lambda y: y.__iadd__(np.ones((3, 2, 2))), ValueError, r"shape \(3, 2, 2\) can't be written in place into shape \(2, 2\)"),
        (lambda y: y.__iadd__(1j), TypeError, "complex128 can't be written in place into float64"),
        (lambda y: y.__setitem__(0, 1j), TypeError, "complex"), (lambda y: y[0, 0].__setitem__(0, 1.0), TypeError, "scalar.*has no elements"),
        (lambda y: y.__setitem__(5, 1.0), IndexError, "out of bounds"),
    ])
    def test_what_numpy_refuses_is_refused(self, ad, write, error, message):
        with pytest.raises(error, match=message):
            gradient(lambda x: np.sum(write(np.copy(x))), X, ad=ad)

    @both_modes
    def test_a_wider_dtype_is_written_in_the_arrays_own(self, ad):
        def f(x):
            y = np.copy(x)
            y += np.ones((2, 2))
            assert y.dtype == np.float32
            return np.sum(y * y)
        assert gradient(f, X.astype(np.float32), ad=ad).dtype == np.float32


class TestViews:
    @both_modes
    @every_view
    def test_a_view_shows_a_later_write_to_its_base_or_refuses_to_be_read(self, ad, view):
        def f(x):
            y = np.copy(x)
            part = view(y)
            y[:] = 5 * y
            return np.sum(part * 1)
        try:
            value, found = lux.value_and_grad(f, ad=ad)(X)
        except (ValueError, NotImplementedError) as error:
            assert "taken before its base was written to" in str(error) or "has no derivative" in str(error)
        else:
            np.testing.assert_allclose(value, f(X))

    @both_modes
    @every_view
    def test_a_write_through_a_view_reaches_its_base_or_is_refused(self, ad, view):
        def f(x):
            y = np.copy(x)
            part = view(y)
            part[...] = 0
            return np.sum(y)
        try:
            expected = f(X)
        except ValueError:
            return # a read-only view, in NumPy too
        try:
            value = lux.value_and_grad(f, ad=ad)(X)[0]
        except (ValueError, NotImplementedError) as error:
            assert "through a view" in str(error) or "has no derivative" in str(error)
        else:
            assert value == expected

    @pytest.mark.parametrize("run", [
        lambda f: vjp(f, X)[0], lambda f: jvp(f, (X,), (X,))[0], lambda f: lux.jacobian(f, X, AutoReverse()), lambda f: lux.jacobian(f, X, AutoForward()),
        lambda f: gradient(lambda x: f(x).reshape(2)[0], X), lambda f: lux.grad(lambda x: (np.sum(x), f(x)), has_aux=True)(X)[1],
    ], ids=["vjp", "jvp", "jacrev", "jacfwd", "gradient", "aux"])
    def test_a_view_that_is_out_of_date_is_not_returned(self, run):
        def f(x):
            y = np.copy(x)
            part = y[0]
            y[0] = 9 * y[1]
            return part
        with pytest.raises(ValueError, match="taken before its base was written to"):
            run(f)

    @both_modes
    @pytest.mark.parametrize("use", [lambda v: np.sum(v), lambda v: v[0, 0], lambda v: v * 2, lambda v: bool(v[0, 0] > 0), lambda v: bool(v[:1, :1])])
    def test_a_view_of_a_view_depends_on_the_first_base(self, ad, use):
        def f(x):
            y = np.copy(x)
            part = y.T[:, :]
            y += 1
            return use(part)
        with pytest.raises(ValueError, match="taken before its base was written to.*np.copy"):
            gradient(f, X, ad=ad)

    @both_modes
    def test_a_copy_of_a_view_is_free(self, ad):
        def f(x):
            y = np.copy(x)
            part = np.copy(y[0])
            y[0] = 0
            part += 1
            return np.sum(part * part) + np.sum(y)
        assert np.array_equal(gradient(f, X, ad=ad), [[4, 6], [1, 1]])

    @both_modes
    def test_a_reshape_that_copies_is_free(self, ad):
        def f(x):
            y = x.T.reshape(-1)
            y += 1
            return np.sum(y * y)
        assert np.array_equal(gradient(f, X, ad=ad), 2 * (X + 1))

    @both_modes
    def test_a_part_of_a_component_array_is_a_view(self, ad):
        def f(p):
            q = 1 * p
            part = q.a
            q += 1
            return np.sum(part)
        with pytest.raises(ValueError, match="taken before its base"):
            gradient(f, ComponentArray(a=X, b=2.0), ad=ad)


class TestLevels:
    @both_modes
    @pytest.mark.parametrize("take", [lambda y: vjp(lambda z: z * y, np.ones((2, 2))), lambda y: vjp(lambda z: z * z / 2, y)], ids=["closure", "point"])
    def test_a_write_at_the_outer_level_leaves_an_inner_tape_alone(self, ad, take):
        def f(x):
            y = np.copy(x)
            _, pullback = take(y)
            y += 10
            return np.sum(pullback(np.ones((2, 2)))[0] * x)
        value, found = lux.value_and_grad(f, ad=ad)(X)
        assert value == np.sum(X * X)
        np.testing.assert_allclose(found, 2 * X)

    @both_modes
    def test_a_write_to_what_an_inner_vjp_returned_leaves_its_tape_alone(self, ad):
        def f(x):
            value, pullback = vjp(np.exp, 1 * x)
            value += 10
            return np.sum(pullback(np.ones((2, 2)))[0])
        value, found = lux.value_and_grad(f, ad=ad)(X)
        assert value == np.sum(np.exp(X))
        np.testing.assert_allclose(found, np.exp(X))

    @both_modes
    def test_an_inner_value_is_not_written_into_an_outer_array(self, ad):
        def f(x):
            y = np.copy(x)
            return np.sum(gradient(lambda z: np.sum(y.__setitem__(0, z) or y), x[0], ad=ad))
        with pytest.raises(TypeError, match="inner transform can't be written into an array of an outer one.*updated"):
            gradient(f, X, ad=ad)

    @both_modes
    def test_an_inner_function_may_write_in_place(self, ad):
        def inner(z):
            w = np.copy(z)
            w *= z
            return np.sum(w)
        np.testing.assert_allclose(gradient(lambda x: np.sum(gradient(inner, x) * x), X, ad=ad), 4 * X)


class TestCaptured:
    "Arrays that the tape has read, and that change before the pullback."

    x = np.array([1.0, 2.0, 3.0])

    @pytest.mark.parametrize("operand, f, change, expected", [
        (np.array([1.0, 2, 3]), lambda x, a: x * a, 0, [1, 2, 3]),
        (np.array([1.0, 2, 3]), lambda x, a: np.multiply(x, [a, a])[0], 0, [1, 2, 3]),
        (np.array([True, False, True]), lambda x, a: np.where(a, x, 0), False, [1, 0, 1]),
        (np.array([True, False, True]), lambda x, a: np.sum(x, where=a), False, [1, 0, 1]),
        (np.array([0, 1, 1]), lambda x, a: x[a], 2, [1, 2, 0]),
        (np.array([0, 1, 1]), lambda x, a: np.take(x, indices=a), 2, [1, 2, 0]),
        (np.array([0, 1, 1]), lambda x, a: x[(a,)], 2, [1, 2, 0]),
        ([0, 1, 1], lambda x, a: x[a], 2, [1, 2, 0]),
        ([0, 1, 1], lambda x, a: np.take(x, indices=a), 2, [1, 2, 0]),
        ([0, 1, 1], lambda x, a: x.take(indices=[a])[0], 2, [1, 2, 0]),
        ([True, False, True], lambda x, a: np.sum(x, where=a), False, [1, 0, 1]),
        ([1, 1, 2], lambda x, a: np.roll(x, shift=a, axis=(0, 0, 0)) * np.array([1.0, 10, 100]), 0, [10, 100, 1]),
        ([0.0, 0.5, 1.0], lambda x, a: np.quantile(x, q=a), 0.0, [1, 1, 1]),
        (array.array("d", [1.0, 2.0, 3.0]), lambda x, a: x * a, array.array("d", [0.0, 0.0, 0.0]), [1, 2, 3]),
        (collections.deque([1.0, 2.0, 3.0]), lambda x, a: np.multiply(x, a), None, [1, 2, 3]),
        (memoryview(array.array("d", [1.0, 2.0, 3.0])), lambda x, a: np.multiply(x, a), memoryview(array.array("d", [0.0, 0.0, 0.0])), [1, 2, 3]),
        (np.array([1, 2, 3]), lambda x, a: np.repeat(x, repeats=a), 2, [1, 2, 3]),
        (np.array([1.0, 1, 2]), lambda x, a: np.average(x, weights=a), 1, [0.25, 0.25, 0.5]),
        (np.array([1.0, 2, 3]).view(type("Units", (np.ndarray,), {})), lambda x, a: x * a, 0, [1, 2, 3]),
        (ComponentArray(a=np.array([1.0, 2, 3])), lambda x, a: x * a.data, 0, [1, 2, 3]),
    ], ids=["operand", "in a list", "condition", "where=", "index", "indices=", "index in a tuple", "list", "list of indices=", "list in a list",
            "list of where=", "list of shift=", "list of q=", "array.array", "deque", "memoryview", "repeats=", "weights=", "subclass", "ComponentArray"])
    def test_a_small_one_may_change(self, operand, f, change, expected):
        value, pullback = vjp(lambda x: f(x, operand), self.x)
        if isinstance(operand, collections.deque):
            operand.reverse()
        else:
            operand[:] = [change] * 3 if isinstance(operand, list) else change
        np.testing.assert_allclose(pullback(np.ones_like(value))[0], expected)

    @pytest.mark.parametrize("read", [
        lambda a: a, lambda a: a[:], lambda a: a.reshape(2, -1), lambda a: a[::-1], lambda a: np.asarray(a.view(type("Units", (np.ndarray,), {}))),
    ], ids=["itself", "view", "reshaped", "reversed", "through a subclass"])
    def test_a_large_one_is_locked_until_the_pullback_is_gone(self, read):
        a = np.ones(LARGE)
        _, pullback = vjp(lambda x: x * read(a), np.ones_like(read(a)))
        with pytest.raises(ValueError, match="read-only"):
            a[0] = 0
        del pullback
        a[0] = 0
        assert id(a) not in _locks

    @pytest.mark.parametrize("subclass", ["owner", "operand"])
    def test_a_large_one_of_a_subclass_gives_no_wrong_gradient(self, subclass):
        owner = type("Units", (np.ndarray,), {})(LARGE)
        owner[:] = 1
        operand = owner if subclass == "operand" else np.asarray(owner)
        _, pullback = vjp(lambda x: x * operand, np.ones(LARGE))
        try:
            owner[:] = 0
        except ValueError:
            return # locked
        assert np.array_equal(pullback(np.ones(LARGE))[0], np.ones(LARGE))

    def test_the_point_itself_is_locked_too(self):
        x = np.ones(LARGE)
        _, pullback = vjp(np.sin, x)
        with pytest.raises(ValueError, match="read-only"):
            x += 1
        del pullback
        x += 1

    def test_two_tapes_hold_one_array(self):
        a = np.ones(LARGE)
        first, second = (vjp(lambda x: x * a, np.ones(LARGE)) for _ in range(2))
        del first
        assert not a.flags.writeable
        del second
        assert a.flags.writeable

    @pytest.mark.parametrize("run", [
        lambda x, a: gradient(lambda x: np.sum(x * a), x), lambda x, a: lux.hessian(lambda s: np.sum(x * a) * s**2, 1.0),
        lambda x, a: lux.jacobian(lambda x: np.sum(x * a), x, AutoReverse()), lambda x, a: jvp(lambda x: x * a, (x,), (x,)),
    ], ids=["gradient", "hessian", "jacobian", "jvp"])
    def test_nothing_stays_locked_after_the_work(self, run):
        x, a = np.ones(LARGE), np.ones(LARGE)
        run(x, a)
        assert x.flags.writeable and a.flags.writeable and not {id(x), id(a)} & _locks.keys()

    @pytest.mark.parametrize("fail", [
        lambda x, a: (x * a)["name"], lambda x, a: x * a, lambda x, a: np.sum(x * a) * 1j, lambda x, a: (np.sum(x * a), 1),
        lambda x, a: np.sum(lux.custom_rule(pull=lambda g, y, x: undefined)(lambda x: 2 * x)(x) * a), # noqa: F821
    ], ids=["in f", "not scalar", "complex", "tuple", "in a pull"])
    def test_nothing_stays_locked_after_an_error_that_is_kept(self, fail):
        x, a = np.ones(LARGE), np.ones(LARGE)
        with pytest.raises(Exception) as kept:
            gradient(lambda x: fail(x, a), x)
        assert kept.value.__traceback__ is not None
        assert x.flags.writeable and a.flags.writeable and not {id(x), id(a)} & _locks.keys()

    def test_what_the_user_has_frozen_stays_frozen(self):
        a = np.ones(LARGE)
        view = a[:]
        a.flags.writeable = False
        gradient(lambda x: np.sum(x * view), np.ones(LARGE))
        assert not a.flags.writeable

    def test_locks_go_when_a_cycle_is_collected(self):
        a = np.ones(LARGE)
        cycle = [vjp(lambda x: x * a, np.ones(LARGE))]
        cycle.append(cycle)
        del cycle
        gc.collect()
        assert a.flags.writeable

    def test_a_pullback_gives_arrays_that_may_be_written_to(self):
        _, pullback = vjp(lambda x, y: (x + y, x), self.x, self.x)
        dx, dy = pullback((np.ones(3), np.zeros(3)))
        dx *= 0
        dy *= 0
        assert np.array_equal(pullback((np.ones(3), np.zeros(3)))[0], np.ones(3))

    def test_values_may_be_written_to_before_the_pullback(self):
        value, pullback, aux = vjp(lambda x: (np.exp(x), np.sin(x)), self.x, has_aux=True)
        value *= 0
        aux *= 0
        np.testing.assert_allclose(pullback(np.ones(3))[0], np.exp(self.x))

    def test_what_stop_gradient_gives_cannot_reach_the_tape(self):
        def f(x):
            y = x * x
            lux.stop_gradient(y)[0] = 100
            return np.sum(y)
        with pytest.raises((ValueError, TypeError)):
            gradient(f, self.x)


@pytest.mark.parametrize("ad", [lux.AutoForward(), lux.AutoReverse()], ids=["forward", "reverse"])
def test_a_write_into_an_array_without_axes(ad):
    def f(x):
        y = np.zeros_like(x)
        y[()] = x * x
        return y * 3

    assert lux.gradient(f, np.array(2.0), ad=ad) == 12
    assert lux.gradient(lambda x: lux.gradient(f, x, ad=ad), np.array(2.0)) == 6


BOTH = pytest.mark.parametrize("ad", [lux.AutoForward(), lux.AutoReverse()], ids=["forward", "reverse"])


@BOTH
def test_a_view_changed_in_place_is_stored_where_it_was_taken_from_or_refused(ad):
    def elsewhere(x):
        y = np.copy(x)
        row = y[0]
        row += 1
        y[1] = row
        return np.sum(y)

    with pytest.raises(ValueError, match="view"):
        lux.gradient(elsewhere, np.ones((3, 2)), ad=ad)


@BOTH
def test_a_view_that_was_stored_is_a_view_again(ad):
    def read_late(x):
        y = np.copy(x)
        row = y[0]
        row += 1
        y[0] = row
        y[0] = 5.0
        return np.sum(row)

    with pytest.raises(ValueError, match="view"):
        lux.gradient(read_late, np.ones((3, 2)), ad=ad)


@BOTH
def test_rows_and_slices_may_be_changed_in_place(ad):
    def f(x):
        y = np.copy(x)
        y[0] += 1
        y[:, 1:] *= 3
        return np.sum(y * y)

    x = np.arange(6.0).reshape(3, 2)
    assert np.array_equal(lux.gradient(f, x, ad=ad), 2 * np.array([[1, 18], [2, 27], [4, 45]]))


class Table: # like pandas' it answers for ufuncs, with a table
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        getattr(ufunc, method)(*[np.asarray(x) if isinstance(x, Table) else x for x in inputs], **kwargs)
        return self


@both_modes
@pytest.mark.parametrize("base", [object, Table])
def test_an_object_that_converts_to_an_array_may_change(base, ad):
    class Wrapped(base):
        def __init__(self):
            self.inside = np.array([1.0, 2.0, 3.0])

        def __array__(self, dtype=None, copy=None):
            return self.inside

    def f(x):
        wrapped = Wrapped()
        y = x * wrapped
        wrapped.inside[:] = 0
        return np.sum(y)
    assert np.array_equal(gradient(f, np.ones(3), ad=ad), [1, 2, 3])


@both_modes
def test_an_array_that_bounds_a_slice_may_change(ad):
    def read(x):
        k, total = np.zeros((), int), 0
        for _ in range(3):
            total = total + np.sum(x[k : k + 2] * np.array([1.0, 10.0])) + x[None, k:][0, 0]
            k += 1
        return total

    def written(x):
        k, y = np.zeros((), int), np.copy(x)
        for _ in range(3):
            y[k : k + 2] *= 2.0
            y[k:2] = x[k:2] * y[k:2]
            k += 1
        return np.sum(y)

    x = np.array([1.0, 2.0, 4.0, 8.0])
    assert np.array_equal(gradient(read, x, ad=ad), [2, 12, 12, 10])
    np.testing.assert_allclose(gradient(written, x, ad=ad), [(written(x + h) - written(x - h)) / 2e-5 for h in 1e-5 * np.eye(4)], rtol=1e-9)


def test_a_large_array_whose_memory_is_not_numpys_is_copied():
    memory = bytearray(8 * LARGE)
    for make in (lambda: np.frombuffer(memory), lambda: np.lib.stride_tricks.as_strided(np.frombuffer(memory)[:], (LARGE,), (8,))):
        a = make()
        a[:] = 1
        _, pullback = vjp(lambda x: x * a, np.ones(LARGE))
        a[:] = 0
        assert np.all(pullback(np.ones(LARGE))[0] == 1)


@both_modes
@pytest.mark.parametrize("f, start, change, expected", [
    (lambda x, n: x[::n], 1, -1, [1, 2, 3]), (lambda x, n: x[None, ::n][0], 1, -1, [1, 2, 3]), (lambda x, n: lux.updated(x, slice(n, None), 0.0), 1, 2, [1, 0, 0]),
], ids=["step", "in a tuple", "updated"])
def test_a_number_in_an_array_that_says_where_may_change(f, start, change, expected, ad):
    def changed(x):
        n = np.array(start)
        y = f(x, n) * np.array([1.0, 2.0, 3.0])
        n[()] = change
        return np.sum(y)
    assert np.array_equal(gradient(changed, np.ones(3), ad=ad), expected)


@both_modes
@pytest.mark.parametrize("f", [
    lambda x, pair: lux.updated(np.copy(x), [0, 1], pair([x[2], 5.0])), lambda x, pair: np.full_like(x[:2], pair([x[0], x[1]])),
    lambda x, pair: np.dot(pair([pair([x[0], x[1]]), pair([x[1], x[2]])]), x[:2]), lambda x, pair: np.multiply(pair([x[0], x[1]]), x[1:]),
    lambda x, pair: x[:2] * pair([x[1], x[0]]), lambda x, pair: pair((x[1], 3.0)) ** x[:2], lambda x, pair: np.where(x[:2] > 0.5, pair([x[2], x[0]]), x[1:]),
    lambda x, pair: np.concatenate([pair([x[0]]), x[1:]]), lambda x, pair: np.stack([x[:2], pair([-x[1], x[0]])], 1), lambda x, pair: np.stack([x[:2], pair([x[1], 2.0])]),
    lambda x, pair: np.vstack([x[:2], pair([x[1], x[2]])]), lambda x, pair: np.column_stack([x[:2], pair((x[1], x[2]))]), lambda x, pair: np.append(x, pair([x[1], 2.0])),
    lambda x, pair: np.einsum("i,i", pair([x[1], x[0]]), x[:2]), lambda x, pair: np.choose([0, 1], [x[:2], pair([x[2], x[0]])]),
])
@pytest.mark.parametrize("order", ["once", "twice"])
def test_a_list_of_traced_values_is_the_array_that_numpy_would_make_of_it(f, order, ad):
    x, weights = np.arange(3.0) + 1, lambda y: y * np.sin(np.arange(np.size(y))).reshape(np.shape(y))
    of = lambda pair: lambda x: np.sum(weights(f(x, pair)) ** 2)
    if order == "twice":
        once = of
        of = lambda pair: lambda x: np.sum(np.cos(gradient(once(pair), x, ad=ad)))
    np.testing.assert_allclose(gradient(of(lambda parts: parts), x, ad=ad), gradient(of(np.stack), x, ad=ad), rtol=1e-12)


@both_modes
def test_a_list_of_outer_values_meets_an_inner_one(ad):
    def outer(a):
        inner = lambda x: np.dot([a[0], a[1], 2.0], x**2) + np.sum(np.concatenate([[a[2]], x]) ** 2)
        return np.sum(gradient(inner, np.ones(3), ad=ad))
    assert np.array_equal(gradient(outer, np.ones(3), ad=ad), [2, 2, 0])


def test_nested_lists_of_traced_values_alone_are_told_how():
    for make in (lambda x: np.multiply([x[0], x[1]], 2.0), lambda x: np.array([[x[0], x[1]], [x[1], x[0]]]), lambda x: np.stack([[x[0], x[1]], [x[1], x[0]]])):
        with pytest.raises(TypeError, match=r"np\.block\(\[\[a, b\], \[c, d\]\]\) one of nested lists"):
            gradient(lambda x: np.sum(make(x)), np.ones(2))
    assert np.array_equal(gradient(lambda x: np.sum(np.block([[x[0], x[1]], [x[1], 1.0]])), np.ones(2)), [1, 2])


@both_modes
@pytest.mark.parametrize("write", [
    "px, py = y.reshape(3, 2).T; px -= np.mean(px)", "row = y[0][1:]; row *= 10", "col = y.T[0]; col += 5 * col", "v = y.reshape(-1)[::2]; v /= 2",
    "w = y[:1].reshape(3, 1); w *= 0.5", "y[0][1:] += 1", "v = y[:1]; w = v[:, 1:]; w **= 2",
])
def test_an_in_place_operator_on_a_view_of_a_view_raises(write, ad):
    def f(x):
        names = {"y": x * 1.0, "np": np}
        exec(write, names)
        return np.sum(names["y"] ** 2)
    with pytest.raises(ValueError, match="through a view"):
        gradient(f, np.arange(6.0).reshape(2, 3) + 1, ad=ad)


@both_modes
def test_an_array_without_axes_stays_one_however_often_it_is_written_to(ad):
    def total(x):
        total = np.zeros_like(x[0])
        same = total
        for v in x:
            total += v
        total[...] *= 2
        return 3 * same

    def descent(p):
        w, b = np.copy(p["w"]), np.copy(p["b"])
        for _ in range(3):
            e = x * w + b
            for q, g in zip([w, b], [np.sum(e * x), np.sum(e)]):
                q -= 0.1 * g
        return w + b

    x, p = np.array([0.3, -1.2, 2.1]), {"w": np.array(1.0), "b": np.array(0.5)}
    assert gradient(total, x, ad=ad).tolist() == [6, 6, 6] and vjp(total, x)[0] == total(x)
    check_gradients(total, x)
    check_gradients(descent, p)
    assert np.allclose(lux.hvp(lambda x: total(x**2), x, np.ones(3)), 12)


def test_what_no_derivative_looks_at_is_not_locked():
    n = SMALL // 8 + 1
    for f in (lambda w, b: w - b, lambda w, b: b - w, lambda w, b: np.subtract(b, w), lambda w, b: np.add(w, b, dtype=float)):
        def loss(w):
            b, total = np.zeros(n), 0.0
            for t in range(3):
                b[:] = t # the buffer of the loop before
                total = total + np.sum(f(w, b) ** 2)
            return total
        check_gradients(loss, np.linspace(0, 1, n), order=1)
    data = np.ones(n)
    _, pullback = vjp(lambda w: w * data, data * 2)
    with pytest.raises(ValueError, match="read-only"):
        data[0] = 5 # which the way back needs


@both_modes
@pytest.mark.parametrize("write", [
    "y = np.exp(x).reshape(3, 1); y[0] = 0", "y = (np.outer(x, x) * 2).T; y[0, 0] = 1; y += x", "y = (x * 2)[1:]; y *= 3; y[0] += 1", "y = (x * x)[::-1].reshape(3, 1).T; y -= 1; z = y; z[:, 0] = x[0]",
    "y = np.stack([x, x * x]).T; y.sort(0); y[1] *= 2", "y = np.squeeze((x * 2)[None]); y.fill(3); y[1] = x[2] ** 2",
    "y = (np.outer(x, x) * 2).T; y[0] += x; y[1:, :2] *= 2; y[:, 0] -= 1",
])
def test_a_view_is_an_array_like_any_other_if_nobody_has_its_base(write, ad):
    def f(x):
        names = {"x": x, "np": np}
        exec(write, names)
        return np.sum(names["y"] ** 2)
    x = np.array([1.0, 2.0, 3.0])
    assert vjp(f, x)[0] == f(x)
    check_gradients(f, x)
    assert np.allclose(gradient(lambda x: np.sum(gradient(f, x, ad=ad) ** 2), x, ad=ad), gradient(lambda x: np.sum(gradient(f, x) ** 2), x))


@both_modes
@pytest.mark.parametrize("write", [
    "z = x * 2; y = z.reshape(3, 1); y[0] = 0", "y = x.reshape(3, 1); y[0] = 0", "z = x * 2; y = z[1:]; y *= 3", "p = np.stack([x, x]); y, z = p.T[0], p; y -= 1", "y, z = np.outer(x, x)[:2]; y += 1; w = z",
    "y, z, w = np.split(x * 2, 3); y += 1", "z = [x * 2]; y = z[0][1:]; y[0] = 1", "z = x * 2; y = (lambda: z[1:])(); y += 1", "y = next(z := iter(np.outer(x, x))); y /= 2",
])
def test_a_view_whose_base_somebody_has_is_not_written_to(write, ad):
    def f(x):
        names = {"x": x, "np": np}
        exec(write, names)
        return sum(np.sum(v) for name in "yzw" for v in [*names.get(name, [])])
    with pytest.raises(ValueError, match="through a view"):
        gradient(f, np.array([1.0, 2.0, 3.0]), ad=ad)


@both_modes
@pytest.mark.parametrize("copied", [lambda n: n.copy(), copy.copy, copy.deepcopy])
def test_a_copy_of_a_number_is_a_number(copied, ad):
    def f(x):
        best = copied(np.sum(x))
        held = best
        best += x[1]
        return held * x[0] + best
    x = np.arange(3.0)
    assert vjp(f, x)[0] == f(x)
    assert np.array_equal(gradient(f, x, ad=ad), [4, 2, 1])


def test_the_order_of_a_conversion():
    x = np.arange(6.0).reshape(2, 3)
    for order in "CFAK":
        f = lambda x: np.ravel(x.T.astype("f8", order=order), "K") * np.arange(6)
        assert np.array_equal(vjp(f, x)[0], f(x))
        check_gradients(f, x)


@pytest.mark.parametrize("n", [5, SMALL])
def test_a_component_array_that_a_tape_has_locked_is_not_written_to(n):
    p = ComponentArray(w=np.ones(n))
    def f(p):
        buffer = np.ones(n)
        c = ComponentArray.from_data(buffer, p.layout)
        y = np.sum(p * c)
        c *= 3.0
        return y + np.sum(p.data * buffer)
    if n * 8 <= SMALL:
        assert np.array_equal(gradient(f, p).w, np.full(n, 4.0))
    else:
        with pytest.raises(ValueError, match="read-only"):
            gradient(f, p)
    assert np.array_equal(gradient(f, p, ad=AutoForward()).w, np.full(n, 4.0))
    frozen = lux.frozen(p)
    q = frozen
    q += 1.0
    assert np.array_equal(frozen.w, np.ones(n)) and np.array_equal(q.w, np.full(n, 2.0))


@both_modes
@pytest.mark.parametrize("x", [np.array([1.0, 2.0]), np.array([-1.0, 2.0])], ids=["taken", "left"])
@pytest.mark.parametrize("write", ["y[y > 0] = 3 * x[1]", "y[...] = 3 * x[1]", "y[()] = x[1] ** 2", "y[y > 0] *= x[1]", "y[y < 0] += 1.0", "y[None] = [x[1]]"])
def test_writes_into_an_array_without_axes(write, x, ad):
    def f(x):
        names = {"x": x, "y": np.copy(x[0])}
        exec(write, names)
        return names["y"] * 1.0
    assert vjp(f, x)[0] == f(x)
    check_gradients(f, x)
    assert np.allclose(lux.jacobian(lambda x: gradient(f, x, ad=ad), x), lux.hessian(f, x))
