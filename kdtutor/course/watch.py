"""What a function calls while it computes: torch's functions by name, and functions of this package."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from torch import Tensor
from torch.overrides import TorchFunctionMode

PACKAGE = str(Path(__file__).parents[1]) + os.sep


class Called(NamedTuple):
    """A function of this package: its file below the package, the line where it begins, its name."""

    file: str
    line: int
    name: str


def called(code: CodeType) -> Called:
    """The function that a code object of this package belongs to."""
    return Called(Path(code.co_filename.removeprefix(PACKAGE)).as_posix(), code.co_firstlineno, code.co_name)


@dataclass
class Calls:
    """What ran: names of torch's functions in their order, the size of the largest tensor that one returned, and the
    functions of this package."""

    torch: list[str] = field(default_factory=list)
    largest: int = 0
    package: list[Called] = field(default_factory=list)

    def count(self, *parts: str) -> int:
        """How many of torch's functions have one of `parts` in their name: "softmax" is in `log_softmax` too."""
        return sum(any(part in name for part in parts) for name in self.torch)


@contextmanager
def watched() -> Iterator[Calls]:
    """Record what is called inside, however it is spelled: a method, an alias, a lambda around it."""
    calls = Calls()
    codes: set[CodeType] = set()

    def entered(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        ours = code.co_filename.startswith(PACKAGE) and code.co_filename != __file__
        if event == "call" and ours and code not in codes:
            codes.add(code)
            calls.package.append(called(code))

    before = sys.getprofile()
    sys.setprofile(entered)
    try:
        with _Torch(calls):
            yield calls
    finally:
        sys.setprofile(before)


class _Torch(TorchFunctionMode):
    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self.calls = calls

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.calls.torch.append(getattr(function, "__name__", ""))
        value = function(*args, **(kwargs or {}))
        if isinstance(value, Tensor):
            self.calls.largest = max(self.calls.largest, value.numel())
        return value
