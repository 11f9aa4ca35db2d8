"""What an evaluation finds of several labels, of numbers and of pixels."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ...data import Dense, MultiLabel, Regression
from ...data.tasks import average_precisions, confusion, r_squared
from ...figures import Picture, dense
from ...figures import evaluation as figures
from ...train.scores import class_scores
from ..tables import plain_table
from .reading import split_of

if TYPE_CHECKING:
    from .report import Asked, Part

SHOWN = 6  # images whose pixels are shown in the colours of their classes


def of_task(first: "Asked", second: "Asked | None", split: str) -> tuple[dict[str, Any], list["Part"]]:
    """The measures of the task, and those of each output."""
    from .report import Part

    nets = [asked for asked in (first, second) if asked is not None]
    each = [outputs_of(asked) for asked in nets]
    measures = [{name: _finite(value) for name, value in asked.evaluation.measures.items()} for asked in nets]
    summary: dict[str, Any] = {"measures": measures[0], "outputs": each[0]}
    parts = [
        Part("Measures", _measures([asked.name for asked in nets], measures)),
        Part("Outputs", _outputs([asked.name for asked in nets], each)),
    ]
    if isinstance(first.data.task, Regression):
        truth, told = first.evaluation.labels.cpu(), first.data.task.predictions(first.evaluation.logits.cpu())
        alt = "What the model says of each image over what is true, beside the diagonal on which both are equal."
        parts.append(Part("Numbers", "", figures.scatter(truth, told, first.data.classes, alt=alt), "scatter.png"))
    if isinstance(first.data.task, Dense):
        counts = _of_pixels(first)
        alt = (
            "A matrix of true classes of pixels by predicted ones: the darker, the larger the share of the true class."
        )
        shown = figures.confusion(counts, first.data.classes, alt=alt, title=first.name)
        parts.append(Part("Confusion of pixels", "", shown, "confusion.png"))
        parts.append(Part("Images", "", _side_by_side(nets, split), "images.png"))
    if second is not None:
        summary["against"] = {"model": second.name, "measures": measures[1], "outputs": each[1]}
    return summary, parts


def outputs_of(asked: "Asked") -> dict[str, dict[str, float | None]]:
    """What the task measures, output by output."""
    task, evaluation = asked.data.task, asked.evaluation
    answers, labels = evaluation.answers.cpu(), evaluation.labels.cpu()
    if isinstance(task, MultiLabel):
        columns = {"images": (labels == 1).sum(0).double(), "AP": average_precisions(answers, labels).double()}
    elif isinstance(task, Regression):
        columns = _of_numbers(task, answers, labels)
    else:
        found = class_scores(_of_pixels(asked))
        columns = {
            "pixels": found.counts.double(),
            "IoU": found.iou,
            "precision": found.precision,
            "recall": found.recall,
        }
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    named = zip(asked.data.classes, rows, strict=True)
    return {name: dict(zip(columns, map(_finite, row), strict=True)) for name, row in named}


def _side_by_side(nets: list["Asked"], split: str) -> Picture:
    """The first images, their masks, and what each net makes of them."""
    shown = split_of(nets[0].data, split)[list(range(min(SHOWN, len(nets[0].evaluation.labels))))]
    (images,) = shown.chunks(iter([torch.arange(len(shown))]))
    told = {asked.name: asked.evaluation.predictions[: len(shown)].cpu() for asked in nets}
    return dense.side_by_side(images.cpu(), shown.labels.cpu(), told, nets[0].data.classes)


def _of_pixels(asked: "Asked") -> Int[Tensor, "K K"]:
    evaluation = asked.evaluation
    return confusion(evaluation.predictions.cpu(), evaluation.labels.cpu(), len(asked.data.classes))


def _of_numbers(task: Regression, logits: Float[Tensor, "N D"], labels: Float[Tensor, "N D"]) -> dict[str, Tensor]:
    predictions = task.predictions(logits.double())
    errors = predictions - labels.double()
    return {
        "images": (~labels.isnan()).sum(0).double(),
        "MAE": errors.abs().nanmean(0),
        "R2": r_squared(predictions, labels),
        "bias": errors.nanmean(0),
    }


def _measures(names: list[str], measures: list[dict[str, float | None]]) -> str:
    heads = list(measures[0])
    return plain_table(
        ["model", *heads], [[n, *(_cell(m[h]) for h in heads)] for n, m in zip(names, measures, strict=True)]
    )


def _outputs(names: list[str], each: list[dict[str, dict[str, float | None]]]) -> str:
    """A row an output; of a second net the measures that are not counts, in columns of its own."""
    heads = list(next(iter(each[0].values())))
    more = [f"{head} of {name}" for name in names[1:] for head in heads[1:2]]

    def row(name: str) -> list[str]:
        own: Mapping[str, float | None] = each[0][name]
        return [name, *(_cell(own[head]) for head in heads), *(_cell(other[name][heads[1]]) for other in each[1:])]

    return plain_table(["output", *heads, *more], [row(name) for name in each[0]])


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if value == int(value) and abs(value) > 1 else f"{value:.4f}"


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None  # JSON knows no NaN
