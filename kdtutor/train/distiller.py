"""A student, a teacher, and how one batch teaches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch, Batches, Data, Source, Split
from ..errors import require
from ..nets import Net, Trace
from .checks import check_apart, check_net, check_numbers
from .evaluation import evaluate
from .modes import frozen_parts_kept
from .objective import Terms, accuracy, descend, task_loss, weighted_sum
from .recipe import Recipe

Losses = Callable[[Trace, Trace | None, Batch], Terms]


Layer = int | Literal["embedding", "logits"]
"""A layer of the student: stage 1, 2, …, the embedding, or the logits. The stem belongs to stage 1."""


@dataclass(frozen=True)
class Spot:
    """One place where student and teacher are compared: a name, a loss over two traces, and the layers it reads.

    The layers are the student's, each once. Without any, the spot belongs to no place in particular.
    """

    name: str
    loss: Callable[[Trace, Trace], Float[Tensor, ""]]
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Phase:
    """A part of training with its own losses, starting with a fresh optimiser.

    The objective is the sum of `weights[name] · losses[name]`; a term without a weight counts once, and a weight whose
    name no term has is refused. `schedule` and `lr` replace the recipe's for this phase. A phase that needs no teacher
    does not run it.
    """

    name: str
    epochs: int
    losses: Losses
    weights: Mapping[str, float] = field(default_factory=dict)
    needs_teacher: bool = True
    schedule: str | None = None
    lr: float | None = None


class Distiller(nn.Module):
    """Base of every method. A method says *what* is matched by `spots`; the rest is the same for all.

    By default one phase minimises `w_task · cross-entropy + Σ w_spot · spot loss`. A method with stages overrides
    `phases`; one with a loop of its own overrides `step`.

    The teacher is frozen and in eval mode, always, and stays so: to train it further, thaw it with
    `teacher.requires_grad_(True)`. What is frozen of the student stays frozen: its parameters with
    `requires_grad=False` do not move; parts of it that are in eval mode while it is in train mode stay in eval mode,
    so that batch norms keep their statistics; and so do norms whose parameters are all frozen.

    Raises `ConfigError` for what is no net of kdtutor, and for options that are no finite numbers.
    """

    kind: ClassVar[type[nn.Module]] = Net
    """What student and teacher are."""
    teaches: ClassVar[bool] = False
    """Whether the method cannot do without a teacher."""

    def __init__(self, student: Net, teacher: Net | None = None, **options: Any) -> None:
        super().__init__()
        check_net(student, "student", self.kind)
        if teacher is not None or self.teaches:
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

    def train(self, mode: bool = True) -> "Distiller":
        """Train mode, but for the teacher and for what is frozen of the rest."""
        learning = [part for part in self.children() if part is not self.teacher and not isinstance(part, Distiller)]
        with frozen_parts_kept(learning):
            super().train(mode)
        if self.teacher is not None:
            self.teacher.eval()
        return self

    needs_rows = False
    """Whether a batch has to name the rows of a training split that its images are: nothing else will do then."""

    def spots(self) -> tuple[Spot, ...]:
        """The places where knowledge passes over, each with its loss."""
        return ()

    def weights(self) -> dict[str, float]:
        """The weight of each term; 1 where none is given."""
        return {}

    def terms(self) -> tuple[str, ...]:
        """Names that a weight may have in every phase, whether or not the phase has such a term."""
        return ("task", *(spot.name for spot in self.spots()))

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        """Cross-entropy ("task") and the loss of every spot, unweighted."""
        spots = {spot.name: spot.loss(s, t) for spot in self.spots()} if t is not None else {}
        return {"task": task_loss(s.logits, batch.labels), **spots}

    def preparation(self, epochs: int) -> tuple[Phase, ...]:
        """The first of the `phases`, in which what the spots need is made ready and the student is not taught."""
        return ()

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        """How `epochs` are spent."""
        return (Phase("distil", epochs, self.losses, self.weights(), needs_teacher=self.teacher is not None),)

    def check(self, data: Data) -> None:
        """Called before anything else of a run: raises `ConfigError` where student and data do not fit."""
        require(
            self.student.num_classes >= data.num_classes,
            f"the student tells {self.student.num_classes} classes apart, {data.name} has {data.num_classes}; "
            f"build it with classes={data.num_classes}",
        )
        for part, split in data.splits().items():
            told = f"no {part} image of {data.name} has a label, so nothing can be measured on them"
            require(part == "train" or bool(split.labelled.any()), f"{told}; give a held-out split its labels")

    def source(self, data: Data, recipe: Recipe) -> Source:
        """Where the batches of a run come from that is not given any: the training split."""
        return Batches(data.train, data, recipe.batch_size, recipe.augment, recipe.steps_per_epoch)

    def begin(self, data: Data) -> None:
        """Called once before the first step, and before a run is continued: what a method has to know of its data."""

    def start_epoch(self, epoch: int, source: Source, seed: int) -> None:
        """Called before epoch `epoch` (from 0, over all phases) takes its batches from `source`; not where a run is
        continued in the middle of one. What it changes belongs in buffers, so that a checkpoint keeps it."""

    def look_at(self, batch: Batch) -> None:
        """Called before the spots see traces of `batch`: which images they are, for a method that has to know."""

    def measure(self, split: Split, data: Data) -> dict[str, float]:
        """What is measured on held-out data. The first number decides which epoch is the best."""
        return {"accuracy": evaluate(self.student, split, data).accuracy}

    def parameter_groups(self, phase: Phase) -> dict[str, list[nn.Parameter]]:
        """The parameters of each optimiser. The names are those that `step` finds in `optimisers`."""
        return {"student": [p for p in self.parameters() if p.requires_grad]}

    def recipe_for(self, group: str, recipe: Recipe) -> Recipe:
        """How the optimiser `group` moves its parameters, given the recipe of the phase; by default as it says."""
        return recipe

    def teach(self, images: Float[Tensor, "B ..."]) -> Trace | None:
        """The teacher's trace; nothing in it carries a gradient."""
        if self.teacher is None:
            return None
        with torch.no_grad():
            return self.teacher.trace(images)

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        """One update. Returns every term, the weighted total as "loss", and the accuracy on labelled samples."""
        t = self.teach(batch.images) if phase.needs_teacher else None
        s = self.student.trace(batch.images)
        terms = phase.losses(s, t, batch)
        total = weighted_sum(terms, phase.weights, self.terms())
        descend(total, optimisers["student"])
        return {**terms, "loss": total.detach(), "train_accuracy": accuracy(s.logits, batch.labels)}


class Alone(Distiller):
    """The student without a teacher: cross-entropy on its labels. What every method has to beat."""

    def __init__(self, student: Net) -> None:
        super().__init__(student)

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        return (Phase("alone", epochs, self.losses, needs_teacher=False),)
