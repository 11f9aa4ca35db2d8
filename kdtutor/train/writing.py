"""What a language model writes, and what its teacher thinks of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..data import Split, decode, encode
from ..errors import require
from ..nets.language import LanguageModel
from ..nets.sampling import continued
from .language import answered

GRAM = 4  # characters whose repetition is counted


@dataclass(frozen=True)
class Writing:
    """Continuations of prompts, and how many bits each of their characters costs under its writer and under a teacher.

    A character that the teacher finds probable costs few. Bits per character of a text under a model, mean over what
    the model itself has written, are its entropy.
    """

    tokens: Int[Tensor, "N length"]
    own: Float[Tensor, "N n"]
    judged: Float[Tensor, "N n"]

    def numbers(self) -> dict[str, float]:
        """`judged` and `own`, mean bits per character; `gap`, their difference, an estimate of the reverse KL per
        character; `distinct`, the share of different ones among all runs of four characters."""
        judged, own = float(self.judged.mean()), float(self.own.mean())
        continuations = self.tokens[:, -self.judged.shape[1] :]
        return {"judged": judged, "own": own, "gap": judged - own, "distinct": distinct(continuations, GRAM)}

    def by_place(self, width: int) -> Float[Tensor, " groups"]:
        """Bits per character under the teacher, of each `width` characters further from the prompt."""
        return torch.stack([part.mean() for part in self.judged.split(width, dim=1) if part.shape[1] == width])


def distinct(tokens: Int[Tensor, "N L"], n: int = GRAM) -> float:
    """How many different runs of n characters there are, as a share of all (Li et al., 2016: distinct-n).

    >>> distinct(torch.tensor([[0, 1, 0, 1]]), n=2)  # 01, 10, 01
    0.6666666666666666
    """
    require(1 <= n <= tokens.shape[1], f"n={n}: runs of a text of {tokens.shape[1]} characters have 1 to so many")
    runs = tokens.unfold(1, n, 1).reshape(-1, n)
    return len(runs.unique(dim=0)) / len(runs)


def prompts(split: Split, count: int, length: int = 8, seed: int = 0) -> Int[Tensor, "count length"]:
    """The first characters of windows of a text, drawn with replacement.

    >>> prompts(kd.data.text("alice").test, count=3).shape
    torch.Size([3, 8])
    """
    rows = torch.randint(len(split), (count,), generator=torch.Generator().manual_seed(seed))
    return split.images[rows, :length].long()


def bits(model: LanguageModel, tokens: Int[Tensor, "N length"], last: int) -> Float[Tensor, "N last"]:
    """How many bits each of the last characters of texts costs under a model.

    >>> model = kd.nets.language_model("gpt1x16", vocabulary=4, context=8)
    >>> bits(model, torch.zeros(2, 9).long(), last=3).shape
    torch.Size([2, 3])
    """
    z = answered(model, tokens[:, :-1])
    said = z.log_softmax(-1).gather(-1, tokens[:, 1:, None].to(z.device)).squeeze(-1)
    return -said[:, -last:] / math.log(2)


def write(model: LanguageModel, teacher: LanguageModel, prompts: Int[Tensor, "N P"], seed: int = 0) -> Writing:
    """Let a model continue prompts to the end of its context, and its teacher judge. Equal seeds, equal draws.

    >>> model = kd.nets.language_model("gpt1x16", vocabulary=4, context=8)
    >>> write(model, model, torch.zeros(2, 3).long()).numbers()["gap"]  # its own teacher finds nothing strange
    0.0
    """
    count = model.context + 1 - prompts.shape[1]
    u = torch.rand(len(prompts), count, generator=torch.Generator().manual_seed(seed))
    where = next(model.parameters()).device
    tokens = continued(model, prompts.to(where), u.to(where))
    return Writing(tokens, bits(model, tokens, count), bits(teacher, tokens, count))


def paragraph(
    model: LanguageModel, prompt: str, characters: Sequence[str], length: int = 150, seed: int = 0, T: float = 1.0
) -> str:
    """A text of so many characters that a model writes after a prompt. Where its context is full, it goes on from the
    second half of it. Equal seeds, equal draws.

    >>> model = kd.nets.language_model("gpt1x16", vocabulary=3, context=8)
    >>> len(paragraph(model, "ab", "abc", length=20))
    20
    """
    told = f"a prompt of {len(prompt)} characters, for a context of {model.context}; take 1 to {model.context}"
    require(1 <= len(prompt) <= model.context, told)
    where, start = next(model.parameters()).device, encode(prompt, characters)[None]
    u = torch.rand(1, length, generator=torch.Generator().manual_seed(seed))
    tokens = start.to(where)
    while (left := length + len(prompt) - tokens.shape[1]) > 0:
        seen = tokens[:, -(model.context // 2 + 1) :] if tokens.shape[1] > len(prompt) else tokens
        count = min(left, model.context + 1 - seen.shape[1])
        done = tokens.shape[1] - len(prompt)
        further = continued(model, seen, u[:, done : done + count].to(where), T)[:, seen.shape[1] :]
        tokens = torch.cat([tokens, further], 1)
    return decode(tokens[0, len(prompt) :], characters)
