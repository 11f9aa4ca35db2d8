"""The tasks beside classification: several labels an image, numbers, and a class for each pixel."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from ..errors import ShapeError, choose, require
from ..precision import full_precision
from .task import UNLABELLED, Classification, Labels, Outputs, Task


@dataclass(frozen=True)
class MultiLabel(Task):
    """Any of K labels for each image: (N, K) of 0 and 1, NaN where it is not known. Outputs are logits (B, K)."""

    name: ClassVar[str] = "multi-label"

    def read(self, labels: Labels) -> Float[Tensor, "N K"]:
        told = f"the labels have shape {tuple(labels.shape)}, expected (N, K): 0 or 1 for each image and label"
        require(labels.ndim == 2, told, ShapeError)
        return labels.float()

    def check(self, labels: Labels, outputs: int, where: str) -> None:
        told = f"{where} labels have {labels.shape[1]} columns for {outputs} names; give a column for each"
        require(labels.shape[1] == outputs, told, ShapeError)
        strange = labels[(labels != 0) & (labels != 1) & ~labels.isnan()]
        told = f"{where} labels hold {strange[:1].tolist()}; expected 0, 1, or NaN where it is not known"
        require(not len(strange), told)

    def labelled(self, labels: Labels) -> Bool[Tensor, " B"]:
        return (~labels.isnan()).any(1)

    def loss(self, outputs: Outputs, labels: Labels) -> Float[Tensor, ""]:
        """Binary cross-entropy in nats, mean over the known labels of all images."""
        return binary_cross_entropy(outputs, labels)

    def scores(self, outputs: Outputs, labels: Labels) -> dict[str, Float[Tensor, ""]]:
        known = ~labels.isnan()
        return {"accuracy": (((outputs > 0) == (labels > 0.5)) & known).sum() / known.sum().clamp(min=1)}

    def measures(self, answers: Outputs, labels: Labels) -> dict[str, float]:
        """mAP, the mean of the average precision over the labels that occur; and the share of labels told right."""
        accuracy = self.scores(answers, labels)["accuracy"]
        return {"map": _mean(average_precisions(answers, labels)), "accuracy": float(accuracy)}


@dataclass(frozen=True)
class Regression(Task):
    """D numbers for each image, in a unit of their own: (N, D), NaN for none. A net answers (B, D) in standard units,
    (y - mean) / std, so that one learning rate serves targets of any size; `Regression.of(labels)` measures both."""

    name: ClassVar[str] = "regression"
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            value = getattr(self, name)
            told = f"{name}={value!r:.40}: expected a number for each target, such as ({value!r:.20},) for one"
            require(isinstance(value, tuple | list), told)
            object.__setattr__(self, name, tuple(map(float, value)))

    @classmethod
    def of(cls, labels: Shaped[Tensor, "N ..."]) -> "Regression":
        """With mean and standard deviation of these labels, those of the training images; of a target that does not
        vary std is 1. Raises `ConfigError` if none of them varies: no net can do better than to say that number."""
        columns = _columns(labels).double()
        known = [column[~column.isnan()] for column in columns.T]
        require(all(len(column) > 0 for column in known), "no image has a number, so there is nothing to learn")
        equal = ", ".join(f"{float(column[0]):g}" for column in known)
        told = f"the numbers of all training images are equal ({equal}), so there is nothing to learn"
        varies = any(bool(column.max() > column.min()) for column in known)
        require(varies, f"{told}; look at the labels, and at which images are for training")
        means = tuple(float(column.mean()) for column in known)
        return cls(means, tuple(float(column.std(correction=0)) or 1.0 for column in known))

    def read(self, labels: Labels) -> Float[Tensor, "N D"]:
        return _columns(labels)

    def check(self, labels: Labels, outputs: int, where: str) -> None:
        numbers = {labels.shape[1], len(self.mean), len(self.std)}
        told = f"{where} labels have {labels.shape[1]} columns, their task {len(self.mean)} means, for {outputs} names"
        require(numbers == {outputs}, f"{told}; give a column, a mean and a standard deviation for each", ShapeError)
        require(not bool(labels.isinf().any()), f"{where} labels hold infinite numbers; NaN marks what is not known")
        require(min(self.std) > 0, f"std={self.std}: targets are divided by it, so it must be positive")
        finite = all(map(math.isfinite, (*self.mean, *self.std)))
        require(
            finite, f"mean={self.mean}, std={self.std}: expected finite numbers, as Regression.of(labels) finds them"
        )

    def labelled(self, labels: Labels) -> Bool[Tensor, " B"]:
        return (~labels.isnan()).any(1)

    def standard(self, labels: Labels) -> Float[Tensor, "B D"]:
        """(y - mean) / std."""
        return torch.stack([(y - m) / s for y, m, s in zip(labels.unbind(1), self.mean, self.std, strict=True)], 1)

    def predictions(self, outputs: Outputs) -> Float[Tensor, "B D"]:
        """What a net means, in the unit of the labels: outputs · std + mean."""
        return torch.stack([z * s + m for z, m, s in zip(outputs.unbind(1), self.mean, self.std, strict=True)], 1)

    def loss(self, outputs: Outputs, labels: Labels) -> Float[Tensor, ""]:
        """Squared error in standard units, mean over the known numbers."""
        return squared_error(outputs, self.standard(labels))

    def scores(self, outputs: Outputs, labels: Labels) -> dict[str, Float[Tensor, ""]]:
        return {"mae": _mean_of_known((self.predictions(outputs.float()) - labels).abs())}

    def measures(self, answers: Outputs, labels: Labels) -> dict[str, float]:
        """R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)², mean over targets that vary; and the mean absolute error, in their unit."""
        predictions = self.predictions(answers.double())
        errors = (predictions - labels.double()).abs()
        return {"r2": _mean(r_squared(predictions, labels)), "mae": float(errors.nanmean())}


@dataclass(frozen=True)
class Dense(Task):
    """A class for each pixel: whole numbers (N, H, W), `UNLABELLED` for none. Outputs are logits (B, K, H, W)."""

    name: ClassVar[str] = "dense"
    per_pixel: ClassVar[bool] = True
    mixes: ClassVar[bool] = False

    def read(self, labels: Labels) -> Int[Tensor, "N H W"]:
        told = f"the labels have shape {tuple(labels.shape)}, expected (N, H, W): a class for each pixel"
        require(labels.ndim == 3, told, ShapeError)
        whole = not labels.is_floating_point() and labels.dtype != torch.bool
        require(whole, f"the labels are numbers of {labels.dtype}; expected whole numbers, the classes of pixels")
        if labels.dtype != torch.int16 and labels.numel():  # a quarter of int64, and pixels are many
            strange = (labels < UNLABELLED) | (labels > torch.iinfo(torch.int16).max)
            told = f"the labels hold {labels[strange][:1].tolist()}; expected classes of pixels, from 0 on"
            require(not bool(strange.any()), f"{told} ({UNLABELLED} marks a pixel without a class)")
        return labels.to(torch.int16)

    def check(self, labels: Labels, outputs: int, where: str) -> None:
        low, high = (int(labels.min()), int(labels.max())) if len(labels) else (0, 0)
        told = f"{where} masks run from {low} to {high}; with {outputs} classes they must lie in 0…{outputs - 1}"
        require(low >= UNLABELLED and high < outputs, f"{told} ({UNLABELLED} marks a pixel without a class)")

    def labelled(self, labels: Labels) -> Bool[Tensor, " B"]:
        return (labels != UNLABELLED).flatten(1).any(1)

    def loss(self, outputs: Outputs, labels: Labels) -> Float[Tensor, ""]:
        """Cross-entropy in nats, mean over the pixels that have a class."""
        return pixel_cross_entropy(outputs, labels)

    def scores(self, outputs: Outputs, labels: Labels) -> dict[str, Float[Tensor, ""]]:
        known = labels != UNLABELLED
        right = (outputs.argmax(1) == labels) & known
        return {"pixel_accuracy": right.sum() / known.sum().clamp(min=1)}

    def answers(self, outputs: Outputs) -> Int[Tensor, "B H W"]:
        """The class of each pixel's largest logit: a 2K-th of what logits take."""
        return outputs.argmax(1).to(torch.int16)

    def measures(self, answers: Int[Tensor, "N H W"], labels: Labels) -> dict[str, float]:
        """mIoU, the mean over the classes of the share of a class's pixels, told or true, that are both. A class that
        is neither is left out, and so are pixels without a class."""
        counts = confusion(answers, labels).double()
        both = counts.diagonal()
        either = counts.sum(0) + counts.sum(1) - both
        return {"miou": float((both / either).nanmean()), "pixel_accuracy": float(both.sum() / counts.sum())}


TASKS: Mapping[str, type[Task]] = {task.name: task for task in (Classification, MultiLabel, Regression, Dense)}
"""Every task by its name."""


def on_card(task: Task) -> dict[str, Any]:
    """What the card of a net says of its task: the name, and its numbers.

    >>> on_card(Regression((5.0,), (2.0,)))
    {'task': 'regression', 'task options': {'mean': (5.0,), 'std': (2.0,)}}
    """
    return {"task": task.name, "task options": asdict(task)}


def task_of(card: Mapping[str, Any]) -> Task | None:
    """The task of a trained net, from its card, as far as it shapes answers; None where that does not tell it.

    Raises `UnknownName` for a task that is none.

    >>> task_of({"task": "regression", "task options": {"mean": [5.0], "std": [2.0]}})
    Regression(mean=(5.0,), std=(2.0,))
    """
    if "task" not in card:
        return None
    kind, options = TASKS[choose("task", card["task"], TASKS)], card.get("task options", {})
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    return kind(**{name: options[name] for name in needed}) if needed <= options.keys() else None


@full_precision
def binary_cross_entropy(logits: Float[Tensor, "B K"], labels: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """In nats, mean over the labels that are known (not NaN); 0 if none is.

    >>> round(binary_cross_entropy(torch.zeros(1, 2), torch.tensor([[1.0, torch.nan]])).item(), 4)  # log 2
    0.6931
    """
    known = ~labels.isnan()
    each = F.binary_cross_entropy_with_logits(logits, labels.nan_to_num(), weight=known, reduction="sum")
    return each / known.sum().clamp(min=1)


@full_precision
def squared_error(x: Float[Tensor, "B D"], y: Float[Tensor, "B D"]) -> Float[Tensor, ""]:
    """(x - y)², mean over the numbers of y that are known (not NaN); 0 if none is.

    >>> squared_error(torch.zeros(1, 2), torch.tensor([[3.0, torch.nan]])).item()
    9.0
    """
    known = ~y.isnan()
    return torch.where(known, x - y.nan_to_num(), 0.0).square().sum() / known.sum().clamp(min=1)


@full_precision
def pixel_cross_entropy(logits: Float[Tensor, "B K H W"], labels: Int[Tensor, "B H W"]) -> Float[Tensor, ""]:
    """In nats, mean over the pixels that have a class; 0 if none has.

    >>> mask = torch.tensor([[[0, kd.data.UNLABELLED]]])
    >>> round(pixel_cross_entropy(torch.zeros(1, 2, 1, 2), mask).item(), 4)  # log 2; the second has no class
    0.6931
    """
    total = F.cross_entropy(logits, labels.long(), ignore_index=UNLABELLED, reduction="sum")
    return total / (labels != UNLABELLED).sum().clamp(min=1)


def confusion(
    predictions: Int[Tensor, "N *size"], labels: Int[Tensor, "N *size"], classes: int | None = None
) -> Int[Tensor, "K K"]:
    """Images, or pixels, that have a class, counted by true class (row) and predicted class (column); without `classes`
    up to the largest that occurs.

    >>> mask = torch.tensor([[[0, 1, kd.data.UNLABELLED]]])
    >>> confusion(torch.tensor([[[0, 0, 1]]]), mask)
    tensor([[1, 0],
            [1, 0]])
    """
    known = labels != UNLABELLED
    told, true = predictions[known].long(), labels[known].long()
    K = classes or 1 + max((int(x.max()) for x in (told, true) if len(x)), default=-1)
    return torch.bincount(true * K + told, minlength=K * K).view(K, K)


def r_squared(predictions: Float[Tensor, "N D"], labels: Float[Tensor, "N D"]) -> Float[Tensor, " D"]:
    """Of each target: 1 - Σ (y - ŷ)² / Σ (y - ȳ)², over the numbers y that are known; NaN where they do not vary.

    >>> r_squared(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [3.0]]))
    tensor([0.5000], dtype=torch.float64)
    """
    y = labels.double()
    errors, spread = predictions.double() - y, y - y.nanmean(0)
    total = spread.square().nansum(0)
    return 1 - errors.square().nansum(0) / torch.where(total > 0, total, torch.nan)


def average_precisions(logits: Float[Tensor, "N K"], labels: Float[Tensor, "N K"]) -> Float[Tensor, " K"]:
    """Of each label: the area below its curve of precision over recall, by torchmetrics; NaN where no image has it.

    >>> average_precisions(torch.tensor([[2.0], [1.0], [0.0]]), torch.tensor([[1.0], [0.0], [1.0]]))
    tensor([0.8333])
    """
    from torchmetrics.functional.classification import binary_average_precision  # here: it takes long to import

    def one(z: Tensor, y: Tensor) -> Tensor:
        known = ~y.isnan()
        if not bool((y[known] == 1).any()):
            return torch.tensor(torch.nan, device=z.device)
        values, places = z[known].unique(return_inverse=True)  # a sigmoid would make all large logits equal
        precision: Tensor = binary_average_precision(places.double() / len(values), y[known].long())
        return precision.to(z.dtype)

    return torch.stack([one(z, y) for z, y in zip(logits.T, labels.T, strict=True)])


def _columns(labels: Shaped[Tensor, "N ..."]) -> Float[Tensor, "N D"]:
    shape = tuple(labels.shape)
    require(labels.ndim in (1, 2), f"the labels have shape {shape}, expected (N,) or (N, D): numbers", ShapeError)
    columns = labels.view(-1, 1) if labels.ndim == 1 else labels
    return columns if columns.dtype == torch.float64 else columns.float()


def _mean(x: Float[Tensor, " K"]) -> float:
    """Of what is known (not NaN); 0 where nothing is, so that it can be compared."""
    return float(x.nanmean().nan_to_num())


def _mean_of_known(x: Float[Tensor, "B D"]) -> Float[Tensor, ""]:
    return x.nansum() / (~x.isnan()).sum().clamp(min=1)
