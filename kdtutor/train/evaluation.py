"""What a net knows: its logits on a split, its accuracy, its mistakes."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from ..data import CLASSIFICATION, Classification, Data, Split, Task
from ..data.tasks import confusion
from ..errors import DivergedError, require
from ..nets.modes import evaluating
from .checks import check_data, check_split, warn_of_probabilities

BATCH = 500  # images a forward pass when nothing is learnt; bounds memory, not results
PIXELS = BATCH * 32 * 32  # the same for nets that answer for each pixel, whose maps are as large as the images


@dataclass(frozen=True)
class Evaluation:
    """A net's answers to a split, as their task keeps them: logits, or of pixels their classes alone. What is counted
    is counted over what has a label."""

    answers: Shaped[Tensor, "N ..."]
    labels: Shaped[Tensor, "N ..."]
    task: Task = CLASSIFICATION

    @property
    def logits(self) -> Float[Tensor, "N K ..."]:
        """The net's outputs. Raises `ConfigError` for those of pixels, of which only the classes are kept."""
        told = "of pixels only the classes are kept, `predictions`, since logits would take K times the memory"
        require(not self.task.per_pixel, f"{told}; predict(net, split[:8], data) gives those of a few images")
        return self.answers

    @cached_property
    def measures(self) -> dict[str, float]:
        """The measures of the task, by name, first the one that chooses between nets. Raises as `accuracy`."""
        self._count("a measure")
        return self.task.measures(self.answers, self.labels)

    @property
    def predictions(self) -> Int[Tensor, "N ..."]:
        """The class of the largest logit, for each image, or for each of its pixels (N, H, W)."""
        return self.answers if self.task.per_pixel else self.logits.argmax(1)

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
        """Images counted by true class (row) and predicted class (column); of pixels `data.tasks.confusion` does it."""
        self._require_classes("a confusion")
        return confusion(self.predictions, self.labels, self.logits.shape[1])

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
    answer: Callable[[Float[Tensor, "B ..."]], Shaped[Tensor, "B ..."]],
    split: Split,
    data: Data,
    batch_size: int = BATCH,
) -> Shaped[Tensor, "N ..."]:
    """What `answer` says of every image of `split`, in order, with `net` in eval mode and the images where it is.

    >>> digits, net = kd.data.load("digits"), kd.nets.build("lenet5", classes=10, channels=1)
    >>> shown(net, lambda x: net.trace(x).embedding, digits.test[:4], digits).shape
    torch.Size([4, 84])
    """
    check_split(split)
    check_data(data)
    require(len(split) > 0, "there is no image to predict from: the split is empty")
    where = next(net.parameters()).device
    if split.task.per_pixel:
        batch_size = max(1, min(batch_size, PIXELS // math.prod(data.size)))
    chunks = torch.arange(len(split)).split(batch_size)
    with evaluating(net):
        return torch.cat([answer(data.normalise(images.to(where))) for images in split.chunks(iter(chunks))])


def evaluate(net: nn.Module, split: Split, data: Data) -> Evaluation:
    """`net` on `split`, a part of `data`. Raises `DivergedError` where its answers are no numbers.

    What the task needs of the outputs is kept chunk by chunk: of pixels their classes, not their logits.

    >>> digits = kd.data.load("digits")
    >>> evaluate(kd.nets.teacher("digits-resnet14"), digits.test[:20], digits).accuracy > 0.9
    True
    """
    require(isinstance(net, nn.Module), f"what is to answer is a {type(net).__name__}; expected a net")
    broken = []

    def kept(images: Float[Tensor, "B ..."]) -> Shaped[Tensor, "B ..."]:
        outputs = net(images)
        broken.append(outputs.isnan().flatten(1).any(1))
        return split.task.answers(outputs)

    answers = shown(net, kept, split, data)
    nan = int(torch.cat(broken).sum())
    told = f"the net answers NaN to {nan} of {len(answers)} images, so nothing can be measured"
    why = "those images or its weights are no numbers: after training, lower the learning rate that led there"
    require(nan == 0, f"{told}; {why}", DivergedError)
    return Evaluation(answers, split.labels.to(answers.device), split.task)
