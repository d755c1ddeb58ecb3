"""Fourier transforms and shifts."""
import numpy as np

import rule_samples


def parts(y):
    "Real and imaginary parts, so that a sum of them has a gradient."
    return np.real(y), np.imag(y)


def row(*args, **kwargs):
    return rule_samples.row(*args, invariant=parts, **kwargs)


LENGTHS = [dict(), dict(n=4), dict(n=9), dict(norm="ortho"), dict(norm="forward", n=5)]
PLANES = [dict(), dict(s=(3, 6), axes=(1, 2)), dict(axes=(1, 0), norm="ortho"),
          dict(s=(4, 3), axes=(-1, -3), norm="forward"), dict(s=(5, -1), axes=(0, 1))]

ROWS = [
    *[row(f, (6,), complex=True, **k) for f in (np.fft.fft, np.fft.ifft) for k in LENGTHS],
    *[row(f, (6,), **k) for f in (np.fft.rfft, np.fft.ihfft) for k in LENGTHS],
    *[row(f, (2, 5, 3), axis=axis, complex=True) for f in (np.fft.fft, np.fft.ifft) for axis in (0, 1, -2)],
    *[row(f, (2, 5, 3), axis=axis) for f in (np.fft.rfft, np.fft.ihfft) for axis in (0, 1, -2)],
    *[row(f, (5,), complex=True, **k) for f in (np.fft.irfft, np.fft.hfft) for k in LENGTHS],
    *[row(f, (2, 5, 3), axis=1, n=n, complex=True) for f in (np.fft.irfft, np.fft.hfft) for n in (1, 2, 7, 8, 12)],
    *[row(f, (3, 4, 5), complex=True, **k) for f in (np.fft.fftn, np.fft.ifftn, np.fft.irfftn) for k in PLANES],
    *[row(f, (3, 4, 5), complex=True, **k) for f in (np.fft.fft2, np.fft.ifft2, np.fft.irfft2) for k in PLANES],
    *[row(f, (3, 4, 5), **k) for f in (np.fft.rfftn, np.fft.rfft2) for k in PLANES],
    row(np.fft.fftn, (3, 4), axes=(0, 0), complex=True),
    row(np.fft.irfftn, (3, 4), complex=True, s=(3, 7), axes=(0, 1)),
    *[row(f, (5, 4), **k) for f in (np.fft.fftshift, np.fft.ifftshift) for k in
      (dict(), dict(axes=0), dict(axes=(1,)), dict(axes=(0, -1)))],
    row(np.fft.fft, (6,), dask=True),
]
