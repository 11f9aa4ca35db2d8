"""The settings of the data-free papers' own experiments, by data set: for a GPU, and for images to measure on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .. import methods, papers
from ..errors import choose
from ..nets import Generator, Net, build, generator
from ..papers.adversarial import Logits
from ..papers.generated import Generated
from ..train import Distiller, Recipe

IMITATION: Mapping[str, Mapping[str, Any]] = {"adversarial": {}, "data_free": {"distance": "kl"}}
"""What the student learns in each of these papers: the options of `Logits`."""


@dataclass(frozen=True)
class Published:
    """One column of a table: data set, teacher, student, generator, and how they are trained.

    `kind` is the method that makes the images: "adversarial" (DFAD) or "data_free" (DAFL). `teacher` and `student` are
    names of `nets.build`. `k` are the steps of the student for each one of the generator, `losses` the weights of the
    generator's losses where there are several. `epochs` are the student's; an epoch of a recipe here is what the
    authors' code calls one.
    """

    kind: str
    data: str
    teacher: str
    student: str
    classes: int
    channels: int
    size: int  # pixels
    latent: int
    generator: str
    generator_lr: float
    k: int
    epochs: int
    recipe: Recipe
    losses: Mapping[str, float] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, Any]:
        """What the class of `kind` is told beside method and generator."""
        steps = {"adversarial": "k", "data_free": "replay"}[self.kind]
        return {steps: self.k, "generator_lr": self.generator_lr, **self.losses}

    def net(self, name: str) -> Net:
        """A net with fresh weights by its name in this setting."""
        return build(name, classes=self.classes, channels=self.channels, size=self.size)

    def maker(self) -> Generator:
        """A generator with fresh weights."""
        return generator(self.generator, self.latent, self.channels, self.size)

    def around(self, inner: Distiller) -> Generated:
        """`inner`, any method, on images of a fresh generator that learns as published."""
        make: Any = papers.get(self.kind)
        made: Generated = make(inner, self.maker(), **self.options)
        return made

    def distiller(self, teacher: Net) -> Generated:
        """The whole of the experiment with fresh weights, around a teacher that is trained."""
        return self.around(Logits(self.net(self.student), teacher, **IMITATION[self.kind]))


def published(kind: str, data: str) -> Published:
    """The setting that the method `kind` was published with for a data set: `published("DFAD", "cifar10")`.

    `kind` is "adversarial" (DFAD) or "data_free" (DAFL), by name, acronym or alias. Raises `UnknownName` for any other,
    and for data sets that the paper has no table of, with those it has.

    >>> setting = published("DFAD", "cifar10")
    >>> setting.teacher, setting.student, setting.k
    ('cifar_resnet34', 'cifar_resnet18', 5)
    """
    row = methods.find(kind, methods.MAKERS)
    settings = SETTINGS[row.name]
    return settings[choose(f"data set in the published settings of {row.label}", data, settings)]


def dfad(data: str) -> Published:
    """The setting of data-free adversarial distillation for "mnist", "cifar10", "cifar100" or "caltech101" (the
    authors' code: github.com/VainF/Data-Free-Adversarial-Distillation).

    Ours: MNIST's images stay at 28 pixels, since the nets pad them; for Caltech-101 the length is that of CIFAR, the
    rate falls at the same epochs, and the generator doubles three times where the authors' doubles four times.

    >>> dfad("mnist").options
    {'k': 5, 'generator_lr': 0.001}
    """
    return published("adversarial", data)


def dafl(data: str) -> Published:
    """The setting of data-free learning for "mnist", "cifar10" or "cifar100" (the authors' code:
    github.com/huawei-noah/Efficient-Computing, Data-Efficient-Model-Compression/DAFL). One step of the student for each
    of the generator.

    Ours: MNIST's images stay at 28 pixels; the activation loss reads the 84 numbers before the last layer of LeNet-5,
    where the authors' code reads the 120 of the layer before; and the generator's batch norms have the usual ε, while
    the authors' 0.8 goes with their rate of 0.2 on MNIST.

    >>> dafl("mnist").epochs, dafl("mnist").losses["activation"]
    (200, 0.1)
    """
    return published("data_free", data)


def dfad_distiller(data: str, teacher: Net) -> Generated:
    """Student, generator and game of `dfad(data)`, with fresh weights, around a teacher that is trained.

    >>> setting = dfad("mnist")
    >>> type(dfad_distiller("mnist", setting.net(setting.teacher))).__name__
    'Adversarial'
    """
    return dfad(data).distiller(teacher)


def dafl_distiller(data: str, teacher: Net) -> Generated:
    """Student, generator and losses of `dafl(data)`, with fresh weights, around a teacher that is trained.

    >>> setting = dafl("mnist")
    >>> type(dafl_distiller("mnist", setting.net(setting.teacher))).__name__
    'DataFree'
    """
    return dafl(data).distiller(teacher)


# 50 turns an epoch, each of 5 steps of the student; SGD without Nesterov.
_SGD = Recipe(schedule="constant", nesterov=False, steps_per_epoch=50 * 5, channels_last=True)
_FALLING = replace(_SGD, schedule="steps", milestones=(100 / 500, 200 / 500))

_CIFAR10 = Published(
    kind="adversarial", data="cifar10", teacher="cifar_resnet34", student="cifar_resnet18", classes=10, channels=3,
    size=32, latent=256, generator="upsampling", generator_lr=1e-3, k=5, epochs=500,
    recipe=replace(_FALLING, lr=0.1, batch_size=256, weight_decay=5e-4),
)  # fmt: skip

DFAD: dict[str, Published] = {
    "mnist": Published(
        kind="adversarial", data="mnist", teacher="lenet5", student="lenet5_half", classes=10, channels=1, size=28,
        latent=100, generator="upsampling", generator_lr=1e-3, k=5, epochs=40,
        recipe=replace(_SGD, lr=0.01, batch_size=512, weight_decay=1e-4),
    ),
    "cifar10": _CIFAR10,
    "cifar100": replace(_CIFAR10, data="cifar100", classes=100),
    "caltech101": replace(
        _CIFAR10, data="caltech101", teacher="torchvision.resnet34", student="torchvision.resnet18", classes=101,
        size=128, generator="deconvolutionx8", recipe=replace(_CIFAR10.recipe, lr=0.05, batch_size=64),
    ),
}  # fmt: skip
"""The settings of the paper's tables; see `dfad`."""


def _losses(one_hot: float, activation: float, entropy: float) -> dict[str, float]:
    """DAFL's weights from those of its authors, whose entropy has logarithms to base 10."""
    return {"one_hot": one_hot, "activation": activation, "entropy": entropy / math.log(10)}


_DAFL_CIFAR10 = replace(
    _CIFAR10, kind="data_free", latent=1000, generator_lr=0.02, k=1, epochs=2000, losses=_losses(0.05, 0.01, 5.0),
    recipe=replace(
        _SGD, schedule="steps", milestones=(800 / 2000, 1600 / 2000), lr=0.1, batch_size=1024, weight_decay=5e-4,
        steps_per_epoch=120,
    ),
)  # fmt: skip

DAFL: dict[str, Published] = {
    "mnist": replace(
        DFAD["mnist"], kind="data_free", generator_lr=0.2, k=1, epochs=200, losses=_losses(1.0, 0.1, 5.0),
        recipe=Recipe(
            lr=2e-3, optimiser="adam", schedule="constant", weight_decay=0.0, batch_size=512, steps_per_epoch=120,
            channels_last=True,
        ),
    ),
    "cifar10": _DAFL_CIFAR10,
    "cifar100": replace(_DAFL_CIFAR10, data="cifar100", classes=100, losses=_losses(0.5, 0.1, 20.0)),
}  # fmt: skip
"""The settings of the paper's tables; see `dafl`."""

SETTINGS: Mapping[str, Mapping[str, Published]] = {"adversarial": DFAD, "data_free": DAFL}
