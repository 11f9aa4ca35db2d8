"""A finished run, for a reader and for a machine: table, summary and the files of its folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..figures.history import MEASURES, is_measure, measure_of, words_of
from ..files import write_whole
from ..jobs.job import Job, label
from ..methods import ALONE, find
from ..nets.models import write_card
from ..train import History, environment
from ..train.checkpoint import TABLE
from .measures import told
from .tables import plain_table


@dataclass(frozen=True)
class Report:
    """A finished run: its history, and what a reader wants to know beside it."""

    job: Job
    history: History
    teacher: Mapping[str, Any] | None  # its card
    parameters: int  # of the student
    test_images: int
    seconds: float
    generator: str = ""  # which one makes the images
    card: Mapping[str, Any] = field(default_factory=dict)  # of the student; empty where it can have none

    @property
    def held_out(self) -> str:
        """The term that was measured after each epoch: on the validation split, or on the test split without one."""
        return self.history.held_out

    @property
    def best_epoch(self) -> int:
        """The first epoch with the highest held-out measure, whose weights are in best.safetensors."""
        epochs, values = self.history.curve(self.held_out)
        return epochs[values.index(max(values))]

    @property
    def tested(self) -> str:
        """The term to report: the first measure of the test split, of classes "test_accuracy"."""
        return f"test_{self.history.measured}"

    @property
    def test_accuracy(self) -> float:
        return self.history.last("test_accuracy")

    def table(self) -> str:
        """Every term at the end of each phase, and at the best epoch; what the test split says below."""
        terms = sorted(self.history.terms, key=lambda term: (is_measure(term), term == "loss"))
        tested = [term for term in terms if term.startswith("test_") and is_measure(term)]
        chosen = " (the best epoch was found on them, so do not report it)"
        if self.held_out.startswith("val_"):
            terms = [term for term in terms if term not in tested]
            chosen = ""
        values = {(row.term, row.epoch): row.value for row in self.history.rows}
        phase_of = {row.epoch: row.phase for row in self.history.rows}
        ends = {phase: epoch for epoch, phase in phase_of.items()}
        names = {max(phase_of): ["last"]}
        names.setdefault(self.best_epoch, []).append("best")
        lines = [
            [
                phase_of[epoch],
                f"{epoch}, {' and '.join(names[epoch])}" if epoch in names else str(epoch),
                *(_cell(term, values.get((term, epoch))) for term in terms),
            ]
            for epoch in sorted({*ends.values(), *names})
        ]
        images = f"{self.test_images:,} images{chosen}, seed {self.job.seed}"
        numbers = [f"{MEASURES[measure_of(term)]} {told(term, self.history.last(term))}" for term in tested]
        result = f"test {', '.join(numbers)}: weights of the last epoch, {images}"
        return f"{plain_table(['phase', 'epoch', *map(words_of, terms)], lines)}\n\n{result}"

    def summary(self) -> dict[str, Any]:
        """The same for a machine."""
        config = self.history.config
        return {
            "method": self.job.method,
            "acronym": "" if self.job.method == ALONE else find(self.job.method).acronym,
            "spots": self.job.spots,
            "data_free": self.job.maker,
            "batches": (self.job.maker or "data").replace("_", "-"),  # as `--batches` called them
            "preset": self.job.preset,
            "adjustments": self.job.adjustments,
            "data": config["data"],
            "teacher": self.teacher and self._of_teacher(self.teacher),
            "student": {"name": config["student"]["name"], "parameters": self.parameters},
            "seed": self.job.seed,
            "phases": [{"name": name, "epochs": epochs} for name, epochs in config["phases"]],
            "last": {term: self.history.last(term) for term in self.history.terms},
            "best": {"epoch": self.best_epoch, self.held_out: self.history.best(self.held_out)},
            self.tested: self.history.last(self.tested),
            "test_images": self.test_images,
            "generator": self.generator,
            "seconds": round(self.seconds, 1),
            "folder": str(self.job.folder),
            "command": self.job.command,
        }

    def save(self) -> Path:
        """Write config.json, curves.png and report.md beside the weights and the history of the run."""
        folder = self.job.folder
        picture = self.history.plot()
        config = {"command": self.job.command, **self.history.config, "environment": environment()}
        write_whole(folder / "config.json", json.dumps(config, indent=2) + "\n")
        write_whole(folder / TABLE, self.history.csv())  # a run of an earlier kdtutor has left none
        write_whole(folder / "curves.png", picture.png())
        if self.card:
            write_card(folder, {**self.card, "command": self.job.command})
        return write_whole(folder / "report.md", self._markdown(picture.alt))

    def _of_teacher(self, card: Mapping[str, Any]) -> dict[str, Any]:
        return {key: card[key] for key in ("name", self.history.measured, "parameters") if key in card}

    def _markdown(self, alt: str) -> str:
        config = self.history.config
        teacher = self.teacher["name"] if self.teacher else "none"
        if self.teacher and (measure := self.history.measured) in self.teacher:
            teacher += f" ({told(measure, self.teacher[measure])})"
        images = f"Images {self.generator}.\n\n" if self.generator else ""
        return (
            f"# {label(self.job.method)}{self.job.composition}, preset {self.job.preset}, seed {self.job.seed}\n\n"
            f"    {self.job.command}\n\n"
            f"Data {config['data']}, teacher {teacher}, student {config['student']['name']} "
            f"({self.parameters:,} parameters).\n\n{images}"
            f"```text\n{self.table()}\n```\n\n"
            f"![{alt}](curves.png)\n\n"
            "The student again, with the weights of the last epoch (best.safetensors has those of the best one):\n\n"
            "```python\n"
            "import kdtutor as kd\n"
            "from safetensors.torch import load_file\n\n"
            f"student = kd.nets.build(**{config['student']!r})\n"
            'student.load_state_dict(load_file("last.safetensors"))\n'
            "```\n"
        )


def _cell(term: str, value: float | None) -> str:
    if value is None:
        return "-"
    return told(term, value)
