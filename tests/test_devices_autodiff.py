"""Derivatives where the arrays are: the same on the CPU, on the double of a GPU and on a GPU."""
import numpy as np
import pytest

import lux_nb as lux

REPEATING = [[0, 2, 0, 1, 0], (np.array([[1, 1], [0, 1]]),), (..., [0, 0]), ([0, 1, 0], [1, 1, 1]), (None, [1, 1], slice(1))]


def agree(device, f, *xs):
    "Whether f, its tangents and its cotangents are what they are on the CPU."
    there = device(xs)
    for point, back in ((xs, lambda x: x), (there, lux.cpu_device())):
        value, tangent = lux.jvp(f, point, point)
        pulled = lux.vjp(f, *point)[1](value)
        results = lux.tree_leaves(back([value, tangent, pulled]))
        if point is xs:
            expected = results
    for a, b in zip(results, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("index", REPEATING, ids=str)
def test_of_values_written_to_one_place_the_last_counts(index, device, rng):
    x = rng.standard_normal((3, 2))
    v = rng.standard_normal(x[index].shape)
    expected = x.copy()
    expected[index] = v
    written = lux.updated(device(x), index, device(v))
    assert np.array_equal(lux.cpu(written), expected)
    agree(device, lambda x, v: lux.updated(x, index, v), x, v)
    agree(device, lambda x, v: lux.updated(x, index, 2.0) * lux.updated(x, index, v[..., :1]), x, v)


@pytest.mark.parametrize("index", REPEATING, ids=str)
def test_what_was_read_twice_collects_both_cotangents(index, device, rng):
    agree(device, lambda x: x[index] ** 2, rng.standard_normal((3, 2)))


@pytest.mark.parametrize("number", [1, 1.0, np.float32(1), np.float64(1)], ids=lambda x: type(x).__name__)
def test_a_number_is_a_cotangent_and_a_tangent_anywhere(number, device):
    x = device(np.arange(3.0))
    _, pullback = lux.vjp(lambda x: np.sum(x * x), x)
    g, = pullback(number)
    assert lux.get_device(g) == device and np.array_equal(lux.cpu(g), [0, 2, 4])
    _, t = lux.jvp(lambda s: s * x, (x[1],), (number,))
    assert lux.get_device(t) == device and np.array_equal(lux.cpu(t), [0, 1, 2])


def test_gradients_are_checked_anywhere(device):
    x = {"a": device(np.linspace(0.5, 1, 6).reshape(2, 3)), "b": device(np.array(0.3)), "empty": device(np.zeros((0, 2)))}
    report = lux.check_gradients(lambda x: [np.sin(x["a"]) * x["b"], x["empty"]], x)
    assert report.ok and len(report.rows) == 6


def test_second_derivatives_of_gamma_functions(device):
    special = pytest.importorskip("scipy.special")
    x = device(np.array([0.5, 1.0, 3.5]))
    try:
        special.gammaln(x)
    except TypeError:
        pytest.skip("the double has no special functions")
    curvature = lux.hvp(lambda x: np.sum(special.gammaln(x)), x, device(np.ones(3)))
    np.testing.assert_allclose(lux.cpu(curvature), special.polygamma(1, lux.cpu(x)), rtol=1e-12)


@pytest.mark.parametrize("compile", [lambda f: f, lux.compiled], ids=["eager", "compiled"])
def test_a_derivative_crosses_with_its_value(compile, device):
    def f(x):
        there = device({"x": x, "again": x})
        assert there["x"] is there["again"]
        return np.sum(lux.cpu(np.sin(there["x"])) * x)

    x = np.linspace(0, 1, 4)
    slope, curvature = np.cos(x) * x + np.sin(x), 2 * np.cos(x) - x * np.sin(x)
    g = compile(lambda x: lux.gradient(f, x))(x)
    assert type(g) is np.ndarray
    np.testing.assert_allclose(g, slope, rtol=1e-12)
    np.testing.assert_allclose(compile(lambda x: lux.gradient(f, x, ad=lux.AutoForward()))(x), slope, rtol=1e-12)
    np.testing.assert_allclose(compile(lambda x: lux.hvp(f, x, np.ones(4)))(x), curvature, rtol=1e-12)


def test_cotangents_and_tangents_of_another_device_are_refused(cupy_double):
    x, elsewhere = lux.GPUDevice(0)(np.ones(3)), np.ones(3)
    with pytest.raises(ValueError, match="a cotangent must be where its value is, on <CUDA Device 0>, got one on cpu"):
        lux.vjp(lambda x: x * 2, x)[1](elsewhere)
    with pytest.raises(ValueError, match="a tangent must be where its value is, on cpu, got one on <CUDA Device 0>"):
        lux.jvp(lambda x: x * 2, (elsewhere,), (x,))


@pytest.mark.parametrize("compiled", [False, True])
def test_dropped_numbers_are_drawn_on_the_host_and_dropped_where_the_data_is(compiled, device):
    model = lux.Chain(lux.Dense(4, 6, lux.relu), lux.Dropout(0.5), lux.Dense(6, 2))
    ps, st = lux.setup(lux.Xoshiro(0), model)
    x, y = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4), np.ones((3, 2), np.float32)
    losses = []
    for move in (lambda x: x, device):
        tstate, data = lux.TrainState(model, move(ps), st, lux.Descent(0.1)), move((x, y))
        for _ in range(3):
            _, loss, _, tstate = lux.single_train_step(lux.AutoReverse(compiled=compiled), lux.MSELoss(), data, tstate)
            losses.append(float(loss))
    np.testing.assert_allclose(losses[3:], losses[:3], rtol=1e-5)


def test_sums_of_exponentials_anywhere(device, rng):
    a, b = rng.standard_normal((3, 4)), np.array([1.0, 0.0, 2.0, 1.0])
    agree(device, lambda a, b: lux.logsumexp(a, axis=1, b=b), a, b)
    agree(device, lambda a: lux.softmax(a), a)


def test_what_is_not_finite_is_found_anywhere(device):
    for f in (lambda x: np.sum(np.log(x)), lambda x: lux.gradient(lambda x: np.sum(np.sqrt(x)), x)):
        with pytest.raises(FloatingPointError, match="inf"):
            lux.checked_finite(f)(device(np.zeros(3)))
    with pytest.raises(FloatingPointError, match="np.log of shapes .* gave -inf"):
        lux.gradient(lux.checked_finite(lambda x: np.sum(np.log(x))), device(np.zeros(3)))
