"""What an evaluation finds of classes."""

from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool
from torch import Tensor

from ...figures import evaluation as figures
from ...figures.charts import show_images
from ...train.calibration import Calibration, calibration
from ...train.paired import Paired, paired
from ...train.scores import class_scores, standard_error
from ..tables import percent, plain_table, points

if TYPE_CHECKING:
    from .report import Asked, Part

MOST = 10  # confusions, and images on which the nets disagree, that are listed
LISTED = 40  # classes up to which the terminal shows each; all are in report.json


def of_classes(first: "Asked", second: "Asked | None", split: str) -> tuple[dict[str, Any], list["Part"]]:
    """Accuracy, each class, confusions, calibration; and against another net."""
    from .report import BETWEEN, Part

    evaluation, classes = first.evaluation, first.data.classes
    counts = evaluation.confusion().cpu()
    nets = [asked for asked in (first, second) if asked is not None]
    sure = {each.name: calibration(each.evaluation.logits.cpu(), each.evaluation.labels.cpu()) for each in nets}
    scores = class_scores(counts)
    rows = [
        {"name": name, "images": int(n), "precision": _number(p), "recall": _number(r)}
        for name, n, p, r in zip(classes, scores.counts, scores.precision, scores.recall, strict=True)
    ]
    summary: dict[str, Any] = {
        **_accuracy(first),
        "classes": rows,
        "confusion": counts.tolist(),
        "calibration": _calibration(sure[first.name]),
    }
    parts = [
        Part("Accuracy", _accuracies(nets, sure)),
        Part("Classes", _of_each_class(rows)),
        Part("Confusion", _confusions(counts, classes), _confusion_picture(counts, first), "confusion.png"),
        Part("Calibration", "", figures.reliability(sure, alt=_RELIABILITY), "calibration.png"),
    ]
    if second is not None:
        both = paired(evaluation, second.evaluation)
        summary["against"] = {"model": second.name, **_accuracy(second), **_paired(both)}
        parts.append(Part(f"Against {second.name}", _against(first, second, both)))
        if shown := _disagreements(first, second, split):
            parts.append(Part(f"Alone right: true class, then {first.name} | {second.name}", "", shown, BETWEEN))
    return summary, parts


_RELIABILITY = "Accuracy over confidence in bars beside the diagonal, and how many images each bar counts."


def _accuracy(asked: "Asked") -> dict[str, Any]:
    evaluation, images = asked.evaluation, int(asked.evaluation.labelled.sum())
    error = standard_error(evaluation.accuracy, images)
    return {"accuracy": evaluation.accuracy, "error": error, "correct": evaluation.correct, "loss": evaluation.loss}


def _accuracies(nets: "list[Asked]", sure: dict[str, Calibration]) -> str:
    rows = [
        [each.name, f"{percent(a['accuracy'])} ± {100 * a['error']:.2f}", str(a["correct"]), f"{a['loss']:.4f}",
         percent(sure[each.name].error), f"{100 * sure[each.name].gap:+.2f}"]
        for each in nets for a in [_accuracy(each)]
    ]  # fmt: skip
    return plain_table(["model", "accuracy", "right", "loss", "ECE", "confidence - accuracy"], rows)


def _of_each_class(rows: list[dict[str, Any]]) -> str:
    shown = rows if len(rows) <= LISTED else sorted(rows, key=lambda row: row["recall"] or 0.0)[:LISTED]
    cells = [[row["name"], str(row["images"]), _percent(row["precision"]), _percent(row["recall"])] for row in shown]
    rest = "" if len(rows) <= LISTED else f"\n(the {LISTED} of {len(rows)} classes with the lowest recall)"
    return plain_table(["class", "images", "precision", "recall"], cells) + rest


def _confusions(counts: Tensor, classes: tuple[str, ...]) -> str:
    """The pairs of classes that are taken for one another most often."""
    wrong = counts - torch.diag(counts.diagonal())
    order = wrong.flatten().argsort(descending=True, stable=True)[:MOST]
    pairs = [(int(k) // len(classes), int(k) % len(classes)) for k in order if wrong.flatten()[k] > 0]
    rows = [[classes[true], classes[told], str(int(wrong[true, told]))] for true, told in pairs]
    return plain_table(["true", "told", "images"], rows) if rows else "every image is told right"


def _confusion_picture(counts: Tensor, asked: "Asked") -> Any:
    alt = "A matrix of true classes by predicted ones: the darker a cell, the larger its share of the true class."
    return figures.confusion(counts, asked.data.classes, alt=alt, title=asked.name)


def _calibration(found: Calibration) -> dict[str, Any]:
    bins = {"counts": found.counts, "accuracy": found.accuracy, "confidence": found.confidence}
    return {"ece": found.error, "gap": found.gap, **{name: values.tolist() for name, values in bins.items()}}


def _paired(found: Paired) -> dict[str, Any]:
    return {
        "agreement": found.agreement, "both right": found.both, "only this right": found.first,
        "only other right": found.second, "neither right": found.neither, "difference": found.difference,
        "difference error": found.error, "p": found.p,
    }  # fmt: skip


def _against(first: "Asked", second: "Asked", found: Paired) -> str:
    def row(what: str, count: int) -> list[str]:
        return [what, f"{count:,}", percent(count / found.total)]

    table = plain_table(["images", "", ""], [
        row("both right", found.both), row(f"only {first.name}", found.first), row(f"only {second.name}", found.second),
        row("neither", found.neither),
    ])  # fmt: skip
    gained = f"{points(found.difference, found.error)} points (McNemar's test: p = {found.p:.3g})"
    same = f"the same class: {percent(found.agreement)} of the images"
    return f"{table}\n\n{same}\naccuracy against {second.name}: {gained}"


def _disagreements(first: "Asked", second: "Asked", split: str) -> Any:
    """Images that one net alone gets right, in turn."""
    from .reading import split_of

    labels = first.evaluation.labels.cpu()
    one, other = first.evaluation.predictions.cpu(), second.evaluation.predictions.cpu()
    lost = _rows((other == labels) & (one != labels))
    won = _rows((one == labels) & (other != labels))
    rows = [*lost[: MOST - len(won[: MOST // 2])], *won[: MOST // 2]]
    if not rows or not first.data.size:
        return None
    names = first.data.classes
    images = next(iter(split_of(first.data, split).chunks(iter([torch.tensor(rows)]))))
    captions = [f"{names[labels[k]]}\n{names[one[k]]} | {names[other[k]]}" for k in rows]
    alt = "Images that one of the two models alone gets right: above each its class, and what the two models say."
    return show_images(images.cpu(), captions, alt=alt, columns=5, width=1.7)


def _rows(wanted: Bool[Tensor, " N"]) -> list[int]:
    return [int(k) for k in wanted.nonzero().flatten()]


def _number(value: Tensor) -> float | None:
    return None if bool(value.isnan()) else float(value)  # JSON knows no NaN


def _percent(value: float | None) -> str:
    return "-" if value is None else percent(value)
