"""What the answers of one net to classes, numbers or pixels come to, output by output."""

import math
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from ..errors import ShapeError, require


@dataclass(frozen=True)
class ClassScores:
    """Of each class: how many images it has, and how its predictions fare. NaN where nothing is counted."""

    counts: Int[Tensor, " K"]
    precision: Float[Tensor, " K"]
    """Of the images that were told to be of the class, the share that are."""
    recall: Float[Tensor, " K"]
    """Of the images of the class, the share that were told."""
    iou: Float[Tensor, " K"]
    """Of the images that are of the class or told to be, the share that are both: of pixels its intersection over
    union."""


def class_scores(confusion: Int[Tensor, "K K"]) -> ClassScores:
    """Precision, recall and count of each class, from counts by true class (row) and predicted class (column).

    >>> scores = class_scores(torch.tensor([[3, 1], [0, 2]]))
    >>> scores.precision.tolist(), scores.recall.tolist(), scores.iou.tolist()
    ([1.0, 0.6666666666666666], [0.75, 1.0], [0.75, 0.6666666666666666])
    """
    square = confusion.ndim == 2 and confusion.shape[0] == confusion.shape[1]
    require(square, f"a confusion of shape {tuple(confusion.shape)}: expected (K, K)", ShapeError)
    right, counts = confusion.diagonal().double(), confusion.sum(1)
    told = confusion.sum(0)
    return ClassScores(counts, right / told, right / counts, right / (counts + told - right))


def standard_error(share: float, count: int) -> float:
    """The standard error of a share of `count` independent images, √(p (1 - p) / N).

    >>> standard_error(0.5, 100)
    0.05
    """
    require(count >= 1, f"count={count}: a share of no image has no error")
    return math.sqrt(share * (1 - share) / count)
