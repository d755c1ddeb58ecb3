"What the chapter on gradients, Jacobians and Hessians promises."
import itertools
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import lux_nb as lux
from lux_nb import AutoForward, AutoReverse, ComponentArray, FrozenDict, gradient, jacobian, jvp, vjp

both_modes = pytest.mark.parametrize("ad", [AutoForward(), AutoForward(chunk=2), AutoReverse()], ids=["forward", "chunked", "reverse"])
every_float = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
Pair = namedtuple("Pair", "left right")
X = np.array([1.0, 2.0, 3.0])


def cubes(x):
    return np.sum(x**3)


def derivative(mode, f):
    "The derivative of a function of one number, by forward or by reverse mode."
    return {"f": lambda x: jvp(f, (x,), (1.0,))[1], "r": lambda x: vjp(f, x)[1](1.0)[0]}[mode]


class TestGradient:
    @both_modes
    def test_is_the_true_one(self, ad):
        np.testing.assert_allclose(gradient(lambda x: x @ x / 2, X, ad=ad), X, rtol=1e-15)

    @both_modes
    def test_of_several_arguments_is_a_tuple(self, ad):
        dx, dy = gradient(lambda x, y: np.sum(x * y), X, 2 * X, ad=ad)
        assert np.array_equal(dx, 2 * X) and np.array_equal(dy, X)

    @both_modes
    @pytest.mark.parametrize("make", [
        lambda x: {"a": x, "b": {"c": x}}, lambda x: [x, (x, x)], lambda x: Pair(x, 2 * x),
        lambda x: FrozenDict(a=x, b=x), lambda x: ComponentArray(a=x, b={"c": x}), lambda x: {"none": None, "empty": {}, "x": x, "unit": ()},
    ], ids=["dict", "list", "namedtuple", "FrozenDict", "ComponentArray", "None and empty"])
    def test_has_the_structure_of_the_point(self, ad, make):
        point = make(X)
        found = gradient(lambda p: sum(map(cubes, lux.tree_leaves(p))), point, ad=ad)
        assert lux.tree_structure(found) == lux.tree_structure(point)
        for g, x in zip(lux.tree_leaves(found), lux.tree_leaves(point)):
            np.testing.assert_allclose(g, 3 * x**2)

    def test_of_a_component_array_has_names(self):
        found = gradient(lambda p: np.sum(p.weight) * p.bias, ComponentArray(weight=np.ones((2, 2)), bias=3.0))
        assert np.array_equal(found.weight, np.full((2, 2), 3.0)) and found.bias == 4

    @both_modes
    def test_counts_an_array_that_stands_in_two_places_twice(self, ad):
        found = gradient(lambda p: np.sum(p[0] * p[1] ** 2), [X, X], ad=ad)
        np.testing.assert_allclose(found, [X**2, 2 * X**2])

    @both_modes
    @every_float
    def test_has_the_dtype_of_the_point(self, ad, dtype):
        found = gradient(lambda x: np.sum(np.exp(x) * 2.0 + x / 3), X.astype(dtype), ad=ad)
        assert found.dtype == dtype and found.shape == X.shape

    @both_modes
    def test_has_each_arguments_own_dtype(self, ad):
        single, double = gradient(lambda x, y: np.sum(x) * np.sum(y), X.astype(np.float32), X, ad=ad)
        assert (single.dtype, double.dtype) == (np.float32, np.float64)

    @both_modes
    @pytest.mark.parametrize("f", [lambda x: x, lambda x: x * x, lambda x: x + 1.0], ids=["x", "x * x", "x + 1"])
    def test_of_a_number_is_a_number(self, ad, f):
        assert type(gradient(f, 3.0, ad=ad)) is np.float64
        assert type(gradient(f, np.float32(3), ad=ad)) is np.float32

    @both_modes
    def test_of_a_big_array_keeps_its_digits(self, ad):
        x = lux.big(X) / 3
        for found, expected in zip(gradient(lambda x: np.sum(x * x * x), x, ad=ad), 3 * x * x):
            assert abs(found - expected) < 1e-70

    @both_modes
    def test_of_a_big_number(self, ad):
        assert gradient(lambda x: x * x * x, lux.big(3.0), ad=ad) == 27

    @both_modes
    def test_of_a_real_function_of_complex_numbers_is_the_conjugate_of_the_steepest_ascent(self, ad):
        z = np.array([1 + 2j, 3 - 1j])
        np.testing.assert_allclose(gradient(lambda z: np.sum(np.abs(z) ** 2), z, ad=ad), 2 * np.conj(z))

    @both_modes
    @pytest.mark.parametrize("point", [np.zeros((0, 3)), {}, (), None], ids=["empty array", "dict", "tuple", "None"])
    def test_of_nothing_is_nothing(self, ad, point):
        found = gradient(lambda p: sum([np.sum(x * x) for x in lux.tree_leaves(p)], 0.0), point, ad=ad)
        assert lux.tree_structure(found) == lux.tree_structure(point) and np.shape(found) == np.shape(point)

    @both_modes
    @pytest.mark.parametrize("value", [3.0, 3, np.float32(3)])
    def test_of_what_does_not_depend_on_the_input_is_zero(self, ad, value):
        assert np.array_equal(gradient(lambda x: value, X, ad=ad), np.zeros(3))

    @both_modes
    def test_of_a_comparison_is_refused(self, ad):
        with pytest.raises(TypeError, match="gradient needs a real output, got bool: .*a comparison has no derivative"):
            gradient(lambda x: np.sum(x) > 0, X, ad=ad)

    def test_lets_infinities_and_nans_through(self):
        assert np.array_equal(gradient(lambda x: np.sum(x * x), np.array([np.nan, np.inf, 1])), [np.nan, np.inf, 2], equal_nan=True)

    @both_modes
    def test_of_powers_at_zero(self, ad):
        found = gradient(lambda x: np.sum(x ** np.array([0, 1, 2, 3])), np.zeros(4), ad=ad)
        assert np.array_equal(found, [0, 1, 0, 0])

    def test_of_the_power_zero_in_unsigned_numbers(self):
        assert gradient(lambda x: np.sum(x ** np.array([0], np.uint8)), np.array([100.0])) == 0

    def test_is_the_users_to_write_to(self):
        x, y = X.copy(), X.copy()
        dx, dy = gradient(lambda x, y: np.sum(x + y), x, y)
        dx += 1
        assert np.array_equal(dy, np.ones(3)) and np.array_equal(x, X)

    @pytest.mark.parametrize("ad", [AutoForward(), AutoReverse()])
    @pytest.mark.parametrize("result, error", [
        (lambda x: {"loss": x @ x}, TypeError), (lambda x: [x @ x], TypeError), (lambda x: (x @ x,), TypeError), (lambda x: Holder(x @ x), TypeError),
        (lambda x: None, TypeError), (lambda x: (x @ x, x), TypeError), (lambda x: "loss", TypeError), (lambda x: 2 * x, ValueError),
        (lambda x: (x @ x) * 1j, TypeError),
    ], ids=["dict", "list", "tuple", "object", "None", "two", "text", "array", "complex"])
    def test_refuses_what_is_not_one_real_number(self, ad, result, error):
        with pytest.raises(error, match="gradient needs a (scalar|real) output"):
            gradient(result, X, ad=ad)

    def test_of_an_array_names_its_shape_and_the_remedy(self):
        with pytest.raises(ValueError, match=r"shape \(3,\).*vector_jacobian_product"):
            gradient(lambda x: 2 * x, X)

    @both_modes
    @pytest.mark.parametrize("point, got", [(3, "int 3"), (np.arange(3), r"int64 of shape \(3,\)"), (np.array([True]), "bool"), ("text", "str")])
    def test_refuses_whole_numbers_and_names_the_leaf(self, ad, point, got):
        with pytest.raises(TypeError, match=f"floating-point inputs, got {got}.* in argument 0.n: convert it"):
            gradient(lambda p: p["x"] @ p["x"], {"x": X, "n": point}, ad=ad)

    @both_modes
    def test_without_an_argument_says_so(self, ad):
        with pytest.raises((TypeError, ValueError), match="argument"):
            gradient(lambda: 1.0, ad=ad)

    @both_modes
    @pytest.mark.filterwarnings("ignore:the matrix subclass")
    @pytest.mark.parametrize("other", [
        lambda: np.matrix([[1.0, 2.0], [3.0, 4.0]]), lambda: np.ma.array(np.ones((2, 2)), mask=np.eye(2)),
    ], ids=["matrix", "masked"])
    def test_with_arrays_of_another_meaning_is_right_or_refused(self, ad, other):
        other, x = other(), np.arange(1.0, 5).reshape(2, 2)
        f = lambda x: np.sum(x * other)
        try:
            found = gradient(f, x, ad=ad)
        except (TypeError, NotImplementedError):
            return
        slopes = [f(x + e.reshape(2, 2)) - f(x) for e in np.eye(4)]
        np.testing.assert_allclose(np.asarray(found).ravel(), slopes)


class Holder:
    def __init__(self, loss):
        self.loss = loss


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(float, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4), elements=st.floats(-3, 3)))
def test_both_modes_agree_for_every_shape(x):
    f = lambda x: np.sum(np.tanh(x) * x + np.cos(x))
    for ad in (AutoForward(), AutoForward(chunk=3)):
        np.testing.assert_allclose(gradient(f, x, ad=ad), gradient(f, x), atol=1e-14)


class TestArguments:
    f = staticmethod(lambda x, y, scale=1.0: scale * np.sum(x * x * y))

    def test_the_first_one_unless_told(self):
        assert np.array_equal(lux.grad(self.f)(X, X), 2 * X * X)

    def test_by_number_also_from_the_end(self):
        assert np.array_equal(lux.grad(self.f, -1)(X, X), X * X)
        value, (dy, dx) = lux.value_and_grad(self.f, (1, 0))(X, X)
        assert value == 36 and np.array_equal(dy, X * X) and np.array_equal(dx, 2 * X * X)

    def test_keywords_are_passed_on(self):
        assert np.array_equal(lux.grad(self.f)(X, y=X, scale=2.0), 4 * X * X)

    @pytest.mark.parametrize("number", [2, -3])
    def test_out_of_range(self, number):
        with pytest.raises(ValueError, match=f"argnums {number} is out of range.* 2 positional"):
            lux.grad(self.f, number)(X, X)

    @pytest.mark.parametrize("numbers", [(0, 0), (0, -2)])
    def test_named_twice_are_refused(self, numbers):
        with pytest.raises(ValueError, match="argnums"):
            lux.grad(self.f, numbers)(X, X)

    def test_any_integer_counts(self):
        assert np.array_equal(lux.grad(self.f, np.int64(1))(X, X), X * X)

    def test_those_not_asked_for_may_be_anything(self):
        assert lux.grad(lambda x, n, name: x**n)(3.0, 2, "name") == 6

    @both_modes
    def test_auxiliary_values_come_beside(self, ad):
        f = lambda x: (cubes(x), {"twice": 2 * x, "text": "as it is"})
        (value, aux), found = lux.value_and_grad(f, has_aux=True, ad=ad)(X)
        assert value == 36 and type(aux["twice"]) is np.ndarray and np.array_equal(aux["twice"], 2 * X) and aux["text"] == "as it is"
        assert np.array_equal(found, 3 * X**2)
        assert lux.grad(f, has_aux=True, ad=ad)(X)[1]["text"] == "as it is"


class TestJvp:
    def test_gives_value_and_tangent_in_the_structure_of_the_result(self):
        value, tangent = jvp(lambda x: {"sin": np.sin(x), "count": 3}, (X,), (np.ones(3),))
        assert np.array_equal(value["sin"], np.sin(X)) and value["count"] == 3
        np.testing.assert_allclose(tangent["sin"], np.cos(X))
        assert tangent["count"] == 0

    @pytest.mark.parametrize("tangents, message", [
        ((np.ones(4),), r"shape of its value, \(3,\), got \(4,\)"), ((X, X), "structure"), (({"x": X},), "structure"), ((1j * X,), "complex"),
    ])
    def test_refuses_tangents_that_do_not_fit(self, tangents, message):
        with pytest.raises((TypeError, ValueError), match=message):
            jvp(np.sin, (X,), tangents)

    def test_wants_tuples(self):
        with pytest.raises(TypeError, match=r"primals must be a tuple.*write \(primal,\)"):
            jvp(np.sin, X, (X,))

    def test_of_a_big_number(self):
        assert jvp(lambda x: x * x, (lux.big(3.0),), (lux.big(1.0),)) == (9, 6)

    def test_of_the_identity_leaves_the_tangent_to_the_user(self):
        direction = np.ones(3)
        _, tangent = jvp(lambda x: x, (X,), (direction,))
        tangent += 1
        assert np.array_equal(direction, np.ones(3))


class TestVjp:
    def test_may_be_pulled_again_and_again(self):
        _, pullback = vjp(np.sin, X)
        first, = pullback(np.ones(3))
        first *= 0
        np.testing.assert_allclose(pullback(np.ones(3))[0], np.cos(X))
        np.testing.assert_allclose(pullback(2 * np.ones(3))[0], 2 * np.cos(X))

    def test_leaves_the_cotangent_alone(self):
        g = np.ones(3)
        found, = vjp(lambda x: x, X)[1](g)
        found += 1
        assert np.array_equal(g, np.ones(3))

    def test_outputs_may_be_inputs_and_stand_twice(self):
        value, pullback = vjp(lambda x: (x, [x]), X)
        assert np.array_equal(pullback((X, [2 * X]))[0], 3 * X)

    @pytest.mark.parametrize("cotangent, message", [
        (np.ones(4), r"pullback: a cotangent must have the shape of its value, \(3,\), got \(4,\)"), ((X,), "structure"), (1j * X, "real part"),
    ])
    def test_refuses_cotangents_that_do_not_fit(self, cotangent, message):
        with pytest.raises((TypeError, ValueError), match=message):
            vjp(np.sin, X)[1](cotangent)


class TestProducts:
    f = staticmethod(lambda x: np.stack([x * x, 2 * x]))

    @both_modes
    def test_agree_with_the_jacobian(self, ad):
        J, v, g = jacobian(self.f, X), np.array([1.0, -1, 2]), np.arange(6.0).reshape(2, 3)
        np.testing.assert_allclose(lux.jacobian_vector_product(self.f, ad, X, v), np.tensordot(J, v, 1))
        np.testing.assert_allclose(lux.vector_jacobian_product(self.f, ad, X, g), np.tensordot(g, J, 2))

    @both_modes
    def test_of_a_wrong_shape_are_refused(self, ad):
        with pytest.raises(ValueError, match="shape"):
            lux.jacobian_vector_product(self.f, ad, X, np.ones(4))
        with pytest.raises(ValueError, match="shape"):
            lux.vector_jacobian_product(self.f, ad, X, np.ones(6))

    @both_modes
    def test_of_a_wrong_structure_are_refused(self, ad):
        with pytest.raises(ValueError, match="structure"):
            lux.vector_jacobian_product(lambda x: (x, 2 * x), ad, X, (np.ones(3),))

    @both_modes
    def test_of_complex_functions_agree(self, ad):
        z = np.array([1 + 2j, 3 - 1j])
        np.testing.assert_allclose(lux.vector_jacobian_product(lambda z: z * z, ad, z, z), 2 * z * z)


class TestJacobian:
    @both_modes
    def test_has_the_results_axes_then_the_points(self, ad):
        x = np.arange(1.0, 7).reshape(2, 3)
        found = jacobian(lambda x: x.T @ x, x, ad)
        assert found.shape == (3, 3, 2, 3)
        np.testing.assert_allclose(found[0, 1], [[2, 1, 0], [5, 4, 0]])

    @both_modes
    def test_of_structures_nests_one_in_the_other(self, ad):
        found = jacobian(lambda p: {"product": p.left * p.right, "sum": np.sum(p.left)}, Pair(X, 2 * X), ad)
        np.testing.assert_allclose(found["product"].left, np.diag(2 * X))
        assert np.array_equal(found["sum"].right, np.zeros(3))

    @pytest.mark.parametrize("ad", [AutoForward(), AutoReverse(), None])
    @pytest.mark.parametrize("constant", [np.ones(2), 3.0, np.zeros((0, 2))], ids=["array", "number", "empty"])
    def test_of_a_constant_is_zero_in_the_right_shape(self, ad, constant):
        assert np.array_equal(jacobian(lambda x: constant, X, ad), np.zeros(np.shape(constant) + (3,)))

    @both_modes
    def test_of_empty_arrays_is_empty(self, ad):
        assert jacobian(lambda x: 2 * x, np.zeros(0), ad).shape == (0, 0)

    def test_by_name_of_the_mode_and_argument(self):
        f = lambda x, y: x * y[0]
        for make in (lux.jacfwd, lux.jacrev):
            np.testing.assert_allclose(make(f)(X, X), np.eye(3))
            np.testing.assert_allclose(make(f, argnums=-1)(X, X), np.outer(X, [1, 0, 0]))

    def test_of_a_batch_is_one_for_each_sample(self):
        x = np.arange(6.0).reshape(2, 3)
        f = lambda x: np.stack([x[:, 0] * x[:, 1], x[:, 2] ** 2], axis=1)
        for ad in (AutoForward(), AutoReverse()):
            np.testing.assert_allclose(lux.batched_jacobian(f, x, ad), [[[1, 0, 0], [0, 0, 4]], [[4, 3, 0], [0, 0, 10]]])
        with pytest.raises(ValueError, match=r"\(samples, n\) to \(samples, m\)"):
            lux.batched_jacobian(np.sum, x)

    @pytest.mark.parametrize("mode", [AutoForward, AutoReverse])
    def test_needs_chunks_of_at_least_one(self, mode):
        with pytest.raises(ValueError, match="chunk"):
            jacobian(np.sin, X, mode(chunk=0))


class TestHessian:
    rosenbrock = staticmethod(lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))

    def test_is_the_matrix_of_second_derivatives(self):
        np.testing.assert_allclose(lux.hessian(self.rosenbrock, np.array([1.0, 1.0])), [[802, -400], [-400, 200]])

    def test_of_a_structure(self):
        found = lux.hessian(lambda p: np.sum(p["a"] * p["b"]), {"a": X, "b": X})
        assert np.array_equal(found["a"]["b"], np.eye(3)) and np.array_equal(found["a"]["a"], np.zeros((3, 3)))

    def test_vector_product_needs_no_matrix(self):
        v = np.array([1.0, -2, 3])
        np.testing.assert_allclose(lux.hvp(self.rosenbrock, X, v), lux.hessian(self.rosenbrock, X) @ v)

    def test_at_zero_powers(self):
        assert np.array_equal(lux.hessian(lambda x: np.sum(x ** np.array([2, 1])), np.zeros(2)), [[2, 0], [0, 0]])

    def test_of_elements(self):
        np.testing.assert_allclose(lux.elementwise_grad(lux.elementwise_grad(np.sin))(X), -np.sin(X))
        with pytest.raises(ValueError, match="keeps the shape.*use jacobian"):
            lux.elementwise_grad(np.sum)(X)


class TestNesting:
    @pytest.mark.parametrize("modes", ["".join(modes) for modes in itertools.product("fr", repeat=3)])
    def test_three_deep_in_every_order(self, modes):
        f = lambda x: np.exp(2 * x) * x
        for mode in modes:
            f = derivative(mode, f)
        np.testing.assert_allclose(f(0.7), 8 * np.exp(1.4) * (0.7 + 1.5), rtol=1e-13)

    @pytest.mark.parametrize("outer, inner", list(itertools.product("fr", repeat=2)))
    def test_never_confuses_perturbations(self, outer, inner):
        f = lambda x: x * derivative(inner, lambda y: x + y)(1.0)
        assert derivative(outer, f)(1.0) == 1

    @pytest.mark.parametrize("modes", ["".join(modes) for modes in itertools.product("fr", repeat=3)])
    def test_closures_over_all_outer_levels(self, modes):
        a, b, c = modes
        f = lambda x: derivative(b, lambda y: x * derivative(c, lambda z: x * y * y * z**3)(y))(x)
        np.testing.assert_allclose(derivative(a, f)(2.0), 60 * 2.0**4)

    def test_a_tangent_may_be_traced(self):
        f = lambda v: jvp(lambda x: np.sum(x * x * v), (X,), (v,))[1]
        np.testing.assert_allclose(gradient(f, X), 4 * X * X)

    def test_a_pullback_may_be_differentiated(self):
        pullback = vjp(lambda x: x * x, X)[1]
        assert np.array_equal(jacobian(lambda g: pullback(g)[0], np.ones(3), AutoReverse()), np.diag(2 * X))

    def test_stop_gradient_stops_every_level(self):
        assert lux.hessian(lambda x: lux.stop_gradient(x) ** 2 * x, 3.0) == 0

    @pytest.mark.parametrize("wrap, take", [
        (lambda x: {"x": x}, lambda s: s["x"]), (lambda x: [x], lambda s: s[0]), (lambda x: Pair(x, x), lambda s: s.left),
        (lambda x: FrozenDict(x=x), lambda s: s.x), (lambda x: ComponentArray(x=x), lambda s: s.x),
    ], ids=["dict", "list", "namedtuple", "FrozenDict", "ComponentArray"])
    def test_stop_gradient_stops_structures_or_refuses_them(self, wrap, take):
        try:
            found = gradient(lambda x: np.sum(take(lux.stop_gradient(wrap(x))) + x), X)
        except TypeError:
            return
        assert np.array_equal(found, np.ones(3))


class TestComponentArray:
    point = ComponentArray(weight=X, inner={"bias": 2.0})

    @both_modes
    def test_arithmetic_keeps_the_names(self, ad):
        found = gradient(lambda p: np.sum((p * p).weight) * (2 * p).inner.bias, self.point, ad=ad)
        np.testing.assert_allclose(found.weight, 8 * X)
        assert found.inner.bias == 28

    @both_modes
    def test_updated_replaces_a_part(self, ad):
        found = gradient(lambda p: np.sum(lux.updated(p, "weight", p.inner.bias * X).weight ** 2), self.point, ad=ad)
        assert np.array_equal(found.weight, np.zeros(3)) and found.inner.bias == 56

    @both_modes
    def test_can_be_built_of_traced_parts(self, ad):
        found = gradient(lambda x: np.sum(np.sin(ComponentArray(a=x, b=x[0])).a), X, ad=ad)
        np.testing.assert_allclose(found, np.cos(X))


# Cotangents add up in place, where nobody else has the array

def test_a_loop_over_elements_and_indices_of_all_kinds_add_to_one_cotangent():
    mask, places = np.array([True, False, True, True]), np.array([0, 3, 3])

    def f(x):
        first = sum(np.sin(row[0]) * row[1] for row in x)
        return first + np.sum(x[mask] ** 2) + np.sum(x[places] * x[places, ::-1]) + np.sum(x[..., None] ** 3) + np.sum(x[1:, 0]) + x[-1, -1] * x[2, 1]

    x = np.linspace(-1, 1, 8).reshape(4, 2)
    v = np.cos(np.arange(8.0)).reshape(4, 2)
    lux.check_gradients(f, x)
    np.testing.assert_allclose(np.sum(lux.gradient(f, x) * v), lux.jvp(f, (x,), (v,))[1])
    np.testing.assert_allclose(lux.hvp(f, x, v), lux.vjp(lambda x: lux.gradient(f, x), x)[1](v)[0])
    assert lux.gradient(lambda x: x[()] * x[...] * 3, np.array(2.0)) == 12


def test_plain_and_traced_cotangents_of_one_value_add_up():
    x, v = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, -1.0])
    for f in (lambda x: np.sum(x * x) + (np.sum(3 * x) + np.sum(2 * x)), lambda x: x[0] * x[1] * x[2] + (3 * x[0] + 2 * x[1] + np.sum(x[:2]))):
        np.testing.assert_allclose(lux.hvp(f, x, v), lux.hessian(f, x) @ v)
        np.testing.assert_allclose(lux.hvp(f, x, v), lux.jacrev(lux.jacrev(f))(x) @ v)


def test_a_pullback_writes_to_no_cotangent_that_it_was_given():
    value, pullback = lux.vjp(lambda x: (x, x[1:], np.concatenate([x, x[::-1]])), np.arange(3.0))
    given = (np.ones(3), np.ones(2), np.arange(6.0))
    kept = [g.copy() for g in given]
    first, second = pullback(given)[0], pullback(given)[0]
    for g, k in zip(given, kept):
        np.testing.assert_array_equal(g, k)
    np.testing.assert_array_equal(first, [6, 7, 7])
    np.testing.assert_array_equal(second, first)
    assert not np.shares_memory(first, second)


@pytest.mark.parametrize("f", [lambda x: x, lambda x: x[:2], lambda x: x[::-1], lambda x: np.reshape(x, (3, 1)), lambda x: x[None].T])
def test_the_tangent_of_a_view_is_an_array_of_its_own(f):
    direction = np.ones(3)
    _, tangent = jvp(f, (X,), (direction,))
    tangent[...] = 0
    assert np.array_equal(direction, np.ones(3))


def test_complex_results_of_real_numbers_are_refused_where_one_direction_does_not_tell():
    with pytest.raises(TypeError, match="batched_jacobian in reverse mode"):
        lux.batched_jacobian(lambda t: t * 1j, np.ones((1, 2)))
    assert np.array_equal(lux.batched_jacobian(lambda t: t * 1j, np.ones((1, 2)), AutoForward()), [1j * np.eye(2)])
    with pytest.raises(TypeError, match="batched_jacobian, of complex numbers"):
        lux.batched_jacobian(lambda t: t * np.conj(t), np.ones((1, 2), complex))
    with pytest.raises(TypeError, match="elementwise_grad of real numbers needs real results"):
        lux.elementwise_grad(lambda t: np.exp(1j * t))(np.ones(1))


def test_argnums_come_in_any_sequence():
    f = lambda a, b, c: np.sum(a * b * c)
    for argnums in ((0, 1), [0, 1], range(2), np.array([0, 1])):
        assert len(lux.grad(f, argnums)(X, X, X)) == 2


@pytest.mark.parametrize("f", [lambda x: x, lambda x: x[1:], lambda x: x.reshape(3, 1), lambda x: (x, x * 2)])
def test_what_jvp_returns_is_nobody_elses_array(f):
    x, t = X.copy(), np.ones(3)
    for leaf in lux.tree_leaves(jvp(f, (x,), (t,))):
        leaf[...] = 7
    assert np.array_equal(x, X) and np.array_equal(t, np.ones(3))


@pytest.mark.parametrize("ad", [AutoForward(), AutoReverse()])
def test_batched_jacobians_of_nothing(ad):
    assert lux.batched_jacobian(lambda x: x * 2, np.ones((0, 2)), ad).shape == (0, 2, 2)
    assert lux.batched_jacobian(lambda x: x[:, :0], np.ones((3, 2)), ad).shape == (3, 0, 2)
    assert lux.batched_jacobian(lambda x: np.ones((3, 4)), np.ones((3, 0)), ad).shape == (3, 4, 0)


def test_a_vector_with_names_joins_in_place():
    p = ComponentArray(a=np.ones(2), b=np.ones(1))
    def f(x):
        y = x * 1.0
        y += p
        y *= ComponentArray.from_data(x, p.layout)
        return np.sum(y * y)
    lux.check_gradients(f, np.arange(3.0) + 1)


def test_reverse_jacobians_in_chunks():
    x = np.arange(100.0)
    expected = np.zeros((70, 100))
    np.fill_diagonal(expected, 2 * x)
    for f in (lambda x: x[:70] * x[:70], lambda x: (x[:70] * x[:70], x[:3])):
        whole, parts = (jacobian(f, x, ad=AutoReverse(chunk=chunk)) for chunk in (64, 7))
        for part, other in zip(lux.tree_leaves(whole), lux.tree_leaves(parts)):
            assert np.array_equal(part, other)
        assert np.array_equal(lux.tree_leaves(whole)[0], expected)
    two = jacobian(lambda p: p["a"] * np.sum(p["b"]), {"a": x[:5], "b": x[:2]}, ad=AutoReverse(chunk=2))
    assert np.array_equal(two["a"], np.eye(5)) and np.array_equal(two["b"], np.stack([x[:5]] * 2, 1))


def test_batched_jacobians_ask_for_rows():
    with pytest.raises(ValueError, match="samples"):
        lux.batched_jacobian(lambda x: np.sum(x, axis=2)[:, :1], np.ones((3, 2, 2)))
