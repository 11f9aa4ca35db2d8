"""What a word in backticks refers to."""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any

from .names import Name, everything, exported, packages


def resolve(word: str, module: str, parameters: Iterable[str] = ()) -> str | None:
    """The full name that `word` means in a text of `module`; None where it is an argument, or no name of kdtutor.

    Asked one after the other: the module's own names and imports; the layers' (nets.critic); any name of the package
    that only one module has and that is no ordinary word.
    """
    word = word.removesuffix("()")
    if word in parameters or not all(part.isidentifier() for part in word.split(".")):
        return None
    near = _reached(import_module(module), word) if module else None
    return near or _layers().get(word) or (_unique().get(word) if "_" in word or not word.islower() else None)


def _reached(start: Any, word: str) -> str | None:
    value = start
    for part in word.split("."):
        value = getattr(value, part, None)
    return _by_identity().get(id(value))


@cache
def _by_identity() -> dict[int, str]:
    return {id(name.value): name.full for name in everything() if name.kind != "data"}


@cache
def _layers() -> dict[str, str]:
    """nets.critic, kdtutor.nets.critic, and what kdtutor itself offers: fit, kd.fit."""
    told: dict[str, str] = {}
    for package in packages():
        for name, at in exported(package).items():
            if isinstance(at, Name):
                told |= {f"{package}.{name}": at.full, f"{package.removeprefix('kdtutor').lstrip('.')}.{name}": at.full}
    return told | {name: at.full for name, at in exported("kdtutor").items() if isinstance(at, Name) if "_" in name}


@cache
def _unique() -> dict[str, str]:
    told: dict[str, list[str]] = {}
    for name in everything():
        for tail in (name.name, f"{name.module.rpartition('.')[2]}.{name.name}"):
            told.setdefault(tail, []).append(name.full)
    return {tail: found[0] for tail, found in told.items() if len(found) == 1}
