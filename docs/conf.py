"""Sphinx's settings; docs/build.py prepares the pages and calls Sphinx."""
import shutil
from importlib.util import find_spec
from pathlib import Path

from lux_nb import __version__

project = "lux_nb"
author = "the lux_nb authors"
copyright = "2026, the lux_nb authors"
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx.ext.viewcode"]
exclude_patterns = [".*"]
add_module_names = False
python_maximum_signature_line_length = 88

# Notebooks: outputs are shown as they are stored.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

# The look: one accent colour, the pictures' first.
html_theme = "furo"
html_title = "lux_nb"
html_static_path = ["_static"]
html_css_files = ["lux.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f5fa8", "color-brand-content": "#1f5fa8"},
    "dark_css_variables": {"color-brand-primary": "#7db3ea", "color-brand-content": "#7db3ea"},
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"

# Formulas without the network: one script and its fonts, out of the package that carries all of MathJax.
mathjax_path = "mathjax/tex-chtml.js"
MATHJAX = Path(find_spec("sphinx-mathjax-offline").submodule_search_locations[0]) / "static" / "mathjax"


def _copy_mathjax(app, exception):
    "Put MathJax beside the pages."
    for path in [MATHJAX / "tex-chtml.js", *MATHJAX.glob("output/chtml/fonts/woff-v2/*.woff")]:
        target = Path(app.outdir) / "_static" / "mathjax" / path.relative_to(MATHJAX)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def setup(app):
    app.connect("build-finished", _copy_mathjax)
