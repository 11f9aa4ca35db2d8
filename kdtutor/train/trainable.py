"""What the loop asks of anything that it trains."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..data import Batch, Batches, Data, Source, Split
from ..errors import ConfigError
from ..nets import Generator, LanguageModel, Net
from ..nets.modes import frozen_parts_kept
from .checks import check_apart, check_net, check_numbers
from .objective import Terms
from .recipe import Recipe

Losses = Callable[..., Terms]
"""What a phase minimises the sum of, from what its step has computed: a `Distiller`'s takes two traces and a batch."""


@dataclass(frozen=True)
class Phase:
    """A part of training with its own losses, starting with a fresh optimiser.

    The objective is the sum of `weights[name] · losses[name]`: every term has its weight and every weight its term, or
    there are no weights, and every term counts once. `schedule` and `lr` replace the recipe's for this phase. A phase
    that needs no teacher does not run it.
    """

    name: str
    epochs: int
    losses: Losses
    weights: Mapping[str, float] = field(default_factory=dict)
    needs_teacher: bool = True
    schedule: str | None = None
    lr: float | None = None


RENAMED = {"teach": "teacher_trace", "teaches": "needs_teacher", "shares": "the weight of each spot"}
"""What a method of the reader's own may still define by its old name, and the new one."""


class Trainable(nn.Module):
    """Base of all that can be trained: a student, perhaps with a teacher, and how one batch moves the student.

    A subclass says in which `phases` the epochs are spent, what a `step` does, and what is to `measure`. The rest may
    stay as it is here.

    The teacher is frozen and in eval mode, always, and stays so: to train it further, thaw it with
    `teacher.requires_grad_(True)`. What is frozen of the student stays frozen: its parameters with
    `requires_grad=False` do not move; parts of it that are in eval mode while it is in train mode stay in eval mode,
    so that batch norms keep their statistics; and so do norms whose parameters are all frozen.

    Raises `ConfigError` for what is no net of kdtutor, and for options that are no finite numbers.
    """

    kind: ClassVar[type[nn.Module]]
    """What student and teacher are."""
    needs_teacher: ClassVar[bool] = False
    """Whether it cannot do without a teacher."""
    shares_batches: bool = False
    """Whether its steps are less work where several ranks take a share of each batch: by `shares.traced`."""
    student: Net | Generator | LanguageModel
    teacher: Net | Generator | LanguageModel | None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.__module__.startswith("kdtutor."):  # whose own old names are calls that warn
            for name in RENAMED.keys() & vars(cls).keys():
                told = f"{cls.__name__} defines {name}, which nobody asks for any more"
                raise ConfigError(f"{told}; it is {RENAMED[name]} now: rename it")

    def __init__(
        self,
        student: Net | Generator | LanguageModel,
        teacher: Net | Generator | LanguageModel | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        check_net(student, "student", self.kind)
        if teacher is not None or self.needs_teacher:
            check_net(teacher, "teacher", self.kind)
        check_numbers(type(self), options)
        if teacher is not None:
            check_apart(student, teacher)
            teacher.requires_grad_(False)
        self.student = student
        self.teacher = teacher
        self.options = options
        self.noise = torch.Generator()  # what a method draws from; the loop seeds and stores it
        self.train(student.training)

    def train(self, mode: bool = True) -> Self:
        """Train mode, but for the teacher and for what is frozen of the rest."""
        learning = [part for part in self.children() if part is not self.teacher and not isinstance(part, Trainable)]
        with frozen_parts_kept(learning):
            super().train(mode)
        if self.teacher is not None:
            self.teacher.eval()
        return self

    @property
    def students(self) -> Sequence[nn.Module]:
        """The nets that no other run may train meanwhile: the student, and those that learn beside it."""
        return (self.student,)

    @property
    def graphable(self) -> bool:
        """Whether each step of a phase computes the same, in tensors of the same shapes, whatever is in the batch: it
        waits for nothing, draws nothing from `noise`, and no number of Python's that it reads changes between steps.
        On CUDA such steps are recorded once and replayed, see `train/graphs.py`; by default they are not."""
        return False

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        """How `epochs` are spent."""
        raise NotImplementedError

    def check(self, data: Data) -> None:
        """Called before anything else of a run: raises `ConfigError` where student and data do not fit."""

    def source(self, data: Data, recipe: Recipe) -> Source:
        """Where the batches of a run come from that is not given any: the training split."""
        return Batches(data.train, data, recipe.batch_size, recipe.augment, recipe.steps_per_epoch)

    def begin(self, data: Data) -> None:
        """Called once before the first step, and before a run is continued: what a method has to know of its data."""

    def start_epoch(self, epoch: int, source: Source, seed: int) -> None:
        """Called before epoch `epoch` (from 0, over all phases) takes its batches from `source`; not where a run is
        continued in the middle of one. What it changes belongs in buffers, so that a checkpoint keeps it."""

    def parameter_groups(self, phase: Phase) -> dict[str, list[nn.Parameter]]:
        """The parameters of each optimiser. The names are those that `step` finds in `optimisers`."""
        return {"student": [p for p in self.parameters() if p.requires_grad]}

    def recipe_for(self, group: str, recipe: Recipe) -> Recipe:
        """How the optimiser `group` moves its parameters, given the recipe of the phase; by default as it says."""
        return recipe

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        """One update. Returns every number to be recorded, the weighted total as "loss"."""
        raise NotImplementedError

    def measure(self, split: Split, data: Data) -> dict[str, float]:
        """What is measured on held-out data. The first number decides which epoch is the best."""
        raise NotImplementedError
