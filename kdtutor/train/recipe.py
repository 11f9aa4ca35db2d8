"""How the weights move: optimiser, learning rate over time, batch size, augmentation."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..data.batches import Augmentation
from ..errors import choose, require
from .checks import check_number, check_numbers

OPTIMISERS = ("sgd", "adam")
SCHEDULES = ("one-cycle", "cosine", "steps", "constant")
WARM_UP = 0.3  # share of a one-cycle schedule that rises (L. Smith, 2018, and torch's OneCycleLR)
START = 1 / 25  # of the peak rate, likewise


@dataclass(frozen=True)
class Recipe:
    """Everything about a run that is not the method.

    `schedule` scales `lr` over the steps of a phase: "one-cycle" up and down in cosines, "cosine" down to 0, "steps"
    ×0.1 at each of `milestones` (shares of the phase), or "constant". `steps_per_epoch` fixes the number of batches of
    an epoch; without it an epoch is one pass over the training images. `momentum` is that of SGD, `betas` are Adam's.
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

    def optimise(self, parameters: Iterable[nn.Parameter], on_device: bool = False) -> torch.optim.Optimizer:
        """A fresh optimiser over `parameters`; with `on_device` all that it computes with lies where they do, its rate
        as well, and a step of it is one kernel: such a step can be replayed as a graph."""
        if on_device:
            return self._on_device(list(parameters))
        if self.optimiser == "adam":
            return torch.optim.Adam(parameters, lr=self.lr, betas=self.betas, weight_decay=self.weight_decay)
        nesterov = self.nesterov and self.momentum > 0
        return torch.optim.SGD(
            parameters, lr=self.lr, momentum=self.momentum, nesterov=nesterov, weight_decay=self.weight_decay
        )

    def _on_device(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        rate = torch.tensor(self.lr, dtype=torch.float32, device=parameters[0].device)
        if self.optimiser == "adam":
            return torch.optim.Adam(
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
    optimiser.load_state_dict({"state": stored["state"], "param_groups": optimiser.state_dict()["param_groups"]})


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
