"""What a net knows: its logits on a split, its accuracy, its mistakes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from ..data import CLASSIFICATION, Classification, Data, Split, Task
from ..errors import DivergedError, require
from ..nets.modes import evaluating
from .checks import check_data, check_split, warn_of_probabilities

BATCH = 500  # images a forward pass when nothing is learnt; bounds memory, not results


@dataclass(frozen=True)
class Evaluation:
    """A net's answers to a split. What is counted is counted over the labelled images."""

    logits: Float[Tensor, "N K ..."]
    labels: Shaped[Tensor, "N ..."]
    task: Task = CLASSIFICATION

    @cached_property
    def measures(self) -> dict[str, float]:
        """The measures of the task, by name, first the one that chooses between nets. Raises as `accuracy`."""
        self._count("a measure")
        return self.task.measures(self.logits, self.labels)

    @property
    def predictions(self) -> Int[Tensor, " N"]:
        """The class of the largest logit."""
        return self.logits.argmax(1)

    @property
    def labelled(self) -> Bool[Tensor, " N"]:
        """Which images have a label."""
        return self.task.labelled(self.labels)

    @property
    def correct(self) -> int:
        """How many predictions are the label."""
        return int((self.predictions == self.labels).sum())

    @property
    def accuracy(self) -> float:
        """Share of images whose largest logit is their class. Raises `ConfigError` if no image has a label, or for
        another task than classification."""
        self._require_classes("accuracy")
        return self.correct / self._count("accuracy")

    @property
    def loss(self) -> float:
        """The loss of the task, of classes the mean cross-entropy in nats. Raises as `accuracy`."""
        self._count("a loss")
        warn_of_probabilities(self.logits, "the outputs that a loss is asked of")
        return self.task.loss(self.logits, self.labels).item()

    def confusion(self) -> Int[Tensor, "K K"]:
        """Images counted by true class (row) and predicted class (column)."""
        self._require_classes("a confusion")
        K, known = self.logits.shape[1], self.labelled
        return torch.bincount(self.labels[known] * K + self.predictions[known], minlength=K * K).view(K, K)

    def _require_classes(self, what: str) -> None:
        told = f"{what} is measured of classes; this is a net for {self.task}, whose numbers are in `measures`"
        require(isinstance(self.task, Classification), told)

    def _count(self, what: str) -> int:
        count = int(self.labelled.sum())
        require(count > 0, f"none of the {len(self.labels)} images has a label; {what} needs at least one that has")
        return count


def predict(net: nn.Module, split: Split, data: Data, batch_size: int = BATCH) -> Float[Tensor, "N K ..."]:
    """Logits of every image of `split`, in order, computed where the net is. Modes and random state stay untouched.

    >>> digits = kd.data.load("digits")
    >>> predict(kd.nets.teacher("digits-resnet14"), digits.test[:4], digits).shape
    torch.Size([4, 10])
    """
    require(isinstance(net, nn.Module), f"what is to answer is a {type(net).__name__}; expected a net")
    return shown(net, net, split, data, batch_size)


def shown(
    net: nn.Module,
    answer: Callable[[Float[Tensor, "B ..."]], Float[Tensor, "B D ..."]],
    split: Split,
    data: Data,
    batch_size: int = BATCH,
) -> Float[Tensor, "N D ..."]:
    """What `answer` says of every image of `split`, in order, with `net` in eval mode and the images where it is.

    >>> digits, net = kd.data.load("digits"), kd.nets.build("lenet5", classes=10, channels=1)
    >>> shown(net, lambda x: net.trace(x).embedding, digits.test[:4], digits).shape
    torch.Size([4, 84])
    """
    check_split(split)
    check_data(data)
    require(len(split) > 0, "there is no image to predict from: the split is empty")
    where = next(net.parameters()).device
    chunks = torch.arange(len(split)).split(batch_size)
    with evaluating(net):
        return torch.cat([answer(data.normalise(images.to(where))) for images in split.chunks(iter(chunks))])


def evaluate(net: nn.Module, split: Split, data: Data) -> Evaluation:
    """`net` on `split`, a part of `data`. Raises `DivergedError` where its answers are no numbers.

    >>> digits = kd.data.load("digits")
    >>> evaluate(kd.nets.teacher("digits-resnet14"), digits.test[:20], digits).accuracy > 0.9
    True
    """
    logits = predict(net, split, data)
    broken = int(logits.isnan().flatten(1).any(1).sum())
    told = f"the net answers NaN to {broken} of {len(logits)} images, so nothing can be measured"
    why = "those images or its weights are no numbers: after training, lower the learning rate that led there"
    require(broken == 0, f"{told}; {why}", DivergedError)
    return Evaluation(logits, split.labels.to(logits.device), split.task)
