"""What a user may call a net, and its full name."""

from __future__ import annotations

from difflib import get_close_matches

import torch

from ..errors import UnknownName, require
from .build import NAMES, OWN, build, is_own
from .factory import is_factory
from .foreign import TIMM, TORCHVISION, is_foreign, timm_names, torchvision_names


def full_name(name: str) -> str:
    """The name that `build` takes for what a user types: kdtutor's own, else torchvision's, else timm's of that name.

    Full names are "torchvision.NAME", "timm.NAME" and "module:function"; kdtutor's own are as they are, and may be
    typed "kdtutor.NAME". No code is imported for a factory.

    Raises:
        UnknownName: nobody has such a net, or both kdtutor and torchvision have one.

    >>> full_name("resnet18"), full_name("kdtutor.vgg11"), full_name("wrn_16_2")
    ('torchvision.resnet18', 'vgg11', 'wrn_16_2')
    """
    if name.startswith(OWN):
        require(is_own(name.removeprefix(OWN)), _unknown(name), UnknownName)
        return name.removeprefix(OWN)
    if is_foreign(name):
        require(is_factory(name) or _untagged(name) in _foreign_names(), _unknown(name), UnknownName)
        return name
    if is_own(name):
        both = f"{name!r} is the name of two nets; say {OWN}{name} (for small images) or {TORCHVISION}{name}"
        require(name not in torchvision_names(), both, UnknownName)
        return name
    for prefix, names in ((TORCHVISION, torchvision_names()), (TIMM, timm_names())):
        if _untagged(name) in names:
            return prefix + name
    raise UnknownName(_unknown(name))


def _untagged(name: str) -> str:
    """Without the tag of weights that a name of timm may end with: resnet18.a1_in1k."""
    return ".".join(name.split(".")[: 2 if name.startswith((TORCHVISION, TIMM)) else 1])


def _foreign_names() -> tuple[str, ...]:
    return (*(TORCHVISION + name for name in torchvision_names()), *(TIMM + name for name in timm_names()))


def _unknown(name: str) -> str:
    """That nobody has such a net, why it is none of kdtutor's, and which names of all sources are like it."""
    bare = name.removeprefix(OWN).removeprefix(TORCHVISION).removeprefix(TIMM).lower()
    full: dict[str, str] = {}
    for known in (*NAMES, *_foreign_names()):
        full.setdefault(known.removeprefix(TORCHVISION).removeprefix(TIMM), known)
    near = [repr(full[like]) for like in get_close_matches(bare, full, n=3)]
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    timm = "" if timm_names() else " (not installed here: pip install kdtutor[timm])"
    why = _why_not_own(name).removesuffix(" …")
    return f"{why}.{hint} Nets are those of nets.NAMES, torchvision.NAME, timm.NAME{timm} and module:function."


def _why_not_own(name: str) -> str:
    """What `build` says, where a family of kdtutor's has no such depth."""
    unknown = f"{name!r} is not a known net"
    try:
        if not is_foreign(name):
            with torch.device("meta"):  # nothing is drawn
                build(name)
    except UnknownName as error:
        return str(error) if str(error).startswith(f"{unknown}:") else unknown
    return unknown
