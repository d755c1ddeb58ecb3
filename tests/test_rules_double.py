"""The table of derivatives and a training step on the double of a GPU: no number crosses, nothing is converted behind the user's back.

Index arrays of whole numbers may travel to the device: CuPy takes them from the host.
"""
import numpy as np
import pytest

import lux_nb as lux
from device_rules import assert_same, derivatives, plain, program_is_as_eager
from test_rules import ROWS


ASKS_THE_HOST = { # as CuPy's own functions do: one number each
    np.linalg.lstsq: "the rank decides on the shape of the residuals",
    np.linalg.pinv: "what a cutoff removes decides on the derivative",
    np.real_if_close: "values decide on its dtype", np.polyfit: "it solves by lstsq",
    **{f: "values decide on its shape" for f in (np.polymul, np.polydiv, np.poly)},
}
HOST_INDICES = {np.choose: "the list that names the choices stays on the host, and CuPy's choose takes none"}


@pytest.fixture
def copied_numbers(cupy_double, monkeypatch):
    "Record only what is not an index: copies of whole numbers and truth values to the device are left out."
    record = cupy_double._record
    monkeypatch.setattr(cupy_double, "_record", lambda direction, host: record(direction, host) if _is_number(direction, host) else None)
    return cupy_double


def _is_number(direction, host):
    return direction == "to host" or np.asarray(host).dtype.kind not in "biu"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_rule_runs_where_its_arrays_are(row, cupy_double, copied_numbers):
    if row.function in HOST_INDICES:
        pytest.skip(HOST_INDICES[row.function])
    gpu, cpu = lux.gpu_device(), lux.cpu_device()
    try:
        plain(row, gpu)
    except (TypeError, NotImplementedError, AttributeError, ValueError) as error:
        pytest.skip(f"CuPy does not have it: {str(error)[:80]}")
    expected = derivatives(row, lambda x: x)
    with copied_numbers.transfers() as copied:
        moved = lambda x: _uncounted(copied, gpu, x)
        got = derivatives(row, moved)
        if row.function in ASKS_THE_HOST:
            copied[:] = [each for each in copied if each != ("to host", ())]
        assert not copied, f"arrays crossed between the devices: {copied}"
    assert_same(got, expected, cpu)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_program_runs_where_its_arrays_are(row, cupy_double):
    if row.function in HOST_INDICES:
        pytest.skip(HOST_INDICES[row.function])
    try:
        plain(row, lux.gpu_device())
    except (TypeError, NotImplementedError, AttributeError, ValueError) as error:
        pytest.skip(f"CuPy does not have it: {str(error)[:80]}")
    program_is_as_eager(row, lux.gpu_device())


def _uncounted(copied, device, x):
    "Move an array, which is asked for, and forget that it crossed."
    before = len(copied)
    moved = device(x)
    del copied[before:]
    return moved


@pytest.mark.parametrize("ad", [lux.AutoReverse(), lux.AutoReverse(compiled=True)], ids=["eager", "compiled"])
def test_a_training_step_stays_on_the_device(ad, cupy_double):
    gpu, cpu = lux.gpu_device(), lux.cpu_device()
    rng = lux.Xoshiro(0)
    model = lux.Chain(lux.Dense(3, 8, lux.tanh), lux.Dense(8, 2))
    ps, st = lux.setup(rng, model)
    x, y = rng.standard_normal((5, 3), dtype=np.float32), rng.standard_normal((5, 2), dtype=np.float32)
    start = lux.TrainState(model, lux.ComponentArray(ps), st, lux.Adam(0.01))
    there = lux.TrainState(model, gpu(lux.ComponentArray(ps)), st, lux.Adam(0.01))
    data = gpu((x, y))
    with cupy_double.transfers() as copied:
        for _ in range(3):
            _, loss_there, _, there = lux.single_train_step(ad, lux.MSELoss(), data, there)
        assert not copied
    for _ in range(3):
        _, loss, _, start = lux.single_train_step(lux.AutoReverse(), lux.MSELoss(), (x, y), start)
    assert lux.get_device(there.parameters) == gpu
    np.testing.assert_allclose(cpu(loss_there), loss, rtol=1e-6)
    np.testing.assert_allclose(cpu(there.parameters).data, start.parameters.data, rtol=1e-5)
