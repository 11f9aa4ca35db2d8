"""What a net knows: its logits on a split, its accuracy, its mistakes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..data import Data, Split
from ..errors import require

BATCH = 500  # images a forward pass when nothing is learnt; bounds memory, not results


@contextmanager
def eval_mode(net: nn.Module) -> Iterator[None]:
    """Eval mode; afterwards every module is back in the mode it had."""
    modes = {module: module.training for module in net.modules()}
    net.eval()
    try:
        yield
    finally:
        net.train(modes[net])  # a traced model changes its graph with its mode
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Eval mode without gradients; afterwards every module is back in the mode it had."""
    with eval_mode(net), torch.no_grad():
        yield


@dataclass(frozen=True)
class Evaluation:
    """A net's answers to a split."""

    logits: Float[Tensor, "N K"]
    labels: Int[Tensor, " N"]

    @property
    def predictions(self) -> Int[Tensor, " N"]:
        return self.logits.argmax(1)

    @property
    def correct(self) -> int:
        return int((self.predictions == self.labels).sum())

    @property
    def accuracy(self) -> float:
        """Share of images whose largest logit is their class."""
        return self.correct / len(self.labels)

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return F.cross_entropy(self.logits, self.labels).item()

    def confusion(self) -> Int[Tensor, "K K"]:
        """Images counted by true class (row) and predicted class (column)."""
        K = self.logits.shape[1]
        return torch.bincount(self.labels * K + self.predictions, minlength=K * K).view(K, K)


def predict(net: nn.Module, split: Split, data: Data, batch_size: int = BATCH) -> Float[Tensor, "N K"]:
    """Logits of every image of `split`, in order, computed where the net is. Modes and random state stay untouched."""
    require(len(split) > 0, "there is no image to predict: the split is empty")
    where = next(net.parameters()).device
    chunks = torch.arange(len(split)).split(batch_size)
    with evaluating(net):
        return torch.cat([net(data.normalise(images.to(where))) for images in split.chunks(iter(chunks))])


def evaluate(net: nn.Module, split: Split, data: Data) -> Evaluation:
    """`net` on `split`, a part of `data`."""
    logits = predict(net, split, data)
    return Evaluation(logits, split.labels.to(logits.device))
