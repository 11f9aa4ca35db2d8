"""Where a step would wait for a GPU: counted on the CPU, and ruled out on a device that holds no numbers.

A GPU works behind the CPU, which waits for it wherever it has to know a number: to read one, to branch on one, to find
out how many samples a mask lets through. What the CPU draws or counts itself is no wait, also not if it is read.
"""

import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten
READS = {  # whatever gives a number, or a size that depends on numbers; int(x), float(x) and bool(x) come to the first
    aten._local_scalar_dense, aten.nonzero, aten.masked_select, aten._unique2, aten.unique_dim, aten.equal,
    aten.unique_consecutive, aten.repeat_interleave, aten.bincount,
}  # fmt: skip
INDEXING = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_}
COPIES = {aten._to_copy, aten.copy_}
TO_THE_CPU = {"tolist", "cpu", "numpy", "__array__"}  # which on a CPU torch does not see as operations


def waits(work: Callable[[], object]) -> list[str]:
    """Every wait there would be if `work` ran on a GPU, by what waits and where; run on the CPU.

    What has been made before counts as the GPU's, and so does all that is computed of it.
    """
    found: list[str] = []
    with ExitStack() as stack:
        stack.enter_context(_Operations(found))
        stack.enter_context(_Calls(found))
        work()
    return found


def copies(work: Callable[[], object]) -> list[str]:
    """The copies from the CPU that `work` makes, where what it works with lies on the meta device.

    To read a number raises there, torch itself sees to that. To mix devices in one operation raises as well.
    """
    found: list[str] = []
    with _Apart(found):
        work()
    return found


class _Operations(TorchDispatchMode):
    """Knows which tensors the CPU made without looking at any other, and notes what is read of the rest."""

    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self.found = found

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = _tensors((args, kwargs))
        far = [x for x in given if not _of_the_cpu(x)]
        masked = func.overloadpacket in INDEXING and any(x.dtype == torch.bool for x in _tensors(args[1]))
        if far and (func.overloadpacket in READS or masked):
            self.found.append(_told(func))
        made = func(*args, **(kwargs or {}))
        if not far or func.overloadpacket is aten.lift_fresh:  # torch.tensor(…) ends with the latter
            for x in _tensors(made):
                x.of_the_cpu = True
        return made


class _Calls(TorchFunctionMode):
    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self.found = found

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        moved = name == "to" and "cpu" in tree_leaves((args[1:], kwargs))  # by its name: a device may be any
        if (name in TO_THE_CPU or moved) and not _of_the_cpu(args[0]):
            self.found.append(_told(name))
        return func(*args, **(kwargs or {}))


class _Apart(TorchDispatchMode):
    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self.found = found

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = _tensors((args, kwargs))
        made = func(*args, **(kwargs or {}))
        devices = {x.device.type for x in given if x.ndim}  # to a single number torch shows mercy
        if func.overloadpacket in COPIES:
            if {x.device.type for x in (*given, *_tensors(made))} == {"cpu", "meta"}:
                self.found.append(_told(func))
        else:
            assert len(devices) < 2, f"tensors of the CPU and of the device in {_told(func)}"
        return made


def _of_the_cpu(x: Tensor) -> bool:
    return getattr(x, "of_the_cpu", False)


def _tensors(tree: Any) -> list[Tensor]:
    return [x for x in tree_leaves(tree) if isinstance(x, Tensor)]


def _told(what: Any) -> str:
    """What happens, and the innermost line of the package in which it does."""
    lines = [frame for frame in traceback.extract_stack() if "kdtutor/" in frame.filename]
    where = f"{lines[-1].filename.rpartition('kdtutor/')[2]}:{lines[-1].lineno}" if lines else "the test"
    return f"{what} in {where}"


def optimisers(method: Any, phase: Any, recipe: Any) -> Mapping[str, torch.optim.Optimizer]:
    """As a run makes them."""
    groups = method.parameter_groups(phase)
    return {name: method.recipe_for(name, recipe).optimise(group) for name, group in groups.items()}
