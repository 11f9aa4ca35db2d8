"""Language models: small decoder-only transformers that read characters and answer with logits of the next one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..errors import ShapeError, require

HEAD = 16  # numbers of a query, key or value
Pair = tuple[Float[Tensor, "B H _ d"], Float[Tensor, "B H _ d"]]
"""Keys and values of the characters that a block has seen."""


class Block(nn.Module):
    """Causal self-attention and a layer of 4 × width, each behind a layer norm and added to what came in (GPT-2)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.heads = width // HEAD
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B L D"], past: Pair | None = None) -> tuple[Float[Tensor, "B L D"], Pair]:
        attended, seen = self._attend(self.norm1(x), past)
        x = x + self.dropout(attended)
        return x + self.dropout(self.narrow(F.gelu(self.wide(self.norm2(x))))), seen

    def _attend(self, x: Tensor, past: Pair | None) -> tuple[Tensor, Pair]:
        B, L, D = x.shape
        q, k, v = self.queries_keys_values(x).view(B, L, 3, self.heads, HEAD).permute(2, 0, 3, 1, 4)  # B H L d
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=past is None)  # one new character may look at all
        return self.joined(y.transpose(1, 2).reshape(B, L, D)), (k, v)


class LanguageModel(nn.Module):
    """Characters (B, L) to logits (B, L, K): at place l those of the character after it, from places 1…l alone. Make
    one with `language_model`.

    Attributes:
        name: such as "gpt2x32". config: the arguments that make the same architecture again.
        vocabulary: K, how many characters there are. context: how many of them it can look back on.
        card: how it was trained, for one that ships; else empty.
    """

    def __init__(self, layers: int, width: int, vocabulary: int, context: int, dropout: float) -> None:
        super().__init__()
        self.vocabulary, self.context = vocabulary, context
        self.characters, self.places = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.name = "language model"
        self.config: dict[str, Any] = {}
        self.card: dict[str, Any] = {}
        self.apply(_first_weights)

    def forward(self, tokens: Int[Tensor, "B L"]) -> Float[Tensor, "B L K"]:
        return self.extend(tokens)[0]

    def extend(
        self, tokens: Int[Tensor, "B L"], past: Sequence[Pair] | None = None
    ) -> tuple[Float[Tensor, "B L K"], list[Pair]]:
        """The logits at `tokens`, and what has to be kept of all characters so far (keys and values, block by block).

        With `past`, what was kept before, `tokens` is one further character a row: only that one is computed.
        Raises `ShapeError` for a text that is longer than the context.
        """
        before = past[0][0].shape[2] if past else 0
        told = f"{self.name} reads (B, L) characters"
        require(tokens.ndim == 2, f"{told}, got {tuple(tokens.shape)}", ShapeError)
        length = before + tokens.shape[1]
        require(length <= self.context, f"{told}, L ≤ {self.context}, got L = {length}", ShapeError)
        require(past is None or tokens.shape[1] == 1, f"{told}; with a past one at a time", ShapeError)
        places = torch.arange(before, length, device=tokens.device)
        x = self.dropout(self.characters(tokens) + self.places(places))
        kept: list[Pair] = []
        for i, block in enumerate(self.blocks):
            x, seen = block(x, past[i] if past else None)
            kept.append(seen)
        return self.head(self.norm(x)), kept


def _first_weights(module: nn.Module) -> None:
    """Normal with deviation 1 / (2 √n) for n inputs, no biases: GPT-2's 0.02 is that of 768, and these are narrower."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.5 / module.weight.shape[1] ** 0.5)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


def language_model(name: str, vocabulary: int, context: int = 64, dropout: float = 0.0) -> LanguageModel:
    """A language model with fresh weights, drawn from torch's global generator.

    Args:
        name: "gpt" with the numbers of its blocks and its width, a multiple of 16: "gpt2x32" has two of width 32.
        vocabulary: K, how many characters there are. context: how many of them it can look back on.
        dropout: share of numbers that is set to zero while it learns, after the embedding and in each block.

    Raises:
        ConfigError: the name says no such numbers, or one of the others is out of range.

    >>> language_model("gpt2x32", vocabulary=72)(torch.zeros(1, 5).long()).shape
    torch.Size([1, 5, 72])
    """
    match = re.fullmatch(r"gpt([1-9]\d*)x([1-9]\d*)", str(name))
    fits = match is not None and int(match[2]) % HEAD == 0
    told = f"{name!r} names no language model"
    require(fits, f"{told}; say 'gpt', blocks and width, a multiple of {HEAD}: 'gpt2x32'")
    for what, number in (("vocabulary", vocabulary), ("context", context)):
        whole = isinstance(number, int) and not isinstance(number, bool) and number >= 1
        require(whole, f"{what}={number!r}: expected a whole number of at least 1")
    require(0 <= dropout < 1, f"dropout={dropout}: the share must lie in [0, 1)")
    assert match is not None
    net = LanguageModel(int(match[1]), int(match[2]), vocabulary, context, dropout)
    net.name = name
    net.config = {"name": name, "vocabulary": vocabulary, "context": context, "dropout": dropout}
    return net
