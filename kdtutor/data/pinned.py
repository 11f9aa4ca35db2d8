"""Copies to a GPU for which the CPU does not wait."""

import torch
from jaxtyping import Shaped
from torch import Tensor


def onto(x: Shaped[Tensor, "*shape"], like: Shaped[Tensor, "..."] | torch.device | str) -> Shaped[Tensor, "*shape"]:
    """x on a device, or on that of a tensor; x itself if it lies there. A GPU copies what lies on the CPU out of pinned
    memory, while the CPU goes on.

    >>> onto(torch.zeros(2), like=torch.ones(3)).device
    device(type='cpu')
    """
    device = like.device if isinstance(like, Tensor) else torch.device(like)
    leaves = device.type == "cuda" and x.device.type == "cpu"
    return (x.pin_memory() if leaves else x).to(device, non_blocking=leaves)
