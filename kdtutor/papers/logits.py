"""Logits as they are: what the two data-free papers have a student imitate (DFAD with L1, DAFL with KL)."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from ..data import Batch, Classification, Data, Dense, MultiLabel, Regression, Task
from ..errors import choose, require
from ..nets import Net, Trace
from ..train import Distiller, Spot
from ..train.checks import same_classes
from ..train.objective import Terms
from .numbers import translated
from .tensors import full_precision, same_shape, softened_divergence


@full_precision
def discrepancy(z_s: Float[Tensor, "B K *size"], z_t: Float[Tensor, "B K *size"]) -> Float[Tensor, ""]:
    """The mean over B and K (and pixels) of |z_s - z_t| (§3.2): how far the student's logits are from the teacher's.

    Gradients reach both sides, since a generator looks through both nets. Raises `ShapeError` unless shapes are equal.

    >>> discrepancy(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 5.0]])).item()
    2.0
    """
    same_shape(z_s, z_t, "discrepancy, logits")
    return (z_s - z_t).abs().mean()


class Logits(Distiller):
    """The student's logits are to be the teacher's: `discrepancy` (distance="l1") or `kd_loss` at T = 1 ("kl").

    No label is looked at. This is the imitation stage of DFAD, and with "kl" that of DAFL. Several labels and numbers
    are imitated with "l1" alone, numbers in the standard units of the data's task, for which a teacher whose card tells
    units of its own is converted.
    """

    needs_teacher = True
    tasks = (Classification, MultiLabel, Regression, Dense)
    known: Task | None = None
    """The task of the samples whose traces the spot is given next, set by `look_at`."""

    def __init__(self, student: Net, teacher: Net, distance: Literal["l1", "kl"] = "l1") -> None:
        super().__init__(student, teacher, distance=distance)
        choose("distance", distance, ("l1", "kl"))
        same_classes(student, teacher)
        self.distance = distance

    def spots(self) -> tuple[Spot, ...]:
        def loss(s: Trace, t: Trace) -> Tensor:
            if self.distance == "l1":
                assert self.teacher is not None
                return discrepancy(s.logits, translated(t.logits.detach(), self.teacher, self.known))
            return softened_divergence(s.logits, t.logits, T=1)

        return (Spot("logits", loss, ("logits",)),)

    def weights(self) -> dict[str, float]:
        return {**super().weights(), "task": 0.0}

    def check(self, data: Data) -> None:
        super().check(data)
        told = f'Logits with distance="kl" matches probabilities of classes; {data.name} is a set for {data.task}'
        require(self.distance == "l1" or isinstance(data.task, Classification | Dense), f'{told}: set distance="l1"')

    def look_at(self, batch: Batch) -> None:
        self.known = batch.task

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        self.look_at(batch)
        return super().losses(s, t, batch)
