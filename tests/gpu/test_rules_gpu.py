"""Every rule of the table on a real GPU, beside the same on the CPU."""
import pytest

import lux_nb as lux
from device_rules import assert_same, derivatives, plain
from test_rules import ROWS

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_rule_runs_on_the_gpu(row):
    gpu, cpu = lux.gpu_device(force=True), lux.cpu_device()
    try:
        plain(row, gpu)
    except (TypeError, NotImplementedError, AttributeError, ValueError) as error:
        pytest.skip(f"CuPy does not have it: {str(error)[:80]}")
    assert_same(derivatives(row, gpu), derivatives(row, lambda x: x), cpu, rtol=1e-7)
