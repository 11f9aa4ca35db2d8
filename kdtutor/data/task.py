"""What the labels of images mean, and by which loss and which measures a net is held to them.

A `Split` carries its task and every batch hands it on, so that a method is written once: its term of the task is
`batch.task.loss(outputs, batch.labels)`, whatever the labels are.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from ..errors import ConfigError, ShapeError, require
from ..precision import full_precision

UNLABELLED = -1
"""The label of an image whose class the student may not see."""

Outputs = Float[Tensor, "B K ..."]
"""What a net answers to B images: K numbers for each, or for each of their pixels."""
Labels = Shaped[Tensor, "B ..."]
"""What is known of B images, as their task stores it."""


@dataclass(frozen=True)
class Task(ABC):
    """Base of the tasks. All that is computed is a mean over what has a label; 0 where nothing has."""

    name: ClassVar[str] = "every task"
    per_pixel: ClassVar[bool] = False
    """Whether a label is a map as high and wide as its image, and moves with it; outputs then are maps, too."""
    mixes: ClassVar[bool] = True
    """Whether what is known of two images makes sense in between."""

    @abstractmethod
    def read(self, labels: Labels) -> Labels:
        """The labels in the form in which they are stored. Raises `ShapeError` or `ConfigError` for what are none."""

    @abstractmethod
    def check(self, labels: Labels, outputs: int, where: str) -> None:
        """Raises `ConfigError` for labels that a net with so many outputs cannot have; `where` begins the sentence."""

    @abstractmethod
    def labelled(self, labels: Labels) -> Bool[Tensor, " B"]:
        """Which images have a label, or a part of one."""

    @abstractmethod
    def loss(self, outputs: Outputs, labels: Labels) -> Float[Tensor, ""]:
        """What is minimised."""

    @abstractmethod
    def scores(self, outputs: Outputs, labels: Labels) -> dict[str, Float[Tensor, ""]]:
        """What is recorded of a training batch, by name; nothing here waits for the device."""

    @abstractmethod
    def measures(self, answers: Shaped[Tensor, "B ..."], labels: Labels) -> dict[str, float]:
        """What is reported of held-out images, by name, of their `answers`. The first is larger for a better net: it
        chooses the epoch."""

    def answers(self, outputs: Outputs) -> Shaped[Tensor, "B ..."]:
        """What of a net's outputs is kept to measure it: all of them, unless a task says otherwise."""
        return outputs

    def mixed(self, labels: Labels, others: Labels, share: float, outputs: int) -> Labels:
        """The labels of images of which `share` is one and the rest another, for a net with so many outputs."""
        return share * labels + (1 - share) * others

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Classification(Task):
    """One of K classes for each image: whole numbers (N,), `UNLABELLED` for none. Outputs are logits (B, K).

    A batch may also have rows of shares (B, K), of mixed images: what is missing to 1 has no label. The labels of
    training batches are smoothed by `label_smoothing`, and each class counts by its one of the `class_weights` (K
    numbers), as a recipe says: see `soft_cross_entropy`.
    """

    name: ClassVar[str] = "classification"
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | None = None

    @cached_property
    def _placed(self) -> dict[torch.device, Tensor]:
        """The class weights by device. Made once, for the CPU would wait; kept here, for graphs read them there."""
        return {}

    def _weights(self, device: torch.device) -> Float[Tensor, " K"] | None:
        if self.class_weights is not None and device not in self._placed:
            self._placed[device] = torch.tensor(self.class_weights, device=device)
        return self._placed.get(device)

    def read(self, labels: Labels) -> Int[Tensor, " N"]:
        return class_numbers(labels)

    def check(self, labels: Labels, outputs: int, where: str) -> None:
        low, high = (int(labels.min()), int(labels.max())) if len(labels) else (0, 0)
        require(
            low >= UNLABELLED and high < outputs,
            f"{where} labels run from {low} to {high}; with {outputs} classes they must lie in 0…{outputs - 1} "
            f"({UNLABELLED} marks an unlabelled image)",
        )

    def labelled(self, labels: Labels) -> Bool[Tensor, " B"]:
        return labels != UNLABELLED if labels.ndim == 1 else labels.sum(1) > 0

    def mixed(self, labels: Labels, others: Labels, share: float, outputs: int) -> Float[Tensor, "B K"]:
        return super().mixed(one_hot(labels, outputs), one_hot(others, outputs), share, outputs)

    def loss(self, outputs: Outputs, labels: Labels) -> Float[Tensor, ""]:
        """Cross-entropy in nats."""
        if labels.ndim == 1 and not self.label_smoothing and self.class_weights is None:
            return cross_entropy(outputs, labels)
        shares = one_hot(labels, outputs.shape[1]) if labels.ndim == 1 else labels
        return soft_cross_entropy(outputs, shares, self.label_smoothing, self._weights(outputs.device))

    def scores(self, outputs: Outputs, labels: Labels) -> dict[str, Float[Tensor, ""]]:
        if labels.ndim == 2:
            told = labels.gather(1, outputs.argmax(1, keepdim=True))
            return {"accuracy": told.sum() / labels.sum().clamp(min=torch.finfo(labels.dtype).tiny)}
        known = labels != UNLABELLED
        return {"accuracy": ((outputs.argmax(1) == labels) & known).sum() / known.sum().clamp(min=1)}

    def measures(self, answers: Outputs, labels: Labels) -> dict[str, float]:
        """The share of images whose largest logit is their class."""
        known = int((labels != UNLABELLED).sum())
        return {"accuracy": int((answers.argmax(1) == labels).sum()) / max(1, known)}


CLASSIFICATION = Classification()
"""The task of every data set that does not say otherwise."""


@full_precision
def cross_entropy(logits: Float[Tensor, "B K"], labels: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    """In nats, mean over the labelled samples of the batch; 0 if none is labelled.

    >>> logits, labels = torch.zeros(3, 2), torch.tensor([0, 1, kd.data.UNLABELLED])
    >>> round(cross_entropy(logits, labels).item(), 4)  # log 2; the third has no label
    0.6931
    """
    total = F.cross_entropy(logits, labels, ignore_index=UNLABELLED, reduction="sum")
    return total / (labels != UNLABELLED).sum().clamp(min=1)


@full_precision
def soft_cross_entropy(
    logits: Float[Tensor, "B K"],
    shares: Float[Tensor, "B K"],
    smoothing: float = 0.0,
    weights: Float[Tensor, " K"] | None = None,
) -> Float[Tensor, ""]:
    """-Σ_nk w_k q_nk log p_nk / Σ_nk w_k y_nk in nats, for the shares y of each class in B samples; 0 if all are 0.

    q = (1 - smoothing) · y + smoothing / K · Σ_k y (Szegedy et al., 2016, §7). Where each row of y is one class, these
    are torch's weighted mean and its label smoothing; a row of zeros is a sample without a label.

    >>> shares = torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.0, 0.0]])
    >>> round(soft_cross_entropy(torch.zeros(3, 2), shares, smoothing=0.1).item(), 4)  # log 2
    0.6931
    """
    log_p = F.log_softmax(logits, 1)
    y = shares.to(log_p.dtype)
    q = (1 - smoothing) * y + smoothing / y.shape[1] * y.sum(1, keepdim=True)
    if weights is not None:
        q, y = weights.to(log_p.dtype) * q, weights.to(log_p.dtype) * y
    return -(q * log_p).sum() / y.sum().clamp(min=torch.finfo(y.dtype).tiny)


def one_hot(labels: Int[Tensor, " B"], outputs: int) -> Float[Tensor, "B K"]:
    """A row for each sample: 1 for its class, else 0; all 0 without a label.

    >>> one_hot(torch.tensor([1, kd.data.UNLABELLED]), 2)
    tensor([[0., 1.],
            [0., 0.]])
    """
    return (labels[:, None] == torch.arange(outputs, device=labels.device)).float()


def class_numbers(labels: Shaped[Tensor, "N ..."]) -> Int[Tensor, " N"]:
    """Labels as int64. Raises `ShapeError` for several a sample, `ConfigError` for what is no whole number.

    >>> class_numbers(torch.tensor([0, 2, 1], dtype=torch.uint8)).dtype
    torch.int64
    """
    shape = tuple(labels.shape)
    require(
        labels.ndim == 1,
        f"the labels have shape {shape}, expected (N,): one class for each image; of one-hot rows take "
        "labels.argmax(1), and for another task name it: Split(images, labels, task=kd.data.MultiLabel())",
        ShapeError,
    )
    require(
        not labels.is_floating_point() and not labels.is_complex(),
        f"the labels are numbers of {labels.dtype}; expected whole numbers, the classes: labels.long() if they are; "
        "for real-valued targets name the task: Split(images, labels, task=kd.data.Regression.of(labels))",
        ConfigError,
    )
    return labels.long()
