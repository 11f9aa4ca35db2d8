"""Lets `import torchvision` work on a CPU build of torch under Linux.

The package index carries torchvision for Linux only as a CUDA build. Its compiled half cannot load without CUDA, and
its Python half then stumbles: it registers shape rules for two operators, `nms` and `qnms`, that the compiled half
would have declared. Declaring the two here, without kernels, is enough for everything that is written in Python: data
sets, transforms, models. The compiled operators themselves (`ops.nms`, `ops.roi_align`, image decoding) stay absent.

torch calls `ensure` through its `torch.backends` entry points while `import torch` is still running. So this module
lives outside the package, imports nothing of it, and never raises: an error here would break torch for everybody.
"""

import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OPERATORS = ("nms", "qnms")
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

_libraries: list[Any] = []  # a Library that is garbage-collected takes its operators with it
_status = "not asked yet"


def ensure() -> None:
    """Declare what torchvision misses, once, if it misses anything. Never raises."""
    global _status
    if _libraries:
        return
    try:
        _status = _ensure()
    except Exception as error:
        _status = f"failed: {type(error).__name__}: {error}"


def status() -> str:
    """What `ensure` found: "native", "declared" (no compiled operators), "absent" or "failed: …"."""
    return _status


def _ensure() -> str:
    import torch

    folder = _torchvision_folder()
    if folder is None:
        return "absent"
    if sys.platform != "linux" or torch.version.cuda or torch.version.hip or _compiled_half_loads(folder):
        return "native"
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in OPERATORS:
        if not hasattr(torch.ops.torchvision, name):
            library.define(name + SIGNATURE)
    _libraries.append(library)
    return "declared"


def _torchvision_folder() -> Path | None:
    """Where torchvision lies, found without importing it."""
    spec = find_spec("torchvision")
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _compiled_half_loads(folder: Path) -> bool:
    """Whether torchvision's own library loads, as it does in builds made for a CPU torch."""
    import torch

    for library in sorted({*folder.glob("_C.so"), *(folder / f"_C{suffix}" for suffix in EXTENSION_SUFFIXES)}):
        if library.exists():
            try:
                torch.ops.load_library(str(library))
            except OSError:
                return False
            return True
    return False
