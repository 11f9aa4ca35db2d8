"""Trained nets with their cards: those that ship, as `NAME.safetensors` and `NAME.json`, and folders of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from safetensors.torch import load
from torch import nn
from torch.random import fork_rng

from ..data import root
from ..errors import DataError, choose, require
from ..files import file_name, read_json, require_sealed, write_whole
from .build import build
from .factory import is_factory
from .generators import Generator, generator
from .language import LanguageModel, language_model
from .models import FORMAT, WEIGHTS, card_of_run, card_text, described, model_in, tensors
from .trace import Net

Made = TypeVar("Made", Net, Generator, LanguageModel)
#: What whoever saves a teacher has to tell: its data and recipe, its accuracy and the count behind it, the command.
TOLD = ("data", "recipe", "seed", "accuracy", "correct", "total", "command")
#: The same for a generator, which has no accuracy.
TOLD_OF_GENERATORS = ("data", "recipe", "seed", "command")


def teacher(name: str | Path, factory: str | None = None) -> Net:
    """A trained teacher, ready to teach: evaluation mode, no gradients, `.card` with its data, recipe and accuracy.

    Args:
        name: of a teacher that ships, as `teachers()` lists them, the path of a .safetensors file with its card
            (.json) beside it, or a folder with a model, as `save_model` and finished runs leave it.
        factory: the function that makes the net ("module:function", see `build`), for a card that names one. A card
            that comes from elsewhere runs no code by itself: only what is named here is imported.

    Raises:
        UnknownName: no such teacher. DataError: its weights or its card are absent or damaged. ConfigError: the card
        names a factory and `factory` does not, or the other way round.

    >>> net = teacher("digits-resnet14")
    >>> net.training, net.card["accuracy"] > 0.9
    (False, True)
    """
    return _trained(name, "teacher", build, factory)


def trained_generator(name: str | Path) -> Generator:
    """A trained generator, as `teacher` gives a trained classifier: from data/generators, or from a path.

    >>> trained_generator("digits-dcgan-small").training
    False
    """
    return _trained(name, "generator", generator)


def trained_language_model(name: str | Path) -> LanguageModel:
    """A trained language model, as `teacher` gives a trained classifier: from data/language_models, or from a path.

    >>> trained_language_model("alice-gpt2x128").context
    64
    """
    return _trained(name, "language_model", language_model)


def _trained(name: str | Path, kind: str, make: Callable[..., Made], factory: str | None = None) -> Made:
    path = _weights_of(name, kind)
    weights = _bytes(path)
    without = path.name == WEIGHTS and not path.with_suffix(".json").exists()
    card = card_of_run(path.parent, weights) if without else _card(path.with_suffix(".json"), kind)
    digest = sha256(weights).hexdigest()
    message = (
        f"{path} is damaged: its sha256 starts with {digest[:12]}, its card says {str(card['sha256'])[:12]}; {_REMEDY}"
    )
    require(digest == card["sha256"], message, DataError)
    config = _with_factory(card["config"], factory)
    try:
        with fork_rng(devices=[]):  # what is drawn and then overwritten must not change the weights of the next net
            net = make(**config)
        net.load_state_dict(load(weights))
    except Exception as error:  # a card that was changed may ask for anything
        raise DataError(f"{path} does not fit the net of its card, {card['config']}: {error}; {_REMEDY}") from error
    _require_own(card, path.with_suffix(".json"))
    net.card = card
    net.eval().requires_grad_(False)
    return net


def _weights_of(name: str | Path, kind: str) -> Path:
    """The file of the weights of what ships under this name, of a folder, or of a path."""
    path = Path(name)
    if path.suffix == ".safetensors":
        return path
    folder = _folder(kind)
    known = [card.stem for card in folder.glob("*.json")]
    if str(name) not in known and path.is_dir():
        return model_in(path)
    require(bool(known), f"there are no {kind}s in {folder}; {_REMEDY}", DataError)
    return folder / f"{choose(kind, str(name), known)}.safetensors"


def _with_factory(config: Any, factory: str | None) -> Any:
    """The net's arguments on a card, where a factory makes it that which the caller names."""
    named = str(config.get("name")) if isinstance(config, Mapping) else ""
    if not is_factory(named):
        require(factory is None, f"factory={factory!r} is given, but the card names the net {named!r}; leave it out")
        return config
    message = (
        f"the card says that the function {named!r} makes the net, which could be any code: pass factory={named!r} if "
        "you trust it (--factory on the command line), or name another function that makes this net"
    )
    require(factory is not None, message)
    return {**config, "name": factory}


def teachers(folder: str | Path | None = None) -> list[dict[str, Any]]:
    """The cards of the teachers that ship, by name; of those in `folder` if one is given.

    >>> "digits-resnet14" in [card["name"] for card in teachers()]
    True
    """
    paths = sorted(Path(folder or _folder("teacher")).glob("*.json"))
    return [_require_own(_card(path), path) for path in paths]


def save_teacher(
    net: Net, name: str, card: Mapping[str, Any], folder: str | Path | None = None, overwrite: bool = False
) -> Path:
    """Write `name`.safetensors and `name`.json, each to a temporary name first; return the path of the weights.

    Args:
        net: made by `build`; its `config` goes into the card, with the number of parameters and the sha256.
        card: data, recipe, seed, accuracy (a fraction), correct, total, command; anything else JSON can hold.
        folder: where to; default: the folder of the teachers that ship.

    Raises:
        ConfigError: the name cannot be a file's, the card lacks something, the net cannot be built again, or the file
        exists already. DataError: it cannot be written.

    >>> told = dict.fromkeys(("data", "recipe", "seed", "command"), "…") | {"accuracy": 0.5, "correct": 5, "total": 10}
    >>> save_teacher(kd.nets.build("mlp8", classes=2), "mine", told, folder).name
    'mine.safetensors'
    """
    return _save(net, name, card, TOLD, Path(folder or _folder("teacher")), overwrite)


def save_generator(
    net: Generator, name: str, card: Mapping[str, Any], folder: str | Path | None = None, overwrite: bool = False
) -> Path:
    """As `save_teacher`, into data/generators; its card needs data, recipe, seed and command.

    >>> net, told = kd.nets.generator("deconvolution", latent=8), ("data", "recipe", "seed", "command")
    >>> save_generator(net, "mine", dict.fromkeys(told, "…"), folder).name
    'mine.safetensors'
    """
    return _save(net, name, card, TOLD_OF_GENERATORS, Path(folder or _folder("generator")), overwrite)


def save_language_model(
    net: LanguageModel, name: str, card: Mapping[str, Any], folder: str | Path | None = None, overwrite: bool = False
) -> Path:
    """As `save_generator`, into data/language_models, in half precision: twice as many numbers in as many bytes.

    >>> net, told = kd.nets.language_model("gpt1x16", vocabulary=5), ("data", "recipe", "seed", "command")
    >>> save_language_model(net, "mine", dict.fromkeys(told, "…"), folder).name
    'mine.safetensors'
    """
    halved = deepcopy(net).half()
    return _save(halved, name, card, TOLD_OF_GENERATORS, Path(folder or _folder("language_model")), overwrite)


def _save(
    net: nn.Module, name: str, card: Mapping[str, Any], told_at_least: tuple[str, ...], folder: Path, overwrite: bool
) -> Path:
    path = folder / f"{file_name('teacher or generator', name)}.safetensors"
    weights = tensors(net)
    text = card_text(name, {**card, **described(net)}, told_at_least, weights)
    require(overwrite or not path.exists(), f"{path} exists; choose another name or pass overwrite=True")
    write_whole(path, weights)
    write_whole(path.with_suffix(".json"), text)
    return path


_REMEDY = "restore it from the course's repository, or train it with the command on its card"


def _folder(kind: str) -> Path:
    return root() / f"{kind}s"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {_REMEDY}") from error


def _card(path: Path, kind: str = "teacher") -> dict[str, Any]:
    try:
        card = read_json(_bytes(path))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a card: {error}; {_REMEDY}") from error
    except ValueError as error:
        raise DataError(f"{path} is not a {kind}'s card: {error}; {_REMEDY}") from error
    whole = {"name", "config", "sha256", "format"} <= card.keys()
    require(whole, f"{path} is not a {kind}'s card: it lacks name, config, sha256 or format; {_REMEDY}", DataError)
    newer = f"{path} has format {card['format']}, this kdtutor reads {FORMAT}; update kdtutor"
    require(card["format"] == FORMAT, newer, DataError)
    return card


def _require_own(card: dict[str, Any], path: Path) -> dict[str, Any]:
    """The card, if it is as `save_teacher` or `save_generator` wrote it."""
    try:
        require_sealed(card)
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}); {_REMEDY}") from None
    return card
