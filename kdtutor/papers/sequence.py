"""Sequence-Level Knowledge Distillation (Kim, Rush; EMNLP 2016): word by word, or whole sentences."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..data import Batch, Data, derived_seed
from ..data.pinned import onto
from ..errors import ShapeError, require
from ..nets.language import LanguageModel
from ..nets.sampling import continued
from ..train import LanguageDistiller
from ..train.language import CHUNK, after_prompt
from ..train.objective import Terms
from .tensors import full_precision, relative_entropy, same_shape, shape


def over_places(values: Float[Tensor, "*n"], counted: Bool[Tensor, "*n"] | None = None) -> Float[Tensor, ""]:
    """The mean over the places that count; 0 where none does. Padding and prompts do not.

    >>> over_places(torch.tensor([1.0, 3.0, 8.0]), torch.tensor([True, True, False])).item()
    2.0
    """
    if counted is None:
        return values.mean()
    told = f"over_places: {shape(values)} values, and marks of shape {shape(counted)}; expected a mark for each"
    require(values.shape == counted.shape, told, ShapeError)
    return torch.where(counted, values, 0.0).sum() / counted.sum().clamp(min=1)


@full_precision
def forward_kl(
    z_s: Float[Tensor, "*n K"], z_t: Float[Tensor, "*n K"], counted: Bool[Tensor, "*n"] | None = None
) -> Float[Tensor, ""]:
    """KL(p_t ‖ p_s) at each place, in nats, summed over the K characters, mean over the places that count.

    Word-level distillation (§3.1) minimises the cross-entropy -Σ_k p_t log p_s, which is this and the teacher's
    entropy, a constant: equal gradients. The teacher's side is constant. Raises `ShapeError` unless the shapes fit.

    >>> z_s, z_t = torch.zeros(1, 2, 2), torch.tensor([[[3.0, 1.0], [1.0, 1.0]]]).log()
    >>> round(forward_kl(z_s, z_t).item(), 4)  # (0.1308 + 0) / 2
    0.0654
    """
    same_shape(z_s, z_t, "forward_kl, logits")
    log_p_t, log_p_s = F.log_softmax(z_t.detach(), -1), F.log_softmax(z_s, -1)
    return over_places(relative_entropy(log_p_t, log_p_s).sum(-1), counted)


@full_precision
def sequence_loss(
    z_s: Float[Tensor, "*n K"], written: Int[Tensor, "*n"], counted: Bool[Tensor, "*n"] | None = None
) -> Float[Tensor, ""]:
    """-log p_s(ŷ) per place, for text ŷ that the teacher has written, mean over the places that count (§3.2).

    `written` are the characters that come next at each place. Raises `ShapeError` unless the shapes fit.

    >>> round(sequence_loss(torch.zeros(1, 3, 2), torch.tensor([[0, 1, 1]])).item(), 4)  # log 2
    0.6931
    """
    told = f"sequence_loss: logits {shape(z_s)} and characters {shape(written)}; expected (…, K) and (…)"
    require(z_s.shape[:-1] == written.shape, told, ShapeError)
    said = F.log_softmax(z_s, -1).gather(-1, written.unsqueeze(-1)).squeeze(-1)
    return over_places(-said, counted)


class Sequence(LanguageDistiller):
    """The student learns from text that the teacher has written, as if it were a book: L = `sequence_loss`. No logits
    of the teacher are looked at.

    Before the first step the teacher continues prompts from the training text, `windows` of them, once and for all,
    with draws from `seed`. The paper takes the most probable translation that beam search finds; a text without a
    source sentence has no such one (the most probable text repeats itself), so here it is sampled.
    """

    needs_teacher = True

    def __init__(
        self, student: LanguageModel, teacher: LanguageModel, windows: int = 2048,
        prompt: int = 8, seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(student, teacher, prompt, windows=windows, seed=seed)
        require(windows >= 1, f"windows={windows}: the teacher has to write at least one")
        self.windows, self.seed = windows, seed
        self.book: Int[Tensor, "N length"] | None = None

    def begin(self, data: Data) -> None:
        """Let the teacher write."""
        assert self.teacher is not None
        generator = torch.Generator().manual_seed(derived_seed(self.seed, "book"))
        rows = torch.randint(len(data.train), (self.windows,), generator=generator)
        prompts = data.train.images[rows, : self.prompt].long()
        u = torch.rand(self.windows, data.train.images.shape[1] + 1 - self.prompt, generator=generator)
        where = next(self.teacher.parameters()).device
        chunks = zip(prompts.split(CHUNK), u.split(CHUNK), strict=True)
        self.book = torch.cat([continued(self.teacher, onto(x, where), onto(y, where)) for x, y in chunks])

    def taught(self, batch: Batch) -> Terms:
        assert self.book is not None
        text = onto(self.book, batch.images)[batch.indices.to(batch.images.device) % self.windows]
        read = text[:, :-1]
        return {"sequence": sequence_loss(self.student(read), text[:, 1:], after_prompt(read, self.prompt))}
