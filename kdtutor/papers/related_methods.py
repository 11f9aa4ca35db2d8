"""The methods of `related`: one `Distiller` a paper, with the weights of the distillation zoo (RepDistiller)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch
from ..errors import choose, require
from ..nets import Net, Trace
from ..train import Phase, Spot
from ..train.objective import Terms, descend
from .adapters import BatchNorm, same_size, stage_pairs
from .features import Features, TwoPhases
from .related import (
    VARIANCE_SMALLEST,
    attention_factor_loss,
    consecutive_correlation_loss,
    correlation_loss,
    factor_loss,
    probabilistic_loss,
    selectivity_loss,
    similarity_loss,
    variational_loss,
)

WIDTH = 128  # of the embeddings of CC's zoo form
SLOPE = 0.1  # of the leaky ReLUs in FT's networks


class Similarity(Features):
    """SP: what excites the teacher's last stage alike is to excite the student's alike: the task + beta ·
    `similarity_loss` of the active maps."""

    def __init__(self, student: Net, teacher: Net, beta: float = 3000.0, alpha: float = 0.0, T: float = 4.0) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T)
        self.last = stage_pairs(student, teacher)[-1][0] + 1

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("sp", lambda s, t: similarity_loss(s.active[-1], t.active[-1]), (self.last,), self.beta),)


class Probabilistic(Features):
    """PKT: neighbours in the teacher's embedding are to be neighbours in the student's: the task + beta ·
    `probabilistic_loss`. The mean over all pairs makes the weight so large."""

    def __init__(self, student: Net, teacher: Net, beta: float = 30_000.0, alpha: float = 0.0, T: float = 4.0) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T)

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("pkt", lambda s, t: probabilistic_loss(s.embedding, t.embedding), ("embedding",), self.beta),)


class Selectivity(Features):
    """NST: in every stage the student's channels answer where the teacher's answer: the task + beta · Σ
    `selectivity_loss` of the active maps."""

    def __init__(self, student: Net, teacher: Net, beta: float = 50.0, alpha: float = 0.0, T: float = 4.0) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T)
        self.pairs = stage_pairs(student, teacher)

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each pair of stages."""

        def nst(n: int, i: int, j: int) -> Spot:
            return Spot(f"nst{n}", lambda s, t: selectivity_loss(s.active[i], t.active[j]), (i + 1,), self.beta)

        return tuple(nst(n, i, j) for n, (i, j) in enumerate(self.pairs, 1))


class GaussianRegressor(nn.Module):
    """VID's guess at the teacher's map: a mean, regressed from the student's map by three 1×1 convolutions with ReLUs
    between them, and for every channel the scale of its variance, softplus(log_scale) + 10⁻⁵, which starts at 5.

    Maps (B, c_s, H, W) → mean (B, c_t, H, W).
    """

    def __init__(self, c_s: int, c_t: int, variance: float = 5.0) -> None:
        super().__init__()
        self.regressor = nn.Sequential(
            nn.Conv2d(c_s, c_t, kernel_size=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(c_t, c_t, kernel_size=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(c_t, c_t, kernel_size=1, bias=False),
        )
        start = torch.tensor(variance - VARIANCE_SMALLEST).expm1().log()  # softplus turns it back
        self.log_scale = nn.Parameter(start.repeat(c_t))

    def forward(self, f_s: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D H W"]:
        return self.regressor(f_s)


class Variational(Features):
    """VID: the student's maps are to tell as much as they can of the teacher's: the task + beta · Σ `variational_loss`
    over the stages. A `GaussianRegressor` for each learns with the student."""

    def __init__(self, student: Net, teacher: Net, beta: float = 1.0, alpha: float = 0.0, T: float = 4.0) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T)
        self.pairs = stage_pairs(student, teacher)
        self.regressors = nn.ModuleList(GaussianRegressor(student.widths[i], teacher.widths[j]) for i, j in self.pairs)
        self.train(student.training)

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each pair of stages."""

        def vid(n: int) -> Spot:
            def loss(s: Trace, t: Trace) -> Tensor:
                i, j = self.pairs[n]
                f_s, f_t = same_size(s.active[i], t.active[j], "avg")
                regressor = self.regressors[n]
                return variational_loss(regressor(f_s), f_t, regressor.get_parameter("log_scale"))

            return Spot(f"vid{n + 1}", loss, (self.pairs[n][0] + 1,), self.beta)

        return tuple(vid(n) for n in range(len(self.pairs)))


class Correlation(Features):
    """CC: the task + beta · a loss of the embeddings.

    form="kernel" is the paper's `correlation_loss`; its weight of 100 is ours. form="consecutive" is the zoo's
    `consecutive_correlation_loss`, with weight 0.02: both embeddings first pass through a linear layer of 128 outputs,
    and both layers learn. The teacher's, too: so the loss could also be made small by mapping everything to one point.
    """

    BETAS: ClassVar[Mapping[str, float]] = {"kernel": 100.0, "consecutive": 0.02}

    def __init__(
        self,
        student: Net,
        teacher: Net,
        form: Literal["kernel", "consecutive"] = "kernel",
        beta: float | None = None,
        alpha: float = 0.0,
        T: float = 4.0,
    ) -> None:
        choose("form", form, self.BETAS)
        super().__init__(student, teacher, beta=self.BETAS[form] if beta is None else beta, alpha=alpha, T=T, form=form)
        self.form = form
        if form == "consecutive":
            self.embed_s = nn.Linear(student.embedding_dim, WIDTH)
            self.embed_t = nn.Linear(teacher.embedding_dim, WIDTH)
        self.train(student.training)

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("cc", self._loss, ("embedding",), self.beta),)

    def _loss(self, s: Trace, t: Trace) -> Float[Tensor, ""]:
        if self.form == "kernel":
            return correlation_loss(s.embedding, t.embedding)
        return consecutive_correlation_loss(self.embed_s(s.embedding), self.embed_t(t.embedding))


class Paraphraser(nn.Module):
    """FT's autoencoder over the teacher's map: what it holds between encoder and decoder is the teacher's factor.

    Three 3×3 convolutions each way, with leaky ReLUs and without norms; the factor has `rate` times the channels.
    Maps (B, C, H, W) → (B, C, H, W); `factor`: (B, C, H, W) → (B, rate · C, H, W).
    """

    def __init__(self, channels: int, rate: float = 0.5) -> None:
        super().__init__()
        width = factor_width(channels, rate)
        self.encoder = nn.Sequential(
            *_layer(nn.Conv2d, channels, channels),
            *_layer(nn.Conv2d, channels, width),
            *_layer(nn.Conv2d, width, width),
        )
        self.decoder = nn.Sequential(
            *_layer(nn.ConvTranspose2d, width, width),
            *_layer(nn.ConvTranspose2d, width, channels),
            *_layer(nn.ConvTranspose2d, channels, channels),
        )

    def factor(self, f_t: Float[Tensor, "B C H W"]) -> Float[Tensor, "B k H W"]:
        return self.encoder(f_t)

    def forward(self, f_t: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        return self.decoder(self.factor(f_t))


class Translator(nn.Sequential):
    """FT's network over the student's map: three 3×3 convolutions with batch norm and leaky ReLU, to as many channels
    as the teacher's factor has. Maps (B, c_s, H, W) → (B, rate · c_t, H, W)."""

    def __init__(self, c_s: int, c_t: int, rate: float = 0.5) -> None:
        width = factor_width(c_t, rate)
        widths = ((c_s, c_s), (c_s, width), (width, width))
        super().__init__(*(part for a, b in widths for part in _layer(nn.Conv2d, a, b, norm=True)))


def factor_width(channels: int, rate: float) -> int:
    """Channels of a factor: `rate` of the teacher's, at least 1."""
    require(rate > 0, f"rate={rate}: the factor's share of the teacher's channels must be positive (0.5 is usual)")
    return max(1, int(channels * rate))


def _layer(
    convolution: type[nn.Conv2d] | type[nn.ConvTranspose2d], c_in: int, c_out: int, norm: bool = False
) -> list[nn.Module]:
    between: list[nn.Module] = [BatchNorm(c_out)] if norm else []
    return [convolution(c_in, c_out, kernel_size=3, padding=1), *between, nn.LeakyReLU(SLOPE)]


class Factor(TwoPhases):
    """FT in two phases: "paraphrase the teacher" trains a `Paraphraser` on the teacher's last active map, without the
    student; "match the factors" trains the student and its `Translator`: the task + beta · `factor_loss`.

    form="paper" compares whole factors, form="attention" is the zoo's `attention_factor_loss`. The paraphraser takes
    `paraphraser_epochs` (default: one ninth, the zoo's 30 of 270) at `paraphraser_lr` (the zoo's for ResNets), and
    stays as it is in the second phase. The zoo's weight is 200, the authors' code has 500.
    """

    FIRST_SHARE = 1 / 9
    FIRST_PHASE, NOUN = "paraphrase the teacher", "paraphraser"

    def __init__(
        self,
        student: Net,
        teacher: Net,
        form: Literal["paper", "attention"] = "paper",
        rate: float = 0.5,
        paraphraser_epochs: int | None = None,
        beta: float = 200.0,
        alpha: float = 0.0,
        T: float = 4.0,
        paraphraser_lr: float | None = 0.01,
    ) -> None:
        choose("form", form, ("paper", "attention"))
        super().__init__(
            student, teacher, beta=beta, alpha=alpha, T=T, first_epochs=paraphraser_epochs, first_lr=paraphraser_lr,
            form=form, rate=rate,
        )  # fmt: skip
        self.last = stage_pairs(student, teacher)[-1][0] + 1
        self.compare = {"paper": factor_loss, "attention": attention_factor_loss}[form]
        self.paraphraser = Paraphraser(teacher.widths[-1], rate)
        self.translator = Translator(student.widths[-1], teacher.widths[-1], rate)
        self.train(student.training)

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("ft", self._loss, (self.last,), self.beta),)

    def _loss(self, s: Trace, t: Trace) -> Float[Tensor, ""]:
        with torch.no_grad():
            factor = self.paraphraser.factor(t.active[-1])
        return self.compare(*same_size(self.translator(s.active[-1]), factor, "avg"))

    def paraphrase(self, s: Trace | None, t: Trace | None, batch: Batch) -> Terms:
        """First phase: how well the teacher's map is rebuilt; neither student nor label is looked at."""
        assert t is not None
        f_t = t.active[-1]
        return {"paraphrase": F.mse_loss(self.paraphraser(f_t), f_t)}

    def preparation(self, epochs: int) -> tuple[Phase, ...]:
        return super().phases(epochs)[:-1]

    def first_phase(self, epochs: int) -> Phase:
        return replace(super().first_phase(epochs), losses=self.paraphrase, weights={})

    def second_phase(self, epochs: int) -> Phase:
        return Phase("match the factors", epochs, self.losses, self.weights())

    def parameter_groups(self, phase: Phase) -> dict[str, list[nn.Parameter]]:
        nets = [self.paraphraser] if phase.name == self.FIRST_PHASE else [self.student, self.translator]
        return {"student": [p for net in nets for p in net.parameters() if p.requires_grad]}

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        if phase.name != self.FIRST_PHASE:
            return super().step(batch, phase, optimisers)
        terms = self.paraphrase(None, self.teach(batch.images), batch)  # the student need not run
        descend(terms["paraphrase"], optimisers["student"])
        return {**terms, "loss": terms["paraphrase"].detach()}
