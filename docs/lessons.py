"""The lessons as pages of the site: their notebooks as they are stored, with what a page without a kernel can show."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from kdtutor.cli.dress import INSTALL
from kdtutor.course.map import LAB, LESSONS

from .anchors import slug
from .names import ROOT
from .outputs import shown

FOLDER = "lessons"  # of the site
TEXTS = {"glossary.md": "", "cheat_sheet.md": "---\nhide-toc: true\n---\n"}
"""Texts that lie beside the notebooks, and what the theme is told of each: the tables of the sheet need the width."""
LIVE = """```{{container}} live
A stored copy. In the live notebook every control computes anew, students train before your eyes, and your answers \
are checked: open {notebook} in JupyterLab (`make lab`).
```"""


@dataclass
class Lessons:
    """Pages by file, and the pictures that they show."""

    pages: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)


def lessons(notebooks: Path, root: str) -> Lessons:
    """Every notebook of a folder, and the texts beside them. `root` leads from the pages to the repository."""
    told = Lessons()
    for path in sorted(notebooks.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells = [cell for cell in notebook.cells if cell.id != INSTALL]  # a page needs nothing installed
        told.pictures |= {f"{FOLDER}/{file}": picture for file, picture in _adapt(notebook, path.stem).items()}
        notebook.cells.insert(1, nbformat.v4.new_markdown_cell(_live(path, root), id="stored-copy"))
        told.pages[f"{FOLDER}/{path.name}"] = nbformat.writes(notebook)
    for name, options in TEXTS.items():
        if (notebooks / name).is_file():
            told.pages[f"{FOLDER}/{name}"] = options + linked((notebooks / name).read_text(encoding="utf-8"))
    return told


def _adapt(notebook: NotebookNode, name: str) -> dict[str, bytes]:
    """Turn a notebook into what its page shows, in place; returns its pictures."""
    pictures: dict[str, bytes] = {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = linked(apart(cell.source))
        elif cell.cell_type == "code":
            cell.outputs, drawn = shown(cell, name)
            pictures |= drawn
    notebook.metadata.pop("widgets", None)
    return pictures


def _live(path: Path, root: str) -> str:
    """What the notebook can do and its page cannot, in one line."""
    place = path.resolve()
    if not place.is_relative_to(ROOT):
        return LIVE.format(notebook=f"`{path.name}`")
    return LIVE.format(notebook=f"{{download}}`{path.name} </{root}/{place.relative_to(ROOT).as_posix()}>`")


def apart(text: str) -> str:
    """A text whose formulas that stand alone have blank lines around them: without these, MyST takes them for prose."""
    return re.sub(r"^\$\$(.+?)\$\$[ ]*$", r"\n$$\1$$\n", text, flags=re.MULTILINE | re.DOTALL)


def linked(text: str) -> str:
    """A text of the course whose links lead to pages: to their headings, and to texts outside the lessons' folder.

    >>> linked("[map](00_start.ipynb#3.-Four-questions), [spots](../docs/spots-again.md)")
    '[map](00_start.ipynb#3-four-questions), [spots](../spots-again.md)'
    """

    def heading(found: re.Match[str]) -> str:
        return f"]({found[1]}#{slug(found[2].replace('-', ' '))})"

    text = re.sub(r"\]\(([\w.]*\.(?:ipynb|md))#([^)]+)\)", heading, text)
    return re.sub(r"\]\(\.\./(?:docs/)?([\w-]+\.md)", lambda found: f"](../{found[1].lower()}", text)


def entries() -> list[str]:
    """The lessons in their order as entries of a table of contents, the lab last."""
    told = [f"{lesson.number} · {lesson.title} <{FOLDER}/{lesson.name}>" for lesson in LESSONS if lesson.ready]
    return [*told, f"The lab <{FOLDER}/{Path(LAB).stem}>"]
