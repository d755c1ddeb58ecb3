"""The tutorial's numbers: every entry of oracle.json against what the notebooks compute.

Draws, states, parameters and elementwise results are equal in every printed digit; a product of a matrix and a vector may differ by 2 units in
the last place; losses by a relative 5e-6 along the default path, and in no printed digit where the additions are made in Lux's order.
"""
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from lux_nb.arrays import number_text

ROOT = Path(__file__).parents[1]
ORACLE = json.loads((Path(__file__).parent / "oracle.json").read_text())
NOTEBOOKS = {
    "Arrays": "01_arrays", "(Im)mutability": "03_immutability", "Managing Randomness": "04_randomness", "Automatic Differentiation": "15_autodiff",
    "Linear Regression": "22_linear_regression",
}
ITERATIONS = [1, *range(1001, 9002, 1000), 10000] # those whose loss the tutorial prints
EXPRESSIONS: dict[tuple[str, str], Callable] = { # (section, entry) -> where a notebook has it
    ("Arrays", "x_vec"): lambda nb: nb.x_vector,
    ("Arrays", "x_mat"): lambda nb: nb.x_matrix,
    ("Arrays", "rand_f64"): lambda nb: nb.x_uniform,
    ("Arrays", "rand_big"): lambda nb: nb.x_big,
    ("Arrays", "rand_f32"): lambda nb: nb.x,
    ("Arrays", "length"): lambda nb: nb.x.size,
    ("Arrays", "size"): lambda nb: nb.x.shape,
    ("Arrays", "x_again"): lambda nb: nb.x,
    ("Arrays", "x_2_3"): lambda nb: nb.x[1, 2],
    ("Arrays", "x_col3"): lambda nb: nb.third_column,
    ("Arrays", "x_plus_x"): lambda nb: nb.x + nb.x,
    ("Arrays", "x_minus_x"): lambda nb: nb.x - nb.x,
    ("Arrays", "x_plus_1"): lambda nb: nb.x + 1,
    ("Arrays", "bcast_col"): lambda nb: nb.down_columns,
    ("Arrays", "bcast_row"): lambda nb: nb.along_rows,
    ("Arrays", "times_table"): lambda nb: nb.times_table,
    ("Arrays", "W_times_x"): lambda nb: nb.W @ nb.v,
    ("(Im)mutability", "reshape"): lambda nb: nb.x,
    ("(Im)mutability", "original"): lambda nb: nb.x,
    ("(Im)mutability", "mutated"): lambda nb: nb.x_copy,
    ("Managing Randomness", "state"): lambda nb: nb.seed_0,
    **{("Managing Randomness", f"replicate_{k}"): lambda nb, k=k: nb.replicated[k - 1] for k in (1, 2, 3)},
    **{("Managing Randomness", f"successive_{k}"): lambda nb, k=k: nb.successive[k - 1] for k in (1, 2, 3)},
    ("Automatic Differentiation", "v"): lambda nb: nb.v,
    ("Automatic Differentiation", "grad_actual"): lambda nb: nb.actual,
    ("Automatic Differentiation", "grad_reverse"): lambda nb: nb.reverse_gradient,
    ("Automatic Differentiation", "grad_forward"): lambda nb: nb.forward_gradient,
    ("Automatic Differentiation", "ones"): lambda nb: nb.ones,
    ("Automatic Differentiation", "jvp"): lambda nb: nb.jvp_product,
    ("Automatic Differentiation", "vjp"): lambda nb: nb.vjp_product,
    ("Linear Regression", "weight"): lambda nb: nb.ps.weight,
    ("Linear Regression", "bias"): lambda nb: nb.ps.bias,
    ("Linear Regression", "y_dim"): lambda nb: nb.y_dim,
    ("Linear Regression", "b"): lambda nb: nb.b,
    ("Linear Regression", "x_shape"): lambda nb: nb.x_samples.T.shape, # a row is a sample here, a column in Julia
    ("Linear Regression", "y_shape"): lambda nb: nb.y_samples.T.shape,
    ("Linear Regression", "loss_true"): lambda nb: nb.loss_true,
    **{("Linear Regression", f"loss_{i}"): lambda nb, i=i: nb.losses[i] for i in ITERATIONS},
    ("Linear Regression", "loss_final"): lambda nb: nb.loss_final,
}
IN_LUXS_ORDER = {
    "loss_true": lambda nb: nb.fused_true, **{f"loss_{i}": lambda nb, i=i: nb.fused_losses[i] for i in ITERATIONS}, "loss_final": lambda nb: nb.fused_final,
}
ENTRIES = [pytest.param(section, entry, id=f"{section}: {entry['name']}") for section, entries in ORACLE.items() for entry in entries]
LOSSES = [entry for entry in ORACLE["Linear Regression"] if entry["name"].startswith("loss")]


@pytest.fixture(scope="session")
def notebooks():
    "A function from a section to the names that its notebook ends with; each notebook runs once."
    ran = {}

    def namespace(section):
        if section not in ran:
            ran[section] = run(ROOT / "nbs" / f"{NOTEBOOKS[section]}.ipynb")
        return ran[section]

    return namespace


def run(path: Path) -> SimpleNamespace:
    "Run a notebook's code cells in one namespace, where it lies, without a window for its pictures."
    matplotlib = pytest.importorskip("matplotlib", reason="the notebooks draw")
    names = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch, matplotlib.rc_context():
        matplotlib.use("agg")
        patch.chdir(path.parent)
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            if cell.cell_type == "code" and not cell.source.lstrip().startswith("%"):
                exec(compile(cell.source, f"{path.name}, cell {number}", "exec"), names)
        import matplotlib.pyplot as plt
        plt.close("all")
    return SimpleNamespace(**names)


def text(value, display: str) -> str:
    "A number as the tutorial shows it."
    if display == "hex16":
        return f"0x{int(value):016x}"
    if display == "%.8f":
        return f"{value:.8f}"
    return number_text(value, 6) if display == "compact6" else number_text(value)


def shown(entry: dict) -> list[str]:
    "The tutorial's text of each number in an entry, with Python's mark for an exponent."
    texts = np.ravel(entry["text"]).tolist()
    return [t.removesuffix("f0").replace("f", "e") if entry["display"].startswith("shortest") else t for t in texts]


def elements(value) -> list:
    "The numbers of a result, row by row."
    return list(value.ravel()) if isinstance(value, np.ndarray) else list(value) if isinstance(value, tuple) else [value]


def assert_text(value, entry):
    assert [text(number, entry["display"]) for number in elements(value)] == shown(entry)


@pytest.mark.parametrize("section, entry", ENTRIES)
def test_entry(section, entry, notebooks):
    value = EXPRESSIONS[section, entry["name"]](notebooks(section))
    dtype = entry["dtype"].lower()
    if isinstance(value, np.ndarray):
        assert list(value.shape) == entry["shape"]
        assert value.dtype == (object if dtype == "bigfloat" else dtype)
    expected = np.array(entry["values"], dtype) if dtype in ("float32", "float64") else None
    if entry["name"] == "W_times_x":
        np.testing.assert_array_max_ulp(value, expected, maxulp=2)
    elif entry["name"].startswith("loss"):
        np.testing.assert_allclose(value, expected, rtol=5e-6, atol=0.5e-8 if entry["display"] == "%.8f" else 0)
    else:
        assert_text(value, entry)
        if entry["display"].startswith("shortest"):
            np.testing.assert_array_max_ulp(value, expected, maxulp=0)


@pytest.mark.parametrize("entry", LOSSES, ids=lambda entry: entry["name"])
def test_loss_in_every_printed_digit(entry, notebooks):
    assert_text(IN_LUXS_ORDER[entry["name"]](notebooks("Linear Regression")), entry)


def test_no_entry_is_left_out():
    assert sum(map(len, ORACLE.values())) == 53
    assert {(section, entry["name"]) for section, entries in ORACLE.items() for entry in entries} == EXPRESSIONS.keys()
    assert {entry["name"] for entry in LOSSES} == IN_LUXS_ORDER.keys()
