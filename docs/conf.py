"""How sphinx builds the pages that `python -m docs` has written."""

import inspect
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import kdtutor
from docs.formulas import formulas
from docs.names import everything, modules
from docs.resolve import resolve
from docs.text import to_rest

LOGGER = logging.getLogger(__name__)

project = "kdtutor"
author = "the kdtutor authors"
copyright = author
version = release = kdtutor.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.viewcode", "myst_nb", "docs.mathml", "docs.folded", "docs.accessible"]
html_theme = "furo"
html_title = f"kdtutor {version}"
html_math_renderer = "mathml"
html_show_copyright = False
html_copy_source = False
html_static_path = ["static"]
html_favicon = "static/icon.svg"
html_css_files = ["math.css", "site.css"]
html_js_files = ["questions.js", "site.js"]
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
myst_heading_anchors = 4
myst_heading_slug_func = "docs.anchors.slug"
myst_enable_extensions = ["dollarmath", "amsmath"]

nb_execution_mode = "off"  # what the lessons have stored is what is shown
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # of the live widgets only their pictures
nb_merge_streams = True

autodoc_inherit_docstrings = False  # what a method overrides is told where it is first defined
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
add_module_names = False
python_maximum_signature_line_length = 100


def translate(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """A docstring becomes reStructuredText, and its formula stands below its first paragraph."""
    module = name
    while module not in modules():
        module = module.rpartition(".")[0]
    arguments = inspect.signature(value).parameters if inspect.isfunction(value) else ()
    told = to_rest(lines, lambda word: resolve(word, module, arguments))
    if latex := formulas().get(name):
        cut = told.index("") if "" in told else len(told)
        told[cut:cut] = ["", ".. math::", "", f"   {latex}"]
    lines[:] = told


def foreign(app: Sphinx, what: str, name: str, value: Any, skip: bool, options: Any) -> bool | None:
    """Leaves out what libraries write into our classes."""
    return True if inspect.isfunction(value) and not value.__module__.startswith("kdtutor") else None


def complete(app: Sphinx, env: BuildEnvironment) -> None:
    """Warns of a public name that no page describes."""
    if "api/index" not in env.found_docs:
        return  # a part of the site, as a test builds it
    described = env.domains.python_domain.objects
    for name in everything():
        if name.full not in described:
            LOGGER.warning("%s is public, and no page describes it", name.full)


def setup(app: Sphinx) -> None:
    """Registers what is ours."""
    app.connect("autodoc-process-docstring", translate)
    app.connect("autodoc-skip-member", foreign)
    app.connect("env-check-consistency", complete)
