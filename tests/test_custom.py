"What the chapter on custom derivatives promises."
import functools
import random
import re
import subprocess
import sys

import numpy as np
import pytest

import lux_nb as lux
from lux_nb import AutoForward, AutoReverse, ComponentArray, check_gradients, custom_rule, gradient, jvp, remat, vjp

X = np.array([0.5, 1.0, 2.0])
both_modes = pytest.mark.parametrize("ad", [AutoForward(), AutoReverse()], ids=["forward", "reverse"])
PUSH, PULL = (lambda t, y, x: t * np.cos(x)), (lambda g, y, x: g * np.cos(x))


def product(**maps):
    "x * y * scale, as a function with a derivative of its own."
    return custom_rule(**maps)(lambda x, y, scale=1.0: scale * x * y)


class TestCustomRule:
    @pytest.mark.parametrize("maps", [{"push": PUSH}, {"pull": PULL}, {"push": PUSH, "pull": PULL}], ids=["push", "pull", "both"])
    def test_serves_every_mode_and_order(self, maps):
        sin = custom_rule(**maps)(np.sin)
        assert check_gradients(sin, X).ok
        np.testing.assert_allclose(lux.hessian(lambda x: np.sum(sin(x)), X), -np.diag(np.sin(X)))
        np.testing.assert_allclose(lux.jacobian(sin, X, AutoReverse()), np.diag(np.cos(X)))

    @pytest.mark.parametrize("maps", [
        {"push": (lambda t, y, a, b, scale=1.0: scale * t * b, lambda t, y, a, b, scale=1.0: scale * t * a)},
        {"pull": (lambda g, y, a, b, scale=1.0: scale * g * b, lambda g, y, a, b, scale=1.0: scale * g * a)},
    ], ids=["push", "pull"])
    def test_takes_several_operands_and_keywords(self, maps):
        f = product(**maps)
        assert check_gradients(lambda x, y: f(x, y, scale=3.0), X, 2 * X).ok
        np.testing.assert_allclose(gradient(lambda x: np.sum(f(x, x)), X), 2 * X)

    @both_modes
    def test_a_map_of_none_is_a_derivative_of_zero(self, ad):
        f = product(pull=(lambda g, y, a, b: g * b, None))
        dx, dy = gradient(lambda x, y: np.sum(f(x, y)), X, 2 * X, ad=ad)
        assert np.array_equal(dx, 2 * X) and np.array_equal(dy, np.zeros(3))

    @both_modes
    def test_is_used_in_place_of_the_true_derivative(self, ad):
        straight_through = custom_rule(push=lambda t, y, x: t, pull=lambda g, y, x: g)(np.round)
        assert np.array_equal(gradient(lambda x: np.sum(straight_through(x)), X, ad=ad), np.ones(3))

    @both_modes
    def test_a_function_may_leave_numpy(self, ad):
        @custom_rule(push=lambda t, y, x: t * np.cos(x), pull=lambda g, y, x: g * np.cos(x))
        def outside(x):
            return np.array([np.sin(float(number)) for number in x])
        np.testing.assert_allclose(gradient(lambda x: np.sum(outside(x)), X, ad=ad), np.cos(X))

    @both_modes
    def test_a_function_that_writes_to_its_operand_does_not_spoil_the_gradient(self, ad):
        @custom_rule(push=lambda t, y, x: 2 * t, pull=lambda g, y, x: 2 * g)
        def doubled(x):
            x *= 2
            return x
        f = lambda x: (lambda y: np.sum(doubled(y)) + np.sum(y * y))(1 * x)
        try:
            found = gradient(f, X, ad=ad)
        except (ValueError, TypeError):
            return # the write is refused where it stands
        np.testing.assert_allclose(found, 2 + 2 * X)

    @both_modes
    def test_plain_arrays_run_the_function_itself(self, ad):
        assert np.array_equal(product(pull=PULL)(X, X, scale=2.0), 2 * X * X)

    def test_needs_a_map(self):
        with pytest.raises(TypeError, match="custom_rule needs a push, a pull or both: custom_rule"):
            custom_rule()

    @both_modes
    def test_an_operand_without_a_map_is_named(self, ad):
        f = product(push=lambda t, y, a, b: t * b, pull=lambda g, y, a, b: g * b)
        with pytest.raises(NotImplementedError, match="map for its argument b.*stop_gradient"):
            gradient(lambda x: np.sum(f(x, x)), X, ad=ad)

    @both_modes
    def test_an_unknown_keyword_is_named(self, ad):
        f = product(push=lambda t, y, a, b: t * b, pull=lambda g, y, a, b: g * b)
        with pytest.raises(NotImplementedError, match="does not know the argument 'scale'"):
            gradient(lambda x: np.sum(f(x, X, scale=2.0)), X, ad=ad)

    @pytest.mark.parametrize("pull", [
        lambda g, y, x: np.sum(g), lambda g, y, x: 0.0, lambda g, y, x: g[:2], lambda g, y, x: g[0] + np.zeros((3, 1)),
    ], ids=["scalar", "number", "short", "column"])
    def test_a_pull_of_a_wrong_shape_is_refused_by_name(self, pull):
        crooked = custom_rule(pull=pull)(lambda x: 2 * x)
        with pytest.raises((TypeError, ValueError), match="shape"):
            gradient(lambda x: np.sum(crooked(x)), X)

    @both_modes
    def test_def_rule_enters_a_function_that_dispatches(self, ad):
        twice = lux.dispatching(lambda x: 2 * x)
        lux.def_rule(twice, lambda t, y, x: 2 * t, lambda g, y, x: 2 * g)
        assert np.array_equal(gradient(lambda x: np.sum(twice(x) * x), X, ad=ad), 4 * X)


class TestRemat:
    @both_modes
    @pytest.mark.parametrize("again, plain", [
        (lambda x: remat(lambda a: np.sin(a) * a)(x), lambda x: np.sin(x) * x),
        (lambda x: remat(lambda a: remat(lambda b: np.sin(b))(a) * a)(x), lambda x: np.sin(x) * x),
        (lambda x: remat(lambda a: {"sin": np.sin(a), "mask": a > 0, "a": a})(x)["sin"] * x, lambda x: np.sin(x) * x),
        (lambda x: remat(lambda p: p["a"] * np.sin(p["b"][0]))({"a": x, "b": [x]}), lambda x: np.sin(x) * x),
        (lambda x: remat(lambda a: (a, np.ones(3)))(x)[0] * x, lambda x: x * x),
        (lambda x: remat(lambda p: p.a * p.b)(ComponentArray(a=x, b=x)), lambda x: x * x),
    ], ids=["once", "nested", "dict", "structure", "input as output", "ComponentArray"])
    def test_changes_no_value_and_no_derivative(self, ad, again, plain):
        assert np.array_equal(again(X), plain(X))
        np.testing.assert_allclose(gradient(lambda x: np.sum(again(x)), X, ad=ad), gradient(lambda x: np.sum(plain(x)), X))
        np.testing.assert_allclose(lux.hessian(lambda x: np.sum(again(x)), X), lux.hessian(lambda x: np.sum(plain(x)), X), atol=1e-15)

    def test_runs_the_function_again_once_for_a_walk_back(self):
        calls = []
        f = remat(lambda a, b: calls.append(1) or (a * b, a + b))
        _, pullback = vjp(lambda a, b: f(a, b), X, 2 * X)
        assert len(calls) == 1
        pullback((np.ones(3), np.ones(3)))
        assert len(calls) == 2
        np.testing.assert_allclose(pullback((np.ones(3), np.ones(3)))[0], 2 * X + 1)

    @both_modes
    @pytest.mark.parametrize("other, f", [
        (2, lambda x, n: x**n), (np.array([True, False, True]), lambda x, mask: np.where(mask, x * x, x * x)),
        ("square", lambda x, name: x * x), (None, lambda x, none: x * x),
    ], ids=["integer", "mask", "text", "None"])
    def test_other_arguments_may_be_anything(self, ad, other, f):
        np.testing.assert_allclose(gradient(lambda x: np.sum(remat(f)(x, other)), X, ad=ad), 2 * X)

    @both_modes
    @pytest.mark.parametrize("wrap", [
        lambda w: lambda x: w * x, lambda w: (lambda g: lambda x: g(x))(lambda x: w * x), lambda w: functools.partial(lambda w, x: w * x, w),
        lambda w: lambda x, w=w: w * x, lambda w: (lambda box: lambda x: box["w"] * x)({"w": w}), lambda w: Scaled(w), lambda w: Scaled(w).__call__,
    ], ids=["closure", "closure in a closure", "partial", "default", "in a dict", "object", "method"])
    def test_a_captured_traced_value_is_followed_or_refused(self, ad, wrap):
        try:
            found = gradient(lambda w: remat(wrap(w))(2.0 * w), 3.0, ad=ad)
        except ValueError as error:
            assert "remat: the function closes over a traced value: pass it as an argument" in str(error)
        else:
            assert found == 12

    def test_any_callable_will_do(self):
        for f in (np.sin, functools.partial(np.multiply, 2.0), Scaled(2.0)):
            np.testing.assert_allclose(gradient(lambda x: np.sum(remat(f)(x)), X), gradient(lambda x: np.sum(f(x)), X))

    @both_modes
    def test_a_function_may_write_in_place(self, ad):
        def f(a):
            a = np.copy(a)
            a *= a
            return a
        np.testing.assert_allclose(gradient(lambda x: np.sum(remat(f)(x)), X, ad=ad), 2 * X)

    @both_modes
    def test_a_function_that_writes_to_its_argument_does_not_spoil_the_gradient(self, ad):
        def f(a):
            a += 1
            return a * a
        try:
            found = gradient(lambda x: (lambda y: np.sum(remat(f)(y)) + np.sum(y * y))(1 * x), X, ad=ad)
        except (ValueError, TypeError):
            return # the write is refused where it stands
        assert any(np.allclose(found, right) for right in (2 * (X + 1) + 2 * X, 4 * (X + 1)))

    @pytest.mark.parametrize("w", [np.array([1.0, 2.0, 4.0]), np.arange(3), np.array([1.0, np.nan, 2.0]), 3.0, 2], ids=repr)
    def test_an_array_or_a_number_outside_may_be_used_but_not_changed(self, w):
        np.testing.assert_allclose(gradient(lambda x: np.sum(remat(lambda v: v * v * w)(x)), X), 2 * X * w)

        def changed(x):
            w_here = np.copy(w)[()]
            y = remat(lambda v: v * v * w_here)(x)
            w_here = w_here * 3
            return np.sum(y)
        with pytest.raises(ValueError, match="remat: 'w_here', which the function closes over, has changed since"):
            gradient(changed, X)

    @pytest.mark.parametrize("name, within", [
        ("box[0]", lambda box: lambda v: v * box[0]), ("box.w", lambda box: lambda v: v * box["w"]), ("box[0]", lambda box: lambda v, box=box: v * box[0]),
    ], ids=["list", "dict", "default"])
    def test_so_in_a_list_or_a_dict_and_for_a_default(self, name, within):
        def changed(x):
            box = {"w": 2.0} if name == "box.w" else [2.0]
            y = remat(within(box))(x)
            box[next(iter(box)) if isinstance(box, dict) else 0] = 5.0
            return np.sum(y)
        with pytest.raises(ValueError, match=f"remat: {re.escape(repr(name))}, which the function closes over, has changed since"):
            gradient(changed, X)

    @pytest.mark.parametrize("several, use", [
        ((np.sin, np.cos), lambda v, each: each(v)), (("sin", "cos"), lambda v, each: getattr(np, each)(v)), ((slice(0, 2), slice(1, 3)), lambda v, each: v[each]),
        ((1.0, 2.0), lambda v, each: v * each),
    ], ids=["functions", "names", "slices", "numbers"])
    def test_a_loop_variable_is_noticed(self, several, use):
        def late(x):
            total = 0
            for each in several:
                total = total + np.sum(remat(lambda v: use(v, each))(x))
            return total
        with pytest.raises(ValueError, match="remat: 'each', which the function closes over, has changed since"):
            gradient(late, X)

        def passed(x):
            return sum(np.sum(remat(lambda v, each=each: use(v, each))(x)) for each in several)
        np.testing.assert_allclose(gradient(passed, X), gradient(lambda x: sum(np.sum(use(x, each)) for each in several), X))

    def test_a_large_array_outside_is_locked_meanwhile(self):
        def changed(x):
            w = np.ones((2000, 3))
            y = remat(lambda v: v * w)(x)
            w *= 2
            return np.sum(y)
        with pytest.raises(ValueError, match="read-only"):
            gradient(changed, X)

    @both_modes
    def test_one_argument_may_be_written_into_a_copy_of_another(self, ad):
        def f(a, b):
            y = np.copy(a)
            y[0] = b[1]
            return y * b
        np.testing.assert_allclose(gradient(lambda x: np.sum(remat(f)(x, 2 * x)), X, ad=ad), gradient(lambda x: np.sum(f(x, 2 * x)), X))
        np.testing.assert_allclose(lux.hvp(lambda x: np.sum(remat(f)(x, 2 * x) ** 2), X, X), lux.hvp(lambda x: np.sum(f(x, 2 * x) ** 2), X, X))

    def test_in_a_program(self):
        f = lambda x: np.sum(remat(lambda z: np.sin(z) * z)(x))
        np.testing.assert_allclose(lux.compiled(f)(X), f(X))
        np.testing.assert_allclose(lux.compiled(lambda x: gradient(f, x))(X), gradient(f, X))
        np.testing.assert_allclose(lux.compiled(lambda x: lux.hvp(f, x, x))(X), lux.hvp(f, X, X))

    def test_without_tracing_it_is_the_function(self):
        assert np.array_equal(remat(np.sin)(X), np.sin(X))

    def test_jvp_gives_value_and_tangent(self):
        value, tangent = jvp(remat(lambda x: x * x), (X,), (np.ones(3),))
        assert np.array_equal(value, X * X) and np.array_equal(tangent, 2 * X)


class Scaled:
    def __init__(self, w):
        self.w = w

    def __call__(self, x):
        return self.w * x


@both_modes
def test_arguments_may_have_any_names(ad):
    @custom_rule(push=lambda t, y, x, batch=1, change=2, map=3: t * batch * change * map)
    def f(x, batch=1, change=2, map=3):
        return x * batch * change * map
    np.testing.assert_allclose(gradient(lambda x: np.sum(f(x, batch=5, change=7, map=11)), X, ad=ad), 385)
    np.testing.assert_allclose(lux.jacobian(lambda x: f(x, batch=5), X, ad=ad), 30 * np.eye(3))


@both_modes
def test_a_dict_may_be_an_argument_and_may_change(ad):
    @custom_rule(push=lambda t, y, x, options: t * options["scale"], pull=lambda g, y, x, options: g * options["scale"])
    def f(x, options):
        return x * options["scale"]

    def changed(x):
        options = {"scale": 2.0}
        y = f(x, options)
        options["scale"] = 5.0
        return np.sum(y)
    assert np.array_equal(gradient(changed, X, ad=ad), np.full(3, 2.0))
    with pytest.raises(TypeError, match="inside a dict, where it is not looked for"):
        gradient(lambda x: np.sum(f(x, {"scale": x})), X, ad=ad)


# ---- what a function knows besides its arguments
@pytest.mark.parametrize("make", [lambda: lux.Xoshiro(3), lambda: np.random.default_rng(3), lambda: np.random.RandomState(3)], ids=["Xoshiro", "NumPy", "legacy"])
@pytest.mark.parametrize("given", [True, False], ids=["given", "closed over"])
@pytest.mark.parametrize("derivative", [lux.gradient, lambda f, x: lux.gradient(f, x, ad=lux.AutoForward()), lambda f, x: lux.hvp(f, x, x)], ids=["reverse", "forward", "second"])
def test_numbers_are_drawn_again_as_they_were(make, given, derivative):
    x = np.linspace(0.1, 1, 6)
    f = lambda x, rng: np.sum(np.sin(x) * rng.uniform(size=6)) * np.sum(x * rng.uniform(size=6))
    rng = make()
    expected, after = derivative(lambda x: f(x, rng), x), rng.uniform()
    rng = make()
    again = lux.remat(f if given else lambda x: f(x, rng))
    found = derivative((lambda x: again(x, rng)) if given else again, x)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert rng.uniform() == after


def test_a_generator_behind_its_method_too():
    draw = np.random.default_rng(0).random
    y, pullback = lux.vjp(lux.remat(lambda x: x * draw(3) * random.random()), np.ones(3))
    np.testing.assert_allclose(pullback(np.ones(3))[0], y, rtol=1e-12)


@both_modes
def test_what_has_no_derivative_may_come_back(ad):
    rng, x = np.random.default_rng(0), np.array([1.0, 2.0])
    block = lux.remat(lambda x, rng: (x * x, rng, np.sin, "text", 3, True, np.arange(2)))
    value, after, *others = block(x, rng)
    assert after is rng and others[:4] == [np.sin, "text", 3, True]
    assert np.array_equal(lux.gradient(lambda x: np.sum(block(x, rng)[0]), x, ad=ad), [2, 4])


def test_numpys_global_generator_too():
    f = lambda x: np.sum(x**2 * np.random.rand(3))
    np.random.seed(0)
    expected, after = lux.gradient(f, np.ones(3)), np.random.rand()
    np.random.seed(0)
    assert np.array_equal(lux.gradient(lux.remat(f), np.ones(3)), expected) and np.random.rand() == after


SCALE = np.array([1.0, 2.0])


FUNCTIONS = {"scaled": lambda x: scaled(x)}


def scaled(x):
    return x * x * SCALE


def raises_while_the_scale_is_another(pullback):
    SCALE[0] = 5.0
    try:
        with pytest.raises(ValueError, match="has changed since"):
            pullback(np.ones(2))
    finally:
        SCALE[0] = 1.0


@pytest.mark.parametrize("f", [scaled, lambda x: scaled(x) + 0, functools.partial(lambda scale, x: x * x * scale, SCALE), lambda x: (lambda: x * x * SCALE)(), lambda x: FUNCTIONS["scaled"](x)],
                         ids=["global", "by another function", "partial", "inner", "in a dict"])
def test_what_changed_outside_is_noticed(f):
    _, pullback = lux.vjp(lux.remat(f), np.ones(2))
    raises_while_the_scale_is_another(pullback)
    assert np.array_equal(pullback(np.ones(2))[0], [2, 4])


@pytest.mark.parametrize("size", [3, 5_000])
@pytest.mark.parametrize("pack", [lambda y: y, lambda y: {"a": [y]}], ids=["alone", "packed"])
def test_a_buffer_that_a_function_uses_again_is_copied(size, pack):
    buffer, slopes = np.empty(size), np.empty(size)

    @lux.custom_rule(pull=lambda g, y, x: np.multiply(2 * x, g, out=slopes))
    def square(x):
        return pack(np.multiply(x, x, out=buffer))

    unpack = lambda y: y["a"][0] if isinstance(y, dict) else y
    x = np.linspace(0, 1, size)
    if pack(1) == 1:
        np.testing.assert_allclose(lux.gradient(lambda x: np.sum(square(x) * square(3 * x) * square(x + 1)), x), lux.gradient(lambda x: np.sum(x**2 * 9 * x**2 * (x + 1) ** 2), x), rtol=1e-12)
    first, second = unpack(square(x)), unpack(square(x + 1))
    assert np.array_equal(first, x * x) and not np.shares_memory(first, second) and not np.shares_memory(first, buffer)


def test_a_set_that_grows_is_noticed():
    numbers = {2.0}
    _, pullback = lux.vjp(lux.remat(lambda x: x * sum(numbers)), np.ones(2))
    numbers.add(3.0)
    with pytest.raises(ValueError, match="'numbers'.*has changed since"):
        pullback(np.ones(2))


def test_names_that_two_functions_share_are_told_apart():
    def scaled_by(scale):
        return lambda x: x * scale

    first, second, both = scaled_by(SCALE), scaled_by(np.ones(2)), [partial_of(SCALE), partial_of(np.ones(2))]
    for f in (lambda x: first(x) * second(x), lambda x: second(x) * first(x), lambda x: both[0](x) * both[1](x)):
        _, pullback = lux.vjp(lux.remat(f), np.ones(2))
        raises_while_the_scale_is_another(pullback)


def partial_of(scale):
    return functools.partial(lambda scale, x: x * scale, scale)


@both_modes
def test_a_rule_that_meets_a_traced_value_it_was_not_given_raises(ad):
    def f(theta, x):
        @custom_rule(push=lambda t, y, a: t * 2.0, pull=lambda g, y, a: g * 2.0)
        def scaled(a):
            return 2.0 * a + theta
        return np.sum(scaled(x))
    for x in (2.0, X):
        with pytest.raises(TypeError, match="a function with a custom rule takes them as arguments"):
            gradient(f, 1.0, x, ad=ad)


class Noisy:
    "A layer with a generator of its own."

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, x):
        return x * (self.rng.random(x.shape) > 0.5)


def test_remat_notices_other_values_on_the_way_back():
    with pytest.raises(ValueError, match="remat: the function gives other values than before"):
        gradient(lambda x: np.sum(remat(Noisy())(x) ** 2), np.ones(50))
    class Counts:
        calls = 0
        def __call__(self, x):
            self.calls += 1
            return {"y": x * self.calls, "calls": self.calls, "name": "n"}
    counts = Counts()
    with pytest.raises(ValueError, match="remat: the function gives other values than before"):
        gradient(lambda x: np.sum(remat(counts)(x)["y"]), X)


@pytest.mark.parametrize("f", [
    lambda x: np.where(x > 1, np.nan, np.exp(x)), lambda x: np.full_like(x, np.inf) * x, lambda x: x[:0], lambda x: x.astype(np.float32), lambda x: x * (1 + 1j),
    lambda x: 1e-300 * x, lambda x: (x * x, x[0]),
])
def test_remat_of_ordinary_functions_is_not_disturbed(f):
    loss = lambda f: lambda x: sum(np.sum(np.real(y)) for y in lux.tree_leaves(f(x)))
    assert np.array_equal(gradient(loss(remat(f)), X), gradient(loss(f), X), equal_nan=True)


@pytest.mark.parametrize("maps", [
    {"pull": (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)}, {"push": (lambda t, y, a, b: t * b, lambda t, y, a, b: a * t)},
], ids=["pull", "push"])
def test_missing_maps_of_operands_that_broadcast(maps):
    f = custom_rule(**maps)(lambda a, b: a * b)
    x = np.array([1.0, 2.0, 3.0])
    check_gradients(lambda b: f(x, b), 2.0)
    check_gradients(lambda a, b: f(a, b), x, np.array([[2.0], [0.5]]))
    assert lux.hvp(lambda b: np.sum(f(x, b) ** 2), 2.0, 1.0) == pytest.approx(2 * np.sum(x**2))
    assert lux.hessian(lambda b: np.sum(f(x, b) ** 2), 2.0) == pytest.approx(2 * np.sum(x**2))


def test_a_custom_function_has_one_result():
    f = custom_rule(pull=lambda g, y, x: g)(lambda x: (x, x))
    assert len(f(X)) == 2
    for call in (lambda: gradient(lambda x: np.sum(f(x)[0]), X), lambda: jvp(f, (X,), (X,))):
        with pytest.raises(TypeError, match="custom_rule needs a function with one result, <lambda> gives 2"):
            call()


def test_remat_does_not_look_at_our_own_modules():
    program = """
import numpy as np, lux_nb as lux
f = lux.custom_rule(pull=lambda g, y, x: g * np.cos(x))(lambda x: np.sin(x))
x = np.array([0.5, 1.0])
assert np.allclose(lux.gradient(lambda x: np.sum(lux.remat(f)(x)), x), np.cos(x))
"""
    subprocess.run([sys.executable, "-c", program], check=True) # in a process where nothing was called before


def test_a_derived_pull_knows_that_the_function_broadcasts():
    f = custom_rule(push=lambda t, y, x: 2 * t)(lambda x: np.broadcast_to(2 * x, (3, 2)))
    assert np.array_equal(gradient(lambda x: np.sum(f(x)), np.ones(2)), [6, 6])
