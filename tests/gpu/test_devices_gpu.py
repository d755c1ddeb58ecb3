"""The device switch on a real GPU."""

import numpy as np
import pytest

from lux_nb.devices import CPUDevice, GPUDevice, cpu, cu, get_device, gpu, gpu_available, gpu_device
from lux_nb.trees import FrozenDict

pytestmark = pytest.mark.gpu


@pytest.fixture
def cupy():
    return pytest.importorskip("cupy")


def same(a, b):
    "Equal in numbers, dtype and shape."
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)


def test_the_gpu_is_found(cupy):
    assert gpu_available() and gpu_device() == gpu_device(force=True) == GPUDevice(cupy.cuda.runtime.getDevice())
    count = cupy.cuda.runtime.getDeviceCount()
    with pytest.raises(ValueError, match=f"gpu_device\\({count}\\)"):
        gpu_device(count)


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (2, 3), (2, 3, 4)])
def test_a_round_trip_changes_nothing(cupy, dtype, shape):
    x = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    there = gpu(x)
    assert (
        isinstance(there, cupy.ndarray)
        and get_device(there) == gpu_device()
        and there.dtype == x.dtype
        and there.shape == x.shape
    )
    assert type(cpu(there)) is np.ndarray and same(cpu(there), x)


def test_a_copy_is_done_when_the_call_returns(cupy):
    x = np.zeros(10_000_000)
    there = gpu(x)
    x[:] = 1
    assert not there.any()


def test_a_structure_keeps_aliases_and_all_that_is_no_array(cupy):
    generator, x = np.random.default_rng(0), np.ones(2)
    tree = {
        "encoder": x,
        "decoder": [x],
        "frozen": FrozenDict({"w": x + 1}),
        "name": "text",
        "lr": 0.1,
        "rng": generator,
        "none": None,
    }
    there = gpu(tree)
    assert get_device(there) == gpu_device() and gpu(there) is there
    assert (
        there["encoder"] is there["decoder"][0]
        and there["rng"] is generator
        and there["name"] == "text"
        and there["none"] is None
    )
    assert same(cpu(there)["frozen"].w, x + 1)


def test_cu_is_single_precision(cupy):
    for dtype, expected in [("f8", "f4"), (">f8", "f4"), ("c16", "c8"), ("f4", "f4"), ("f2", "f2"), ("i8", "i8")]:
        x = np.asfortranarray(np.ones((2, 3), dtype))
        for source in (x, gpu(x)):
            assert cu(source).dtype == np.dtype(expected) and cu(source).flags.f_contiguous


def test_mixed_devices_are_named(cupy):
    with pytest.raises(ValueError, match=r"CPUDevice\(\) has a; GPUDevice\(0\) has b"):
        get_device({"a": np.ones(2), "b": GPUDevice(0)(np.ones(2))})


@pytest.mark.parametrize(
    "array", [np.array([1, None]), np.array(["text"]), np.ones(2, np.longdouble)], ids=lambda a: a.dtype.name
)
def test_a_dtype_that_the_gpu_lacks_is_named_with_its_path(cupy, array):
    with pytest.raises(TypeError, match="layers\\[0\\].w"):
        gpu({"layers": [{"w": array}]})


def test_nothing_crosses_unasked(cupy):
    x = gpu(np.ones(3))
    for mix in (lambda: np.asarray(x), lambda: x + np.ones(3), lambda: np.ones(3) + x, lambda: x @ np.ones(3)):
        with pytest.raises(TypeError):
            mix()


def test_from_one_card_to_another(cupy):
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("needs two GPUs")
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    there = GPUDevice(1)(GPUDevice(0)(x))
    assert get_device(there) == GPUDevice(1) and there.flags.f_contiguous and same(cpu(there), x)
    assert get_device(CPUDevice()(there)) == CPUDevice()
