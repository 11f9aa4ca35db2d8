"""deit: TODO say in a line what the student is to learn from its teacher.

Touvron, Cord, Douze, Massa, Sablayrolles, Jégou: Training Data-Efficient Image Transformers & Distillation through
Attention (2021; International Conference on Machine Learning)
"""

from jaxtyping import Float
from torch import Tensor

from ..errors import require
from ..nets import Net
from ..train import Distiller, Spot
from ..train.checks import same_classes
from .tensors import full_precision, same_shape


@full_precision
def deit_loss(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """The mean over B and K of (z_s - z_t)². TODO: the paper's formula, and where it stands (§).

    The teacher's side is constant. Raises `ShapeError` unless the shapes are equal.
    """
    same_shape(z_s, z_t, "deit_loss, logits")
    return (z_s - z_t.detach()).square().mean()


class Deit(Distiller):
    """L = cross-entropy + beta · `deit_loss`.

    TODO: what is matched, where, and what the authors' code does that the paper does not say.
    """

    needs_teacher = True

    def __init__(self, student: Net, teacher: Net, beta: float = 0.1) -> None:
        super().__init__(student, teacher, beta=beta)
        require(beta >= 0, f"beta={beta}: the weight of the teacher must not be negative")
        same_classes(student, teacher)
        self.beta = beta

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("match", lambda s, t: deit_loss(s.logits, t.logits), ("logits",), self.beta),)
