"""What `wrap` needs to know about models that answer for each pixel: which output is meant, and what stands for an
image where there is no vector of it."""

from __future__ import annotations

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn
from torch.fx import Node
from torch.nn import functional as F

from ..errors import ConfigError, require
from .graphs import ancestors

OUT = "out"  # what torchvision's segmentation models call their logits, beside those of an auxiliary head


def main_output(returned: Any) -> Any:
    """What a model returns, or of a dictionary with "out" that one.

    >>> main_output({"out": 1, "aux": 2}), main_output(3)
    (1, 3)
    """
    return returned[OUT] if isinstance(returned, dict) and OUT in returned else returned


def read_by_last_layer(module: nn.Module, logits: Node) -> Node:
    """What the last layer with weights before `logits` reads: a linear one, or a convolution.

    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> *_, logits, output = torch.fx.symbolic_trace(net).graph.nodes
    >>> read_by_last_layer(net, logits).name
    '_1'
    """
    before = ancestors(logits)
    for node in reversed(logits.graph.nodes):
        called = module.get_submodule(str(node.target)) if node.op == "call_module" else None
        if node in before and (isinstance(called, nn.Linear | nn.Conv2d) or node.target is F.linear):
            read: Node = node.all_input_nodes[0]
            return read
    raise ConfigError(NO_EMBEDDING)


NO_EMBEDDING = "the model has no linear layer; name the node of its embedding: wrap(model, embedding=…)"


def as_embedding(read: Float[Tensor, "B *shape"], averages: bool) -> Float[Tensor, "B D"]:
    """What was read as (B, D): flattened, or of a map that a convolution reads its mean over the pixels.

    >>> as_embedding(torch.zeros(2, 8, 4, 4), averages=True).shape
    torch.Size([2, 8])
    """
    return read.mean((2, 3)) if averages and read.ndim == 4 else read.flatten(1)


def check_classifies(name: str, averages: bool) -> None:
    """Raises `ConfigError` where an embedding does not tell the logits: it is a mean, and they are of each pixel.

    >>> check_classifies("resnet8", averages=False)  # silent: it does
    """
    require(not averages, f"{name} answers for each pixel, and an embedding is their mean: take the whole pass")
