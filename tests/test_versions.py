"""The report tells what there is, and never fails for what there is not."""
import dataclasses
import json
import platform
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import gmpy2
import numpy as np
import optree
import pytest

from lux_nb import versions
from lux_nb.versions import VersionInfo, versioninfo


@pytest.fixture
def cupy(monkeypatch):
    "A stand-in for CuPy on a machine with two GPUs, with what the report asks of it."
    module = ModuleType("cupy")
    module.__version__, module.is_available = "13.6.0", lambda: True
    card = {"name": b"NVIDIA H200", "totalGlobalMem": 140 * 2**30}
    module.cuda = SimpleNamespace(runtime=SimpleNamespace(
        runtimeGetVersion=lambda: 12090, driverGetVersion=lambda: 13000, getDeviceCount=lambda: 2,
        getDeviceProperties=lambda index: card))
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setattr(versions, "find_spec", lambda name: SimpleNamespace(name=name))
    return module


def test_it_names_what_runs():
    info = versioninfo()
    assert isinstance(info, VersionInfo) and info.Python.startswith(platform.python_version())
    assert info.NumPy == np.__version__ and info.optree == optree.__version__ and gmpy2.version() in info.gmpy2
    assert gmpy2.mpfr_version() in info.gmpy2 and info.system == f"{platform.system()} {platform.machine()}"
    assert info.cores >= 1 and info.processor and info.BLAS


def test_the_report_has_a_line_for_each_entry_that_there_is():
    info = versioninfo()
    there = {name: entry for name, entry in dataclasses.asdict(info).items() if entry is not None}
    assert [line.split()[0] for line in repr(info).splitlines()] == list(there)
    assert all(str(entry) in line for line, entry in zip(repr(info).splitlines(), there.values()))
    assert str(info) == repr(info)


def test_it_is_a_value():
    assert versioninfo() == versioninfo()
    assert json.loads(json.dumps(dataclasses.asdict(versioninfo())))["NumPy"] == np.__version__
    with pytest.raises(dataclasses.FrozenInstanceError):
        versioninfo().NumPy = "1.0"


def test_without_cupy(monkeypatch):
    monkeypatch.setattr(versions, "find_spec", lambda name: None)
    info = versioninfo()
    assert (info.CuPy, info.CUDA, info.GPU) == ("not installed", None, None)
    assert "GPU" not in repr(info) and "CUDA" not in repr(info)


def test_with_gpus(cupy):
    info = versioninfo()
    assert info.CuPy == "13.6.0" and info.CUDA == "runtime 12.9, driver 13.0"
    assert info.GPU == "NVIDIA H200, 140 GiB; NVIDIA H200, 140 GiB"


def test_with_cupy_but_without_a_gpu(cupy):
    cupy.is_available = lambda: False
    assert (versioninfo().CuPy, versioninfo().CUDA, versioninfo().GPU) == ("13.6.0, which finds no GPU", None, None)


def test_with_a_broken_cupy(cupy):
    def broken():
        raise RuntimeError("CUDA driver version is insufficient, see /usr/lib")
    cupy.cuda.runtime.driverGetVersion = broken
    assert (versioninfo().CuPy, versioninfo().GPU) == ("installed, but fails with RuntimeError", None)


def test_with_a_cupy_that_cannot_be_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(versions, "find_spec", lambda name: SimpleNamespace(name=name))
    assert versioninfo().CuPy == "installed, but fails with ModuleNotFoundError"


def test_a_blas_of_which_numpy_knows_nothing(monkeypatch):
    monkeypatch.setattr(np, "show_config", lambda mode: {})
    assert versioninfo().BLAS == "unknown"


def test_a_package_that_is_not_installed():
    assert versions._package("no-package-has-this-name") == "not installed"


def test_the_processor_where_there_is_no_proc(monkeypatch, tmp_path):
    monkeypatch.setattr(versions, "Path", lambda path: tmp_path / "cpuinfo")
    monkeypatch.setattr(platform, "processor", lambda: "arm")
    assert versioninfo().processor == "arm"
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name\t: A Processor\nmodel name\t: A Processor\n")
    assert versioninfo().processor == "A Processor"


def test_it_reports_no_paths():
    assert "/" not in repr(versioninfo())


def test_importing_it_imports_no_cupy():
    code = "import sys, lux_nb.versions; print('cupy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
