"""Logits as they are: what the two data-free papers have a student imitate (DFAD with L1, DAFL with KL)."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from ..data import Classification, Dense
from ..errors import choose
from ..nets import Net, Trace
from ..train import Distiller, Spot
from ..train.checks import same_classes
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

    No label is looked at. This is the imitation stage of DFAD, and with "kl" that of DAFL.
    """

    needs_teacher = True
    tasks = (Classification, Dense)

    def __init__(self, student: Net, teacher: Net, distance: Literal["l1", "kl"] = "l1") -> None:
        super().__init__(student, teacher, distance=distance)
        choose("distance", distance, ("l1", "kl"))
        same_classes(student, teacher)
        self.distance = distance

    def spots(self) -> tuple[Spot, ...]:
        def loss(s: Trace, t: Trace) -> Tensor:
            if self.distance == "l1":
                return discrepancy(s.logits, t.logits.detach())
            return softened_divergence(s.logits, t.logits, T=1)

        return (Spot("logits", loss, ("logits",)),)

    def weights(self) -> dict[str, float]:
        return {**super().weights(), "task": 0.0}
