"""Every notebook, run from a fresh kernel, says what it says on paper.

Text must be the same, numbers in it equal but for what another BLAS may move, pictures present where pictures were.
The appendix describes the machine, and cells marked `#| gpu` need a card: their outputs are exempt.
"""
import re

import nbformat
import pytest
from nbdev.clean import clean_nb
from nbformat import NotebookNode

import book

RELATIVE = 5e-6  # another order of additions moves float32 results by this much at most
ABSOLUTE = 1e-12 # what rounding leaves of a difference that is zero
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?![\w.]*\w)")
EXEMPT = re.compile(r"^#\|\s*gpu\b", re.MULTILINE)


def same_number(stored: str, fresh: str) -> bool:
    "Equal to the tolerance, or one unit apart in the last of five or more printed digits; whole numbers exactly."
    if stored.lstrip("+-").isdigit() or fresh.lstrip("+-").isdigit():
        return stored == fresh
    x, y = float(stored), float(fresh)
    digits, _, exponent = stored.lower().partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))
    printed = len(digits.lstrip("+-0.").replace(".", ""))
    slack = 1.001 * unit if printed >= 5 else 0.0
    return abs(x - y) <= max(RELATIVE * abs(x), ABSOLUTE, slack)


def same_text(stored: str, fresh: str) -> bool:
    "The same words between the same numbers; white space beside a number is layout, and free."
    words = [[piece.strip() for piece in NUMBER.split(text)] for text in (stored, fresh)]
    numbers = [NUMBER.findall(text) for text in (stored, fresh)]
    return words[0] == words[1] and all(map(same_number, *numbers))


def outputs(cell: NotebookNode) -> list[tuple[str, str]]:
    "What a cell shows, as (kind, text) pairs; a picture is its kind alone."
    shown = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            if shown and shown[-1][0] == output.name: # the kernel may send one text in several pieces
                shown[-1] = (output.name, shown[-1][1] + output.text)
            else:
                shown.append((output.name, output.text))
        else:
            data = output.get("data", {})
            shown += [(kind, data[kind] if kind.startswith("text/") else "") for kind in sorted(data)]
    return shown


def differences(stored: NotebookNode, fresh: NotebookNode) -> list[str]:
    "A line for each cell whose fresh outputs are not the stored ones."
    found = []
    for number, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True)):
        if old.cell_type != "code" or EXEMPT.search(old.source):
            continue
        before, after = outputs(old), outputs(new)
        kinds_agree = [kind for kind, _ in before] == [kind for kind, _ in after]
        if not kinds_agree or not all(same_text(a, b) for (_, a), (_, b) in zip(before, after)):
            found.append(f"cell {number}:\n{old.source}\nstored: {before}\nfresh:  {after}")
    return found


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    "A copy of the notebooks, so that no run touches the ones we keep."
    return book.scratch_copy(tmp_path_factory.mktemp("book"))


@pytest.mark.parametrize("path", book.chapters(), ids=lambda path: path.stem)
def test_a_fresh_run_gives_the_stored_outputs(path, scratch):
    fresh = book.execute(scratch / path.name)
    clean_nb(fresh)
    if not path.stem.endswith("appendix"):
        found = differences(nbformat.read(path, as_version=4), fresh)
        assert not found, "\n\n".join(found)


# The comparison itself can fail.

def shows(text: str, source: str = "f(x)", kind: str = "text/plain") -> NotebookNode:
    "A notebook of one cell with one output."
    cell = nbformat.v4.new_code_cell(source, outputs=[nbformat.v4.new_output("display_data", {kind: text})])
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.mark.parametrize("stored, fresh", [
    ("7.80465555", "7.80465600"),                # float32 sums in another order
    ("0.00010551", "0.00010552"),                # one unit in the last of five printed digits
    ("[0.5  0.25]", "[0.49999999  0.25]"),       # and the layout that moves with it
    ("[ 1.0, -0.]", "[1.00000001, 1e-17]"),
])
def test_a_last_digit_may_move(stored, fresh):
    assert not differences(shows(stored), shows(fresh))


@pytest.mark.parametrize("stored, fresh", [
    ("2", "3"),                                  # whole numbers are exact
    ("20000000", "20000001"),
    ("7.80465555", "7.80475555"),
    ("0.1", "0.2"),
    ("1.5", "-1.5"),
    ("shape (3, 4)", "shape (3, 5)"),
    ("float32", "float64"),                      # a digit in a name is part of the name
    ("True", "False"),
    ("[1.0, 2.0]", "[1.0, 2.0, 3.0]"),
    ("the loss is 1.0", "a loss is 1.0"),
    ("nan", "1.0"),
])
def test_anything_else_may_not(stored, fresh):
    assert differences(shows(stored), shows(fresh))


def test_a_picture_may_not_vanish_but_may_change():
    assert not differences(shows("aaaa", kind="image/png"), shows("bbbb", kind="image/png"))
    assert differences(shows("aaaa", kind="image/png"), shows("aaaa"))


def test_a_gpu_cell_is_exempt():
    assert not differences(shows("1.0", source="#| gpu\nf(x)"), shows("2.0", source="#| gpu\nf(x)"))


def test_a_stream_may_come_in_pieces():
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("a", "b")]
    joined = nbformat.v4.new_output("stream", name="stdout", text="ab")
    assert outputs(nbformat.v4.new_code_cell(outputs=pieces)) == outputs(nbformat.v4.new_code_cell(outputs=[joined]))


def test_a_failing_notebook_names_the_cell_and_the_error(tmp_path):
    cells = [nbformat.v4.new_code_cell("x = 1"), nbformat.v4.new_code_cell("x / 0")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "broken.ipynb")
    with pytest.raises(book.NotebookFailed, match="(?s)broken failed in cell 1.*ZeroDivisionError"):
        book.execute(tmp_path / "broken.ipynb")
