"Reverse mode on a flat vector with named parts: its parts are inputs of the tape, beside the vector itself."
import numpy as np
import pytest

import lux_nb as lux
from lux_nb import AutoForward, AutoReverse, ComponentArray

POINT = ComponentArray(a=np.array([[1.0, -2.0], [0.5, 3.0]]), b=np.array([2.0, -1.0, 0.25]), inner={"c": np.array([1.5]), "d": np.array(0.5)})

FUNCTIONS = {
    "by its names": lambda p: np.sum(np.sin(p.a) @ p.b[:2]) + p.inner.c[0] * p.inner.d,
    "as a whole": lambda p: np.sum(p**3),
    "in both ways": lambda p: np.sum(p.a**2) * np.sum(np.cos(p)) + p.inner.d,
    "one name only": lambda p: np.prod(p.b),
    "not at all": lambda p: 3.0,
    "a name twice": lambda p: np.sum(p.a * p["a"]) + np.sum(p.b) * np.sum(p.b),
}
every_function = pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)


@every_function
def test_both_modes_agree(f):
    reverse, forward = (lux.gradient(f, POINT, ad=ad) for ad in (AutoReverse(), AutoForward()))
    assert type(reverse) is ComponentArray and reverse.layout == POINT.layout
    np.testing.assert_allclose(reverse.data, forward.data, rtol=1e-12)


@every_function
def test_second_derivatives_agree(f):
    direction = ComponentArray.from_data(np.linspace(-1, 1, POINT.layout.size), POINT.layout)
    over_forward = lux.jvp(lambda p: lux.gradient(f, p), (POINT,), (direction,))[1]
    over_reverse = lux.vjp(lambda p: lux.gradient(f, p), POINT)[1](direction)[0]
    np.testing.assert_allclose(over_forward.data, over_reverse.data, rtol=1e-11, atol=1e-12)


def test_a_pullback_may_be_called_again():
    value, pullback = lux.vjp(lambda p: (p.a * 2, p.data[0] * p.b), POINT)
    (once,), (again,) = (pullback((np.ones((2, 2)), np.ones(3))) for _ in range(2))
    assert np.array_equal(once.data, again.data)
    assert np.array_equal(once.b, np.ones(3)) and once.a[0, 0] == 2 + np.sum(POINT.b)


def test_many_cotangents_at_once():
    f = lambda p: np.concatenate([p.b, np.ravel(p.a) * p.inner.d])
    reverse, forward = (lux.jacobian(f, POINT, ad=ad) for ad in (AutoReverse(), AutoForward()))
    assert np.shape(reverse) == (7, POINT.layout.size)
    np.testing.assert_allclose(reverse, forward)


def test_an_update_in_place_reaches_the_names_taken_later():
    def f(p):
        p *= 2
        return np.sum(p.a)

    assert np.array_equal(lux.gradient(f, POINT).a, np.full((2, 2), 2.0))


def test_a_part_taken_before_its_vector_is_written_to_is_out_of_date():
    def f(p):
        part = p.a
        p[0] = 5.0
        return np.sum(part)

    with pytest.raises(ValueError, match="view"):
        lux.gradient(f, POINT)


def test_a_write_to_a_part_raises_as_a_view_does():
    def f(p):
        p.a[0, 0] = 1.0
        return np.sum(p)

    with pytest.raises(ValueError, match="view"):
        lux.gradient(f, POINT)


def test_numbers_of_many_bits():
    big = lux.BigFloat
    point = ComponentArray(a=np.array([big(1), big(2)], dtype=object), b=np.array(big(3), dtype=object))
    slope = lux.gradient(lambda p: np.sum(p.a * p.b), point)
    assert slope.a.tolist() == [3, 3] and slope.b == 3


def test_a_subclass_is_refused():
    with pytest.raises(TypeError, match="ComponentArray can't be subclassed.*hold one in an attribute"):
        class Other(ComponentArray):
            pass


def test_an_input_that_is_overwritten_by_an_outer_value_has_a_cotangent_after_the_outer_transform():
    pullbacks = []
    def outer(z):
        def inner(a, b):
            a[...] = z * 2
            return b * 1.0
        pullbacks.append(lux.vjp(inner, np.ones(3), np.ones(3))[1])
        return np.sum(z**2)
    lux.gradient(outer, np.array([1.0, 2.0, 3.0]))
    a, b = pullbacks[0](np.ones(3))
    assert np.array_equal(a, np.zeros(3)) and np.array_equal(b, np.ones(3))
