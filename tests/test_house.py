"""The house: modules depend on each other along one line, the library is what clean notebooks export."""
import ast
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import nbformat
import pytest

import book

LIBRARY = book.ROOT / "lux_nb"
LINE = [
    {"trees"}, {"arrays"}, {"randomness"}, {"devices"}, {"tracing"}, {"rules"}, {"forward", "reverse"}, {"autodiff"},
    {"custom"}, {"checks"}, {"programs"}, {"layers"}, {"losses"}, {"optimizers"}, {"training"}, {"versions"},
]
MODELESS = {"layers", "losses"} # what they compute is plain NumPy: they know neither mode
MODES = {"forward", "reverse", "autodiff"}
HEAVY = ["cupy", "matplotlib", "IPython", "jupyter", "nbdev", "scipy"]


def module_of(path: Path) -> str:
    "The dotted name of a file of the library, without the package: `rules/table.py` is `rules.table`."
    return ".".join(path.relative_to(LIBRARY).with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    module_of(path): path for path in sorted(LIBRARY.rglob("*.py")) if path.parent != LIBRARY or path.name[0] != "_"
}


def imported(tree: ast.AST, package: str = "") -> Iterator[str]:
    "The modules of lux_nb that some code imports, anywhere in it; `package` is where relative imports start."
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".") if node.level else []
            parents = parents[: len(parents) - node.level + 1]
            base = ".".join([*parents, *filter(None, [node.module])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package_name, _, rest = name.partition(".")
            if package_name == "lux_nb":
                parts = rest.split(".")
                longest = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
                yield next((module for module in longest if module in MODULES), "")


def library_imports(module: str) -> set[str]:
    "The modules of lux_nb that a module of it imports."
    path = MODULES[module]
    package = ".".join(["lux_nb", *path.relative_to(LIBRARY).parent.parts])
    return set(imported(ast.parse(path.read_text(encoding="utf-8")), package))


IMPORTS = {module: library_imports(module) for module in MODULES}


def exports_of(path: Path) -> list[str]:
    "The modules that a notebook writes to."
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    return re.findall(r"^#\|\s*(?:default_exp|exports?|exporti)[ \t]+([\w.]+)", text, re.MULTILINE)


CHAPTERS = [module for path in book.chapters() for module in exports_of(path)]


def place(module: str) -> tuple[int, int]:
    "Where a module stands on the line: `rules` is a package, whose modules follow the order of their chapters."
    number = next(number for number, names in enumerate(LINE) if module.partition(".")[0] in names)
    return number, CHAPTERS.index(module) if module in CHAPTERS else len(CHAPTERS) # a package itself stands last


def stands_on(module: str) -> set[str]:
    "All that a module imports, and all that these import."
    found, waiting = set(), {module}
    while waiting:
        found |= waiting
        waiting = set().union(*(IMPORTS[name] for name in waiting)) - found
    return found - {module}


def python_of(path: Path) -> ast.AST:
    "A notebook's code, without the lines that only IPython understands."
    cells = nbformat.read(path, as_version=4).cells
    lines = "\n".join(cell.source for cell in cells if cell.cell_type == "code").splitlines()
    return ast.parse("\n".join(line for line in lines if not line.startswith(("%", "!"))))


# One line of modules

@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_earlier_on_the_line(module):
    late = {name for name in IMPORTS[module] if place(name) >= place(module)}
    assert not late, f"{module} imports {late}, which stand beside or after it"


def test_layers_and_losses_know_no_mode():
    assert not {name: IMPORTS[name] & MODES for name in MODELESS & MODULES.keys() if IMPORTS[name] & MODES}


def test_the_line_has_every_module():
    assert {module.partition(".")[0] for module in MODULES} <= set().union(*LINE)


@pytest.mark.parametrize("path", book.chapters(), ids=lambda path: path.stem)
def test_a_notebook_imports_neither_its_module_nor_one_that_stands_on_it(path):
    own = set(exports_of(path))
    if own <= {"versions"}: # the index, the experiments and the appendix stand on everything
        return
    for name in set(imported(python_of(path))):
        assert name, "import modules of lux_nb, not the package: the package imports the chapter's own module"
        assert name not in own and not own & stands_on(name), f"{path.stem} imports {name}, which is or stands on {own}"


def test_import_takes_nothing_heavy_along():
    code = f"import sys, lux_nb; print([name for name in {HEAVY} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


# The library is what the notebooks export

def files(folder: Path) -> dict[str, str]:
    "Every text file below a folder, by its path."
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix in {".py", ".ipynb"}]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def nbdev(command: str, module: str, tmp_path: Path) -> Path:
    "A copy of the project without its exported files, after an nbdev command has run there."
    for name in ("nbs", "lux_nb"):
        shutil.copytree(book.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    for name in ("settings.ini", "setup.py"):
        shutil.copy(book.ROOT / name, tmp_path)
    for path in (tmp_path / "lux_nb").rglob("*.py"):
        if "AUTOGENERATED" in path.read_text(encoding="utf-8"):
            path.unlink()
    environment = {key: value for key, value in os.environ.items() if key != "IN_TEST"}
    code = f"from {module} import {command}; {command}()"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    return tmp_path


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    "The paths whose text differs, or that only one side has."
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def test_the_library_is_what_the_notebooks_export(tmp_path):
    exported = nbdev("nbdev_export", "nbdev.doclinks", tmp_path)
    drifted = changed(files(LIBRARY), files(exported / "lux_nb"))
    assert not drifted, f"{drifted}: edit the notebooks, then run nbdev_export"


def test_the_notebooks_are_clean(tmp_path):
    cleaned = nbdev("nbdev_clean", "nbdev.clean", tmp_path)
    scratch = book.scratch_copy(tmp_path / "kept")
    dirty = changed(files(scratch), files(cleaned / "nbs"))
    assert not dirty, f"{dirty}: run nbdev_clean"


# Notebooks that people enjoy

def too_long(source: str) -> bool:
    "Over 40 lines; a class stays whole, so a cell that holds one class and nothing else may be longer."
    body = ast.parse(source).body
    return len(source.splitlines()) > 40 and not (len(body) == 1 and isinstance(body[0], ast.ClassDef))


@pytest.mark.parametrize("path", book.chapters(), ids=lambda path: path.stem)
def test_a_notebook_keeps_the_form(path):
    cells = nbformat.read(path, as_version=4).cells
    assert len(cells) <= 50, f"{len(cells)} cells: could it be two chapters?"
    for cell in cells:
        if cell.cell_type != "code":
            continue
        exported = re.search(r"^#\|\s*export", cell.source, re.MULTILINE)
        assert not (exported and too_long(cell.source)), f"over 40 lines in an exported cell:\n{cell.source}"
        assert not re.search(r"^\s*from \S+ import \*", cell.source, re.MULTILINE), cell.source
        assert cell.execution_count is None, "run nbdev_clean"
        assert all(output.output_type != "error" for output in cell.outputs), f"catch and print:\n{cell.source}"


def test_the_index_links_every_chapter():
    index, *numbered = book.chapters()
    text = index.read_text(encoding="utf-8")
    assert index.stem == "index" and not [path.name for path in numbered if f"({path.name})" not in text]


# What is public explains itself

def undocumented(thing) -> list[str]:
    "What a public function or class leaves unsaid."
    missing = [] if inspect.getdoc(thing) else ["a docstring"]
    if inspect.isfunction(thing):
        signature = inspect.signature(thing)
        bare = [name for name, parameter in signature.parameters.items() if parameter.annotation is parameter.empty]
        missing += [f"a type hint for {name}" for name in bare]
        missing += ["a type hint for what it returns"] * (signature.return_annotation is signature.empty)
    return missing


@pytest.mark.parametrize("module", MODULES)
def test_what_is_public_has_a_docstring_and_type_hints(module):
    namespace = importlib.import_module(f"lux_nb.{module}")
    things = {name: getattr(namespace, name) for name in getattr(namespace, "__all__", [])}
    documented = {name: thing for name, thing in things.items() if inspect.isclass(thing) or inspect.isfunction(thing)}
    missing = {name: undocumented(thing) for name, thing in documented.items()}
    complaints = [f"{name} lacks {', '.join(lacks)}" for name, lacks in missing.items() if lacks]
    assert not complaints, "\n".join(complaints)


# The package

def settings() -> dict[str, str]:
    "settings.ini, as setup.py and nbdev read it."
    parser = ConfigParser(delimiters=["="])
    parser.read(book.ROOT / "settings.ini", encoding="utf-8")
    return dict(parser["DEFAULT"])


def test_one_version():
    assert importlib.import_module("lux_nb").__version__ == settings()["version"]


def test_dependencies_have_lower_bounds():
    named = [value.split() for key, value in settings().items() if key.endswith("requirements")]
    loose = [name for names in named for name in names if not re.search(r">=|==", name)]
    assert named and not loose


def readme_blocks() -> list[str]:
    "The fenced blocks of the README, in their order."
    text = (book.ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_readme_begins_with_the_two_commands():
    run, test = (block.strip().splitlines() for block in readme_blocks()[:2])
    assert len(run) == len(test) == 1
    assert run[0].endswith("tools/book.py") and test[0].endswith("-m pytest")


def test_the_example_of_the_readme_runs():
    namespace = {}
    exec(readme_blocks()[2], namespace)
    assert namespace["loss"] < 1e-3
