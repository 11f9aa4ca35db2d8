"""The distillation zoo's training (github.com/HobbitLong/RepDistiller) as a reference form: the peer of our loop.

Written anew, with the same work in the same places: pictures are opened and transformed one by one in a DataLoader,
nets are plain modules that return their maps beside the logits, every criterion is asked in every step, meters wait
for the device after each batch, and both splits are gone through in an epoch. Nets, weights, batch size and optimiser
are those of ours beside it.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

import kdtutor as kd
from kdtutor.data import Augment, Data, Split
from kdtutor.nets import Net
from kdtutor.settings import zoo
from kdtutor.train import Distiller, Recipe

from . import references
from .timing import Line, medians

Criterion = Callable[[Sequence[Tensor], Sequence[Tensor]], Tensor]
Item = tuple[Tensor, int, int]


class Pictures(Dataset[Item]):
    """As torchvision's data sets do it: a PIL image at a time, then transforms; with its label and its row."""

    def __init__(self, split: Split, data: Data, pad: int = 0, flip: bool = False) -> None:
        from torchvision import transforms

        shift = [transforms.RandomCrop(data.size, padding=pad)] if pad else []
        mirror = [transforms.RandomHorizontalFlip()] if flip else []
        numbers = [transforms.ToTensor(), transforms.Normalize(data.mean, data.std)]
        self.transform = transforms.Compose([*shift, *mirror, *numbers])
        self.pixels = split.images.permute(0, 2, 3, 1).squeeze(3).numpy()
        self.labels = split.labels.tolist()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> Item:
        return self.transform(Image.fromarray(self.pixels[row])), self.labels[row], row


class Block(nn.Module):
    """Two convolutions and a shortcut. The modules are declared in the order of ours, so that weights fit by place."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.downsample: nn.Sequential | None = None
        if stride != 1 or c_in != c_out:
            self.downsample = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(shortcut + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class ResNet(nn.Module):
    """A CIFAR ResNet that gives its maps with `is_feat=True`: after the stem, after each stage, and the embedding."""

    def __init__(self, depth: int, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        blocks = (depth - 2) // 6
        self.layers = nn.ModuleList(
            nn.Sequential(Block(c_in, c_out, stride), *(Block(c_out, c_out, 1) for _ in range(blocks - 1)))
            for c_in, c_out, stride in ((16, 16, 1), (16, 32, 2), (32, 64, 2))
        )
        self.fc = nn.Linear(64, classes)

    def forward(self, x: Tensor, is_feat: bool = False) -> Tensor | tuple[list[Tensor], Tensor]:
        maps = [F.relu(self.bn1(self.conv1(x)))]
        for layer in self.layers:
            maps.append(layer(maps[-1]))
        embedding = F.adaptive_avg_pool2d(maps[-1], 1).flatten(1)
        logits = self.fc(embedding)
        return ([*maps, embedding], logits) if is_feat else logits


def plain(net: Net) -> ResNet:
    """The zoo's form of one of our CIFAR ResNets such as "resnet20", with its weights."""
    made = ResNet(int(net.name.removeprefix("resnet")), net.num_classes)
    made.load_state_dict(dict(zip(made.state_dict(), net.state_dict().values(), strict=True)))
    return made


class Meter:
    """A running mean."""

    def __init__(self) -> None:
        self.sum: float | Tensor = 0.0
        self.count = 0

    def update(self, value: float | Tensor, n: int) -> None:
        self.sum += value * n
        self.count += n

    @property
    def average(self) -> float:
        return float(self.sum) / self.count


def kl_divergence(z_s: Tensor, z_t: Tensor, T: float = 4.0) -> Tensor:
    p_s, p_t = F.log_softmax(z_s / T, dim=1), F.softmax(z_t / T, dim=1)
    return F.kl_div(p_s, p_t, reduction="sum") * T**2 / len(z_s)


def none(s: Sequence[Tensor], t: Sequence[Tensor]) -> Tensor:
    return s[0].new_zeros(())


@dataclass(frozen=True)
class Objective:
    """The three terms of every run: cross-entropy, divergence, and a criterion of the stages' maps; as they weigh."""

    task: float
    divergence: float
    beta: float
    criterion: Criterion

    def __call__(self, maps_s: list[Tensor], z_s: Tensor, maps_t: list[Tensor], z_t: Tensor, labels: Tensor) -> Tensor:
        task = F.cross_entropy(z_s, labels)
        divergence = kl_divergence(z_s, z_t)
        matched = self.criterion(maps_s[1:-1], maps_t[1:-1])
        return self.task * task + self.divergence * divergence + self.beta * matched


OBJECTIVES = {"hinton": Objective(0.1, 0.9, 0.0, none), "attention": Objective(1.0, 0.0, 1000.0, references.attention)}
"""By the names that the methods have here; the weights are those of the zoo's scripts."""


@dataclass
class Training:
    """What a run of the zoo holds."""

    student: ResNet
    teacher: ResNet
    objective: Objective
    optimiser: torch.optim.Optimizer
    device: torch.device

    def step(self, images: Tensor, labels: Tensor, losses: Meter, top1: Meter, top5: Meter) -> float:
        """One update. Returns the loss, for which it waits."""
        maps_s, z_s = self.student(images, is_feat=True)
        with torch.no_grad():
            maps_t, z_t = self.teacher(images, is_feat=True)
        loss = self.objective(maps_s, z_s, maps_t, z_t, labels)
        number = loss.item()
        losses.update(number, len(images))
        _count(z_s, labels, top1, top5)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return number

    def epoch(self, train: Iterable[tuple[Tensor, Tensor, Tensor]], test: Iterable[tuple[Tensor, Tensor]]) -> float:
        """Once through both splits. Returns the accuracy on the second, in percent."""
        self.student.train()
        self.teacher.eval()
        losses, top1, top5 = Meter(), Meter(), Meter()
        for images, labels, rows in train:
            images, labels = images.float().to(self.device), labels.to(self.device)
            rows.to(self.device)  # some criteria ask which images they are
            self.step(images, labels, losses, top1, top5)
        return self._measure(test)

    @torch.no_grad()
    def _measure(self, test: Iterable[tuple[Tensor, ...]]) -> float:
        self.student.eval()
        losses, top1, top5 = Meter(), Meter(), Meter()
        for images, labels, *_ in test:
            images, labels = images.float().to(self.device), labels.to(self.device)
            z = self.student(images)
            losses.update(F.cross_entropy(z, labels).item(), len(images))
            _count(z, labels, top1, top5)
        return top1.average


@torch.no_grad()
def _count(z: Tensor, labels: Tensor, top1: Meter, top5: Meter) -> None:
    """Per cent of the labels among the largest logit and among the five largest."""
    hits = z.topk(5, 1).indices.t().eq(labels.view(1, -1))
    for meter, k in ((top1, 1), (top5, 5)):
        meter.update(hits[:k].reshape(-1).float().sum(0) * (100 / len(z)), len(z))


def training(method: str, student: Net, teacher: Net, recipe: Recipe, device: torch.device) -> Training:
    """The zoo's run of `method` with the weights of our nets."""
    nets = plain(student).to(device), plain(teacher).to(device)
    optimiser = torch.optim.SGD(nets[0].parameters(), recipe.lr, recipe.momentum, weight_decay=recipe.weight_decay)
    return Training(*nets, OBJECTIVES[method], optimiser, device)


def loaders(data: Data, recipe: Recipe, workers: int) -> tuple[DataLoader[Item], DataLoader[Item]]:
    assert isinstance(recipe.augment, Augment)
    train = Pictures(data.train, data, recipe.augment.pad, recipe.augment.flip)
    size = recipe.batch_size
    return (
        DataLoader(train, size, shuffle=True, num_workers=workers),
        DataLoader(Pictures(data.test, data), size // 2, num_workers=workers // 2),
    )


def ours(method: str, student: Net, teacher: Net) -> Distiller:
    """Our run of the same."""
    return kd.papers.method(method)(student, teacher)


def shortened(data: Data, images: int) -> Data:
    """`data` with so many images to train on and a fifth as many to test, as CIFAR-100 has it."""
    return replace(data, train=data.train[:images], test=data.test[: images // 5])


def epochs(
    method: str,
    student: Net,
    teacher: Net,
    data: Data,
    device: torch.device,
    recipe: Recipe = zoo.RECIPE,
    workers: int = 0,
) -> dict[str, Callable[[], object]]:
    """An epoch of the zoo's loop and one of ours, over the same images, both with what they measure; each call is the
    next one of a long run, so that what a run does once is not counted."""
    theirs = training(method, student, teacher, recipe, device)
    distiller = ours(method, deepcopy(student), teacher)
    run = kd.train.steps(distiller, data, zoo.EPOCHS, recipe=recipe, device=device)

    def our_epoch() -> None:
        next(at for at in run if at.epoch_ended)

    return {"zoo": partial(theirs.epoch, *loaders(data, recipe, workers)), "ours": our_epoch}


def lines(images: int = 320, rounds: int = 3) -> list[Line]:
    """An epoch of a few batches, in milliseconds a step: pictures, nets, losses, update, meters, test images."""
    from .training import cifar

    student, teacher, noise = cifar()
    data = shortened(noise, images)
    steps = images // zoo.RECIPE.batch_size
    made = []
    for method in OBJECTIVES:
        took = medians(epochs(method, student, teacher, data, torch.device("cpu")), rounds, warm_up=1)
        what = f"{method}: an epoch by the step, resnet56 → resnet20"
        made.append(Line(what, took["ours"] / steps, "the zoo's loop", took["zoo"] / steps, 1.0))
    return made
