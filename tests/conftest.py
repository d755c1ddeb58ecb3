"""What all tests share."""
import os

import numpy as np
import pytest

from device_fixtures import cupy_double, device, no_cupy  # noqa: F401

# nbdev's exporter does nothing under IN_TEST, so no notebook that runs here can repair what a test should find.
os.environ["IN_TEST"] = "1"


@pytest.fixture
def rng() -> np.random.Generator:
    "A generator of its own for each test, always with the same stream."
    return np.random.default_rng(0)


def pytest_runtest_setup(item: pytest.Item) -> None:
    "Skip what is marked `gpu` where there is no GPU, and say why."
    if item.get_closest_marker("gpu") is None:
        return
    cupy = pytest.importorskip("cupy", reason="needs CuPy: install the extra cuda13 or cuda12")
    if not cupy.is_available():
        pytest.skip("needs an NVIDIA GPU")
