"""The tutorial's training on a real GPU, to the same losses."""
import numpy as np
import pytest

import lux_nb as lux

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("ad", [lux.AutoReverse(), lux.AutoReverse(compiled=True)], ids=["eager", "compiled"])
def test_training_comes_to_the_same_losses_without_a_transfer(ad, monkeypatch):
    cupy = pytest.importorskip("cupy")
    gpu = lux.gpu_device(force=True)
    rng = lux.Xoshiro(0)
    model = lux.Dense(10, 5)
    ps, st = lux.setup(rng, model)
    W, b = rng.standard_normal((5, 10), dtype=np.float32), rng.standard_normal(5, dtype=np.float32)
    x = rng.standard_normal((10, 20), dtype=np.float32).T
    y = x @ W.T + b + np.float32(0.01) * rng.standard_normal((5, 20), dtype=np.float32).T
    tstate = lux.TrainState(model, gpu(lux.ComponentArray(ps)), st, lux.Descent(0.01))
    data, losses = gpu((x, y)), {}

    def refused(*args, **kwargs):
        raise AssertionError("an array crossed from the device to the host")

    with monkeypatch.context() as patched:
        patched.setattr(cupy, "asnumpy", refused)
        for i in range(1, 1002):
            _, losses[i], _, tstate = lux.single_train_step(ad, lux.MSELoss(), data, tstate)
    assert lux.get_device(tstate.parameters) == gpu
    assert float(losses[1]) == pytest.approx(7.80465555, rel=5e-6)
    assert float(losses[1001]) == pytest.approx(0.12477568, rel=5e-6)
