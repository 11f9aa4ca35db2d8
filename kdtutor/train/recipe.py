"""How the weights move: optimiser, learning rate over time, batch size, augmentation."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..data.batches import Augmentation
from ..errors import choose, require
from .checks import check_number, check_numbers
from .gathering import Gathering

ADAMS: dict[str, type[torch.optim.Adam]] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
OPTIMISERS = ("sgd", *ADAMS)
SCHEDULES = ("one-cycle", "cosine", "steps", "constant")
WARM_UP = 0.3  # share of a one-cycle schedule that rises (L. Smith, 2018, and torch's OneCycleLR)
START = 1 / 25  # of the peak rate, likewise
LATER = ("clip_norm", "accumulate", "ema", "label_smoothing", "class_weights", "mixup")
"""The fields that recipes did not have when the first records of them were written."""


@dataclass(frozen=True)
class Recipe:
    """Everything about a run that is not the method.

    `schedule` scales `lr` over the steps of a phase: "one-cycle" up and down in cosines, "cosine" down to 0, "steps"
    ×0.1 at each of `milestones` (shares of the phase), or "constant". `steps_per_epoch` fixes the number of batches of
    an epoch; without it an epoch is one pass over the training images. `momentum` is that of SGD, `betas` are Adam's
    and AdamW's, which decays weights apart from the gradient.

    `clip_norm`: the gradient of each optimiser, taken as one vector, is scaled down to this norm where it is longer.
    `accumulate`: an optimiser moves once for so many of its steps, down their mean gradient, at the rate of the last;
    the last group of an epoch may be smaller. Batch norms see each batch by itself, so the numbers are not quite those
    of a larger batch. Such steps are not replayed as graphs.

    `ema`: the decay of an exponential moving average of the student, updated after each step that moves it: ema ·
    average + (1 - ema) · student, over weights and statistics of batch norms alike, from the first weights on. The
    average is what is measured, kept as the best and the last weights, and left in the student at the end of the run.
    It reaches back over about 1 / (1 - ema) updates, so a short run wants a smaller one.

    Three change what training batches say of their labels, and are in the term of the task of every method; a teacher's
    terms do not read them. `label_smoothing`: so much of a label is spread evenly over all classes. `class_weights`: by
    how much each class counts, or "balanced", N / (K · n_k) for n_k of N labelled training images. `mixup` (Zhang et
    al., 2018): each image, which teacher and student see, and its label are mixed with another one's of the batch, the
    first to a share that is drawn from Beta(mixup, mixup) once a batch; a partner without a label brings none.
    """

    lr: float = 0.05
    batch_size: int = 64
    schedule: str = "one-cycle"
    milestones: tuple[float, ...] = ()
    optimiser: str = "sgd"
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    nesterov: bool = True
    weight_decay: float = 5e-4
    augment: Augmentation | None = None
    steps_per_epoch: int | None = None
    channels_last: bool = False
    clip_norm: float | None = None
    accumulate: int = 1
    ema: float | None = None
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | Literal["balanced"] | None = None
    mixup: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(type(self), vars(self))
        for name, shares in (("milestones", self.milestones), ("betas", self.betas)):
            require(isinstance(shares, tuple | list), f"{name}={shares!r:.60}: expected numbers in a tuple")
            for share in shares:
                check_number(f"one of the {name}", share)
        augment = self.augment
        require(
            augment is None or callable(augment),
            f"augment={augment!r:.60}: expected a kd.data.Augment or ResizedCrop, or None",
        )
        choose("optimiser", self.optimiser, OPTIMISERS)
        choose("schedule", self.schedule, SCHEDULES)
        require(self.lr > 0 and math.isfinite(self.lr), f"lr={self.lr}: the learning rate must be a positive number")
        require(self.batch_size >= 1, f"batch_size={self.batch_size}: it must be at least 1")
        require(self.weight_decay >= 0, f"weight_decay={self.weight_decay}: it must not be negative")
        for name, value in (("momentum", self.momentum), *(("a beta", beta) for beta in self.betas)):
            require(0 <= value < 1, f"{name}={value}: it must lie in [0, 1)")
        require(
            all(0 < share < 1 for share in self.milestones) and bool(self.milestones) >= (self.schedule == "steps"),
            f"milestones={self.milestones}: expected shares of a phase between 0 and 1, such as (0.5, 0.75), "
            "and for the schedule 'steps' at least one",
        )
        steps = self.steps_per_epoch
        require(steps is None or steps >= 1, f"steps_per_epoch={steps}: an epoch has at least one step")
        clip, ema = self.clip_norm, self.ema
        require(clip is None or clip > 0, f"clip_norm={clip}: the largest norm of a gradient must be a positive number")
        require(self.accumulate >= 1, f"accumulate={self.accumulate}: an update takes the gradients of a batch or more")
        told = f"ema={ema}: the decay of the averaged weights must lie between 0 and 1, such as 0.99"
        require(ema is None or 0 < ema < 1, told)
        smoothing = self.label_smoothing
        require(0 <= smoothing < 1, f"label_smoothing={smoothing}: the share that is spread evenly must lie in [0, 1)")
        require(self.mixup >= 0, f"mixup={self.mixup}: Beta(mixup, mixup) needs a positive number; 0 mixes nothing")
        self._check_weights()

    def _check_weights(self) -> None:
        weights: Any = self.class_weights
        told = f"class_weights={weights!r:.60}: expected a positive number for each class in a tuple, or 'balanced'"
        each = weights if isinstance(weights, tuple | list) else ()
        require(weights is None or weights == "balanced" or len(each) > 0, told)
        for weight in each:
            check_number("one of the class_weights", weight)
            require(weight > 0, told)

    def record(self) -> dict[str, Any]:
        """Every setting by its name, as records tell it. What an earlier kdtutor did not know is left out where it is
        as usual, so that its records, and the runs that it began, are of this recipe.

        >>> kd.Recipe(ema=0.99).record().keys() - kd.Recipe().record().keys()
        {'ema'}
        """
        usual = {field.name: field.default for field in fields(self)}
        told = asdict(self)
        return {name: told[name] for name in told if name not in LATER or getattr(self, name) != usual[name]}

    def optimise(self, parameters: Iterable[nn.Parameter], on_device: bool = False) -> torch.optim.Optimizer:
        """A fresh optimiser over `parameters`; with `on_device` all that it computes with lies where they do, its rate
        as well, and a step of it is one kernel: such a step can be replayed as a graph."""
        optimiser = self._on_device(list(parameters)) if on_device else self._plain(parameters)
        if self.accumulate == 1 and self.clip_norm is None:
            return optimiser
        return Gathering(optimiser, self.accumulate, self.clip_norm)

    def _plain(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        if self.optimiser in ADAMS:
            kind = ADAMS[self.optimiser]
            return kind(parameters, lr=self.lr, betas=self.betas, weight_decay=self.weight_decay)
        nesterov = self.nesterov and self.momentum > 0
        return torch.optim.SGD(
            parameters, lr=self.lr, momentum=self.momentum, nesterov=nesterov, weight_decay=self.weight_decay
        )

    def _on_device(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        rate = torch.tensor(self.lr, dtype=torch.float32, device=parameters[0].device)
        if self.optimiser in ADAMS:
            return ADAMS[self.optimiser](
                parameters, lr=rate, betas=self.betas, weight_decay=self.weight_decay, fused=True, capturable=True
            )
        nesterov = self.nesterov and self.momentum > 0
        optimiser = torch.optim.SGD(
            parameters, rate, self.momentum, nesterov=nesterov, weight_decay=self.weight_decay, fused=True
        )
        if self.momentum:  # from zero, to the same numbers: torch's kernel wants all or none of them
            for parameter in parameters:
                optimiser.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        return optimiser

    def rate(self, done: float) -> float:
        """The learning rate when the share `done` (0…1) of a phase is over."""
        return self.lr * rate(self.schedule, done, self.milestones)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Let `optimiser` take its next steps at this learning rate. One that lies on a device is written there, without a
    wait.

    >>> optimiser = kd.Recipe().optimise([torch.nn.Parameter(torch.zeros(1))], on_device=True)
    >>> set_rate(optimiser, 0.5); optimiser.param_groups[0]["lr"]
    tensor(0.5000)
    """
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def resume(optimiser: torch.optim.Optimizer, stored: dict[str, Any]) -> None:
    """Go on from the state dict `stored`. How `optimiser` computes stays as it is: a run may go on on another device.

    >>> w = torch.nn.Parameter(torch.ones(1))
    >>> there, here = (kd.Recipe().optimise([w], on_device=where) for where in (True, False))
    >>> w.sum().backward(); there.step(); resume(here, there.state_dict())
    >>> here.state[w]["momentum_buffer"], here.param_groups[0]["lr"]
    (tensor([1.0005]), 0.05)
    """
    optimiser.load_state_dict({**stored, "param_groups": optimiser.state_dict()["param_groups"]})


def rate(schedule: str, done: float, milestones: tuple[float, ...] = ()) -> float:
    """The factor on the learning rate when the share `done` (0…1) of a phase is over.

    >>> [rate("steps", done, milestones=(0.5,)) for done in (0.0, 0.6)], rate("cosine", 1.0) < 1e-9
    ([1.0, 0.1], True)
    """
    if schedule == "constant":
        return 1.0
    if schedule == "steps":
        return 0.1 ** sum(done >= m for m in milestones)
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    if done < WARM_UP:
        return START + (1 - START) * 0.5 * (1 - math.cos(math.pi * done / WARM_UP))
    return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))
