"""The board of the lab: what came of every setting that was tried, read from the folders of the runs."""

import base64
import html
from collections.abc import Callable
from pathlib import Path

from ipywidgets import HTML, Button, Dropdown, HBox, Layout, VBox

from ..errors import DataError
from ..files import write_whole
from ..jobs.board import Standing, as_csv, standings
from ..jobs.job import Job
from ..jobs.result import results
from .controls import FITS

EXPORT = "leaderboard.csv"
MINUS = "−"
LAST = float("inf")  # whoever has no such number comes last

ORDERS: dict[str, Callable[[Standing], float]] = {
    "accuracy": lambda row: LAST if row.accuracy is None else -row.accuracy,
    "difference to alone": lambda row: LAST if row.difference is None else -row.difference[0],
    "time": lambda row: row.seconds,
    "parameters": lambda row: row.first.parameters,
}
HEADS = {
    "setting": "setting", "seeds": "seeds", "accuracy": "accuracy, %",
    "difference to alone": "difference to alone, points", "time": "time, s", "parameters": "parameters",
}  # fmt: skip
STYLE = (
    "<style>.kd-board table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    ".kd-board th,.kd-board td{padding:3px 10px;text-align:right;vertical-align:top;border-bottom:1px solid #8884}"
    ".kd-board th:first-child,.kd-board td:first-child{text-align:left}.kd-board caption{text-align:left}"
    ".kd-board table{line-height:1.35}.kd-board small{opacity:.8}</style>"
)


class Leaderboard(VBox):
    """The runs in `folder` as a table that can be sorted and exported: a row for each setting, over all its seeds.

    It keeps nothing itself: what other kernels, or `kdtutor distil --out`, put there is found by `refresh`.
    `rows` are those shown, in their order.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[Standing] = []
        self._listeners: list[Callable[[], None]] = []
        self.order = Dropdown(options=tuple(ORDERS), description="sort by", layout=Layout(width="260px"))
        self.order.tooltip = "The best, quickest or smallest first"
        self._again = _button("Refresh", "Read the folders of the runs again", self.refresh)
        self._export = _button("Export CSV", f"Write {EXPORT} into the folder of the runs, a line a run", self.export)
        self._table, self._said = HTML(), HTML()
        heading = HTML("<h3 style='margin:10px 0 2px'>Board</h3>")
        bar = HBox((self.order, self._again, self._export), layout=Layout(flex_flow="row wrap"))
        super().__init__((heading, bar, self._said, self._table, HTML(STYLE)), layout=Layout(max_width=FITS))
        self.add_class("kd-board")
        self.order.observe(lambda _: self.refresh(), "value")
        self.refresh()

    def on_refresh(self, action: Callable[[], None]) -> None:
        """Call `action` after each refresh."""
        self._listeners.append(action)

    def refresh(self) -> None:
        """Read all folders again."""
        found, damaged = results(self.folder)
        self.rows = sorted(standings(found), key=ORDERS[self.order.value])
        told = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in damaged)
        self._said.value = f"<b>Not shown:</b><ul>{told}</ul>" if told else ""
        self._table.value = self._as_html()
        for action in self._listeners:
            action()

    def standing(self, setting: Job) -> Standing | None:
        """The row of a setting."""
        return next((row for row in self.rows if row.setting == setting), None)

    def export(self) -> Path | None:
        """Write the board as CSV into its folder, and offer it for download; says so where that cannot be written."""
        self.refresh()
        text, path = as_csv(self.rows), None
        try:
            path = write_whole(self.folder / EXPORT, text)
            where = f"Written to <code>{html.escape(path.as_posix())}</code>"
        except DataError as error:
            where = html.escape(str(error))
        address = f"data:text/csv;base64,{base64.b64encode(text.encode()).decode()}"
        self._said.value += f"{where}; <a href='{address}' download='{EXPORT}'>download it</a>"
        return path

    def _as_html(self) -> str:
        if not self.rows:
            return (
                "<p>No run yet: choose a setting above and press <b>Start</b>. Rows stay here when you come back.</p>"
            )
        way = "ascending" if self.order.value in ("time", "parameters") else "descending"
        sort = {self.order.value: f" aria-sort='{way}'"}
        heads = "".join(f"<th scope='col'{sort.get(key, '')}>{word}</th>" for key, word in HEADS.items())
        body = "".join(_line(row) for row in self.rows)
        note = (
            "Test accuracy of the last weights, mean over the seeds; the difference is paired over the seeds, ± one "
            "standard error; time is that of one run."
        )
        caption = f"<caption><small>{note}</small></caption>"
        return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _line(row: Standing) -> str:
    accuracy = f"{100 * row.accuracy:.1f}" if row.accuracy is not None else "stopped"
    stopped = f"<br><small>stopped: {_listed(run.job.seed for run in row.stopped)}</small>" if row.stopped else ""
    cells = (
        f"{_listed(row.seeds)}{stopped}", accuracy, difference_of(row), f"{row.seconds:.1f}",
        f"{row.first.parameters:,}",
    )  # fmt: skip
    command = html.escape(row.setting.command)
    return (
        f"<tr><td><b>{html.escape(row.name)}</b><br><small>{html.escape(row.around)}<details><summary>command</summary>"
        f"<code>{command}</code></details></small></td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    )


def difference_of(row: Standing) -> str:
    """The difference to the student alone in points, in words where there is none."""
    if row.difference is None:
        return "–"
    mean, error = row.difference
    number = f"{100 * mean:+.1f}".replace("-", MINUS)
    return f"{number} ± {100 * error:.1f}" if error == error else f"{number} (one seed)"


def _listed(seeds: object) -> str:
    return ", ".join(map(str, seeds))  # type: ignore[call-overload]


def _button(word: str, tooltip: str, action: Callable[[], object]) -> Button:
    button = Button(description=word, tooltip=tooltip, layout=Layout(width="110px"))
    button.on_click(lambda _: action())
    return button
