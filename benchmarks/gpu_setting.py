"""On what `benchmarks.gpu` measures: device, data, nets, and how long; small on the CPU, where it is a rehearsal."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdtutor.data import Data
    from kdtutor.nets import Net
    from kdtutor.train import Distiller, Recipe

ADAPTIVE = "attention, adaptive spots"
ITERATIONS, EPOCHS = 781, 240  # of CIFAR-100 in batches of 64, in the zoo's setting


@dataclass(frozen=True)
class Setting:
    """On what an item runs: the device, CIFAR-100's folder if there is one, and where what it trains is kept."""

    device: str
    root: str | None
    folder: Path

    @property
    def small(self) -> bool:
        """A rehearsal."""
        return self.device == "cpu"

    @property
    def half(self) -> str:
        """The precision of trainings that only have to arrive."""
        return "float32" if self.small else "bf16"

    @property
    def pair(self) -> tuple[str, str]:
        """Teacher and student."""
        return ("resnet14", "resnet8") if self.small else ("resnet56", "resnet20")

    @cached_property
    def data(self) -> "Data":
        """CIFAR-100, or noise of its shape; a little of it in a rehearsal."""
        import kdtutor as kd

        from .training import noise
        from .zoo import shortened

        data = noise() if self.root is None else kd.data.load("cifar100", self.root)
        return shortened(data, 256) if self.small else data

    @property
    def recipe(self) -> "Recipe":
        """The zoo's."""
        from kdtutor.settings import zoo

        return replace(zoo.RECIPE, batch_size=16) if self.small else zoo.RECIPE

    @property
    def timed(self) -> "Recipe":
        """The same for steps that are only timed: with a fresh teacher FSP bursts at a rate for a trained one."""
        return replace(self.recipe, lr=1e-5)

    def net(self, name: str) -> "Net":
        """A fresh one, the same for everybody who asks."""
        import kdtutor as kd

        kd.seed_everything(0)
        return kd.nets.build(name)

    def distiller(self, name: str, teacher: "Net", epochs: int) -> "Distiller":
        """A method by its name, "alone" or `ADAPTIVE`, with its published settings around a fresh student."""
        import kdtutor as kd
        from kdtutor.papers.spot_adaptive import SpotAdaptive

        method: Callable[[str], Any] = kd.papers.method  # whose class takes options of its own
        paper, student = kd.preset("paper"), self.net(self.pair[1])
        if name == "alone":
            return kd.Alone(student)
        if name == ADAPTIVE:
            host = method("attention")(student, teacher, **paper.host_for("attention", epochs))
            return SpotAdaptive(host, **paper.spots_for("attention"))
        return method(name)(student, teacher, **paper.options_for(name, epochs))

    def now(self) -> float:
        """Seconds on the wall, once the device is done."""
        import torch

        if self.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()
