"""Fourier transforms: conventions at the edges."""
import numpy as np
import pytest

from lux_nb.autodiff import gradient, hessian
from lux_nb.forward import jvp
from lux_nb.reverse import vjp


def test_parseval(rng):
    x = rng.uniform(-1, 1, 6)
    power = lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2)
    np.testing.assert_allclose(gradient(power, x), 2 * 6 * x)
    np.testing.assert_allclose(hessian(power, x), 2 * 6 * np.eye(6), atol=1e-10)
    half = lambda x: np.sum(np.array([1.0, 2.0, 2.0, 1.0]) * np.abs(np.fft.rfft(x)) ** 2)
    np.testing.assert_allclose(gradient(half, x), 2 * 6 * x)


@pytest.mark.parametrize("n", [1, 2, 5, 6, 9, 10])
def test_there_and_back_is_the_identity(n, rng):
    x, g = rng.uniform(-1, 1, n), rng.uniform(-1, 1, n)
    for there, back in ((np.fft.rfft, np.fft.irfft), (np.fft.ihfft, np.fft.hfft)):
        np.testing.assert_allclose(vjp(lambda x: back(there(x), n), x)[1](g)[0], g, atol=1e-12)
    np.testing.assert_allclose(vjp(lambda x: np.real(np.fft.ifft(np.fft.fft(x))), x)[1](g)[0], g, atol=1e-12)


def test_without_a_conjugate_a_transform_is_its_own_transpose(rng):
    x, g = (rng.uniform(-1, 1, 5) + 1j * rng.uniform(-1, 1, 5) for _ in range(2))
    for f in (np.fft.fft, np.fft.ifft):
        np.testing.assert_allclose(vjp(f, x)[1](g)[0], f(g))


def test_single_precision_stays():
    x = np.arange(8, dtype=np.float32)
    y, pullback = vjp(np.fft.fft, x)
    assert y.dtype == np.complex64 and pullback(y)[0].dtype == np.float32
    y, tangent = jvp(lambda x: np.fft.irfft2(np.fft.rfft2(x)), (x.reshape(2, 4),), (x.reshape(2, 4),))
    assert y.dtype == tangent.dtype == np.float32


def test_zero_tangents_of_a_convolution_by_the_fourier_transform(rng):
    x, kernel = rng.uniform(-1, 1, 7), rng.uniform(-1, 1, 4)
    by_transform = lambda x, k: np.fft.irfft(np.fft.rfft(x, 10) * np.fft.rfft(k, 10), 10)
    g = rng.uniform(-1, 1, 10)
    for c, expected in zip(vjp(by_transform, x, kernel)[1](g), vjp(np.convolve, x, kernel)[1](g)):
        np.testing.assert_allclose(c, expected, atol=1e-12)


@pytest.mark.parametrize("call, words", [
    (lambda x: np.fft.fftn(x, (2, 3), (0,)), "2 lengths and 1 axes"),
    (lambda x: np.fft.irfftn(x, (2, 3, 4), (0, 1)), "3 lengths and 2 axes"),
])
def test_refusals_say_why(call, words):
    with pytest.raises(ValueError, match=words):
        gradient(lambda x: np.sum(np.real(call(x))), np.ones((4, 4)))


def test_frequencies_are_plain_numbers():
    assert gradient(lambda x: np.sum(x * np.fft.fftfreq(4)), np.ones(4)).tolist() == np.fft.fftfreq(4).tolist()
