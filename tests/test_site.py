"""The site builds from the notebooks as they are, without a warning, and asks nothing of the network."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

import book

# What a browser fetches when it opens a page: scripts, pictures, styles. A link that a reader may follow is none.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]+src=["'](?:https?:)?//"""
    r"""|<link(?=[^>]+stylesheet|[^>]+icon)[^>]+href=["'](?:https?:)?//"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    "The site of the notebooks as they are stored."
    out = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, str(book.ROOT / "docs" / "build.py"), "--out", str(out)], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    return out


def test_every_chapter_has_a_page_and_a_place_in_the_sidebar(site):
    index = (site / "index.html").read_text(encoding="utf-8")
    places = [index.find(f'href="{path.stem}.html"') for path in book.chapters()[1:]]
    assert all(place > 0 for place in places) and places == sorted(places)
    assert all((site / f"{path.stem}.html").exists() for path in book.chapters())


def test_the_reference_links_names_to_their_source(site):
    page = (site / "api" / "lux_nb.forward.html").read_text(encoding="utf-8")
    assert 'id="lux_nb.forward.jvp"' in page and "_modules/lux_nb/forward.html#jvp" in page


def test_no_page_asks_anything_of_the_network(site):
    asking = [path.name for path in site.rglob("*.html") if FETCHED.search(path.read_text(encoding="utf-8"))]
    assert not asking
    assert (site / "_static" / "mathjax" / "tex-chtml.js").exists()


def test_a_page_that_asks_is_found():
    assert FETCHED.search('<script async="async" src="https://cdn.example.org/x.js"></script>')
    assert FETCHED.search('<link rel="stylesheet" type="text/css" href="//example.org/x.css" />')
    assert not FETCHED.search('<a href="https://numpy.org">NumPy</a>')
