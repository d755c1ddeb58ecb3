"""Build the site of the book: `python docs/build.py [--notebooks DIR] [--out DIR]`.

nbdev's processors prepare the notebooks (hidden cells, directives), the docstrings and the comments beside arguments
become the reference, and Sphinx makes a site of them that opens from the disk and asks nothing of the network.
"""
import argparse
import importlib
import inspect
import pkgutil
import re
import shutil
import sys
import tempfile
from pathlib import Path

from execnb.nbio import mk_cell, read_nb, write_nb
from fastcore.docments import docments
from nbdev.processors import (
    FilterDefaults, clean_magics, hide_, hide_line, populate_language, rm_header_dash, strip_ansi,
)
from sphinx.cmd.build import build_main

import lux_nb

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGES = {"glossary": "GLOSSARY.md", "contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}
EXPORTS = {"export", "exports", "exporti"}


# The chapters

class Chapter(FilterDefaults):
    "nbdev's processors, with one difference: the book shows the code that it exports."

    def base_procs(self):
        return [populate_language, _mark_exports, strip_ansi, hide_line, rm_header_dash, clean_magics, hide_]


def _mark_exports(cell) -> None:
    "Tag an exported cell, so that the style can show it as part of the library; drop the cell that names the module."
    directives = cell.directives_ or {}
    if "default_exp" in directives:
        del cell["source"]
    elif EXPORTS & directives.keys():
        cell.metadata["tags"] = ["exported"]


def chapter(source: Path, target: Path, links: dict[str, str]) -> None:
    "Write the page of a notebook: what readers see of it, with the names of the library linked to their reference."
    notebook = read_nb(source)
    Chapter()(notebook)
    seen = set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = linked(cell.source, links, seen)
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    write_nb(notebook, target)


def linked(text: str, links: dict[str, str], seen: set[str]) -> str:
    "Link the first mention of each public name in a chapter; headings and blocks of code stay as they are."
    def link(match):
        name = match[1].removesuffix("()")
        if name not in links or name in seen:
            return match[0]
        seen.add(name)
        return f"{{py:obj}}`{match[1]} <{links[name]}>`"

    blocks = re.split(r"(^```.*?^```|^#.*?$)", text, flags=re.MULTILINE | re.DOTALL)
    blocks[::2] = [re.sub(r"(?<![`\[])`(\w+(?:\(\))?)`(?![`\]])", link, block) for block in blocks[::2]]
    return "".join(blocks)


# The reference

def modules() -> list[str]:
    "The library's modules that have names to tell of."
    found = [module.name for module in pkgutil.walk_packages(lux_nb.__path__, "lux_nb.")]
    return [name for name in found if "._" not in name and public(name)]


def summary(module: str) -> str:
    "What a module says of itself in a line."
    return (importlib.import_module(module).__doc__ or "").strip()


def public(module: str) -> dict[str, object]:
    "The functions and classes that a module exports, those of `lux_nb` itself first."
    namespace = importlib.import_module(module)
    things = {name: getattr(namespace, name) for name in getattr(namespace, "__all__", [])}
    named = {name: thing for name, thing in things.items() if inspect.isroutine(thing) or inspect.isclass(thing)}
    return dict(sorted(named.items(), key=lambda item: not hasattr(lux_nb, item[0])))


def signature(thing) -> str:
    "The signature as it is called, its types under their short names."
    text = re.sub(r"<(?:function|class) '?([\w.]+)'?[^>]*>", r"\1", str(inspect.signature(thing)))
    text = re.sub(r"\b(?:collections\.abc|typing|lux_nb(?:\.\w+)+)\.(?=[A-Z])", "", text).replace("numpy.", "np.")
    return re.sub(r"^\(self(?:, )?", "(", text)


def prose(text: str) -> str:
    "A docstring as Markdown: its stars and brackets stay what they are outside of code and formulas."
    parts = re.split(r"(`[^`]*`|\$[^$]*\$)", text)
    plain = [re.sub(r"([*<\[_|])", r"\\\1", part) for part in parts[::2]]
    parts[::2] = [re.sub(r"^(Raises|Source|Returns|Example):", r"**\1.**", part, flags=re.MULTILINE) for part in plain]
    return "".join(parts)


def arguments(thing) -> str:
    "The table of what goes in and what comes back, from the comments beside the arguments."
    described = docments(thing, full=True, returns=True)
    rows = [f"| `{name}` | {prose(entry['docment'])} |" for name, entry in described.items() if entry["docment"]]
    return "\n".join(["| | |", "|:--|:--|", *rows]) if rows else ""


def entry(kind: str, name: str, thing, inner: str = "") -> str:
    "One function, class or method of the reference."
    fence = ":" * (4 if kind == "py:class" else 3)
    opening = f"{fence}{{{kind}}} {name}{signature(thing)}"
    parts = [opening, prose(inspect.getdoc(thing) or ""), arguments(thing), inner, fence]
    return "\n\n".join(filter(None, parts))


def methods(cls: type) -> str:
    "The documented methods of a class."
    own = {name: thing for name, thing in vars(cls).items() if name[0] != "_" and inspect.isfunction(thing)}
    return "\n\n".join(entry("py:method", name, thing) for name, thing in own.items() if thing.__doc__)


def reference(module: str) -> str:
    "The page of a module."
    entries = [f"# {module}", f"```{{py:module}} {module}\n```", f"> {summary(module)}"]
    for name, thing in public(module).items():
        if inspect.isclass(thing):
            entries.append(entry("py:class", name, thing, methods(thing)))
        else:
            entries.append(entry("py:function", name, thing))
    return "\n\n".join(entries) + "\n"


# The site

def toctree(pages: list[str], caption: str = "") -> str:
    "A branch of the sidebar."
    options = [":hidden:"] + [f":caption: {caption}"] * bool(caption)
    return "\n".join(["```{toctree}", *options, "", *pages, "```"])


def sources(notebooks: Path, folder: Path) -> None:
    "Write everything that Sphinx reads."
    links = {name: f"{module}.{name}" for module in modules() for name in public(module)}
    for path in notebooks.glob("*.ipynb"):
        chapter(path, folder / path.name, links)
    for page, path in PAGES.items():
        shutil.copy(ROOT / path, folder / f"{page}.md")

    (folder / "api").mkdir()
    for module in modules():
        (folder / "api" / f"{module}.md").write_text(reference(module), encoding="utf-8")
    rows = [f"| [{module}]({module}.md) | {prose(summary(module))} |" for module in modules()]
    overview = ["# Reference\n", "| module | what it holds |", "|:--|:--|", *rows, "", toctree(modules())]
    (folder / "api" / "index.md").write_text("\n".join(overview), encoding="utf-8")

    index = read_nb(folder / "index.ipynb")
    book = toctree(sorted(path.stem for path in folder.glob("[0-9]*.ipynb")), "The book")
    library = toctree(["api/index", *PAGES], "The library")
    index.cells.append(mk_cell(f"{book}\n\n{library}", "markdown"))
    write_nb(index, folder / "index.ipynb")


def build(notebooks: Path, out: Path) -> int:
    "Build the site of a folder of notebooks; the answer is Sphinx's exit status."
    with tempfile.TemporaryDirectory() as folder:
        pages, html, doctrees = (Path(folder) / name for name in ("pages", "html", "doctrees"))
        pages.mkdir()
        sources(notebooks, pages)
        status = build_main(["-q", "-W", "--keep-going", "-c", str(HERE), "-d", str(doctrees), str(pages), str(html)])
        if status == 0: # a failed build leaves the last good site where it is
            shutil.rmtree(out, ignore_errors=True)
            shutil.move(html, out)
        return status


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the site of the book.")
    parser.add_argument("--notebooks", type=Path, default=ROOT / "nbs", help="the folder of notebooks (default: nbs)")
    parser.add_argument("--out", type=Path, default=ROOT / "_site", help="where the site goes (default: _site)")
    options = parser.parse_args()
    if status := build(options.notebooks, options.out):
        sys.exit(status)
    print(f"The site is built: open {options.out / 'index.html'} in a browser.")


if __name__ == "__main__":
    main()
