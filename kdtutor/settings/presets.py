"""Ready settings: "minute" for two CPU cores and what ships, "paper" for the published setting on a GPU, "quick-paper"
for its pairs in a sixth of the time, "imagenet" for ILSVRC, "own" for one's own photographs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import data as sets
from .. import nets
from ..data import Augment, Data
from ..errors import choose, require
from ..methods import MAKERS, find, named
from ..nets import Net
from ..train import Recipe
from . import imagenet, minute, own, quick, spot_adaptive, zoo
from .chosen import USUAL, chosen_set
from .data_free import IMITATION, Published, published
from .teachers import find_teacher


@dataclass(frozen=True)
class Preset:
    """A data set, a pair of nets, a number of epochs and a recipe.

    What a method's constructor has by default is not repeated here. `options` are a method's other settings by its
    name. `extra_epochs` are those among them that count epochs and come on top of `epochs`: a first phase that the
    other methods do not have. `spots` are the settings of `SpotAdaptive` around a method, `gammas` those that differ by
    method, `hosts` what the method in there has other than by itself. `published` is the setting of the generator that
    makes the batches, where one does; see `data_free`.
    """

    name: str
    data_name: str
    teacher_name: str
    student_name: str
    epochs: int
    recipe: Recipe
    net_options: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra_epochs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    spots: Mapping[str, Any] = field(default_factory=dict)
    gammas: Mapping[str, float] = field(default_factory=dict)
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    published: Published | None = None

    def epochs_for(self, method: str) -> int:
        """Epochs of a run with this method (name, acronym, or "alone"), over all its phases."""
        return self.epochs + sum(self.extra_epochs.get(named(method), {}).values())

    def options_for(self, method: str, epochs: int | None = None) -> dict[str, Any]:
        """The method's settings for a run of `epochs` (default: all of `epochs_for`); phases keep their proportion."""
        name = named(method)
        extra = self.extra_epochs.get(name, {})
        share = 1.0 if epochs is None else epochs / (self.epochs + sum(extra.values()))
        return {**self.options.get(name, {}), **{phase: math.ceil(share * n) for phase, n in extra.items()}}

    def host_for(self, method: str, epochs: int | None = None) -> dict[str, Any]:
        """The same for the method inside `SpotAdaptive`."""
        return {**self.options_for(method, epochs), **self.hosts.get(named(method), {})}

    def spots_for(self, method: str) -> dict[str, Any]:
        """The settings of `SpotAdaptive` around this method."""
        own = self.gammas.get(named(method))
        return {**self.spots, **({} if own is None else {"gamma": own})}

    def data_free(self, kind: str, data: str | None = None) -> "Preset":
        """This preset where the generator of `kind`, "adversarial" (DFAD) or "data_free" (DAFL), makes the batches.

        Only "paper" has published generators; the other presets stay as they are, on any data. "paper" takes from the
        setting for `data` (default: its own) teacher, student, epochs, recipe and what the student learns at its
        logits, and has the generator with its rate, steps and weights in `published`. A data set without a published
        setting raises `UnknownName`, which names those that have one: numbers that nobody published would not be the
        paper's.
        """
        if self.name != "paper":
            find(kind, MAKERS)
            return self
        setting = published(kind, data or self.data_name)
        return replace(
            self, data_name=setting.data, teacher_name=f"{setting.data}-{setting.teacher}",
            student_name=setting.student, epochs=setting.epochs, recipe=setting.recipe,
            net_options={"classes": setting.classes, "channels": setting.channels}, published=setting,
            options={**self.options, "logits": IMITATION[setting.kind]},
        )  # fmt: skip

    def data(self, root: str | Path | None = None) -> Data:
        """The data set of the preset."""
        return sets.load(self.data_name, root)

    def teacher(self) -> Net:
        """The trained teacher; "paper" teachers do not ship and say how to train them."""
        return find_teacher(self.teacher_name)

    def student(self) -> Net:
        """A new student with fresh weights."""
        if self.published is not None:
            return self.published.net(self.student_name)
        return nets.build(self.student_name, **self.net_options)


DIGITS = Preset(
    "minute",
    data_name=USUAL,
    teacher_name="digits-resnet14",
    student_name="resnet8x0.25",
    epochs=8,
    recipe=Recipe(lr=0.05, augment=Augment(pad=2)),
    net_options={"classes": 10, "channels": 1, "stem_stride": 2},
    options=minute.OPTIONS,
)
MINUTE = {
    USUAL: DIGITS,
    # half as many epochs of twice as many images: a run of a lesson takes as long on either set
    "fashion": replace(DIGITS, data_name="fashion", teacher_name="fashion-resnet14", epochs=4),
}
"""The preset "minute" by the set that it runs on."""

IMAGENET = Preset(
    "imagenet",
    data_name="imagenet",
    teacher_name="imagenet-resnet34",
    student_name=imagenet.STUDENT,
    epochs=imagenet.EPOCHS,
    recipe=imagenet.RECIPE,
    net_options={"classes": imagenet.CLASSES, "channels": 3},
    options=imagenet.OPTIONS,
    extra_epochs=imagenet.EXTRA_EPOCHS,
)

OWN = "own"
"""The name of the preset for one's own images: it names neither data nor teacher."""
_OWN = Preset(OWN, data_name="", teacher_name="", student_name=own.STUDENT, epochs=own.EPOCHS, recipe=own.RECIPE)

FAMILY_PAIRS = zoo.PAIRS
"""Pairs of one family, of the distillation zoo's table."""
CROSS_PAIRS = spot_adaptive.PAIRS
"""Pairs of different families, of spot-adaptive distillation's table."""
PAIRS = {**FAMILY_PAIRS, **CROSS_PAIRS}
"""The pairs of the presets `PAIRED`: {name: (teacher, student)}, of one family first."""
PAIRED = ("paper", "quick-paper")
"""The presets whose teacher and student a pair names."""
PRESETS = ("minute", *PAIRED, "imagenet", OWN)
"""The names of all presets."""


def preset(name: str, pair: str = "resnet56-resnet20", data: str | None = None) -> Preset:
    """The preset of `name`, one of `PRESETS`; `pair` chooses teacher and student of those that have pairs (`PAIRED`).

    "minute" runs on a set that ships: on `data`, "digits" or "fashion", else on the one that is chosen, see
    `chosen_set`; the other presets have one set each. "quick-paper" is "paper" with fewer epochs under the recipe of
    `quick`, which its teachers have had, too.

    >>> minute, paper = preset("minute"), preset("paper", pair="vgg13-vgg8")
    >>> minute.options_for("AT"), paper.teacher_name, paper.epochs
    ({'beta': 300.0}, 'cifar100-vgg13', 240)
    >>> preset("quick-paper", pair="vgg13-vgg8").epochs
    40
    >>> preset("minute", data="fashion").teacher_name
    'fashion-resnet14'
    """
    choose("preset", name, PRESETS)
    if name == "minute":
        return MINUTE[chosen_set() if data is None else choose("set of the course", data, MINUTE)]
    require(data is None, f"data={data!r}: only the preset minute has sets to choose from; leave data out of {name!r}")
    if name not in PAIRED:
        return {"imagenet": IMAGENET, OWN: _OWN}[name]
    paper = _paper(choose("pair", pair, PAIRS))
    return paper if name == "paper" else _quick(paper)


def _paper(pair: str) -> Preset:
    teacher, student = PAIRS[pair]
    return Preset(
        "paper",
        data_name="cifar100",
        teacher_name=f"cifar100-{teacher}",
        student_name=student,
        epochs=zoo.EPOCHS,
        recipe=replace(zoo.RECIPE, lr=zoo.RATES.get(student, zoo.RECIPE.lr)),
        net_options={"classes": 100, "channels": 3},
        options=zoo.OPTIONS,
        extra_epochs=zoo.EXTRA_EPOCHS,
        spots={**spot_adaptive.SPOTS, **(spot_adaptive.CROSS if pair in CROSS_PAIRS else {})},
        gammas=spot_adaptive.GAMMAS,
        hosts=spot_adaptive.HOSTS,
    )


def _quick(paper: Preset) -> Preset:
    return replace(
        paper, name="quick-paper", teacher_name=paper.teacher_name.replace("cifar100-", "cifar100-quick-"),
        epochs=quick.EPOCHS, recipe=replace(quick.RECIPE, lr=paper.recipe.lr), extra_epochs=quick.EXTRA_EPOCHS,
    )  # fmt: skip
