"""The report of an evaluation: what was found, for a reader and for a machine, and its files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...data import Classification, Data
from ...errors import require
from ...files import write_whole
from ...nets import Net, in_order
from ...train import Evaluation, device
from ...train import evaluate as answers
from .reading import called, data_for, learnt_from, model_at, split_of

if TYPE_CHECKING:
    from ...figures.picture import Picture


BETWEEN = "disagreements.png"  # there only where two models are compared


@dataclass(frozen=True)
class Part:
    """A part of the report: a table, or a picture with the name of its file."""

    heading: str
    text: str = ""
    picture: "Picture | None" = None
    file: str = ""


@dataclass(frozen=True)
class Asked:
    """A model, and its answers to a split of some data."""

    name: str
    net: Net
    data: Data
    evaluation: Evaluation


@dataclass(frozen=True)
class Findings:
    """What an evaluation has found: `summary` for a machine, `parts` for a reader."""

    title: str
    summary: dict[str, Any]
    parts: Sequence[Part]

    def text(self) -> str:
        """The tables, as a terminal shows them."""
        return "\n\n".join([self.title, *(part.text for part in self.parts if part.text)])

    def save(self, folder: Path) -> Path:
        """Write the pictures, report.json and report.md, which is there last; the picture between two models that a
        report before it left is removed."""
        for part in self.parts:
            if part.picture is not None:
                write_whole(folder / part.file, part.picture.png())
        write_whole(folder / "report.json", json.dumps(self.summary, indent=2, ensure_ascii=False) + "\n")
        if BETWEEN not in {part.file for part in self.parts}:
            (folder / BETWEEN).unlink(missing_ok=True)  # the folder is there and can be written by now
        return write_whole(folder / "report.md", f"# {self.title}\n\n" + "\n\n".join(map(_section, self.parts)) + "\n")


def _section(part: Part) -> str:
    table = f"```text\n{part.text}\n```" if part.text else ""
    picture = f"![{part.picture.alt}]({part.file})" if part.picture is not None else ""
    return "\n\n".join(filter(None, (f"## {part.heading}", table, picture)))


def report(
    model: str,
    data: str | None = None,
    against: str | None = None,
    split: str = "test",
    root: str | None = None,
    size: int | None = None,
    where: str | None = None,
    factory: str | None = None,
) -> Findings:
    """Evaluate a model on a split, and another one on the same images where `against` names it."""
    from .of_classes import of_classes
    from .of_tasks import of_task

    net = model_at(model, factory)
    first = _asked(net, model, data, split, root, size, where)
    second = None
    if against is not None:
        other = model_at(against, factory)
        second = _asked(other, against, data or learnt_from(net), split, root, size, where)
        same = len(first.evaluation.labels) == len(second.evaluation.labels)
        require(same, f"{first.name} and {second.name} saw other images; name the data of both with --data")
    images = int(first.evaluation.labelled.sum())
    find = of_classes if isinstance(first.data.task, Classification) else of_task
    summary, parts = find(first, second, split)
    title = f"{first.name} on {first.data.name}, {split}: {images:,} images"
    about = {
        "model": first.name,
        "data": first.data.name,
        "split": split,
        "images": images,
        "task": str(first.data.task),
    }
    return Findings(title, {**about, **summary}, parts)


def _asked(
    net: Net, name: str, data: str | None, split: str, root: str | None, size: int | None, where: str | None
) -> Asked:
    found = data_for(net, data, root, size)
    net = in_order(net, found.classes, found.name).to(device(where))
    return Asked(called(net, name), net, found, answers(net, split_of(found, split), found))
