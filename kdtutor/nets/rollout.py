"""Where a vision transformer looks: the attention of each block, and what it comes to through all of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ..errors import ShapeError, require
from .vit import ViT


def attentions(net: ViT, images: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B h N N"], ...]:
    """The attention of each block: how much each token (row) takes of each (column), head by head; rows sum to 1.

    Tokens are that of the class, that of distillation if there is one, and the patches row by row.

    >>> net = kd.nets.build("vit7", classes=10, channels=1)
    >>> [tuple(weights.shape) for weights in attentions(net, torch.zeros(2, 1, 28, 28))][:1]
    [(2, 3, 17, 17)]
    """
    h, _ = net.embedded(images)
    found = []
    for block in net.blocks():
        found.append(block.weights(h))
        h = block(h)
    return tuple(found)


def rollout(layers: Sequence[Float[Tensor, "B h N N"]]) -> Float[Tensor, "B N N"]:
    """How much of each token at the input (column) is in each at the end (row), if attention were all that mixes them:
    the product over the blocks of (A + I) / 2, A the mean over the heads (Abnar & Zuidema, ACL 2020, §3); rows sum
    to 1. The I is the shortcut around the attention. Raises `ShapeError` without any layer.

    >>> rollout([torch.full((1, 1, 2, 2), 0.5)])
    tensor([[[0.7500, 0.2500],
             [0.2500, 0.7500]]])
    """
    require(len(layers) > 0, "rollout: there is no attention; expected that of one block or more", ShapeError)
    whole = torch.eye(layers[0].shape[-1], dtype=layers[0].dtype, device=layers[0].device)
    for weights in layers:
        whole = (weights.mean(1) + torch.eye(weights.shape[-1], dtype=whole.dtype, device=whole.device)) / 2 @ whole
    return whole


def token_similarity(net: ViT, images: Float[Tensor, "B C H W"]) -> Float[Tensor, " L"]:
    """The cosine of the angle between class token and distillation token, mean over the images: before the first block
    and after each. Raises `ConfigError` where there is no distillation token.

    >>> net = kd.nets.build("deit7", classes=10, channels=1)
    >>> token_similarity(net, torch.zeros(2, 1, 28, 28)).shape
    torch.Size([5])
    """
    net.require_distilled()
    h, _ = net.embedded(images)
    found = [h]
    for block in net.blocks():
        found.append(block(found[-1]))
    return torch.stack([F.cosine_similarity(h[:, 0], h[:, 1]).mean() for h in found])
