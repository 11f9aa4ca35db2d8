"""Menus whose impossible choices are grey and marked. Each keeps its place, and whoever chooses one is told why not."""

import html
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Option = tuple[str, Hashable]
MARK = " (not here)"
GREY = "#767676"  # 4.5 : 1 on white, the least that everyone can read

# JupyterLab has a key for nearly everything, and takes the arrow keys and letters from menus in the output of a cell,
# unless the element with the focus has this attribute, which no widget can set. One around it is not asked for keys
# of whatever has the focus.
KEYS = (
    "document.querySelectorAll('.kd-lab').forEach(lab => lab.addEventListener('focusin', "
    "event => event.target.setAttribute('data-lm-suppress-shortcuts', 'true')))"
)
OWN_KEYS = f'<style onload="{KEYS}">.kd-lab {{}}</style>'
"""What a page has to contain so that the keys pressed in the lab are the lab's."""


@dataclass
class Menu:
    """A Select or a Dropdown with its options as (word, value), and a sentence for each value that cannot be had."""

    control: Any
    options: Sequence[Option]
    refused: dict[Hashable, str] = field(default_factory=dict)

    def refuse(self, refused: Mapping[Hashable, str]) -> None:
        """Mark these values; what was chosen stays chosen."""
        self.refused = {value: sentence for value, sentence in refused.items() if sentence}
        shown = tuple((f"{word}{MARK}" if value in self.refused else word, value) for word, value in self.options)
        if shown == tuple(self.control.options):
            return
        chosen = self.control.value
        with self.control.hold_sync():  # the page sees one change, and keeps the focus
            self.control.options = shown
            self.control.value = chosen


def greyed(menus: Mapping[str, Menu]) -> str:
    """The style by which the page shows in grey what is refused; the controls have the classes kd-lab-NAME."""
    places = [
        f".kd-lab-{name} option:nth-child({number})"
        for name, menu in menus.items()
        for number, (_, value) in enumerate(menu.options, 1)
        if value in menu.refused
    ]
    return f"<style>{', '.join(places)} {{ color: {GREY}; }}</style>" if places else ""


def reasons(menus: Mapping[str, Menu], known: str = "") -> str:
    """What is refused and why, to be folded open: a line for each sentence of each menu but the one that is `known`."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for menu in menus.values():
        for word, value in menu.options:
            if menu.refused.get(value, known) != known:
                grouped.setdefault((menu.control.description, menu.refused[value]), []).append(word)
    lines = "".join(
        f"<li><b>{html.escape(what)}: {html.escape(', '.join(words))}</b>. {html.escape(sentence)}</li>"
        for (what, sentence), words in grouped.items()
    )
    count = sum(map(len, grouped.values()))
    told = f"{count} choice{'s do' if count > 1 else ' does'} not go with these: why?"
    return f"<details class='kd-reasons'><summary>{told}</summary><ul>{lines}</ul></details>" if count else ""
