"""Run the book: every notebook from a fresh kernel, in order; then the site; then the tutorial's losses.

    python tools/book.py

The notebooks run in a scratch copy, so yours are not touched. The site is built from what ran, into `_site/`.
"""
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "nbs"
EXPERIMENT = "22_linear_regression" # the chapter whose losses end the run


class NotebookFailed(Exception):
    "A notebook stopped at an error; the message names the notebook, the cell and the error."


def chapters(folder: Path = NOTEBOOKS) -> list[Path]:
    "The notebooks of a folder in reading order: the index, then the numbered chapters."
    return sorted(folder.glob("*.ipynb"), key=lambda path: (path.stem != "index", path.name))


def scratch_copy(folder: Path) -> Path:
    "A copy of `nbs/` in `folder`, with everything that the notebooks read beside them."
    return shutil.copytree(NOTEBOOKS, folder / "nbs", ignore=shutil.ignore_patterns(".*"))


def execute(
    path: Path, # the notebook; it runs in its own folder
    after_cell: Callable[..., None] | None = None, # called after each code cell
) -> NotebookNode: # the notebook with fresh outputs; the file stays as it was
    "Run a notebook from a fresh kernel. `Raises:` NotebookFailed at the first cell that fails."
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources=resources, on_cell_executed=after_cell,
        extra_arguments=["--log-level=ERROR"], # a kernel's remarks on itself would stand between the lines of progress
    )
    try:
        return client.execute()
    except CellExecutionError:
        raise NotebookFailed(_complaint(path.stem, notebook)) from None


def _complaint(name: str, notebook: NotebookNode) -> str:
    "Which cell of a notebook failed, and how."
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return f"{name} failed in cell {number}:\n\n{cell.source}\n\n{output.ename}: {output.evalue}"
    return f"{name} failed"


def losses(notebook: NotebookNode) -> list[str]:
    "The tables of losses that a notebook prints, one text a cell."
    streams = [[o.text for o in cell.get("outputs", []) if o.get("name") == "stdout"] for cell in notebook.cells]
    tables = [re.findall("^Loss Value.*$", "".join(texts), re.MULTILINE) for texts in streams]
    return ["\n".join(lines) for lines in tables if lines]


class Progress:
    "A bar over all code cells of the book. On a terminal it moves with each cell; elsewhere it is a line a notebook."

    def __init__(self, paths: list[Path], width: int = 24):
        notebooks = [nbformat.read(path, as_version=4) for path in paths]
        self.total = sum(cell.cell_type == "code" for notebook in notebooks for cell in notebook.cells)
        self.done, self.width, self.label = 0, width, ""

    def show(self, text: str = "", end: str = "\n") -> None:
        filled = self.width * self.done // self.total
        print(f"[{'#' * filled:.<{self.width}}] {self.label}{text}", end=end, flush=True)

    def cell_done(self, **_) -> None:
        self.done += 1
        if sys.stdout.isatty():
            self.show(end="\r")


def run(paths: list[Path]) -> dict[str, NotebookNode]:
    "Execute notebooks one after another and write each back, with a line of progress for each."
    progress, executed = Progress(paths), {}
    for number, path in enumerate(paths, start=1):
        progress.label, start = f"{number:2}/{len(paths)}  {path.stem:<24}", time.perf_counter()
        executed[path.stem] = execute(path, progress.cell_done)
        nbformat.write(executed[path.stem], path)
        progress.show(f"{time.perf_counter() - start:5.1f} s")
    return executed


def main() -> None:
    "Run the book, build its site, print the tutorial's losses."
    with tempfile.TemporaryDirectory() as folder:
        copies = scratch_copy(Path(folder))
        try:
            executed = run(chapters(copies))
        except NotebookFailed as failure:
            sys.exit(f"\n{failure}")
        build = [sys.executable, str(ROOT / "docs" / "build.py"), "--notebooks", str(copies)]
        if subprocess.run(build).returncode:
            sys.exit("every notebook ran, but the site could not be built: see above")
    tables = losses(executed[EXPERIMENT])
    if not tables:
        sys.exit(f"{EXPERIMENT} printed no losses")
    print("", *tables, sep="\n\n")


if __name__ == "__main__":
    main()
