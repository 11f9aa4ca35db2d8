"""A trained net for other programs: as ONNX, as a torch.export program, or its weights under their plain names.

What is written has been run: its answers to real images are the net's own, or nothing is left.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.random import fork_rng

from ..errors import ConfigError, DivergedError, choose, require
from ..files import new_folder, write_whole
from .build import build
from .counts import count_parameters
from .export_script import script
from .models import tensors
from .modes import evaluating
from .trace import Net

FORMATS: Mapping[str, str] = {"onnx": "model.onnx", "torch-export": "model.pt2", "safetensors": "model.safetensors"}
"""What a net can be written as, and the file that holds it."""
CARD, SCRIPT = "model.json", "use.py"
TOLERANCE = 1e-4
INPUT, OUTPUT = "images", "logits"
Answers = Callable[[Float[Tensor, "B ..."]], Float[Tensor, "B ..."]]


class Exported(nn.Module):
    """The net as a graph sees it: normalised images in, logits out; grey images are repeated over its channels."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = getattr(net, "model", net)  # of a wrapped model the model itself
        self.channels = getattr(net, "channels", None) if self.net is not net else None

    def forward(self, images: Float[Tensor, "B ..."]) -> Float[Tensor, "B ..."]:
        shown = images if self.channels is None else images.expand(-1, self.channels, -1, -1)
        logits: Tensor = self.net(shown)
        return logits


def export(net: Net, to: str, folder: str | Path, images: Float[Tensor, "N C H W"], card: Mapping[str, Any]) -> Path:
    """Write `net` into a new folder: the model, its card (`model.json`) and `use.py`, which needs no kdtutor.

    The batch size is free, the mode is evaluation. Before the folder is there, what was written is read again and run
    on `images`, all at once and the first alone: the largest difference to the net's answers is at most 1e-4, and told
    on the card.

    Args:
        net: in any mode, which stays; for "safetensors" made by `build`.
        to: "onnx", "torch-export" or "safetensors".
        images: real ones, normalised, on the CPU.
        card: what whoever uses the net has to know: task, classes, mean, std, size, channels; anything else in JSON.

    Raises:
        UnknownName: for another format. ConfigError: what is needed is not installed, the net cannot be exported, or
        the folder is not empty. DivergedError: what was written answers otherwise. DataError: it cannot be written.

    >>> net, images = kd.nets.build("lenet5", classes=2, channels=1), torch.rand(2, 1, 28, 28)
    >>> told = {"task": "classification", "classes": ["cat", "dog"], "size": [28, 28], "channels": 1}
    >>> made = export(net, "safetensors", folder / "out", images, {**told, "mean": [0.5], "std": [0.2]})
    >>> sorted(path.name for path in made.iterdir())
    ['model.json', 'model.safetensors', 'use.py']
    """
    require_format(to)
    require(
        images.ndim == 4 and len(images) > 0, f"images have shape {tuple(images.shape)}, expected some (N, C, H, W)"
    )
    with new_folder(folder) as place, evaluating(net), torch.no_grad():
        path = place / FORMATS[to]
        answers = _WRITERS[to](net, path, images)
        wanted = net(images)
        given = torch.cat([answers(images[:1]), answers(images)])
        difference = float((given - torch.cat([wanted[:1], wanted])).abs().max())
        otherwise = (
            f"{net.name} as {to} answers otherwise: by {difference:.2g} on real images, allowed is {TOLERANCE:g}"
        )
        require(difference <= TOLERANCE, f"{otherwise}; nothing is kept", DivergedError)  # false for NaN, too
        told = {
            **card, "format": to, "file": path.name, "input": INPUT, "output": OUTPUT, "net": dict(net.config),
            "difference": difference, "images checked": len(images),
            "parameters": count_parameters(net),
            "sha256": sha256(path.read_bytes()).hexdigest(), "torch": torch.__version__,
        }  # fmt: skip
        write_whole(place / CARD, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        write_whole(place / SCRIPT, script(told))
    return Path(folder)


def require_format(to: str) -> None:
    """Raise where a format is not known, or needs what is not installed.

    >>> require_format("pdf")
    Traceback (most recent call last):
    kdtutor.errors.UnknownName: 'pdf' is not a known format. Choose from: onnx, safetensors, torch-export.
    """
    choose("format", to, FORMATS)
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if to == "onnx" and find_spec(name) is None]
    require(not missing, f"ONNX needs {' and '.join(missing)}, not installed here: pip install 'kdtutor[export]'")


def _onnx(net: Net, path: Path, images: Float[Tensor, "N C H W"]) -> Answers:
    import onnxruntime

    with _told(net, "onnx"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of what it will change
        program: Any = torch.onnx.export(
            Exported(net), (_example(images),), dynamo=True, dynamic_shapes=_free_batch(), input_names=[INPUT],
            output_names=[OUTPUT], verbose=False,
        )  # fmt: skip
        program.save(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run([OUTPUT], {INPUT: x.contiguous().numpy()})[0])


def _torch_export(net: Net, path: Path, images: Float[Tensor, "N C H W"]) -> Answers:
    with _told(net, "torch-export"):
        program = torch.export.export(Exported(net), (_example(images),), dynamic_shapes=_free_batch())
        torch.export.save(program, path)
    loaded: Answers = torch.export.load(path).module()
    return loaded


def _safetensors(net: Net, path: Path, images: Float[Tensor, "N C H W"]) -> Answers:
    named = f"{net.name} was not made by nets.build, so no name says what its weights fit; export it to onnx"
    require("name" in net.config, named)
    with _told(net, "safetensors"):
        write_whole(path, tensors(net))
        with fork_rng(devices=[]):
            again = build(**net.config)
        again.load_state_dict(load_file(path))
    return again.eval()


_WRITERS: dict[str, Callable[[Net, Path, Tensor], Answers]] = {
    "onnx": _onnx,
    "torch-export": _torch_export,
    "safetensors": _safetensors,
}


@contextmanager
def _told(net: Net, to: str) -> Iterator[None]:
    """Errors of the library that writes, as sentences; what the system refuses `new_folder` tells."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # of every kind
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:150]
        if "PytorchStreamWriter" in str(error) or "I/O error" in str(error):  # of torch, of safetensors
            raise OSError("the disk may be full") from None
        raise ConfigError(f"{net.name} cannot be exported to {to}: {reason}") from error


def _example(images: Float[Tensor, "N C H W"]) -> Float[Tensor, "2 C H W"]:
    return images[:1].expand(2, -1, -1, -1).contiguous()  # of one image torch would make a constant


def _free_batch() -> tuple[dict[int, Any], ...]:
    return ({0: torch.export.Dim("batch", min=1)},)
