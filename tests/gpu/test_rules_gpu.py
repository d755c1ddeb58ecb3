"""Every rule of the table on a real GPU, beside the same on the CPU."""
import pytest

import lux_nb as lux
from device_rules import assert_same, derivatives, plain, program_is_as_eager
from test_rules import ROWS

pytestmark = pytest.mark.gpu
LACKING = (TypeError, NotImplementedError, AttributeError, ValueError, DeprecationWarning)  # what CuPy raises where it lacks a function or an argument
HIGHER_ORDERS = {"i1", "i1e", "j1"}  # their derivatives need Bessel functions of any order, which CuPy lacks


def usable(row, gpu):
    "Skip a row whose function CuPy lacks; for one whose derivative needs a function that CuPy lacks, see that the error names it."
    try:
        plain(row, gpu)
    except LACKING as error:
        pytest.skip(f"CuPy does not have it: {str(error)[:80]}")
    if getattr(row.function, "__name__", "") in HIGHER_ORDERS:
        with pytest.raises(TypeError, match="<ufunc '[ij]ve?'>"):
            derivatives(row, gpu)
        pytest.skip("CuPy has no Bessel functions of any order, as its derivative is")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_rule_runs_on_the_gpu(row):
    gpu, cpu = lux.gpu_device(force=True), lux.cpu_device()
    usable(row, gpu)
    assert_same(derivatives(row, gpu), derivatives(row, lambda x: x), cpu, rtol=1e-7)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_program_runs_on_the_gpu(row):
    gpu = lux.gpu_device(force=True)
    usable(row, gpu)
    program_is_as_eager(row, gpu, rtol=1e-7)
