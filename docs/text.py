"""From the docstrings' plain prose to reStructuredText.

The docstrings are written for `help()`: prose, formulas in Unicode, `code` in single backticks, indented formulas,
examples, and lists whose items begin with "name: ". Nothing else in them is markup.
"""

import re
from collections.abc import Callable, Iterable

Resolve = Callable[[str], str | None]
"""Says what a word in backticks refers to, by its full name; None where it is no more than code."""

WORD = r"""(?:"[^"]+"|[\w.]+)"""
ITEM = re.compile(rf"{WORD}(?:, {WORD})*: ")


def to_rest(lines: Iterable[str], resolve: Resolve) -> list[str]:
    """The lines of a docstring as lines of reStructuredText."""
    told: list[str] = []
    for paragraph in paragraphs(lines):
        told += [*_paragraph(paragraph, resolve), ""]
    return told


def paragraphs(lines: Iterable[str]) -> list[list[str]]:
    """Groups of lines between blank ones. Indented groups that follow each other are one, with their blank lines."""
    groups: list[list[str]] = []
    gap = True
    for line in map(str.rstrip, lines):
        if not line:
            gap = True
            continue
        if gap and groups and line.startswith(" ") and all(x.startswith(" ") for x in groups[-1] if x):
            groups[-1].append("")
        elif gap:
            groups.append([])
        groups[-1].append(line)
        gap = False
    return groups


def _paragraph(lines: list[str], resolve: Resolve) -> list[str]:
    if lines[0].startswith(">>> "):
        return lines
    if lines[0].startswith(" "):
        return ["::", "", *(f"    {line}" for line in lines)]
    items = _items(lines)
    if len(items) > 1:
        return [f"- {inline(item, resolve)}" for item in items]
    return [inline(" ".join(map(str.strip, lines)), resolve)]


def _items(lines: list[str]) -> list[str]:
    """A paragraph split before each line that begins as an item does; in one piece where its first line does not."""
    items: list[str] = []
    for line in lines:
        if not items or (ITEM.match(line) and ITEM.match(lines[0])):
            items.append(line.strip())
        else:
            items[-1] += f" {line.strip()}"
    return items


def inline(text: str, resolve: Resolve) -> str:
    """One paragraph: words in backticks become references or code, everything else stays what it is."""
    parts = text.split("`")
    told = [_code(part, resolve) if i % 2 else escaped(part) for i, part in enumerate(parts)]
    return "".join(told)


def _code(word: str, resolve: Resolve) -> str:
    full = resolve(word)
    return rf"\ :py:obj:`{word} <{full}>`\ " if full else rf"\ ``{word}``\ "


def escaped(text: str) -> str:
    """Text in which no character is markup, but for the stars around a word that is *stressed*."""
    text = re.sub(r"([\\*_|])", r"\\\1", text)
    text = re.sub(r"(?<!\S)\\\*(\w+)\\\*", r"*\1*\\ ", text)
    return re.sub(r"^(?=[^\s\\\w])|^(?=\w+[.)]\s)", r"\\", text)
