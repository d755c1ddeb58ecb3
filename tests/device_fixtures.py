"""Fixtures for tests that should hold on every device.

A test that takes `device` runs on the CPU, on the double of a GPU (see cupy_double.py) and on a GPU where there is one;
one that takes `cupy_double` runs with the double alone.
"""

import sys

import pytest

import cupy_double as double
from lux_nb import devices


@pytest.fixture
def cupy_double(monkeypatch):
    "The double in CuPy's place: `import cupy` finds it, and there are two GPUs, the first of them current."
    monkeypatch.setitem(sys.modules, "cupy", double.cupy)
    monkeypatch.setattr(double.Device, "_stack", [0])
    return double


@pytest.fixture(params=["cpu", "double", pytest.param("gpu", marks=pytest.mark.gpu)])
def device(request):
    "A device to move the test's arrays to."
    if request.param == "cpu":
        return devices.CPUDevice()
    if request.param == "gpu":
        return devices.gpu_device(force=True)
    request.getfixturevalue("cupy_double")
    return devices.GPUDevice(0)


@pytest.fixture
def no_cupy(monkeypatch):
    "A machine on which CuPy is not installed, and on which nobody was warned of it yet."
    monkeypatch.setitem(sys.modules, "cupy", None)
    devices._warn_once.cache_clear()
    yield
    devices._warn_once.cache_clear()
