"""A student, a teacher, and how one batch teaches."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ..data import Batch, Classification, Data, LanguageModelling, Split, Task
from ..errors import require
from ..nets import Ensemble, Net, Trace
from .evaluation import evaluate
from .objective import Terms, minimise, scores
from .shares import traced
from .trainable import Phase, Trainable

Layer = int | Literal["embedding", "logits"]
"""A layer of the student: stage 1, 2, …, the embedding, or the logits. The stem belongs to stage 1."""


@dataclass(frozen=True)
class Spot:
    """One place where student and teacher are compared: a name, a loss over two traces, the layers it reads, and what
    it weighs in the objective.

    The layers are the student's, each once. Without any, the spot belongs to no place in particular.
    """

    name: str
    loss: Callable[[Trace, Trace], Float[Tensor, ""]]
    layers: tuple[Layer, ...] = ()
    weight: float = 1.0


class Distiller(Trainable):
    """Base of every method between classifiers. A method says *what* is matched by `spots`; the rest is the same for
    all.

    By default one phase minimises `cross-entropy + Σ weight · spot loss`. A method with stages overrides `phases`; one
    with a loop of its own overrides `step`. What is frozen stays so, see `Trainable`.
    """

    kind = Net
    shares_batches = True
    student: Net
    teacher: Net | None
    tasks: tuple[type[Task], ...] = (Classification,)
    """What the labels may be for this method. A term that reads only what is inside the nets admits every task."""
    needs_rows = False
    """Whether a batch has to name the rows of a training split that its images are: nothing else will do then."""
    mixes = True
    """Whether its losses make sense of images that are mixed of two: not where they ask for the class of one."""

    @property
    def graphable(self) -> bool:
        return type(self).__module__.startswith("kdtutor.")  # a reader's own method has to say so itself

    def spots(self) -> tuple[Spot, ...]:
        """The places where knowledge passes over, each with its loss."""
        return ()

    def weights(self) -> dict[str, float]:
        """The weight of each of the `losses`: a spot's own, and 1 for the task."""
        spots = self.spots() if self.teacher is not None else ()
        return {"task": 1.0, **{spot.name: spot.weight for spot in spots}}

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        """Cross-entropy ("task") and the loss of every spot, unweighted."""
        spots = {spot.name: spot.loss(s, t) for spot in self.spots()} if t is not None else {}
        return {"task": batch.task.loss(s.logits, batch.labels), **spots}

    def preparation(self, epochs: int) -> tuple[Phase, ...]:
        """The first of the `phases`, in which what the spots need is made ready and the student is not taught."""
        return ()

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        return (Phase("distil", epochs, self.losses, self.weights(), needs_teacher=self.teacher is not None),)

    def check(self, data: Data) -> None:
        check_task(self, data)
        has, wants = self.student.num_classes, data.num_classes
        told = f"the student tells {has} classes apart, {data.name} has {wants}"
        if not isinstance(data.task, Classification):
            told = f"the student has {has} outputs, {data.name} asks for {wants}"
        fits = has >= wants if isinstance(data.task, Classification) else has == wants
        require(fits, f"{told}; build it with classes={wants}")
        pixels = data.task.per_pixel
        told = f"the student {self.student.name} answers for {'whole images' if pixels else 'each pixel'}"
        other = f"one that answers for {'each pixel' if pixels else 'whole images'}"
        name = "unet8" if pixels else "resnet20"
        advice = f"take {other}, such as {name} (in Python nets.build({name!r}))"
        require(self.student.per_pixel == pixels, f"{told}, and {data.name} is a set for {data.task}; {advice}")
        for part, split in data.splits().items():
            told = f"no {part} image of {data.name} has a label, so nothing can be measured on them"
            require(part == "train" or bool(split.labelled.any()), f"{told}; give a held-out split its labels")

    def look_at(self, batch: Batch) -> None:
        """Called before the spots see traces of `batch`: which images they are, for a method that has to know."""

    def measure(self, split: Split, data: Data) -> dict[str, float]:
        return evaluate(self.student, split, data).measures

    def teacher_trace(self, images: Float[Tensor, "B ..."]) -> Trace | None:
        """The teacher's trace; nothing in it carries a gradient."""
        if self.teacher is None:
            return None
        with torch.no_grad():
            return self.teacher.trace(images)

    def answers(self, batch: Batch) -> Trace | None:
        """The teacher's trace of the batch's images: the batch's own `answer`, or `teacher_trace` where it has none, or
        where this method runs its teacher in a way of its own."""
        if (known := known_trace(self, batch)) is not None:
            return known
        usual = type(self).teacher_trace is Distiller.teacher_trace  # another one may look at the whole batch
        return traced(self.teacher_trace, batch.images) if usual else self.teacher_trace(batch.images)

    def teach(self, images: Float[Tensor, "B ..."]) -> Trace | None:
        """Deprecated: `teacher_trace`."""
        warnings.warn("teach(images) is deprecated; it is called teacher_trace", DeprecationWarning, stacklevel=2)
        return self.teacher_trace(images)

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        """One update. Returns every term, the weighted total as "loss", and the `scores` on labelled samples."""
        t = self.answers(batch) if phase.needs_teacher else None
        s = traced(self.student.trace, batch.images)
        terms = phase.losses(s, t, batch)
        loss = minimise(terms, phase.weights, optimisers["student"])
        return {**terms, "loss": loss, **scores(s.logits, batch)}


def check_task(distiller: Distiller, data: Data) -> None:
    """What the labels of `data` are is admitted by the method. Raises `ConfigError`.

    >>> check_task(kd.Alone(kd.nets.build("mlp8", classes=2)), kd.data.load("moons"))  # silent: it admits every task
    """
    admitted = " and ".join(task.name for task in distiller.tasks)
    told = f"{type(distiller).__name__} admits {admitted}; {data.name} is a set for {data.task}"
    advice = f"take one of the methods that do, as kd.papers.admitting({data.task.name!r}) lists them"
    fits = isinstance(data.task, distiller.tasks)
    if isinstance(data.task, LanguageModelling):
        fits, advice = False, "text is for language models; they learn by kd.train.LanguageDistiller and its methods"
    require(fits, f"{told}: {advice}")
    if isinstance(distiller.teacher, Ensemble):
        distiller.teacher.check_task(data.task)


def known_trace(distiller: Trainable, batch: Batch) -> Trace | None:
    """The teacher's trace of the batch's images, where the batch itself knows it and the method takes it from there.

    >>> method = kd.papers.get("KD")(*(kd.nets.build("mlp8", classes=2) for _ in "st"))
    >>> batch = kd.data.Batch(torch.zeros(2, 2), *[torch.zeros(2).long()] * 2)
    >>> known_trace(method, batch) is None
    True
    """
    teacher, images = distiller.teacher, batch.images
    if batch.answer is None or not isinstance(distiller, Distiller) or teacher is None:
        return None
    usual = type(distiller).teacher_trace is Distiller.teacher_trace
    return batch.answer(teacher, images) if usual and isinstance(teacher, Net) else None


class Alone(Distiller):
    """The student without a teacher: cross-entropy on its labels. What every method has to beat."""

    tasks = (Task,)

    def __init__(self, student: Net) -> None:
        super().__init__(student)

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        return (Phase("alone", epochs, self.losses, needs_teacher=False),)
