"""MiniLLM: Knowledge Distillation of Large Language Models (Gu, Dong, Wei, Huang; ICLR 2024)."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..data import Batch
from ..errors import ShapeError, require
from ..nets.language import LanguageModel
from ..train import LanguageDistiller
from ..train.language import after_prompt
from ..train.objective import Terms
from .sequence import over_places
from .tensors import full_precision, relative_entropy, same_shape, shape


@full_precision
def reverse_kl(
    z_s: Float[Tensor, "*n K"],
    z_t: Float[Tensor, "*n K"],
    counted: Bool[Tensor, "*n"] | None = None,
    w: Float[Tensor, "*n"] | None = None,
) -> Float[Tensor, ""]:
    """KL(p_s ‖ p_t) at each place, in nats, summed over the K characters, mean over the places that count; each counts
    w times, if given.

    On text of the student this is the single-step part of the paper's gradient (§2.2): the expected reward
    of the next character, exact instead of sampled. The teacher's side is constant. Where the teacher gives probability
    0 and the student does not it is infinite. Raises `ShapeError` unless the shapes fit.

    >>> z_s, z_t = torch.zeros(1, 1, 2), torch.tensor([[[3.0, 1.0]]]).log()
    >>> round(reverse_kl(z_s, z_t).item(), 4)
    0.1438
    """
    same_shape(z_s, z_t, "reverse_kl, logits")
    log_p_s, log_p_t = F.log_softmax(z_s, -1), F.log_softmax(z_t.detach(), -1)
    values = relative_entropy(log_p_s, log_p_t).sum(-1)
    return over_places(values if w is None else w * values, counted)


@full_precision
def rewards(
    z_s: Float[Tensor, "B L K"], z_t: Float[Tensor, "B L K"], written: Int[Tensor, "B L"]
) -> Float[Tensor, "B L"]:
    """r_t = log p_t(y_t) - log p_s(y_t): what each written character earns, constant. Its sum over a text has the mean
    -KL(p_s ‖ p_t) over texts of the student.

    >>> z_s, z_t = torch.zeros(1, 1, 2), torch.tensor([[[3.0, 1.0]]]).log()
    >>> round(rewards(z_s, z_t, torch.tensor([[0]])).item(), 4)  # log(3/4) - log(1/2)
    0.4055
    """
    same_shape(z_s, z_t, "rewards, logits")
    return (_said(z_t, written) - _said(z_s, written)).detach()


def later_rewards(
    r: Float[Tensor, "B L"], counted: Bool[Tensor, "B L"] | None = None, normalise: bool = True
) -> Float[Tensor, "B L"]:
    """R_{t+1}: what is earned after place t, summed; with `normalise` its mean over the places left (§2.2), so that
    long texts are not shunned for the many places at which they may lose.

    >>> later_rewards(torch.tensor([[5.0, 1.0, 3.0]])), later_rewards(torch.tensor([[5.0, 1.0, 3.0]]), normalise=False)
    (tensor([[2., 3., 0.]]), tensor([[4., 3., 0.]]))
    """
    marks = torch.ones_like(r) if counted is None else counted.to(r.dtype)
    left = marks.flip(1).cumsum(1).flip(1) - marks
    later = (r * marks).flip(1).cumsum(1).flip(1) - r * marks
    return later / left.clamp(min=1) if normalise else later


@full_precision
def policy_loss(
    z_s: Float[Tensor, "B L K"],
    written: Int[Tensor, "B L"],
    R: Float[Tensor, "B L"],
    counted: Bool[Tensor, "B L"] | None = None,
    w: Float[Tensor, "B L"] | None = None,
) -> Float[Tensor, ""]:
    """-w · R · log p_s(y), mean over the places that count: its gradient is that of the policy gradient theorem.

    R and w are constant; the value itself means nothing. With R = `later_rewards` it is the long part of the paper's
    gradient, beside `reverse_kl`.

    >>> round(policy_loss(torch.zeros(1, 1, 2), torch.tensor([[0]]), torch.tensor([[2.0]])).item(), 4)  # 2 · log 2
    1.3863
    """
    told = f"policy_loss: {shape(R)} rewards for {shape(written)} characters; expected one for each"
    require(R.shape == written.shape, told, ShapeError)
    gain = R.detach() if w is None else (w * R).detach()
    return over_places(-gain * _said(z_s, written), counted)


@full_precision
def importance(
    z_s: Float[Tensor, "B L K"], z_t: Float[Tensor, "B L K"], written: Int[Tensor, "B L"], share: float
) -> Float[Tensor, "B L"]:
    """p_s(y) / (share · p_t(y) + (1 - share) · p_s(y)): the weight of a character that was drawn from the mixture, as
    if the student had drawn it (§2.2, one step at a time; constant). At most 1 / (1 - share).

    >>> z_s, z_t = torch.tensor([[[1.0, 1.0]]]).log(), torch.tensor([[[3.0, 1.0]]]).log()
    >>> importance(z_s, z_t, torch.tensor([[0]]), share=0.5)
    tensor([[0.8000]])
    """
    same_shape(z_s, z_t, "importance, logits")
    p_s, p_t = _said(z_s, written).exp(), _said(z_t, written).exp()
    return (p_s / (share * p_t + (1 - share) * p_s)).detach()


def _said(z: Float[Tensor, "B L K"], written: Int[Tensor, "B L"]) -> Float[Tensor, "B L"]:
    """The log-probability of each written character."""
    told = f"logits {shape(z)} and characters {shape(written)}; expected (B, L, K) and (B, L)"
    require(z.shape[:-1] == written.shape, told, ShapeError)
    return F.log_softmax(z, -1).gather(-1, written.unsqueeze(-1)).squeeze(-1)


class MiniLLM(LanguageDistiller):
    """The student writes, and is moved towards what its teacher finds probable: the policy gradient of the reverse KL.

    L = `reverse_kl` ("single") + `policy_loss` of the mean later reward ("long") + text · cross-entropy on the text
    itself. `alpha`: the teacher's share in what is written, against tricks that only fool the teacher; `importance`
    weights make up for it.

    The authors' code differs from the paper: the reward of the place itself is in its R, rewards are whitened over the
    batch and clipped as in PPO, several steps are taken on what was written once, and its single-step part is not
    weighted. Here it is as in the paper, with one step on each text.
    """

    needs_teacher = True

    def __init__(
        self, student: LanguageModel, teacher: LanguageModel, alpha: float = 0.2, text: float = 1.0,
        prompt: int = 8,
    ) -> None:  # fmt: skip
        super().__init__(student, teacher, prompt, alpha=alpha, text=text)
        require(0 <= alpha < 1, f"alpha={alpha}: the teacher's share in what is written must lie in [0, 1)")
        require(text >= 0, f"text={text}: the weight of the text itself must not be negative")
        self.alpha, self.text = alpha, text

    def weights(self) -> dict[str, float]:
        return {"single": 1.0, "long": 1.0, **({"task": self.text} if self.text else {})}

    def taught(self, batch: Batch) -> Terms:
        tokens = self.written(batch, self.alpha)
        read, written = tokens[:, :-1], tokens[:, 1:]
        counted = after_prompt(read, self.prompt)
        z_s, z_t = self.student(read), self.answers(read)
        w = importance(z_s, z_t, written, self.alpha)
        R = later_rewards(rewards(z_s, z_t, written), counted)
        terms = {"single": reverse_kl(z_s, z_t, counted, w), "long": policy_loss(z_s, written, R, counted, w)}
        return {**terms, **(self.next_character(batch) if self.text else {})}
