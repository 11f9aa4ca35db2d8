"""The section `Deeper` of a lesson folds: a reader of the core passes it by, and whoever wants it opens it."""

from docutils import nodes
from sphinx.application import Sphinx

NAME = "deeper"


def fold(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put each section of that name into `<details>`, its title into `<summary>`."""
    for section in list(doctree.findall(nodes.section)):
        if NAME in section["ids"]:
            title, *rest = section.children
            section.children = []
            section += [raw(f'<details class="{NAME}"><summary>'), title, raw("</summary>"), *rest, raw("</details>")]


def raw(text: str) -> nodes.raw:
    """HTML as it is."""
    return nodes.raw("", text, format="html")


def setup(app: Sphinx) -> dict[str, bool]:
    """Folds when a page is written: until then the section is one like others, for contents and links."""
    app.connect("doctree-resolved", fold)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
