"""Paraphrasing Complex Network: Factor Transfer (FT; Kim, Park, Kwak; NeurIPS 2018): a teacher's map in other words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch
from ..errors import choose, require
from ..nets import Net, Trace
from ..train import Phase, Spot, descend
from ..train.objective import Terms
from .adapters import BatchNorm, check_maps, same_size, stage_pairs
from .attention import attention_map
from .features import TwoPhases
from .tensors import check_samples, full_precision, same_shape, unit

SLOPE = 0.1  # of the leaky ReLUs in both networks


@full_precision
def factor_loss(q_s: Float[Tensor, "B *shape"], q_t: Float[Tensor, "B *shape"]) -> Float[Tensor, ""]:
    """FT as in the paper: the mean of |q_s / ‖q_s‖ - q_t / ‖q_t‖| over all elements, each sample's factor scaled by its
    length over all channels and positions (Kim, Park, Kwak; NeurIPS 2018; with p = 1).

    q_t comes from a `Paraphraser`, q_s from a `Translator`. Raises `ShapeError` unless the shapes are equal.

    >>> q = torch.tensor([[[[3.0]], [[4.0]]]])
    >>> factor_loss(q, 2 * q).item() < 1e-7, round(factor_loss(q, q.flip(1)).item(), 4)
    (True, 0.2)
    """
    check_samples(q_s, q_t, "factor_loss")
    same_shape(q_s, q_t, "factor_loss, factors")
    with torch.no_grad():
        target = unit(q_t.flatten(1))
    return F.l1_loss(unit(q_s.flatten(1)), target)


@full_precision
def attention_factor_loss(q_s: Float[Tensor, "B C H W"], q_t: Float[Tensor, "B D H W"]) -> Float[Tensor, ""]:
    """FT as in the zoo: the mean of |a_s - a_t|, where a = `attention_map` of the factor: its channels are summed up.

    Raises `ShapeError` unless both are (B, C, H, W) with one B and one size.

    >>> q = torch.ones(1, 3, 2, 2)
    >>> attention_factor_loss(q, 2 * q[:, :1]).item()
    0.0
    """
    check_maps(q_s, q_t, "attention_factor_loss")
    with torch.no_grad():
        target = attention_map(q_t)
    attention = attention_map(q_s)
    same_shape(attention, target, "attention_factor_loss, attention maps (batch, positions)")
    return F.l1_loss(attention, target)


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
        """The teacher's factor of its map."""
        made: Tensor = self.encoder(f_t)
        return made

    def forward(self, f_t: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        made: Tensor = self.decoder(self.factor(f_t))
        return made


class Translator(nn.Sequential):
    """FT's network over the student's map: three 3×3 convolutions with batch norm and leaky ReLU, to as many channels
    as the teacher's factor has. Maps (B, c_s, H, W) → (B, rate · c_t, H, W)."""

    def __init__(self, c_s: int, c_t: int, rate: float = 0.5) -> None:
        width = factor_width(c_t, rate)
        widths = ((c_s, c_s), (c_s, width), (width, width))
        super().__init__(*(part for a, b in widths for part in _layer(nn.Conv2d, a, b, norm=True)))


def factor_width(channels: int, rate: float) -> int:
    """Channels of a factor: `rate` of the teacher's, at least 1.

    >>> factor_width(64, rate=0.5), factor_width(1, rate=0.5)
    (32, 1)
    """
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
        terms = self.paraphrase(None, self.answers(batch), batch)  # the student need not run
        descend(terms["paraphrase"], optimisers["student"])
        return {**terms, "loss": terms["paraphrase"].detach()}
