"""What stands in for a CUDA graph on the CPU: a tape of a function's operations, played again on the same tensors."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from kdtutor.train.capture import Replay
from kdtutor.train.objective import Terms

WAITS = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}


class Tape(TorchDispatchMode):
    """Notes every operation with its arguments. As in a graph no Python runs again when it is played: numbers are what
    they were, memory is where it was, and an operation whose answer the host would have to wait for is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[tuple[Any, Any, Any, list[Tensor], list[Tensor]]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        by_number = func.overloadpacket is torch.ops.aten.index and all(
            x is None or x.dtype != torch.bool for x in args[1]
        )
        if WAITS & set(func.tags) and not by_number:
            raise RuntimeError(f"{func} waits for the device")
        made = func(*args, **(kwargs or {}))
        given, results = ([x for x in tree_leaves(tree) if isinstance(x, Tensor)] for tree in ((args, kwargs), made))
        known = {x.untyped_storage()._cdata for x in given}
        fresh = [x.untyped_storage()._cdata not in known for x in results]
        if not func.is_view:
            keep = [x if new else None for x, new in zip(results, fresh, strict=True)]
            self.notes.append((func, args, kwargs or {}, results, keep))
        return made

    def play(self) -> None:
        """Everything again, into the tensors that were made when it was noted."""
        with torch.no_grad():
            for func, args, kwargs, _, keep in self.notes:
                again = [x for x in tree_leaves(func(*args, **kwargs)) if isinstance(x, Tensor)]
                for place, x in zip(keep, again, strict=True):
                    if place is not None:
                        place.copy_(x)


def tape(function: Callable[[], Terms], device: torch.device) -> Replay:
    """A `Capture` on the CPU, which rehearses as the one on CUDA does: what that has left behind is no part of it."""
    function()
    with Tape() as recorded:
        terms = function()

    def replay() -> Terms:
        recorded.play()
        return terms

    return replay
