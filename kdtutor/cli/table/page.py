"""The page of a table: Markdown, and HTML in one file."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from ...figures.history import curves
from ...jobs.job import label
from ...train import History
from ..tables import percent
from .diary import DONE, Record
from .filled import HEADS, Filled

TITLE = "Students and their teachers"
MARKS = ("weights", "teacher", "training images")  # digests, of which the first letters are shown
CELLS = ("cell", "state", "last epoch", "best epoch", "seconds", *MARKS)
COST = (
    "Runs of one pair and seed were made together: the seconds of a cell are those of its own steps, and whoever came "
    "first to a batch paid for drawing it, whoever came first to a teacher for its pass."
)


class Drawn(NamedTuple):
    """A picture of a pair's curves."""

    pair: str
    png: bytes
    alt: str


def pictures(filled: Filled) -> dict[str, Drawn]:
    """Held-out accuracy over the epochs, a line a method: the mean over the seeds that are done. By file name."""
    found = {}
    for pair in filled.pairs:
        histories = {
            label(row.method): history
            for row in filled.rows(pair)
            if (history := _mean_curve(filled.cells(pair, row.method)))
        }
        if histories:
            told = f"Test accuracy over the epochs of {pair}, for {', '.join(histories)}: means over the seeds."
            picture = curves(histories, "accuracy", alt=told, size=(6.4, 4.0))
            found[f"curves-{pair}.png"] = Drawn(pair, picture.png(), picture.alt)
    return found


def _mean_curve(records: Sequence[Record]) -> History | None:
    done = [record["curve"] for record in records if record["state"] == DONE]
    if not done:
        return None
    history = History()
    for epoch, *values in zip(done[0][0], *(accuracies for _, accuracies in done), strict=True):
        history.add("", epoch, accuracy=sum(values) / len(values))
    return history


def markdown(filled: Filled, drawn: Mapping[str, Drawn]) -> str:
    parts = [f"# {TITLE}", filled.caption(), f"    {filled.command}"]
    for pair in filled.pairs:
        rows = [row.words for row in filled.rows(pair)]
        parts += [f"## {pair}", f"With {filled.teacher_line(pair)}.", _piped(HEADS, rows)]
        parts += [f"- {note}" for note in filled.notes(pair)]
        parts += [f"![{each.alt}]({name})" for name, each in drawn.items() if each.pair == pair]
    if filled.content["cells"]:
        parts += ["## Cost", *_cost(filled), "## Cells"]
        parts.append(_piped(CELLS, [_cell_words(record) for record in filled.content["cells"]]))
        commands = [record["command"] for record in _runs(filled)]
        parts += ["Each by itself:", "\n".join(["```", *commands, "```"])]
    return "\n\n".join(parts) + "\n"


def _runs(filled: Filled) -> list[Record]:
    return [*filled.content["teachers"].values(), *filled.content["cells"]]


def _cost(filled: Filled) -> list[str]:
    lines = []
    for pair in filled.pairs:
        teacher = (filled.content["teachers"].get(pair) or {}).get("seconds")
        of_teacher = f", its teacher {teacher:,.0f} s" if teacher else ""
        lines.append(f"{pair}: the students took {filled.seconds(pair):,.0f} s{of_teacher}.")
    return [" ".join(lines), f"On {'; '.join(filled.hardware())}. {COST}"]


def _cell_words(record: Record) -> list[str]:
    name = f"{record['pair']}, {label(record['method'])}, seed {record['seed']}"
    seconds, digests = f"{record['seconds']:,.1f}", record.get("digests", {})
    marks = [digests.get(what, "")[:12] for what in MARKS]
    if record["state"] == DONE:
        best = record["best"]
        numbers = [percent(record["last"]), f"{percent(best['accuracy'])} ({best['epoch']})"]
        return [name, "done", *numbers, seconds, *marks]
    state = record["state"] if "sentence" in record else f"epoch {record['epoch']} of {record['epochs']}"
    return [name, state, "", "", seconds, *marks]


def _piped(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def html(filled: Filled, drawn: Mapping[str, Drawn]) -> str:
    parts = [f"<h1>{TITLE}</h1>", _p(filled.caption()), f"<pre>{escape(filled.command)}</pre>"]
    for pair in filled.pairs:
        rows = [row.words for row in filled.rows(pair)]
        parts += [f"<h2>{escape(pair)}</h2>", _p(f"With {filled.teacher_line(pair)}.")]
        parts.append(_table(f"{pair}: accuracy of each method", HEADS, [list(map(escape, row)) for row in rows]))
        if notes := filled.notes(pair):
            parts.append("<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>")
        for each in (each for each in drawn.values() if each.pair == pair):
            source = f"data:image/png;base64,{b64encode(each.png).decode('ascii')}"
            parts.append(f'<img src="{source}" alt="{escape(each.alt)}">')
    if filled.content["cells"]:
        parts += ["<h2>Cost</h2>", *map(_p, _cost(filled)), "<h2>Cells</h2>"]
        parts.append(_table("Every cell of the table", (*CELLS, "log"), list(map(_linked, filled.content["cells"]))))
        commands = escape("\n".join(record["command"] for record in _runs(filled)))
        parts.append(f"<details><summary>Each by itself</summary><pre>{commands}</pre></details>")
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{TITLE}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _linked(record: Record) -> list[str]:
    place = f"cells/{record['pair']}-{record['method']}-seed{record['seed']}/log.txt"
    words = [escape(word) for word in _cell_words(record)]
    return [*words, f'<a href="{escape(place)}" aria-label="log of {words[0]}">log</a>']


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that scrolls by itself where a screen is too narrow; cells are HTML already."""
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in heads)
    lines = [
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{x}</td>" for x in rest) + "</tr>" for first, *rest in rows
    ]
    return (
        f'<div class="wide" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #ffffff; --line: #c8c8c8; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --paper: #16181b; --line: #4a4d52; --link: #8ab8f0; } }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main { max-width: 60rem; margin: auto; padding: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; }
img { max-width: 100%; height: auto; margin-top: 1rem; }
pre { overflow-x: auto; }
a { color: var(--link); }
"""
