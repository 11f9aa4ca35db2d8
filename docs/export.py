"""A lesson in one file, for whoever has no site and no kernel: python -m docs.export [--talk] LESSON …

Formulas are MathML and pictures keep their alternative texts, which nbconvert's own templates load from elsewhere and
drop. With --talk a lesson is cut into slides, as its metadata say.
"""

import sys
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from kdtutor.course.map import FOLDER, LESSONS
from kdtutor.errors import choose

from .mathml import mathml
from .names import ROOT

TEMPLATES = ROOT / "docs/nbconvert"


class Renderer(IPythonRenderer):
    """Markdown as HTML, with formulas that a browser draws itself."""

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def block_math(self, body: str) -> str:
        return mathml(body, as_block=True)

    def multiline_math(self, text: str) -> str:
        return mathml(text, as_block=True)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", as_block=True)


def rendered(source: str) -> str:
    """Markdown as HTML.

    >>> "<math" in rendered("The temperature $T$.")
    True
    """
    return str(MarkdownWithMath(renderer=Renderer(escape=False)).render(source))


def page(nb: NotebookNode, title: str, talk: bool = False) -> str:
    """A notebook, whose outputs are stored, as one HTML file."""
    nb = cut(nb) if talk else nb
    exporter = HTMLExporter(
        template_name="kdtutor",
        extra_template_basedirs=[str(TEMPLATES)],
        filters={"markdown2html": rendered},
    )
    return str(exporter.from_notebook_node(nb, resources={"title": title, "talk": talk})[0])


def cut(nb: NotebookNode) -> NotebookNode:
    """The cells of a talk; `opens` and `closes` in their metadata say which begin and end a slide."""
    nb = nbformat.from_dict(nb)
    nb.cells = [cell for cell in nb.cells if kind(cell) != "skip"]
    for cell, following in zip(nb.cells, [*nb.cells[1:], None], strict=True):
        cell.metadata["opens"] = cell is nb.cells[0] or kind(cell) != "-"
        cell.metadata["closes"] = following is None or kind(following) != "-"
    return nb


def kind(cell: NotebookNode) -> str:
    """What a cell is of a talk: "slide" and "subslide" begin one, "-" goes on, "skip" is left out."""
    return str(cell.metadata.get("slideshow", {}).get("slide_type", "-"))


def export(lesson: str, talk: bool = False, folder: Path = ROOT / "build/pages") -> Path:
    """Write the page, or the slides, of a lesson into a folder."""
    known = {each.name: each for each in LESSONS}
    title = known[choose("lesson", lesson, known)].title
    nb = nbformat.read(FOLDER / f"{lesson}.ipynb", as_version=4)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{lesson}{'-talk' if talk else ''}.html"
    target.write_text(page(nb, title, talk), encoding="utf-8")
    return target


if __name__ == "__main__":
    words = sys.argv[1:]
    for name in (word for word in words if word != "--talk"):
        print(export(name, talk="--talk" in words))
