"""Matching Guided Distillation (Yue, Deng, Zhou; ECCV 2020): teacher channels are assigned to student channels."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..data import Source
from ..data.pinned import onto
from ..errors import ShapeError, choose, require
from ..nets import Net, Trace
from ..train import Spot, evaluating
from .adapters import BatchNorm, check_maps, same_size, stage_pairs
from .features import Features, halving, stage_spots
from .overhaul import margin_relu, partial_l2, tap_margins
from .tensors import SMALLEST, full_precision, shape

SCALE = 1 / 10_000  # the authors' weight
How = Literal["max", "random", "sparse"]
HOWS: tuple[How, ...] = ("max", "random", "sparse")


@full_precision
def flow_cost(f_s: Float[Tensor, "B C_s H W"], f_t: Float[Tensor, "B C_t h w"]) -> Float[Tensor, "C_s C_t"]:
    """Mean over the samples of ‖ŝ_j - t̂_k‖², where ŝ_j and t̂_k are the maps of student channel j and teacher channel k
    scaled to unit length: how badly the two fit, between 0 (alike) and 4 (opposite) (§3.2).

    It is computed as ‖ŝ_j‖² + ‖t̂_k‖² - 2 ŝ_j·t̂_k; a map of zeros stays zero. Of two sizes the larger is
    average-pooled. No gradient passes. Raises `ShapeError` unless both are (B, C, H, W) with one B.

    >>> f = torch.ones(1, 1, 2, 2)
    >>> flow_cost(f, torch.cat([f, -f], 1))  # alike: 0, opposite: 4
    tensor([[0., 4.]])
    """
    check_maps(f_s, f_t, "flow_cost")
    with torch.no_grad():
        f_s, f_t = same_size(f_s, f_t, "avg")
        s, t = (F.normalize(f.flatten(2), dim=2, eps=SMALLEST).transpose(0, 1) for f in (f_s, f_t))  # C B HW
        products = s.flatten(1) @ t.flatten(1).T
        squares_s, squares_t = (u.square().sum((1, 2)) for u in (s, t))
        return ((squares_s[:, None] + squares_t - 2 * products) / len(f_s)).clamp(min=0)


def assign(cost: Float[Tensor, "C_s C_t"], sparse: bool = False) -> Float[Tensor, "C_s C_t"]:
    """The flow matrix M of 0 and 1 with the smallest Σ M · cost (§3.3); scipy's Hungarian solver.

    Dense: every teacher channel is given to exactly one student channel, and every student channel gets C_t / C_s of
    them; where that is no whole number, some get one more (no teacher channel is lost). Sparse: every student channel
    gets one teacher channel, no two the same. Raises `ShapeError` where the teacher has fewer channels.

    >>> assign(torch.tensor([[0.0, 1.0, 2.0, 0.5], [1.0, 0.0, 0.1, 2.0]]))
    tensor([[1., 0., 0., 1.],
            [0., 1., 1., 0.]])
    """
    from scipy.optimize import linear_sum_assignment

    require(cost.ndim == 2, f"assign: the cost has shape {shape(cost)}; expected (C_s, C_t)", ShapeError)
    c_s, c_t = cost.shape
    require(
        c_t >= c_s >= 1,
        f"the teacher has {c_t} channels, the student {c_s}: matching gives every student channel one of the teacher's "
        "or more, so the teacher needs at least as many",
        ShapeError,
    )
    require(bool(cost.isfinite().all()), "assign: the cost holds NaN or infinite numbers; is the student diverging?")
    numbers = cost.detach().double().cpu()
    if not sparse:
        # A student channel is one row for each teacher channel it may get: C_t // C_s rows that must be used, and one
        # that may be if C_t is no multiple. The bonus on the former is larger than any sum of costs.
        share, rest = divmod(c_t, c_s)
        bonus = 1 + numbers.abs().max() * 2 * c_t
        numbers = torch.cat([(numbers - bonus if rest else numbers).repeat(share, 1), *([numbers] if rest else [])])
    rows, columns = linear_sum_assignment(numbers.numpy())
    M = torch.zeros_like(cost)
    M[torch.as_tensor(rows) % c_s, torch.as_tensor(columns)] = 1
    return M


class Groups(NamedTuple):
    """The teacher channels of each student channel in a rectangle, and how many they are. Where a group is smaller than
    the largest one, its first channel fills the row."""

    rows: Int[Tensor, "C_s G"]
    sizes: Int[Tensor, " C_s"]


def groups(M: Float[Tensor, "C_s C_t"]) -> Groups:
    """The groups of a flow matrix. Raises `ShapeError` if a student channel has none.

    >>> rows, sizes = groups(torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]))
    >>> rows.tolist(), sizes.tolist()
    ([[0, 2], [1, 1]], [2, 1])
    """
    sizes = M.sum(1).long()
    require(bool((sizes > 0).all()), "the flow matrix gives a student channel no teacher channel", ShapeError)
    return even_groups(M, int(sizes.max()))


def even_groups(M: Float[Tensor, "C_s C_t"], largest: int) -> Groups:
    """The groups of a matrix that `assign` has made, of which the largest has so many channels: C_t / C_s, rounded up,
    or 1 if sparse. Nothing is asked of the matrix, since on a GPU each answer is a wait.

    >>> even_groups(torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]), largest=2).rows
    tensor([[0, 2],
            [1, 1]])
    """
    sizes = M.sum(1).long()
    first = M.argmax(1, keepdim=True)
    order = M.argsort(dim=1, descending=True, stable=True)[:, :largest]
    inside = torch.arange(order.shape[1], device=M.device) < sizes[:, None]
    return Groups(torch.where(inside, order, first), sizes)


def reduce(
    f_t: Float[Tensor, "B C_t H W"],
    M: Float[Tensor, "C_s C_t"],
    how: How = "max",
    generator: torch.Generator | None = None,
) -> Float[Tensor, "B C_s H W"]:
    """One map a student channel out of its group of teacher channels (§3.4).

    "max", absolute max pooling: at each position the value with the largest magnitude, its sign kept (of equal ones the
    first). "random", random drop: at each position of each sample one channel of the group, drawn from `generator`.
    "sparse": the one channel that sparse matching has left. Raises `ShapeError` for a matrix that does not fit.

    >>> f_t = torch.tensor([1.0, -5.0, 2.0]).reshape(1, 3, 1, 1)
    >>> reduce(f_t, torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])).flatten()
    tensor([-5.,  2.])
    """
    choose("how", how, HOWS)
    require(
        f_t.ndim == 4 and M.ndim == 2 and f_t.shape[1] == M.shape[1],
        f"reduce: the map has shape {shape(f_t)}, the flow matrix {shape(M)}; expected (B, C_t, H, W) and (C_s, C_t)",
        ShapeError,
    )
    found = groups(M)
    require(
        how != "sparse" or found.rows.shape[1] == 1,
        "reduce: how='sparse' needs a flow matrix with one teacher channel a student channel; "
        "make it with assign(cost, sparse=True)",
    )
    return reduce_groups(f_t, found, how, generator)


def reduce_groups(
    f_t: Float[Tensor, "B C_t H W"], of: Groups, how: How, generator: torch.Generator | None = None
) -> Float[Tensor, "B C_s H W"]:
    """`reduce` by groups that are known.

    >>> f_t = torch.tensor([1.0, -5.0, 2.0]).reshape(1, 3, 1, 1)
    >>> reduce_groups(f_t, groups(torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])), "max").flatten()
    tensor([-5.,  2.])
    """
    rows, sizes = of
    if how == "sparse":
        return f_t[:, rows[:, 0]]
    if how == "max":
        largest = f_t[:, rows[:, 0]]
        for g in range(1, rows.shape[1]):  # torch's argmax over a short dimension takes ten times as long
            other = f_t[:, rows[:, g]]
            largest = torch.where(other.abs() > largest.abs(), other, largest)
        return largest
    grouped = f_t[:, rows]  # B C_s G H W
    B, c_s, _, H, W = grouped.shape
    where = onto(torch.rand(B, c_s, 1, H, W, generator=generator), f_t)
    chosen = (where * sizes.view(1, -1, 1, 1, 1)).long()
    return grouped.gather(2, chosen).squeeze(2)


def reduce_margin(
    m: Float[Tensor, " C_t"], M: Float[Tensor, "C_s C_t"], how: How = "max", generator: torch.Generator | None = None
) -> Float[Tensor, " C_s"]:
    """The margin of each group: its mean ("max"), that of a channel drawn anew ("random"), or the one left.

    >>> reduce_margin(torch.tensor([-1.0, -3.0, -2.0]), torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    tensor([-2., -2.])
    """
    return _margin_of_groups(m, M, groups(M), how, generator)


def _margin_of_groups(
    m: Float[Tensor, " C_t"], M: Float[Tensor, "C_s C_t"], of: Groups, how: How, generator: torch.Generator | None
) -> Float[Tensor, " C_s"]:
    rows, sizes = of
    if how == "max":
        return (M.to(m) @ m) / sizes
    if how == "sparse":
        return m[rows[:, 0]]
    chosen = (onto(torch.rand(len(rows), 1, generator=generator), m) * sizes[:, None]).long()
    return m[rows.gather(1, chosen).squeeze(1)]


class MatchingGuided(Features):
    """Channels of the teacher are matched to those of the student, reduced to as many, and distilled without adapters:
    the task + beta · Σ_n 2^(n-N+1) · `partial_l2`(batch norm of the student's map, `margin_relu` of the reduced one).

    how: "max", "random" or "sparse", see `reduce`. The matching is solved before the first epoch and then every `every`
    epochs, on the first `images` images of the epoch, both nets in eval mode; `flows` holds the present matrices.
    """

    def __init__(
        self,
        student: Net,
        teacher: Net,
        how: How = "max",
        every: int = 2,
        images: int = 256,
        beta: float = SCALE,
        alpha: float = 0.0,
        T: float = 4.0,
        margins: Sequence[Float[Tensor, " _C"]] | None = None,
    ) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T, how=how, every=every, images=images)
        choose("how", how, HOWS)
        require(every >= 1, f"every={every}: the channels are matched anew every so many epochs; at least 1")
        require(images >= 1, f"images={images}: at least one image is needed to match channels")
        self.how, self.every, self.images = how, every, images
        self.pairs = stage_pairs(student, teacher)
        for n, (i, j) in enumerate(self.pairs):
            c_s, c_t = student.widths[i], teacher.widths[j]
            require(
                c_t >= c_s,
                f"stage {i + 1} of {student.name} has {c_s} channels and stage {j + 1} of {teacher.name} has {c_t}; "
                "matching gives each student channel at least one of the teacher's, so the teacher needs as many: take "
                "a narrower student, or another method",
            )
            start = assign(torch.zeros(c_s, c_t), how == "sparse")  # by position, until the first epoch begins
            self.register_buffer(f"flow{n}", start)
        for j, m in enumerate(tap_margins(teacher) if margins is None else margins):
            self.register_buffer(f"margin{j}", m.detach().clone(), persistent=False)
        self.norms = nn.ModuleList(BatchNorm(student.widths[i]) for i, _ in self.pairs)
        self.train(student.training)

    @property
    def graphable(self) -> bool:
        return super().graphable and self.how != "random"  # which draws channels in each step

    @property
    def flows(self) -> tuple[Float[Tensor, "_C_s _C_t"], ...]:
        """The flow matrix of each pair of stages."""
        return tuple(getattr(self, f"flow{n}") for n in range(len(self.pairs)))

    def start_epoch(self, epoch: int, source: Source, seed: int) -> None:
        """Match the channels anew if it is time; `epoch` counts from 0."""
        if epoch % self.every == 0:
            self.match(source, epoch, seed)

    def match(self, source: Source, epoch: int = 0, seed: int = 0) -> None:
        """Solve the assignment on the first `images` images of an epoch."""
        assert self.teacher is not None
        costs = [torch.zeros_like(M) for M in self.flows]
        where = costs[0].device
        seen = 0
        with evaluating(self):
            for batch in source.epoch(epoch, seed):
                images = batch.images.to(where)[: self.images - seen]
                s, t = self.student.trace(images), self.teacher.trace(images)
                for n, (i, j) in enumerate(self.pairs):
                    costs[n] += flow_cost(s.stages[i], t.stages[j]) * len(images)
                seen += len(images)
                if seen >= self.images:
                    break
        for n, cost in enumerate(costs):
            self.flows[n].copy_(assign(cost / seen, self.how == "sparse"))

    def matched(self, s: Trace, t: Trace, n: int) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, "B C H W"]]:
        """Both sides of pair n: the student's map after its norm, the teacher's reduced and cut at the margin."""
        i, j = self.pairs[n]
        z_s, z_t = same_size(s.stages[i], t.stages[j], "avg")
        M, m = self.flows[n], getattr(self, f"margin{j}")
        of = even_groups(M, 1 if self.how == "sparse" else -(-M.shape[1] // M.shape[0]))
        target = reduce_groups(z_t, of, self.how, self.noise)
        return self.norms[n](z_s), margin_relu(target, _margin_of_groups(m, M, of, self.how, self.noise))

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each pair of stages."""
        weights = [self.beta * share for share in halving(len(self.pairs))]
        return stage_spots("mgd", self.pairs, lambda s, t, n: partial_l2(*self.matched(s, t, n)), weights)
