"""Contrastive Representation Distillation (Tian, Krishnan, Isola; ICLR 2020): tell a pair of views from many others."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..data import UNLABELLED, Batch, Batches, ClassBatches, Classification, Data, Source
from ..data.pinned import onto
from ..errors import ShapeError, require
from ..nets import Net, Trace
from ..train import Spot
from ..train.objective import Terms
from .features import Features
from .tensors import full_precision, shape, unit

WIDTH, NEGATIVES = 128, 16_384  # outputs of the embeddings, images that each one is told from: the authors'
TEMPERATURE, MOMENTUM = 0.07, 0.5  # likewise
SMALLEST = 1e-7  # is added to the noise's density in the authors' code


@full_precision
def nce_loss(log_scores: Float[Tensor, "B candidates"], rows: int) -> Float[Tensor, ""]:
    """-1/B Σ_b [ ln P_b0 / (P_b0 + c) + Σ_k ln (K/N) / (P_bk + c) ], with P = exp(log_scores) and c = K/N + 10⁻⁷.

    Noise-contrastive estimation of which of 1 + K candidates is the true one, in column 0, where the K others are drawn
    evenly from N = `rows`. Computed from logarithms, so that no score can overflow.

    >>> sure, unsure = torch.tensor([[9.0, -9.0]]), torch.zeros(1, 2)  # the true candidate comes first
    >>> bool(nce_loss(sure, rows=10) < nce_loss(unsure, rows=10))
    True
    """
    require(
        log_scores.ndim == 2 and log_scores.shape[1] >= 2,
        f"nce_loss: the scores have shape {shape(log_scores)}; expected (B, 1 + K) with K ≥ 1",
        ShapeError,
    )
    B, K = len(log_scores), log_scores.shape[1] - 1
    noise = math.log(K / rows + SMALLEST)
    against = log_scores - noise
    positive, negative = F.logsigmoid(against[:, 0]), F.logsigmoid(-against[:, 1:]) + (math.log(K / rows) - noise)
    return -(positive.sum() + negative.sum()) / B


class ContrastiveMemory(nn.Module):
    """What both nets said of every training image when they saw it last, and CRD's loss against it.

    Two banks (N, D) of unit vectors, `student` and `teacher`, start evenly distributed, from `generator`. An image's
    student vector v_s is scored against the teacher's bank and its teacher vector v_t against the student's,

        P[b, k] = exp(⟨v_b, m_k⟩ / τ) / Z,    Z = N · (mean of the first batch's exp(⟨v, m⟩ / τ)), then constant,

    and the loss is `nce_loss` of the two, summed. After that the rows m of the batch move to
    unit(momentum · m + (1 - momentum) · v).
    """

    student: Float[Tensor, "N D"]
    teacher: Float[Tensor, "N D"]
    log_Z: Float[Tensor, " 2"]

    def __init__(
        self,
        rows: int,
        width: int = WIDTH,
        temperature: float = TEMPERATURE,
        momentum: float = MOMENTUM,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require(rows >= 2, f"rows={rows}: an image is told from others, so the memory needs at least 2")
        require(temperature > 0, f"temperature={temperature}: it must be positive (the paper's is 0.07)")
        require(0 <= momentum < 1, f"momentum={momentum}: it must lie in [0, 1) (the paper's is 0.5)")
        self.temperature, self.momentum = temperature, momentum
        bound = 1 / math.sqrt(width / 3)  # a vector of such numbers has length 1 on average
        for name in ("student", "teacher"):
            self.register_buffer(name, (2 * torch.rand(rows, width, generator=generator) - 1) * bound)
        self.register_buffer("log_Z", torch.full((2,), math.nan))  # of the student's scores, of the teacher's

    @full_precision
    def forward(
        self,
        v_s: Float[Tensor, "B D"],
        v_t: Float[Tensor, "B D"],
        indices: Int[Tensor, " B"],
        negatives: Int[Tensor, "B K"],
    ) -> Float[Tensor, ""]:
        """The loss of a batch, both ways; the memory then takes the batch in.

        v_s and v_t are embeddings of any length; a vector of zeros scores alike with all and leaves its row as it is.
        `indices` are the images' rows, `negatives` the rows each is told from. Gradients reach v_s and v_t.
        """
        self._check(v_s, v_t, indices, negatives)
        v_s, v_t = unit(v_s), unit(v_t)
        candidates = torch.cat([indices[:, None], negatives], 1)
        loss_s = self._loss(v_s, self.teacher, candidates, side=0)
        loss_t = self._loss(v_t, self.student, candidates, side=1)
        with torch.no_grad():
            self._take_in(self.student, v_s, indices)
            self._take_in(self.teacher, v_t, indices)
        return loss_s + loss_t

    def _loss(
        self, v: Float[Tensor, "B D"], bank: Float[Tensor, "N D"], candidates: Int[Tensor, "B candidates"], side: int
    ) -> Float[Tensor, ""]:
        # All N products, of which the candidates' are picked: K is of the order of N, and D times as many numbers would
        # be held if the candidates' vectors were. The bank is copied because it changes before the backward pass.
        log_scores = (v @ bank.clone().T).gather(1, candidates) / self.temperature
        with torch.no_grad():
            mean = log_scores.flatten().logsumexp(0) - math.log(log_scores.numel())
            self.log_Z[side] = torch.where(self.log_Z[side].isnan(), mean + math.log(len(bank)), self.log_Z[side])
        return nce_loss(log_scores - self.log_Z[side].clone(), len(bank))

    def _take_in(self, bank: Float[Tensor, "N D"], v: Float[Tensor, "B D"], indices: Int[Tensor, " B"]) -> None:
        """Move the batch's rows. Of an image that is in the batch more than once, the last one counts."""
        order = torch.arange(len(indices), device=indices.device)
        last = torch.zeros(len(bank), dtype=torch.long, device=indices.device)
        last.scatter_reduce_(0, indices, order, "amax")
        before = bank[indices]
        mixed = unit(self.momentum * before + (1 - self.momentum) * v[last[indices]])  # a row may come twice, as it is
        bank[indices] = torch.where(mixed.any(1, keepdim=True), mixed, before)

    def _check(self, v_s: Tensor, v_t: Tensor, indices: Tensor, negatives: Tensor) -> None:
        wanted = (len(indices), self.student.shape[1])
        require(
            v_s.shape == v_t.shape == wanted and negatives.ndim == 2 and len(negatives) == len(indices) > 0,
            f"ContrastiveMemory: the vectors have shapes {shape(v_s)} and {shape(v_t)}, indices {shape(indices)}, "
            f"negatives {shape(negatives)}; expected (B, {self.student.shape[1]}) twice, (B,) and (B, K)",
            ShapeError,
        )


class Negatives(nn.Module):
    """Draws images of other classes, evenly and with replacement, out of a training split.

    An image without a label may be told from any other image; one with a label from all that do not carry the same.
    """

    order: Int[Tensor, " N"]
    first: Int[Tensor, " N"]
    size: Int[Tensor, " N"]

    def __init__(self, labels: Int[Tensor, " N"]) -> None:
        super().__init__()
        labels = labels.cpu()
        require(len(labels) >= 2, f"the training split has {len(labels)} images; to contrast an image takes at least 2")
        own = torch.where(labels == UNLABELLED, labels.max() + 1 + torch.arange(len(labels)), labels)
        order = own.argsort(stable=True)  # images of one class, or one without a label, lie side by side
        _, block, sizes = own.unique(return_inverse=True, return_counts=True)
        if int(sizes.max()) == len(labels):  # one class alone: any other image
            block, sizes = torch.arange(len(labels)), torch.ones(len(labels), dtype=torch.long)
        self.least = len(labels) - int(sizes.max())
        for name, x in (("order", order), ("first", (sizes.cumsum(0) - sizes)[block]), ("size", sizes[block])):
            self.register_buffer(name, x, persistent=False)

    def __len__(self) -> int:
        """How many images there are at least for each one to be told from."""
        return self.least

    def draw(self, indices: Int[Tensor, " B"], count: int, generator: torch.Generator) -> Int[Tensor, "B count"]:
        """`count` rows for each of `indices`."""
        chance = torch.rand(len(indices), count, generator=generator, dtype=torch.float64)
        where = chance if indices.device.type == "mps" else indices  # Apple's GPU has no float64
        order, first, size, rows = (x.to(where.device) for x in (self.order, self.first, self.size, indices))
        first, size = first[rows, None], size[rows, None]
        drawn = (onto(chance, where) * (len(order) - size)).long()
        return order[drawn + size * (drawn >= first)].to(indices.device)


class Contrastive(Features):
    """The student's view of an image is to be told from other images by the teacher's view of it, and the other way
    round: the task + beta · the loss of a `ContrastiveMemory`.

    Both embeddings pass through a linear layer of `width` outputs, and both layers learn: the teacher's as well, while
    the teacher stays as it is. Each image is told from `negatives` others, or from as many as there are if that is
    less. The memory is made when training begins and is kept in checkpoints. The batches have to name the rows of the
    training split that they come from.
    """

    needs_rows = True  # its memory holds a vector for each
    tasks = (Classification,)  # images of one class are not told apart
    memory: ContrastiveMemory | None
    rows: Int[Tensor, " B"] | None
    """The rows of the samples whose traces the spot is given next, set by `look_at`."""

    def __init__(
        self,
        student: Net,
        teacher: Net,
        negatives: int = NEGATIVES,
        width: int = WIDTH,
        temperature: float = TEMPERATURE,
        momentum: float = MOMENTUM,
        beta: float = 0.8,
        alpha: float = 0.0,
        T: float = 4.0,
    ) -> None:
        super().__init__(
            student, teacher, beta=beta, alpha=alpha, T=T, negatives=negatives, width=width, temperature=temperature,
            momentum=momentum,
        )  # fmt: skip
        require(negatives >= 1, f"negatives={negatives}: an image is told from at least one other")
        require(width >= 1, f"width={width}: an embedding needs at least one number")
        self.width, self.temperature, self.momentum, self.most = width, temperature, momentum, negatives
        ContrastiveMemory(2, 1, temperature, momentum)  # bad numbers are refused here, not when training begins
        self.embed_s = nn.Linear(student.embedding_dim, width)
        self.embed_t = nn.Linear(teacher.embedding_dim, width)
        self.memory, self.rows = None, None
        self.train(student.training)

    @property
    def graphable(self) -> bool:
        return False  # its negatives are drawn anew in each step

    def begin(self, data: Data) -> None:
        """Make an empty memory for the training images, and learn which of them are negatives of which."""
        where = self.embed_s.weight
        self.others = Negatives(data.train.labels).to(where.device)
        self.count = min(self.most, len(self.others))
        memory = ContrastiveMemory(len(data.train), self.width, self.temperature, self.momentum, self.noise)
        self.memory = memory.to(where.device, where.dtype)

    def start_epoch(self, epoch: int, source: Source, seed: int) -> None:
        """Look at the rows that the source names, once an epoch: in a step, on a GPU, that would be a wait."""
        super().start_epoch(epoch, source, seed)
        if isinstance(source, Batches | ClassBatches):
            self._check_rows(torch.tensor([0, len(source.split) - 1]))
        else:
            self._check_rows(next(iter(source.epoch(epoch, seed))).indices)

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("crd", self._loss, ("embedding",), self.beta),)

    def look_at(self, batch: Batch) -> None:
        self.rows = batch.indices

    def features(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        self._check_rows(batch.indices)
        return super().features(s, t, batch)

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        return {**self.task(s, t, batch), **super().features(s, t, batch)}  # the rows have been looked at

    def _loss(self, s: Trace, t: Trace) -> Float[Tensor, ""]:
        memory = self._begun()
        require(
            self.rows is not None and len(self.rows) == len(s),
            f"the spot is given {len(s)} images and knows the rows of {0 if self.rows is None else len(self.rows)}; "
            "call look_at(batch) before it",
        )
        assert self.rows is not None
        negatives = self.others.draw(self.rows, self.count, self.noise)
        made: Tensor = memory(self.embed_s(s.embedding), self.embed_t(t.embedding), self.rows, negatives)
        return made

    def _begun(self) -> ContrastiveMemory:
        require(
            self.memory is not None,
            "the contrastive memory knows no training image yet; train with fit or steps, or call begin(data)",
        )
        assert self.memory is not None
        return self.memory

    def _check_rows(self, rows: Int[Tensor, " n"]) -> None:
        last = len(self._begun().student) - 1
        low, high = int(rows.min()), int(rows.max())
        require(
            low >= 0 and high <= last,
            f"the batches name rows from {low} to {high}; the contrastive memory has the rows 0 to {last} of the "
            "training split and needs a source whose batches name those",
        )
