"What the chapter on checking derivatives promises: planted errors are found, right derivatives pass."
import re

import numpy as np
import pytest

import lux_nb as lux
from lux_nb import check_gradients, checked_finite, custom_rule, gradient

X = np.array([0.5, 1.0, 2.0])
PUSH, PULL = (lambda t, y, x: t * np.cos(x)), (lambda g, y, x: g * np.cos(x))
SLIGHTLY = 1 + 1e-3


class TestCheckGradients:
    @pytest.mark.parametrize("f, xs", [
        (np.sin, (X,)), (lambda x, y: x @ y, (X, X)), (lambda p: {"a": p["a"] ** 2, "b": p["a"] * p["b"]}, ({"a": X, "b": 2.0},)),
        (lambda x: lux.stop_gradient(np.ones(3)), (X,)), (lambda x: x * x, (3.0,)), (lambda x: np.sum(x * x), (np.zeros(0),)),
        (lambda p: p.a * p.b, (lux.ComponentArray(a=X, b=2.0),)), (lambda x: 2 * x, (X,)),
    ], ids=["array", "two", "structure", "constant", "number", "empty", "ComponentArray", "linear"])
    def test_right_derivatives_pass(self, f, xs):
        assert check_gradients(f, *xs).ok

    def test_a_derivative_of_zero_passes(self):
        assert check_gradients(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, X).ok

    @pytest.mark.parametrize("push, pull, wrong", [
        (lambda t, y, x: SLIGHTLY * PUSH(t, y, x), PULL, "forward mode"), (PUSH, lambda g, y, x: SLIGHTLY * PULL(g, y, x), "reverse mode"),
        (lambda t, y, x: -PUSH(t, y, x), lambda g, y, x: -PULL(g, y, x), "forward mode"), (PUSH, lambda g, y, x: g * np.nan, "reverse mode"),
        (None, lambda g, y, x: g * lux.stop_gradient(np.cos(x)), "gradient: forward mode"), (PUSH, lambda g, y, x: np.flip(PULL(g, y, x)), "adjoint identity"),
        (None, lambda g, y, x: 0 * g, "reverse mode"), (None, lambda g, y, x: g * g * np.cos(x), "reverse mode"),
    ], ids=["push", "pull", "both", "NaN", "second order", "transpose", "zero", "not linear"])
    def test_planted_errors_are_found(self, push, pull, wrong):
        with pytest.raises(AssertionError, match=rf"a derivative is wrong\n(.*\n)*BAD +{wrong}"):
            check_gradients(custom_rule(push, pull)(np.sin), X)

    def test_a_slope_where_there_is_none_is_found(self):
        with pytest.raises(AssertionError, match="BAD"):
            check_gradients(custom_rule(pull=lambda g, y, x: 1e-3 * g)(lambda x: np.ones(3)), X)

    def test_what_is_not_asked_for_is_not_looked_at(self):
        half_right = custom_rule(PUSH, lambda g, y, x: -PULL(g, y, x))(np.sin)
        assert check_gradients(half_right, X, modes=("forward",), order=1).ok
        first_only = custom_rule(pull=lambda g, y, x: g * lux.stop_gradient(np.cos(x)))(np.sin)
        assert check_gradients(first_only, X, order=1).ok

    def test_the_report_can_be_read(self):
        lines = repr(check_gradients(np.sin, X)).splitlines()
        assert len(lines) == 6 and all(re.match(r"ok  .* relative error \S+, allowed 1e-\d\d$", line) for line in lines)

    @pytest.mark.parametrize("options", [{"modes": ("backward",)}, {"order": 3}, {"modes": ()}], ids=["mode", "order", "no mode"])
    def test_what_it_does_not_know_it_says(self, options):
        with pytest.raises(ValueError, match="check_gradients knows the modes 'forward' and 'reverse'"):
            check_gradients(np.sin, X, **options)

    def test_the_point_is_left_alone(self):
        x = X.copy()
        check_gradients(np.sin, x)
        assert np.array_equal(x, X)


class TestCheckedFinite:
    def test_names_the_first_operation_and_the_line(self):
        with pytest.raises(FloatingPointError, match=r"np.log of shapes \(3,\) gave -inf, called from line \d+ of <lambda>"):
            checked_finite(lambda x: np.sum(np.log(x - 0.5) ** 2))(X)

    def test_names_the_pull_that_was_walked_back_through(self):
        with pytest.raises(FloatingPointError, match="gave inf, while walking back through np.sqrt"):
            checked_finite(lambda x: gradient(lambda x: np.sum(np.sqrt(x)), x))(np.array([0.0, 1.0]))

    def test_looks_at_tangents(self):
        with pytest.raises(FloatingPointError, match="gave inf"):
            checked_finite(lambda x: lux.jvp(np.sqrt, (x,), (x + 1,)))(np.array([0.0, 1.0]))

    @pytest.mark.parametrize("f", [
        np.sin, lambda x: {"y": x * x, "mask": x > 1}, lambda x: gradient(lambda x: np.sum(np.sqrt(x)), x), lambda x: x[np.argsort(-x)], lambda x: X[x > 0.7],
        lambda x: X[np.argsort(-x)], lambda x: x[int(np.argmax(x))], lambda x: np.argmax(x), lambda x: 3.0,
    ])
    def test_changes_nothing_where_all_is_finite(self, f):
        found, expected = checked_finite(f)(X), f(X)
        assert lux.tree_structure(found) == lux.tree_structure(expected)
        for a, b in zip(lux.tree_leaves(found), lux.tree_leaves(expected)):
            assert type(a) is type(b) and np.array_equal(a, b)

    def test_passes_on_other_arguments(self):
        assert np.array_equal(checked_finite(lambda x, n, name: sum(x for _ in range(n)))(X, 2, "name"), 2 * X)

    def test_a_write_through_a_view_reaches_its_base_or_is_refused(self):
        def f(x):
            y = np.copy(x)
            part = y[:2]
            part += 1
            return y
        try:
            found = checked_finite(f)(X)
        except ValueError:
            return
        assert np.array_equal(found, f(X))

    def test_an_alias_sees_a_write(self):
        def f(x):
            y = np.copy(x)
            z = y
            y += 1
            return z
        assert np.array_equal(checked_finite(f)(X), X + 1)


def test_the_check_asks_for_double_precision():
    for f, x in ((lambda x: np.sum(x * x), np.ones(2, np.float32)), (lambda x: np.sum(np.real(x * x)), np.ones(2) + 0j)):
        with pytest.raises(TypeError):
            check_gradients(f, x, order=1)


def test_the_step_follows_the_largest_result():
    assert check_gradients(lambda x: (1e9 + x, x), 1.0, order=1)


def test_checked_finite_passes_functions_of_several_results():
    assert np.allclose(checked_finite(lambda x: np.linalg.svd(x)[1])(np.ones((2, 3))), [6**0.5, 0])
