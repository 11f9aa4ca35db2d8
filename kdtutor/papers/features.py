"""What the methods that match features share: the weights of their terms, and teaching in one phase or in two."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from jaxtyping import Float
from torch import Tensor

from ..data import Batch, Classification, Data, Dense, Task
from ..errors import require
from ..nets import Net, Trace
from ..train import Distiller, Phase, Spot
from ..train.checks import same_classes
from ..train.objective import Terms
from .hinton import check_temperature
from .tensors import softened_divergence


class Features(Distiller):
    """Base of the methods that match what is inside the networks, in one phase:

    L = (1 - alpha) · cross-entropy + alpha · `kd_loss` + Σ weight · spot loss.

    A subclass gives `spots`, each of which weighs beta, or a share of it. With alpha = 0 the logits are not matched.
    """

    needs_teacher = True
    tasks: tuple[type[Task], ...] = (Task,)

    def __init__(
        self, student: Net, teacher: Net, *, beta: float, alpha: float = 0.0, T: float = 4.0, **options: Any
    ) -> None:
        super().__init__(student, teacher, **options, beta=beta, alpha=alpha, T=T)
        require(beta >= 0, f"beta={beta}: the weight of the features must not be negative")
        require(0 <= alpha <= 1, f"alpha={alpha}: the share of the teacher's logits must lie in 0…1")
        check_temperature(T)
        if alpha:
            same_classes(student, teacher, ", so set alpha=0")
        self.beta, self.alpha, self.T = beta, alpha, T

    def check(self, data: Data) -> None:
        super().check(data)
        told = f"{type(self).__name__} with alpha={self.alpha} matches probabilities of classes"
        plain = not self.alpha or isinstance(data.task, Classification | Dense)
        require(plain, f"{told}; {data.name} is a set for {data.task}: set alpha=0")

    def shares(self) -> dict[str, float]:
        """Deprecated: each spot's weight over beta. A spot has its weight: `spot.weight`."""
        warnings.warn("shares() is deprecated; a spot has its weight, `spot.weight`", DeprecationWarning, stacklevel=2)
        return {spot.name: spot.weight / (self.beta or 1.0) for spot in self.spots()}

    def weights(self) -> dict[str, float]:
        return {**self.task_weights(), **self.feature_weights()}

    def task_weights(self) -> dict[str, float]:
        """The weight of each term of the `task`."""
        return {"task": 1 - self.alpha, **({"kd": self.alpha} if self.alpha else {})}

    def feature_weights(self) -> dict[str, float]:
        """The weight of each of the `features`."""
        return {spot.name: spot.weight for spot in self.spots()}

    def task(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        """The task, and the teacher's logits if asked for."""
        kd = {"kd": softened_divergence(s.logits, t.logits, self.T)} if self.alpha and t is not None else {}
        return {"task": batch.task.loss(s.logits, batch.labels), **kd}

    def features(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        """Every spot; no label is looked at."""
        assert t is not None
        self.look_at(batch)
        return {spot.name: spot.loss(s, t) for spot in self.spots()}

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        return {**self.task(s, t, batch), **self.features(s, t, batch)}


class TwoPhases(Features):
    """Base of FitNets, FSP and activation boundaries: the features first, without a label; then the task.

    The first phase takes `first_epochs` (default: 40 % of all) at a constant rate, `first_lr` (default: the recipe's).
    The second minimises (1 - alpha) · cross-entropy + alpha · `kd_loss`; with alpha = 0 it needs no teacher. A subclass
    says how its first phase is called, and names these two settings after it: `<noun>_epochs` and `<noun>_lr`.
    """

    FIRST_SHARE: ClassVar[float] = 0.4
    FIRST_PHASE: ClassVar[str]
    NOUN: ClassVar[str]

    def __init__(
        self, student: Net, teacher: Net, *, first_epochs: int | None, first_lr: float | None, **options: Any
    ) -> None:
        named: dict[str, Any] = {f"{self.NOUN}_epochs": first_epochs, f"{self.NOUN}_lr": first_lr}
        super().__init__(student, teacher, **options, **named)
        require(
            first_lr is None or first_lr > 0, f"{self.NOUN}_lr={first_lr}: the learning rate must be a positive number"
        )
        self.first_epochs, self.first_lr = first_epochs, first_lr

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        first = self.first_epochs if self.first_epochs is not None else max(1, round(self.FIRST_SHARE * epochs))
        require(
            0 <= first < epochs,
            f"{self.NOUN}_epochs={first} of {epochs} epochs: at least one epoch must be left for the second phase",
        )
        second = self.second_phase(epochs - first)
        return (self.first_phase(first), second) if first else (second,)

    def first_phase(self, epochs: int) -> Phase:
        """The features alone."""
        weights = self.feature_weights()
        return Phase(self.FIRST_PHASE, epochs, self.features, weights, schedule="constant", lr=self.first_lr)

    def second_phase(self, epochs: int) -> Phase:
        """The task alone."""
        return Phase("learn the task", epochs, self.task, self.task_weights(), needs_teacher=self.alpha > 0)


def halving(layers: int) -> tuple[float, ...]:
    """2^(n-N+1) for n = 0 … N-1: …, 1/4, 1/2, 1.

    >>> halving(3)
    (0.25, 0.5, 1.0)
    """
    return tuple(2.0 ** (n - layers + 1) for n in range(layers))


def stage_spots(
    name: str,
    pairs: Sequence[tuple[int, int]],
    loss: Callable[[Trace, Trace, int], Float[Tensor, ""]],
    weights: Sequence[float],
) -> tuple[Spot, ...]:
    """One spot for each pair of stages, `name`1, `name`2, …, with its weight; `loss(s, t, n)` is that of pair n.

    >>> spots = stage_spots("at", [(0, 0), (1, 1)], lambda s, t, n: None, [1.0, 0.5])
    >>> [(spot.name, spot.layers, spot.weight) for spot in spots]
    [('at1', (1,), 1.0), ('at2', (2,), 0.5)]
    """

    def one(n: int, weight: float) -> Spot:
        return Spot(f"{name}{n + 1}", lambda s, t: loss(s, t, n), (pairs[n][0] + 1,), weight)

    return tuple(one(n, weight) for n, weight in enumerate(weights))
