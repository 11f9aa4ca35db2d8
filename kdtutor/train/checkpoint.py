"""A run on disk: enough to continue it to the same numbers; a kill at any moment leaves a whole file."""

import io
import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from ..errors import ConfigError, DataError
from ..files import write_whole
from .distiller import Distiller

CHECKPOINT = "checkpoint.pt"


def write_tensors(path: Path, net: nn.Module) -> None:
    """The state of `net` as safetensors, whole or not at all."""
    write_whole(path, save({name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}))


def learnt(distiller: Distiller) -> dict[str, Tensor]:
    """The state of everything that training changes, each thing once: a frozen teacher is left out."""
    frozen = distiller.teacher is not None and not any(p.requires_grad for p in distiller.teacher.parameters())
    seen: set[nn.Module | None] = {distiller.teacher} if frozen else set()
    left_out: list[str] = []  # a distiller around another one holds the nets under two names
    for name, module in distiller.named_modules(remove_duplicate=False):
        if module in seen:
            left_out.append(f"{name}.")
        seen.add(module)
    return {name: x for name, x in distiller.state_dict().items() if not name.startswith(tuple(left_out))}


def random_state(distiller: Distiller) -> dict[str, Any]:
    state: dict[str, Any] = {"torch": torch.get_rng_state(), "noise": distiller.noise.get_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def restore_random_state(distiller: Distiller, state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    distiller.noise.set_state(state["noise"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])


def save_checkpoint(folder: Path, content: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_whole(folder / CHECKPOINT, buffer.getvalue())


def load_checkpoint(folder: Path, config: dict[str, Any]) -> dict[str, Any] | None:
    """The checkpoint in `folder`, or None if there is none. It must belong to the same configuration."""
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} is damaged ({reason}); move it away to start the run anew") from None
    different = {
        key for key in config.keys() | content["config"].keys() if config.get(key) != content["config"].get(key)
    }
    if different:
        key = min(different)
        raise ConfigError(
            f"{folder} holds another run: its {key} is {content['config'].get(key)!r}, this run's is "
            f"{config.get(key)!r}; choose another folder for `out`, or move the old run away"
        )
    return content
