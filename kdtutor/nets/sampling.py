"""Text that a language model writes: character by character, each drawn from what it says of the next one."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..errors import ShapeError, require
from .language import LanguageModel, Pair
from .modes import evaluating


def probabilities(z: Float[Tensor, "*n K"], T: float = 1.0, top_k: int | None = None) -> Float[Tensor, "*n K"]:
    """softmax(z / T), of the `top_k` largest logits alone if given. T = 0 puts everything on the largest one.

    >>> probabilities(torch.tensor([2.0, 1.0, 0.0]), T=0.0).tolist()
    [1.0, 0.0, 0.0]
    >>> probabilities(torch.tensor([1.0, 1.0, 0.0]), top_k=2).tolist()
    [0.5, 0.5, 0.0]
    """
    require(T >= 0, f"T={T}: the temperature must not be negative")
    require(top_k is None or top_k >= 1, f"top_k={top_k}: at least one character has to be left")
    if T == 0:
        return torch.nn.functional.one_hot(z.argmax(-1), z.shape[-1]).to(z.dtype)
    if top_k is not None and top_k < z.shape[-1]:
        least = z.topk(top_k, dim=-1).values[..., -1:]
        z = z.masked_fill(z < least, -torch.inf)
    return (z / T).softmax(-1)


def drawn(p: Float[Tensor, "B K"], u: Float[Tensor, " B"]) -> Int[Tensor, " B"]:
    """One class a row, from its probabilities and a number between 0 and 1: the first whose cumulative share exceeds
    that number.

    >>> drawn(torch.tensor([[0.2, 0.3, 0.5]] * 3), torch.tensor([0.1, 0.3, 0.9]))
    tensor([0, 1, 2])
    """
    share = p.cumsum(-1)
    return (share <= u[:, None] * share[:, -1:]).sum(-1).clamp(max=p.shape[-1] - 1)


def continued(
    model: LanguageModel,
    prompts: Int[Tensor, "B P"],
    u: Float[Tensor, "B n"],
    T: float = 1.0,
    top_k: int | None = None,
    other: LanguageModel | None = None,
    share: float = 0.0,
) -> Int[Tensor, "B length"]:
    """The prompts, and n further characters of each, drawn by the numbers `u` between 0 and 1: equal numbers, equal
    text. No gradient passes, and dropout is off meanwhile.

    With `other`, each character is drawn from share · other + (1 - share) · model. Raises `ShapeError` if the text gets
    longer than the context and the character after it.

    >>> model = kd.nets.language_model("gpt1x16", vocabulary=5, context=8)
    >>> continued(model, torch.zeros(2, 3).long(), torch.rand(2, 6)).shape
    torch.Size([2, 9])
    """
    P, n = prompts.shape[1], u.shape[1]
    fits = P >= 1 and P + n <= model.context + 1
    told = f"a prompt of {P} and {n} further characters"
    require(fits, f"{told}; {model.name} has a context of {model.context}: 1 to {model.context + 1} in all", ShapeError)
    require(0 <= share <= 1, f"share={share}: the part of the other model must lie in 0…1")
    models = [(model, 1 - share)] + ([(other, share)] if other is not None and share > 0 else [])
    tokens, new = [prompts], prompts
    pasts: list[list[Pair] | None] = [None] * len(models)
    with evaluating(model):
        for step in range(n):
            p = torch.zeros((), device=prompts.device)
            for i, (each, weight) in enumerate(models):
                z, pasts[i] = each.extend(new, pasts[i])
                p = p + weight * probabilities(z[:, -1], T, top_k)
            new = drawn(p, u[:, step]).unsqueeze(1)
            tokens.append(new)
    return torch.cat(tokens, 1)
