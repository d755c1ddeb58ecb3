"""The device switch: what moves, what stays, what refuses."""

import collections
import importlib.util
import pickle
import subprocess
import sys
import types
import warnings

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import lux_nb.devices as devices
from lux_nb.devices import CPUDevice, GPUDevice, cpu, cpu_device, cu, get_device, gpu, gpu_available, gpu_device
from lux_nb.randomness import Xoshiro
from lux_nb.reverse import vjp
from lux_nb.trees import ComponentArray, FrozenDict

Layer = collections.namedtuple("Layer", "weight bias")
DTYPES = ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


def same(a, b):
    "Equal in numbers, dtype and shape."
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)


# ---- devices are values
def test_devices_compare_hash_print_and_pickle():
    assert cpu_device() == CPUDevice() != GPUDevice(0) == GPUDevice() != GPUDevice(1)
    assert len({CPUDevice(), CPUDevice(), GPUDevice(0), GPUDevice(1)}) == 3
    assert [repr(d) for d in (CPUDevice(), GPUDevice(0), GPUDevice(3))] == [
        "CPUDevice()",
        "GPUDevice(0)",
        "GPUDevice(3)",
    ]
    assert pickle.loads(pickle.dumps(GPUDevice(1))) == GPUDevice(1)


def test_the_namespace_makes_arrays_on_the_device(device):
    with device.context():
        zeros = device.namespace.zeros(3)
    assert get_device(zeros) == device and same(cpu(zeros), np.zeros(3))


def test_the_context_decides_between_cards(cupy_double):
    with GPUDevice(1).context():
        assert get_device(GPUDevice(1).namespace.ones(2)) == GPUDevice(1)
    assert get_device(GPUDevice(0).namespace.ones(2)) == GPUDevice(0)


# ---- the move
@given(
    x=hnp.arrays(
        hnp.scalar_dtypes().filter(lambda dtype: dtype.char in "?bhilqBHILQefdFD"),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0),
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_round_trip_changes_nothing(cupy_double, x):
    there = GPUDevice(0)(x)
    assert get_device(there) == GPUDevice(0) and there.dtype == x.dtype.newbyteorder("=") and there.shape == x.shape
    assert np.array_equal(cpu(there), x, equal_nan=x.dtype.kind in "fc")


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype_stays(device, dtype):
    x = np.ones((2, 3), dtype)
    assert device(x).dtype == x.dtype and same(cpu(device(x)), x)


def test_memory_order_stays(device):
    fortran, c = np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(6.0).reshape(2, 3)
    for x in (fortran, c):
        there = device(x)
        back = cpu(there)
        for moved in (there, back):
            assert moved.flags.f_contiguous == x.flags.f_contiguous and moved.flags.c_contiguous == x.flags.c_contiguous
        assert same(back, x)


def test_views_that_are_not_contiguous_move(device):
    x = np.arange(24.0).reshape(4, 6)[::2, ::-3]
    assert same(cpu(device(x)), x)


def test_read_only_arrays_move(device):
    x = np.arange(3.0)
    x.flags.writeable = False
    assert same(cpu(device(x)), x)


def test_0d_and_empty_arrays_move(device):
    for x in (np.array(2.5), np.zeros((0, 3), np.float32)):
        assert same(cpu(device(x)), x)


def test_a_copy_is_a_copy(cupy_double):
    x = np.zeros(3)
    there = GPUDevice(0)(x)
    x[0] = 1
    assert same(cpu(there), np.zeros(3))


def test_a_structure_keeps_all_that_is_no_array(device):
    generator, stream, x = np.random.default_rng(0), Xoshiro(0), np.ones(2, np.float32)
    tree = {
        "list": [x, "text", 3, 2.5, None, True],
        "tuple": (x + 1, np.float64(1)),
        "named": Layer(x + 2, x + 3),
        "frozen": FrozenDict({"w": x + 4}),
        "rngs": [generator, stream],
        "function": np.tanh,
        "empty": {},
    }
    there = device(tree)
    assert get_device(there) == device
    assert list(there) == list(tree) and there["list"][1:] == ["text", 3, 2.5, None, True]
    assert type(there["tuple"]) is tuple and there["tuple"][1] is tree["tuple"][1]
    assert type(there["named"]) is Layer and type(there["frozen"]) is FrozenDict
    assert (
        there["rngs"][0] is generator
        and there["rngs"][1] is stream
        and there["function"] is np.tanh
        and there["empty"] == {}
    )
    back = cpu(there)
    assert same(back["named"].bias, x + 3) and same(back["frozen"].w, x + 4) and same(back["list"][0], x)


def test_a_component_array_keeps_its_names(device):
    ps = ComponentArray({"weight": np.arange(6.0).reshape(2, 3), "bias": np.ones(2)})
    there = device(ps)
    assert type(there) is ComponentArray and get_device(there) == device == get_device(there.weight)
    assert same(cpu(there).weight, ps.weight) and same(np.asarray(cpu(there).bias), np.ones(2))


def test_aliases_stay_aliases(device):
    x, y = np.ones(2), np.ones(2)
    there = device({"encoder": x, "decoder": [x], "other": y})
    assert there["encoder"] is there["decoder"][0] is not there["other"]
    back = cpu(there)
    assert back["encoder"] is back["decoder"][0] is not back["other"]


@pytest.mark.parametrize("device", [CPUDevice(), GPUDevice(0)], ids=repr)
def test_what_is_there_comes_back_at_once(device, cupy_double):
    tree = device({"w": np.ones(2), "s": "text"})
    with cupy_double.transfers() as copied:
        assert device(tree) is tree and device(tree["w"]) is tree["w"]
    assert not copied
    mixed = {"there": tree["w"], "new": np.zeros(2)}
    assert device(mixed)["there"] is tree["w"]


def test_an_alias_is_carried_once(cupy_double):
    x = np.ones(2)
    with cupy_double.transfers() as copied:
        gpu([x, x, x])
    assert copied == [("to device", (2,))]


def test_from_one_card_to_another(cupy_double):
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    there = GPUDevice(1)(GPUDevice(0)(x))
    assert get_device(there) == GPUDevice(1) and there.flags.f_contiguous and same(cpu(there), x)


# ---- get_device
def test_get_device(device):
    assert get_device(device({"a": [np.ones(2)], "b": "text"})) == device
    assert get_device({"a": 1.0, "b": np.float32(2), "c": [None, "text"]}) is None
    assert get_device(types.SimpleNamespace(device="cpu")) is None


def test_mixed_devices_are_named_with_their_leaves(cupy_double):
    x = np.ones(2)
    tree = {"layer": FrozenDict({"weight": gpu(x), "bias": x}), "more": [GPUDevice(1)(x)] * 5}
    with pytest.raises(ValueError) as error:
        get_device(tree)
    message = str(error.value)
    for part in (
        "GPUDevice(0) has layer.weight",
        "CPUDevice() has layer.bias",
        "GPUDevice(1) has more[0], more[1], more[2] and 2 more",
        "device(tree)",
    ):
        assert part in message


def test_get_device_sees_through_a_traced_value(device):
    seen = []
    vjp(lambda x: (seen.append(get_device({"x": x})), x * 2)[1], device(np.ones(2)))
    assert seen == [device]


# ---- what cannot move
@pytest.mark.parametrize(
    "array",
    [np.array([1, None]), np.array(["text"]), np.ones(2, np.longdouble), np.ones(2, "M8[s]")],
    ids=lambda a: a.dtype.name,
)
def test_a_dtype_that_the_gpu_lacks_is_named_with_its_path(cupy_double, array):
    with pytest.raises(TypeError) as error:
        gpu({"ok": np.ones(2), "layers": [{"w": array}]})
    assert "layers[0].w" in str(error.value) and str(array.dtype) in str(error.value)
    assert cpu({"w": array})["w"] is array


def test_a_masked_array_does_not_lose_its_mask(cupy_double):
    with pytest.raises(TypeError, match="m.*MaskedArray"):
        gpu({"m": np.ma.masked_array([1.0, 2.0], [True, False])})


# ---- cu, gpu, cpu
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("f8", "f4"), (">f8", "f4"), ("c16", "c8"), ("f4", "f4"), ("f2", "f2"), ("i8", "i8"), ("?", "?")],
)
def test_cu_is_single_precision(cupy_double, dtype, expected):
    x = np.ones((2, 3), dtype, order="F")
    for source in (x, gpu(x)):
        there = cu(source)
        assert there.dtype == np.dtype(expected) and get_device(there) == GPUDevice(0) and there.flags.f_contiguous


def test_cu_keeps_numbers_aliases_and_what_is_there(cupy_double):
    x = np.ones(2)
    there = cu({"a": x, "b": x, "lr": 0.1})
    assert there["a"] is there["b"] and there["lr"] == 0.1
    assert cu(there) is there
    assert get_device(cu(GPUDevice(1)(x))) == GPUDevice(0)


def test_gpu_and_cpu(cupy_double):
    x = np.ones(2)
    assert get_device(gpu(x)) == GPUDevice(0) and gpu(x).dtype == np.float64 and same(cpu(gpu(x)), x) and cpu(x) is x


# ---- asking for a device
def test_the_double_counts_as_a_gpu(cupy_double):
    assert gpu_available() and gpu_device() == GPUDevice(0) == gpu_device(force=True) and gpu_device(1) == GPUDevice(1)
    with GPUDevice(1).context():
        assert gpu_device() == GPUDevice(1)


def test_an_index_that_no_gpu_has(cupy_double, monkeypatch):
    for index in (2, -1):
        with pytest.raises(ValueError, match=f"gpu_device\\({index}\\): there are 2 GPUs, numbered from 0"):
            gpu_device(index)
    monkeypatch.setattr(cupy_double.Device, "count", 1)
    with pytest.raises(ValueError, match="there is 1 GPU"):
        gpu_device(5)
    with pytest.raises(TypeError):
        gpu_device("0")


def test_without_cupy_a_warning_once_and_the_cpu(no_cupy):
    x = np.ones(2)
    assert not gpu_available()
    with pytest.warns(UserWarning, match="gives the CPU.*CuPy is not installed.*cuda13"):
        assert gpu_device() == CPUDevice()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gpu_device(5) == CPUDevice() and gpu(x) is x


@pytest.mark.parametrize(
    "ask", [lambda: gpu_device(force=True), lambda: cu(np.ones(2)), lambda: GPUDevice(0)(np.ones(2))]
)
def test_without_cupy_force_says_what_is_missing(no_cupy, ask):
    with pytest.raises(RuntimeError, match="CuPy is not installed.*cuda13"):
        ask()


def test_cupy_without_a_gpu(cupy_double, monkeypatch):
    monkeypatch.setattr(cupy_double.Device, "count", 0)
    with pytest.raises(RuntimeError, match="finds no GPU"):
        gpu_device(force=True)


def test_cupy_without_a_driver(cupy_double, monkeypatch):
    def fail():
        raise RuntimeError("cudaErrorInsufficientDriver")

    monkeypatch.setattr(cupy_double.cupy, "is_available", lambda: False)
    monkeypatch.setattr(cupy_double.cupy.cuda.runtime, "getDeviceCount", fail)
    assert not gpu_available()
    with pytest.raises(RuntimeError, match="cudaErrorInsufficientDriver"):
        cu(np.ones(2))


def test_a_broken_cupy_is_no_gpu(tmp_path, monkeypatch):
    (tmp_path / "cupy.py").write_text("raise ImportError('libnvrtc.so.13: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    assert not gpu_available()
    with pytest.raises(RuntimeError, match="ImportError says: libnvrtc"):
        gpu_device(force=True)


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy itself comes before an empty folder")
def test_an_empty_folder_named_cupy_is_no_gpu(tmp_path, monkeypatch):
    (tmp_path / "cupy").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    assert not gpu_available() and get_device(np.ones(2)) == CPUDevice()
    sys.modules.pop("cupy", None)


def test_importing_the_module_does_not_import_cupy():
    work = "import sys, numpy, lux_nb.devices as d; d.get_device(numpy.ones(2)); d.cpu([numpy.ones(2)])"
    subprocess.run([sys.executable, "-c", f"{work}; assert 'cupy' not in sys.modules"], check=True)


def test_every_public_name_explains_itself():
    for name in devices.__all__:
        assert getattr(devices, name).__doc__, name
