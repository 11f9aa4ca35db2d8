"""Amalgamating Knowledge towards Comprehensive Classification (Shen, Wang, Song, Sun, Song; AAAI 2019).

Teachers that know different classes become one student of all of them, and no label is looked at. The authors' group
has code of its own for it, github.com/zju-vipa/KamalEngine; where it goes another way, the lesson says so.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch, Classification
from ..errors import ShapeError, choose, require
from ..nets import Net, Specialists, Trace
from ..train import Distiller, Phase, Spot, minimise
from ..train.checks import same_classes
from ..train.objective import Terms
from .adapters import pooled
from .hinton import check_temperature
from .routing import advance
from .tensors import full_precision, same_shape, shape, softened_divergence, squared_sum

Match = Literal["scores", "softmax", "blocks"]
MATCHES = ("scores", "softmax", "blocks")
UNITS, LAYERS = "amalgamate the features", "learn layer by layer"
"""The first two phases of `FeatureAmalgamation`."""


@full_precision
def score_loss(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """½ ‖z_s - z_t‖², mean over B: the student's scores against those of all teachers, side by side.

    The teachers' side is constant. Raises `ShapeError` unless the shapes are equal.

    >>> score_loss(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 4.0]])).item()
    2.0
    """
    same_shape(z_s, z_t, "score_loss, scores")
    return squared_sum(z_s - z_t.detach(), 1).mean() / 2


@full_precision
def block_divergence(
    z_s: Float[Tensor, "B K"],
    answers: Sequence[Float[Tensor, "B _k"]],
    classes: Sequence[Sequence[int]],
    T: float = 1.0,
) -> Float[Tensor, ""]:
    """T² · KL of each teacher's softmax from the student's over the same classes alone, mean over teachers and B.

    A teacher compares its own classes and no others, and so does this loss: where teachers share no class, nothing in
    it says which of them is right about an image. Raises `ShapeError` unless teachers and classes fit.

    >>> z = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    >>> answers, classes = [z[:, :2], 100 + z[:, 2:]], [[0, 1], [2, 3]]
    >>> round(block_divergence(z, answers, classes).item(), 6)  # 100 more on a whole block change nothing
    0.0
    """
    fits = len(answers) == len(classes) > 0
    require(fits, f"block_divergence: {len(answers)} answers and {len(classes)} rows of classes", ShapeError)
    told = f"block_divergence: the student's scores are {shape(z_s)}, the teachers' {', '.join(map(shape, answers))}"
    known = max(k for own in classes for k in own)
    require(z_s.ndim == 2 and z_s.shape[1] > known, f"{told}; expected (B, K) with K > {known}", ShapeError)
    terms = []
    for z_t, own in zip(answers, classes, strict=True):
        z = z_s[:, list(own)]
        same_shape(z, z_t, "block_divergence, scores of one teacher")
        terms.append(softened_divergence(z, z_t, T))
    return torch.stack(terms).mean()


class Amalgamation(Distiller):
    """One student of all classes from teachers of some: `teachers` and the classes of each, or a `kd.Specialists`.

        Amalgamation(student, [low, high], classes=[range(5), range(5, 10)])

    match: "scores": `score_loss` to the teachers' scores side by side, as the paper has it. "softmax": the divergence
        of one softmax over all of them, at the temperature T, as in the authors' code. "blocks": `block_divergence`.

    Labels are not looked at; those of the held-out images measure. Where several teachers know a class, what they say
    of it is averaged ("blocks": each is matched). Student and teachers may be of any architecture. Raises `ConfigError`
    where the teachers' classes are not those of the student, and for what `kd.Specialists` refuses.
    """

    needs_teacher = True
    tasks = (Classification,)
    teacher: Specialists

    def __init__(
        self,
        student: Net,
        teachers: Sequence[Net] | Specialists,
        classes: Sequence[Sequence[int]] | None = None,
        match: Match = "scores",
        T: float = 1.0,
        **options: Any,
    ) -> None:
        joint = isinstance(teachers, Specialists)
        told = (
            "the specialists that are given know their classes" if joint else "the classes of each teacher are needed"
        )
        require(joint == (classes is None), f"{told}: {'leave classes out' if joint else 'classes=[range(5), …]'}")
        teacher = teachers if isinstance(teachers, Specialists) else Specialists(teachers, classes or ())
        super().__init__(student, teacher, match=match, T=T, **options)
        self.match = str(choose("what is matched", match, MATCHES))
        check_temperature(T)
        same_classes(student, teacher)
        self.T = T

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("scores", self.to_scores, ("logits",)),)

    def weights(self) -> dict[str, float]:
        return {spot.name: spot.weight for spot in self.spots()}

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        """The loss of every spot; no label is looked at."""
        assert t is not None
        return {spot.name: spot.loss(s, t) for spot in self.spots()}

    def to_scores(self, s: Trace, t: Trace) -> Float[Tensor, ""]:
        """The student's scores against those of the teachers, as `match` says."""
        if self.match == "blocks":
            return block_divergence(s.logits, self.teacher.answers(t.embedding), self.teacher.classes, self.T)
        if self.match == "softmax":
            return softened_divergence(s.logits, t.logits, self.T)
        return score_loss(s.logits, t.logits)


class AmalgamationUnit(nn.Module):
    """The maps of all teachers side by side, in as many channels as the student has, and back: an auto-encoder of two
    1×1 convolutions.

    A ReLU ends the code, which the paper does not have: so it can be the active map of a student's stage.
    """

    def __init__(self, c_t: int, c_s: int) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Conv2d(c_t, c_s, 1), nn.Conv2d(c_s, c_t, 1)

    def forward(self, f: Float[Tensor, "B C H W"]) -> Float[Tensor, "B c H W"]:
        """The amalgamated features."""
        code: Tensor = self.encoder(f)
        return code.relu()

    def error(self, f: Float[Tensor, "B C H W"]) -> Float[Tensor, ""]:
        """(f - rebuilt f)², mean over all numbers."""
        return F.mse_loss(self.decoder(self(f)), f)


class FeatureAmalgamation(Amalgamation):
    """The paper's two steps, features first and then the student layer by layer, and a third on its scores:

    1. amalgamate the features: an `AmalgamationUnit` for each stage learns to rebuild the teachers' maps;
    2. learn layer by layer: each stage of the student gets the amalgamated features of the stage before, and is to make
       those of its own, (a - f)², mean over all numbers; its last layers get the last ones and are to make the scores;
    3. the whole student learns the scores, as `Amalgamation`.

    unit_epochs, layer_epochs: of the first two, by default a quarter of all each. Stages pair with the teachers' from
    the last; maps of other sizes are average-pooled, or repeated.
    """

    def __init__(
        self,
        student: Net,
        teachers: Sequence[Net] | Specialists,
        classes: Sequence[Sequence[int]] | None = None,
        match: Match = "scores",
        T: float = 1.0,
        unit_epochs: int | None = None,
        layer_epochs: int | None = None,
    ) -> None:
        super().__init__(student, teachers, classes, match, T, unit_epochs=unit_epochs, layer_epochs=layer_epochs)
        self.first_epochs = unit_epochs, layer_epochs
        n_s, n_t = len(student.widths), len(self.teacher.widths)
        depth = min(n_s, n_t)
        told = f"{student.name} has {n_s} stages and the teachers have {n_t} in common"
        require(depth > 0, f"{told}; features are amalgamated stage by stage: take Amalgamation, which needs none")
        self.stages = tuple((n_s - depth + i, n_t - depth + i) for i in range(depth))
        self.units = nn.ModuleList(AmalgamationUnit(self.teacher.widths[j], student.widths[i]) for i, j in self.stages)
        self.train(student.training)

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        quarter = max(1, round(epochs / 4))
        units, layers = (quarter if given is None else given for given in self.first_epochs)
        told = f"unit_epochs={units} and layer_epochs={layers} of {epochs} epochs"
        fits = units >= 1 and layers >= 1 and units + layers < epochs
        require(fits, f"{told}: each takes one at least, and one must be left for the scores")
        return (
            Phase(UNITS, units, self.unit_losses, schedule="constant"),
            Phase(LAYERS, layers, self.layer_losses),
            *super().phases(epochs - units - layers),
        )

    def parameter_groups(self, phase: Phase) -> dict[str, list[nn.Parameter]]:
        learning = self.units if phase.name == UNITS else self.student
        return {"student": [p for p in learning.parameters() if p.requires_grad]}

    def unit_losses(self, images: Float[Tensor, "B ..."], t: Trace) -> Terms:
        """How well each unit rebuilds the teachers' maps."""
        return {f"unit{n + 1}": unit.error(t.active[self.stages[n][1]]) for n, unit in enumerate(self._units())}

    def layer_losses(self, images: Float[Tensor, "B ..."], t: Trace) -> Terms:
        """Every stage of the student by itself, from the amalgamated features before it to those after it."""
        terms: Terms = {}
        h, start = images, 0
        for n, unit in enumerate(self._units()):
            i, j = self.stages[n]
            made = advance(self.student, h, start, i + 1)
            with torch.no_grad():
                h, start = pooled(unit(t.active[j]), (made.shape[2], made.shape[3]), "avg"), i + 1
            terms[f"layer{n + 1}"] = F.mse_loss(made, h)
        embedding = self.student.embed(h)
        last = Trace(None, (), embedding, self.student.classify(embedding))
        return {**terms, "scores": self.to_scores(last, t)}

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        if phase.name not in (UNITS, LAYERS):
            return super().step(batch, phase, optimisers)
        t = self.answers(batch)
        terms = phase.losses(batch.images, t)
        return {**terms, "loss": minimise(terms, phase.weights, optimisers["student"])}

    def _units(self) -> list[AmalgamationUnit]:
        return [unit for unit in self.units if isinstance(unit, AmalgamationUnit)]
