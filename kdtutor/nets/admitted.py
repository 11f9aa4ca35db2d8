"""What can be wrapped: models, and images that they can read."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import ConfigError, require
from .trace import Net


def check_model(model: nn.Module) -> None:
    """Raises `ConfigError` for what is no model, and for what hides one.

    >>> check_model(nn.Linear(3, 2))  # silent: it is a model
    """
    kind = type(model).__name__
    require(isinstance(model, nn.Module), f"wrap takes a model, an nn.Module, got {kind}")
    require(not isinstance(model, Net), "the model is a Net already: use it as it is")
    hidden = {nn.DataParallel: "module", nn.parallel.DistributedDataParallel: "module"}
    for around, part in hidden.items():
        require(not isinstance(model, around), f"{kind} holds the model to wrap: wrap(model.{part})")
    require(not hasattr(model, "_orig_mod"), f"{kind} is compiled; wrap the model first, then compile the net")
    scripted = isinstance(model, torch.jit.ScriptModule)
    require(not scripted, f"{kind} is a scripted model, which cannot be traced; wrap the model that it was made from")


def blank(model: nn.Module, channels: int | None) -> Float[Tensor, "1 C H W"]:
    """One image of zeros, of the size that the model names or 224². Raises `ConfigError` where channels are unknown.

    >>> blank(nn.Conv2d(3, 4, 1), channels=3).shape
    torch.Size([1, 3, 224, 224])
    """
    if channels is None:
        raise ConfigError(f"{type(model).__name__} has no convolution; pass a batch of yours: wrap(model, example=x)")
    size = getattr(model, "image_size", 224)  # torchvision's transformers
    card = getattr(model, "pretrained_cfg", None)  # timm
    height, width = card["input_size"][1:] if isinstance(card, dict) and "input_size" in card else (size, size)
    return next(model.parameters()).new_zeros(1, channels, height, width)
