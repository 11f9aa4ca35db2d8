"""Born Again Neural Networks (Furlanello, Lipton, Tschannen, Itti, Anandkumar; ICML 2018): a net learns from one of its
own kind, and teaches the next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from ..data import UNLABELLED, Batch, Data
from ..data.pinned import onto
from ..errors import ShapeError, choose, require
from ..nets import Net, Trace
from ..train import Alone, Distiller, History, Recipe, Spot, fit
from ..train.checks import same_classes, warn_of_probabilities
from ..train.objective import Terms
from .tensors import check_labels, full_precision, same_shape, shape

Form = Literal["ban", "dkpp", "cwtm"]
FORMS = ("ban", "dkpp", "cwtm")
"""What is taken over from the generation before: all of its softmax; the same with its dark knowledge permuted; or only
how sure it is of a sample."""


@full_precision
def ban_loss(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """-Σ_k p_t log p_s in nats, mean over the B samples, p = softmax(z): cross-entropy with the softmax of the
    generation before, at temperature 1.

    Its gradient is that of `kd_loss` at T = 1, (p_s - p_t) / B; its least value is the teacher's entropy, not 0. The
    teacher's side is constant.

    >>> undecided, sure = torch.zeros(1, 2), torch.tensor([[999.0, 0.0]])
    >>> round(ban_loss(undecided, sure).item(), 4), ban_loss(sure, sure).item()  # log 2
    (0.6931, 0.0)
    """
    _check("ban_loss", z_s, z_t)
    return _ban(z_s, z_t)


@full_precision
def _ban(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    return _soft_cross_entropy(z_s, F.softmax(z_t.detach(), 1)).mean()


def permuted(p: Float[Tensor, "B K"], order: Int[Tensor, "B K-1"]) -> Float[Tensor, "B K"]:
    """p with the largest number of each row where it is, and the others in another order.

    order: a permutation of 0 … K-2 for each sample: the others, counted from the left, are read in this order.

    >>> permuted(torch.tensor([[0.1, 0.6, 0.2, 0.1]]), torch.tensor([[1, 2, 0]]))
    tensor([[0.2000, 0.6000, 0.1000, 0.1000]])
    """
    top = p.argmax(1, keepdim=True)  # B 1
    places = torch.arange(p.shape[1] - 1, device=p.device)
    others = places + (places >= top)  # B K-1, the classes beside the largest
    return p.scatter(1, others, p.gather(1, others.gather(1, order)))


def draw_orders(count: int, classes: int, generator: torch.Generator | None = None) -> Int[Tensor, "count _others"]:
    """For each of `count` samples a permutation of the classes beside the largest, all equally likely.

    >>> draw_orders(2, 4, torch.Generator().manual_seed(0)).sort(1).values
    tensor([[0, 1, 2],
            [0, 1, 2]])
    """
    return torch.rand(count, classes - 1, generator=generator).argsort(1)


@full_precision
def dkpp_loss(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"], order: Int[Tensor, "B K-1"]) -> Float[Tensor, ""]:
    """`ban_loss` with dark knowledge permuted: the teacher's largest probability stays with its class, the others
    change places (`permuted`).

    What remains is how sure the teacher is, and how the rest is spread; which class resembles which is destroyed.

    >>> z_s, z_t = torch.tensor([[2.0, 1.0, 0.0]]), torch.tensor([[2.0, 1.0, 0.0]])
    >>> as_it_is, swapped = (dkpp_loss(z_s, z_t, torch.tensor([order])) for order in ([0, 1], [1, 0]))
    >>> torch.equal(as_it_is, ban_loss(z_s, z_t)), (swapped > as_it_is).item()
    (True, True)
    """
    _check("dkpp_loss", z_s, z_t)
    fits = order.shape == (z_t.shape[0], z_t.shape[1] - 1)
    told = f"dkpp_loss: the order has shape {shape(order)} and the logits {shape(z_t)}; expected (B, K-1)"
    require(fits, told, ShapeError)
    return _dkpp(z_s, z_t, order)


@full_precision
def _dkpp(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"], order: Int[Tensor, "B K-1"]) -> Float[Tensor, ""]:
    return _soft_cross_entropy(z_s, permuted(F.softmax(z_t.detach(), 1), order)).mean()


@full_precision
def cwtm_weights(z_t: Float[Tensor, "B K"], labels: Int[Tensor, " B"]) -> Float[Tensor, " B"]:
    """max_k p_t of each sample over their sum in the batch: the surer the teacher, the more the sample counts.

    Samples without a label weigh nothing; the weights of the others sum to 1.

    >>> cwtm_weights(torch.tensor([[100.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1]))
    tensor([0.6667, 0.3333])
    """
    known = labels != UNLABELLED
    surest = F.softmax(z_t.detach(), 1).amax(1) * known
    return surest / torch.where(known.any(), surest.sum(), 1.0)


@full_precision
def cwtm_loss(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"], labels: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    """Σ_b w_b · cross-entropy with the label, w = `cwtm_weights`: confidence weighted by the teacher's maximum.

    No soft target is left: of the teacher only one number a sample. 0 where no sample is labelled.

    >>> z_s, z_t, y = torch.zeros(2, 2), torch.tensor([[5.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1])
    >>> round(cwtm_loss(z_s, z_t, y).item(), 4)  # log 2, whatever the weights are
    0.6931
    """
    _check("cwtm_loss", z_s, z_t)
    told = f"cwtm_loss: the labels have shape {shape(labels)} and the logits {shape(z_s)}; expected (B,)"
    require(labels.shape == z_s.shape[:1], told, ShapeError)
    check_labels(labels, z_s.shape[1], "cwtm_loss")
    return _cwtm(z_s, z_t, labels)


@full_precision
def _cwtm(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"], labels: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    own = F.cross_entropy(z_s, labels.long(), ignore_index=UNLABELLED, reduction="none")
    return (cwtm_weights(z_t, labels) * own).sum()


class BornAgain(Distiller):
    """A net learns from the generation before it: L = (1 - alpha) · cross-entropy + alpha · what is taken over.

    form: "ban", `ban_loss`; "dkpp", `dkpp_loss` with new permutations in every step; "cwtm", `cwtm_loss`. With
    alpha = 1 a generation never looks at a label, but for "cwtm"; the paper trains with labels and without. As a sum of
    both with equal weights, its form with labels is alpha = 0.5 at twice the learning rate.

    The teacher is mostly of the student's kind, but need not be: the paper also changes the kind.
    """

    needs_teacher = True
    labels: Int[Tensor, " B"] | None
    """The labels of the samples whose traces the spot is given next, set by `look_at`."""

    def __init__(self, student: Net, teacher: Net, alpha: float = 1.0, form: Form = "ban") -> None:
        super().__init__(student, teacher, alpha=alpha, form=form)
        choose("form", form, FORMS)
        require(0 <= alpha <= 1, f"alpha={alpha}: the share of the generation before must lie in 0…1")
        same_classes(student, teacher)
        require(student.num_classes >= 2, "the nets know one class; to tell it from others takes at least 2")
        self.alpha, self.form = alpha, form
        self.mixes = form != "cwtm"  # which asks for the class of one image
        self.labels = None

    @property
    def graphable(self) -> bool:
        return self.form != "dkpp" and super().graphable  # it draws in a step

    def spots(self) -> tuple[Spot, ...]:
        losses: dict[str, Callable[[Trace, Trace], Tensor]] = {
            "ban": lambda s, t: _ban(s.logits, t.logits),
            "dkpp": lambda s, t: _dkpp(s.logits, t.logits, self._orders(t.logits)),
            "cwtm": lambda s, t: _cwtm(s.logits, t.logits, self._labels()),
        }
        return (Spot(self.form, losses[self.form], ("logits",), self.alpha),)

    def weights(self) -> dict[str, float]:
        return {**super().weights(), "task": 1 - self.alpha}

    def look_at(self, batch: Batch) -> None:
        self.labels = batch.labels

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        self.look_at(batch)
        return super().losses(s, t, batch)

    def _orders(self, z_t: Float[Tensor, "B K"]) -> Int[Tensor, "B K-1"]:
        count, classes = z_t.shape
        return onto(draw_orders(count, classes, self.noise), z_t)

    def _labels(self) -> Int[Tensor, " B"]:
        require(self.labels is not None, "the spot needs the labels of the batch; call look_at(batch) before it")
        assert self.labels is not None
        return self.labels


@dataclass(frozen=True)
class Generation:
    """One of several nets, each taught by the one before: its number (0 has no teacher), itself, and its training."""

    number: int
    net: Net
    history: History


def generations(
    new: Callable[[int], Net],
    data: Data,
    last: int = 3,
    epochs: int = 8,
    *,
    alpha: float = 1.0,
    form: Form = "ban",
    recipe: Recipe = Recipe(),  # noqa: B008 (frozen: sharing the default is safe)
    seed: int = 0,
    device: str | torch.device | None = None,
    out: str | Path | None = None,
    progress: bool = True,
) -> Iterator[Generation]:
    """Generation 0, which learns from labels alone, then 1 … `last`, each `BornAgain` from the one before.

    new: the number of a generation → its net with fresh weights: the same for all, or of another kind each time.
    out: a folder in which each generation has one of its own; the same call goes on where it was stopped, to the same
    numbers. The rest is as for `fit`. The ensemble of what comes out is `kd.Ensemble([g.net for g in born])`.

    >>> points, rule = kd.data.load("moons"), kd.Recipe(steps_per_epoch=2)
    >>> small = lambda k: kd.nets.build("mlp8", classes=2)
    >>> born = list(generations(small, points, 1, 1, recipe=rule, device="cpu", progress=False))
    >>> [(one.number, one.history.phases) for one in born]
    [(0, ('alone',)), (1, ('distil',))]
    """
    require(last >= 1, f"last={last}: the number of the last generation is at least 1; generation 0 has no teacher")
    train = partial(fit, data=data, epochs=epochs, recipe=recipe, seed=seed, device=device, progress=progress)
    parent: Net | None = None
    for number in range(last + 1):
        net = new(number)
        method = Alone(net) if parent is None else BornAgain(net, parent, alpha, form)
        folder = None if out is None else Path(out) / f"generation{number}"
        yield Generation(number, net, train(method, out=folder))
        parent = net


def _soft_cross_entropy(z: Float[Tensor, "B K"], p: Float[Tensor, "B K"]) -> Float[Tensor, " B"]:
    """-Σ_k p log softmax(z); a class of probability 0 adds nothing, whatever its logit is."""
    log_q = F.log_softmax(z, 1)
    return -(p * torch.where(p > 0, log_q, 0.0)).sum(1)


def _check(loss: str, z_s: Tensor, z_t: Tensor) -> None:
    """What shapes and numbers tell; a run has asked before its first step."""
    if z_s.ndim != 2 or len(z_s) == 0 or z_s.shape[1] < 2:
        raise ShapeError(f"{loss}: the student's logits have shape {shape(z_s)}; expected (B, K) with B ≥ 1 and K ≥ 2")
    same_shape(z_s, z_t, f"{loss}, logits")
    if z_t.device.type == "cpu":  # on a GPU each answer is a wait
        warn_of_probabilities(z_t, f"{loss}: the teacher's logits")
