"""Formulas as MathML, which browsers draw themselves: no script, no fonts and no network."""

import re
from html import escape

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)

OTHER_NAMES = {
    r"\\([bB]igg?)(?![a-zA-Z])": r"\\\1l",  # a large delimiter, whichever side it is on
    r"\\dots(?![a-zA-Z])": r"\\ldots",
    r"\\(text|display)style(?![a-zA-Z])": "",
    r"^\s*(?=[_^])": "{}",  # an index without a base, as behind a word: DML$_e$
}
"""What MathJax in a notebook understands and docutils does not, and what says the same."""


def mathml(latex: str, as_block: bool = False) -> str:
    """A formula as MathML.

    >>> "…" in mathml(r"\\big( 1, \\dots \\big)")
    True
    """
    for other, name in OTHER_NAMES.items():
        latex = re.sub(other, name, latex)
    return str(tex2mathml(latex, as_block=as_block))


def drawn(node: nodes.math | nodes.math_block) -> str:
    """A formula of a page as MathML, or as its LaTeX, with a warning, where that is not understood."""
    try:
        return mathml(node.astext(), as_block=isinstance(node, nodes.math_block))
    except (MathError, IndexError) as error:
        LOGGER.warning("%s in the formula %s", error, node.astext(), location=node)
        return f"<code>{escape(node.astext())}</code>"


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """A formula within a line."""
    self.body.append(drawn(node))
    raise nodes.SkipNode


def visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    """A formula that stands alone."""
    self.body.append(f'<div class="math">{drawn(node)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the renderer "mathml"."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
