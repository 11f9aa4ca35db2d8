"""`Front`: what connects an explorer with its module on the page; and tensors as the page reads them."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdtutor.widgets.controls import Settings
from kdtutor.widgets.explorer import Explorer

Numbers = dict[str, float | list[float]]
KINDS = {torch.float32: "float32", torch.float64: "float64", torch.uint8: "uint8"}


@dataclass(frozen=True)
class Front:
    """An explorer's front end: docs/explorers/<module>.js.

    data(explorer): what the module needs, ready for JSON. explorer(data): an explorer that computes the same, made from
    it. numbers(explorer, settings): what `compute` of the module has to give, from kdtutor's own functions.
    """

    module: str
    data: Callable[[Any], dict[str, Any]]
    explorer: Callable[[dict[str, Any]], Explorer]
    numbers: Callable[[Any, Settings], Numbers]


def packed(tensor: Tensor) -> dict[str, Any]:
    """A tensor for the page, exact: {"float32" (or float64, uint8): base64, "shape": […]}."""
    kind = KINDS[tensor.dtype]
    values = tensor.detach().cpu().numpy()
    little = values.astype(values.dtype.newbyteorder("<")).tobytes()
    return {kind: base64.b64encode(little).decode(), "shape": list(tensor.shape)}


def unpacked(stored: dict[str, Any]) -> Tensor:
    """The tensor that was packed."""
    kind = next(kind for kind in KINDS.values() if kind in stored)
    values = np.frombuffer(base64.b64decode(stored[kind]), dtype=np.dtype(kind).newbyteorder("<"))
    return torch.from_numpy(values.astype(kind)).reshape(stored["shape"])
