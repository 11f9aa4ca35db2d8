"""A table as far as it is filled: what was asked for, and what its cells have come to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from ...jobs.job import label
from ...methods import ALONE
from ...settings import zoo
from ..tables import plain_table
from .diary import DONE, FAILED, Record

DASH = "–"


class Row(NamedTuple):
    """A method of one pair, over the seeds: accuracies in percent of the runs that are done, in the order of seeds."""

    method: str
    last: tuple[float, ...]
    best: tuple[float, ...]
    seeds: int  # asked for
    published: float | None
    sentence: str  # why there is no number, or why not all: the method does not fit, or a run has failed

    @property
    def words(self) -> list[str]:
        """Method, last epoch, best epoch, published number and seeds, as a row of text."""
        level = "" if self.published is None else f"{self.published:.2f}"
        done = f"{len(self.last)} of {self.seeds}" + (" (see below)" if self.sentence else "")
        return [label(self.method), spread(self.last), spread(self.best), level or DASH, done]


HEADS = ("method", "last epoch", "best epoch", "published", "seeds")


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation (of a sample: n - 1), with two decimals; one number has no deviation.

    >>> spread([70.0, 71.0]), spread([70.0]), spread([])
    ('70.50 ± 0.71', '70.00', '–')
    """
    if not values:
        return DASH
    return f"{mean(values):.2f}" + (f" ± {stdev(values):.2f}" if len(values) > 1 else "")


@dataclass(frozen=True)
class Filled:
    """`content` is what table.json holds; it has all that is shown."""

    folder: Path
    content: Mapping[str, Any]

    @property
    def setting(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.content["setting"]
        return found

    @property
    def pairs(self) -> list[str]:
        return list(self.content["asked"]["pairs"])

    @property
    def failed(self) -> list[Record]:
        return [record for record in self.content["cells"] if record["state"] == FAILED]

    @property
    def command(self) -> str:
        """The command that asks for the whole table, but for its folder and for where and by whom it is made."""
        asked, setting = self.content["asked"], self.setting
        methods = [method for method in asked["methods"] if method != ALONE]
        lists = {"pairs": asked["pairs"], "methods": methods, "seeds": asked["seeds"]}
        options = [f"--{name} {','.join(map(str, values))}" for name, values in lists.items()]
        options += [f"--{name} {setting[name]}" for name in ("epochs", "images") if setting[name] is not None]
        options += [f"--precision {setting['precision']}"] * (setting["precision"] != "float32")
        return " ".join(["kdtutor table --preset", setting["preset"], *options])

    def cells(self, pair: str, method: str | None = None) -> list[Record]:
        """The records of a pair's cells (of one method), in the order in which they were asked for."""
        return [r for r in self.content["cells"] if r["pair"] == pair and method in (None, r["method"])]

    def rows(self, pair: str) -> Iterator[Row]:
        """A row for each method, the student alone first."""
        seeds = len(self.content["asked"]["seeds"])
        for method in self.content["asked"]["methods"]:
            cells = self.cells(pair, method)
            done = [record for record in cells if record["state"] == DONE]
            last = tuple(100 * record["last"] for record in done)
            best = tuple(100 * record["best"]["accuracy"] for record in done)
            sentences = [f"seed {r['seed']}: {r['sentence']}" for r in cells if r["state"] == FAILED]
            unfit = self.content["unfit"].get(pair, {}).get(method)
            told = unfit or "; ".join(sentences)
            yield Row(method, last, best, seeds, zoo.published(pair, method), told)

    def notes(self, pair: str) -> list[str]:
        """What has to be said of rows without a number, or with fewer than were asked for."""
        return [f"{label(row.method)}: {row.sentence}" for row in self.rows(pair) if row.sentence]

    def seconds(self, pair: str) -> float:
        """What the runs of a pair's students have taken."""
        return sum(record["seconds"] for record in self.cells(pair))

    def hardware(self) -> list[str]:
        """On what the runs were made, each kind once."""
        records = (*self.content["cells"], *self.content["teachers"].values())
        return sorted({record["hardware"] for record in records if record.get("hardware")})

    def teacher_line(self, pair: str) -> str:
        """The teacher of a pair in words."""
        teacher = self.content["teachers"].get(pair)
        told = zoo.published_teacher(pair)
        level = "" if told is None else f" (published: {told:.2f})"
        return f"teacher {teacher['name']}: {100 * teacher['accuracy']:.2f}{level}" if teacher else "no teacher yet"

    def as_json(self) -> dict[str, Any]:
        return dict(self.content)

    def text(self) -> str:
        """A block for each pair, for a terminal."""
        blocks = []
        for pair in self.pairs:
            rows = [row.words for row in self.rows(pair)]
            blocks.append(
                "\n".join([f"{pair}, {self.teacher_line(pair)}", plain_table(HEADS, rows), *self.notes(pair)])
            )
        return "\n\n".join([*blocks, self.caption()])

    def caption(self) -> str:
        """What the numbers are, in a sentence or two."""
        setting = self.setting
        images = f" on {setting['images']:,} training images" if setting["images"] else ""
        epochs = setting["epochs"]
        length = f"{epochs} epoch{'s' * (epochs != 1)}" if epochs else "the epochs of the preset"
        reduced = "Reduced: it proves the path, and says nothing about the methods. " if setting["images"] else ""
        return (
            f"{reduced}Test accuracy in percent, mean ± standard deviation over seeds; preset {setting['preset']}, "
            f"{length}{images}, {setting['precision']}. The best epoch was found on the test images, so it is shown "
            f"but not to be reported. Published: last epoch of 240, by {zoo.SOURCE}."
        )

    def summary_rows(self) -> list[dict[str, Any]]:
        """The rows of all pairs as numbers."""
        return [
            {
                "pair": pair,
                "method": row.method,
                "last": _numbers(row.last),
                "best": _numbers(row.best),
                "published": row.published,
                "sentence": row.sentence,
            }
            for pair in self.pairs
            for row in self.rows(pair)
        ]


def _numbers(values: Sequence[float]) -> dict[str, float | int | None]:
    spread_of = stdev(values) if len(values) > 1 else None
    return {"n": len(values), "mean": mean(values) if values else None, "standard deviation": spread_of}
