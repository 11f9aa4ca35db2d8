"""What a cell has stored, as the page shows it: pictures with their alternative texts, tables, questions, explorers."""

import base64
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from .explorers.bundle import as_script, bundle
from .names import ROOT
from .questions import lesson_of, questions

STORED = ROOT / "docs/explorers/stored"
PICTURES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
RUNS = {
    "LiveRun": "A finished run. In the live notebook it trains before your eyes, and you can stop and repeat it.",
    "Retrain": "Finished runs. In the live notebook you choose a setting, and a student is trained with it.",
    "Lab": "A panel of runs. In the live notebook you put data, nets and methods together, and train.",
}
STILL = "In the live notebook its controls move this picture."
"""What is said below the picture of a widget of any other class, where the page cannot move it."""


def shown(cell: NotebookNode, lesson: str) -> tuple[list[NotebookNode], dict[str, bytes]]:
    """The outputs of a cell for its page, and the pictures that they show, by file beside the page."""
    if (name := lesson_of(cell.source)) is not None:
        return [html(questions(name))], {}
    told: list[NotebookNode] = []
    files: dict[str, bytes] = {}
    for output in cell.outputs:
        data = output.get("data", {})
        kind = next((kind for kind in PICTURES if kind in data), None)
        if kind is not None:
            file = f"pictures/{lesson}/{cell.id}{f'-{len(files)}' if files else ''}.{PICTURES[kind]}"
            files[file] = base64.b64decode(data[kind])
            told.append(html(picture(output, kind, file, cell.id, lesson)))
        elif "text/html" in data:
            told.append(html(cleaned(joined(data["text/html"]))))
        elif not data or "text/plain" in data:
            told.append(plain(output))
    return told, files


def picture(output: NotebookNode, kind: str, file: str, cell: str, lesson: str) -> str:
    """A figure; one that an explorer stands for once it is alive; a widget that cannot be says so in a line."""
    size = output.get("metadata", {}).get(kind, {})
    names = {"alt": size.get("alt", ""), "width": size.get("width"), "height": size.get("height"), "loading": "lazy"}
    known = " ".join(f'{name}="{escape(str(value))}"' for name, value in names.items() if value is not None)
    drawn = f'<img src="{file}" {known}>'
    widget = class_of(joined(output["data"].get("text/plain", "")))
    if (STORED / lesson / f"{cell}.json").is_file():
        place = f'<div class="kd-explorer" data-src="../explorers/stored/{lesson}/{cell}.json">'
        return f'{place}<figure class="stored">{drawn}<figcaption>{STILL}</figcaption></figure></div>'
    caption = f"<figcaption>{RUNS.get(widget, STILL)}</figcaption>" if widget else ""
    return f'<figure class="stored">{drawn}{caption}</figure>'


def class_of(representation: str) -> str:
    """The class of a widget, by its representation; empty for a picture.

    >>> class_of("<LiveRun alone: Curves.>"), class_of("<Picture: Curves.>")
    ('LiveRun', '')
    """
    found = re.match(r"<(\w+)", representation)
    return found[1] if found and found[1] != "Picture" else ""


def cleaned(text: str) -> str:
    """A table or a verdict without styles of its own, in a box that scrolls; its links lead to pages."""
    text = re.sub(r"<style\b.*?</style>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"(href=['\"][\w./]*)\.ipynb\b", r"\1.html", text)
    text = re.sub(r"<table\b[^>]*\bclass=\"dataframe\"[^>]*>", '<table class="dataframe">', text)
    return f'<div class="scrolls">{text}</div>' if "<table" in text else text


def plain(output: NotebookNode) -> NotebookNode:
    """An output in text alone: the state of a widget is of no use without a kernel."""
    if "data" in output:
        output.data = {"text/plain": output.data["text/plain"]}
    return output


def html(text: str) -> NotebookNode:
    """An output that is HTML."""
    return new_output("display_data", {"text/html": text})


def joined(text: Any) -> str:
    """A text that may be stored line by line."""
    return text if isinstance(text, str) else "".join(text)


def explorers() -> Iterator[tuple[str, bytes]]:
    """Every file that the explorers need, by its place on the site: modules for a served page, and scripts for one that
    is opened as a file."""
    for path in sorted(STORED.parent.rglob("*.*")):
        place = path.relative_to(ROOT / "docs").as_posix()
        if path.suffix in (".js", ".css", ".json", ".webp"):
            yield place, path.read_bytes()
        if path.suffix == ".json":
            yield f"{place}.js", as_script(path.read_text(encoding="utf-8")).encode()
    yield "explorers/bundle.js", bundle().encode()
