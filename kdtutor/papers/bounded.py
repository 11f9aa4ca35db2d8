"""Learning Efficient Object Detection Models with Knowledge Distillation (Chen, Choi, Yu, Han, Chandraker; NIPS 2017):
numbers that the student learns until it is as good as its teacher."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..data import Batch, Regression
from ..errors import ShapeError, require
from ..nets import Net, Trace
from ..train import Distiller, Spot
from ..train.objective import Terms
from .numbers import same_numbers, translated
from .tensors import full_precision, same_shape, shape


@full_precision
def bounded_loss(
    y_s: Float[Tensor, "B D"], y_t: Float[Tensor, "B D"], y: Float[Tensor, "B D"], margin: float = 0.0
) -> Float[Tensor, ""]:
    """‖y_s - y‖² where ‖y_s - y‖² + margin > ‖y_t - y‖², else 0; mean over the samples that have a number.

    The student is held to the truth for as long as the teacher is nearer to it: the teacher's error is a bound, and
    not what is to be copied. Distances are over the known numbers of y (not NaN); 0 where none is. The
    teacher's side is constant. Raises `ShapeError` unless all are `(B, D)`.

    >>> y_s, y_t, y = torch.tensor([[2.0], [1.0]]), torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1)
    >>> bounded_loss(y_s, y_t, y).item()  # 4 for the first; the second is nearer than its teacher
    2.0
    """
    if y_s.ndim != 2 or len(y_s) == 0:
        raise ShapeError(f"bounded_loss: the student's numbers have shape {shape(y_s)}; expected (B, D) with B ≥ 1")
    same_shape(y_s, y_t, "bounded_loss, numbers")
    told = f"bounded_loss: the labels have shape {shape(y)} and the student's numbers {shape(y_s)}; they must be equal"
    require(y.shape == y_s.shape, told, ShapeError)
    known = ~y.isnan()
    own, bound = (_distance(x, y.nan_to_num(), known) for x in (y_s, y_t.detach()))
    held = torch.where(own.detach() + margin > bound, own, 0.0)
    return held.sum() / known.any(1).sum().clamp(min=1)


class Bounded(Distiller):
    """The student learns numbers from their labels, and harder where the teacher knows them better than it does.

    L = task + nu · `bounded_loss`, in the standard units of the data's task; a teacher whose card tells units of its
    own is converted. Images without a number teach nothing here: there is no error to compare.

    The paper has nu = 0.5, for the corners of boxes beside a smooth L1 loss, and no value for the margin.
    """

    needs_teacher = True
    tasks = (Regression,)
    known: tuple[Regression, Float[Tensor, "B D"]] | None
    """The task, and the labels of the samples whose traces the spot is given next, set by `look_at`."""

    def __init__(self, student: Net, teacher: Net, nu: float = 0.5, margin: float = 0.0) -> None:
        super().__init__(student, teacher, nu=nu, margin=margin)
        require(nu >= 0, f"nu={nu}: the weight of the bounded loss must not be negative")
        require(margin >= 0, f"margin={margin}: by how much the student is to be better must not be negative")
        same_numbers(student, teacher)
        self.nu, self.margin = nu, margin
        self.known = None

    def spots(self) -> tuple[Spot, ...]:
        def loss(s: Trace, t: Trace) -> Tensor:
            require(self.known is not None, "the spot needs the labels of the batch; call look_at(batch) before it")
            assert self.known is not None and self.teacher is not None
            task, labels = self.known
            y_t = translated(t.logits, self.teacher, task)
            return bounded_loss(s.logits, y_t, task.standard(labels), self.margin)

        return (Spot("bound", loss, ("logits",), self.nu),)

    def look_at(self, batch: Batch) -> None:
        assert isinstance(batch.task, Regression), "which is what `check` has asked"
        self.known = batch.task, batch.labels

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        self.look_at(batch)
        return super().losses(s, t, batch)


def _distance(x: Float[Tensor, "B D"], y: Float[Tensor, "B D"], known: Bool[Tensor, "B D"]) -> Float[Tensor, " B"]:
    """‖x - y‖² over the known numbers."""
    return torch.where(known, x - y, 0.0).square().sum(1)
