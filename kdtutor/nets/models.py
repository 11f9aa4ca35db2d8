"""A trained net on disk: a folder with its weights and its card, as training leaves it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import nn

from ..errors import DataError, require
from ..files import read_json, require_sealed, sealed, write_whole
from .counts import count_parameters

FORMAT = 1
WEIGHTS, CARD, HISTORY, CHECKPOINT = "last.safetensors", "last.json", "history.json", "checkpoint.pt"
#: What whoever writes a card has to tell beside the measures of the task.
TOLD = ("data", "task", "classes", "mean", "std", "size", "channels", "recipe", "seed", "protocol", "command")


def save_model(net: nn.Module, folder: str | Path, card: Mapping[str, Any], overwrite: bool = False) -> Path:
    """Write `last.safetensors` and its card, `last.json`, into a folder that `teacher` reads; return the folder.

    Args:
        net: made by `build`; its `config` goes into the card, with the number of parameters and the sha256.
        card: at least data, task, classes (the names of the outputs, in their order), mean, std, size and channels of
            the images, recipe, seed, protocol and command; the measures, by name; anything else that JSON can hold.

    Raises:
        ConfigError: the net cannot be built again, the card lacks something, or the folder holds a model already.
        DataError: it cannot be written.

    >>> told = dict.fromkeys(TOLD, "…")
    >>> kd.nets.teacher(save_model(kd.nets.build("mlp8", classes=2), folder / "mine", told)).card["name"]
    'mine'
    """
    path = Path(folder) / WEIGHTS
    free = f"{folder} holds a model already; name another folder, or pass overwrite=True"
    require(overwrite or not path.exists(), free)
    content = tensors(net)
    text = card_text(Path(folder).absolute().name, {**card, **described(net)}, TOLD, content)
    write_whole(path, content)
    write_whole(path.with_name(CARD), text)
    return Path(folder)


def write_card(folder: str | Path, card: Mapping[str, Any]) -> Path:
    """Write the card of the weights that lie in `folder` already; it tells all that `save_model` asks for, and what
    they are the weights of (`described`).

    >>> net, told = kd.nets.build("mlp8", classes=2), dict.fromkeys(TOLD, "…")
    >>> write_card(save_model(net, folder / "mine", told), {**told, **described(net), "data": "toys"}).name
    'last.json'
    """
    told = (*TOLD, "config", "parameters")
    text = card_text(Path(folder).absolute().name, card, told, read_bytes(Path(folder) / WEIGHTS))
    return write_whole(Path(folder) / CARD, text)


def described(net: nn.Module) -> dict[str, Any]:
    """What builds a net again, and how many numbers it has learnt. Raises `ConfigError` if no name builds it.

    >>> described(kd.nets.build("mlp8", classes=2))["parameters"]
    186
    """
    config = getattr(net, "config", {})
    only = "only nets made by nets.build or nets.generator can be saved: a card cannot build any other"
    require("name" in config, only)
    return {"config": config, "parameters": count_parameters(net)}


def tensors(net: nn.Module) -> bytes:
    """The state of a net as safetensors.

    >>> tensors(torch.nn.Linear(1, 1))[8:9]
    b'{'
    """
    return save({key: tensor.detach().cpu().contiguous() for key, tensor in net.state_dict().items()})


def card_text(name: str, card: Mapping[str, Any], told: tuple[str, ...], weights: bytes) -> str:
    """A card, sealed, for weights in a file of this content. Raises `ConfigError` where it lacks what is to be `told`.

    >>> '"name": "mine"' in card_text("mine", {"seed": 0}, ("seed",), b"")
    True
    """
    missing = [key for key in told if key not in card]
    require(not missing, f"the card of {name!r} lacks {', '.join(missing)}")
    content = {"name": name, **card, "sha256": sha256(weights).hexdigest(), "format": FORMAT}
    return json.dumps(sealed(content), indent=2, ensure_ascii=False) + "\n"


def model_in(folder: Path) -> Path:
    """The file of the weights in a folder. Raises `DataError` where there is none, with what there is.

    >>> model_in(save_model(kd.nets.build("mlp8", classes=2), folder / "mine", dict.fromkeys(TOLD, "…"))).name
    'last.safetensors'
    """
    path = folder / WEIGHTS
    if not path.is_file() and (folder / CHECKPOINT).is_file():
        raise DataError(f"the run in {folder} has not ended: the command that began it goes on, and leaves a model")
    told = f"{folder} holds no model ({WEIGHTS} and its card {CARD}); name a folder that `kdtutor teach --out` or "
    require(path.is_file(), f"{told}`kdtutor distil --out` has made, or write a card with `kdtutor card`", DataError)
    return path


def card_of_run(folder: Path, weights: bytes) -> dict[str, Any]:
    """The card of the student of a run that was finished before such folders had cards, from its history.

    Raises `DataError` for a history that is none, or whose student cannot be built again.

    >>> method = kd.Alone(kd.nets.build("mlp8", classes=2))
    >>> _ = kd.fit(method, kd.data.load("moons"), epochs=1, device="cpu", progress=False, out=folder)
    >>> card_of_run(folder, read_bytes(folder / WEIGHTS))["data"]
    'moons'
    """
    try:
        stored = read_json(read_bytes(folder / HISTORY))
        require_sealed(stored)
        config, rows = stored["config"], [list(row) for row in stored["rows"]]
        name = config["student"]["name"]
    except (DataError, ValueError, KeyError, TypeError):
        told = f"{folder / WEIGHTS} has no card, {CARD}, and no history to make it of"
        raise DataError(f"{told}; write it with `kdtutor card`") from None
    measured = {row[2].removeprefix("test_"): row[3] for row in rows if row[2].startswith("test_")}
    return {
        "name": folder.absolute().name, "config": config["student"], "data": config["data"], "recipe": config["recipe"],
        "seed": config["seed"], **measured, "student": name, "sha256": sha256(weights).hexdigest(), "format": FORMAT,
    }  # fmt: skip


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises `DataError` where it cannot be read.

    >>> read_bytes(write_whole(folder / "a.txt", "one"))
    b'one'
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from error
