"""Nets of torchvision ("torchvision.resnet18"), of timm ("timm.resnet18") and of one's own ("module:function")."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from ..errors import ConfigError, Error, choose, require
from .factory import call_factory, is_factory
from .trace import Net
from .wrap import wrap

TORCHVISION, TIMM = "torchvision.", "timm."


def is_foreign(name: str) -> bool:
    """Whether the net is made elsewhere: `name` begins with "torchvision." or "timm.", or names a factory.

    >>> is_foreign("torchvision.resnet18"), is_foreign("mynets:small"), is_foreign("resnet20")
    (True, True, False)
    """
    return name.startswith((TORCHVISION, TIMM)) or is_factory(name)


def foreign(
    name: str,
    classes: int,
    channels: int | None = None,
    size: int | None = None,
    stages: Sequence[str] | None = None,
) -> Net:
    """A net from elsewhere with fresh weights; arguments and errors as of `build`.

    >>> foreign("torchvision.mobilenet_v3_small", classes=2, size=64).num_classes
    2
    """
    model = _made(name, classes, channels, size)
    if isinstance(model, Net):
        require(stages is None, f"{name} makes a Net, which has stages of its own; leave stages out")
        net = model
    else:
        example = None if size is None else torch.zeros(1, channels or 3, size, size)
        net = wrap(model, stages="auto" if stages is None else stages, example=example)
    answers = f"{name} makes a net of {net.num_classes} classes, not {classes}; let it take num_classes"
    require(net.num_classes == classes, answers)
    net.name = name
    kept = stages if stages is None or isinstance(stages, str) else list(stages)
    net.config = {"name": name, "classes": classes, "channels": channels, "size": size, "stages": kept}
    return net


def _made(name: str, classes: int, channels: int | None, size: int | None) -> nn.Module:
    if is_factory(name):
        return call_factory(name, classes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about weights that are not asked for
            if name.startswith(TORCHVISION):
                return _of_torchvision(name.removeprefix(TORCHVISION), classes, channels, size)
            return _of_timm(name.removeprefix(TIMM), classes, channels, size)
    except Error:
        raise
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:  # the library's own, such as for a size
        pixels = "" if size is None else f" and images of {size} pixels"
        reason = (str(error).splitlines() or [type(error).__name__])[0][:150]
        raise ConfigError(f"{name} cannot be made for {classes} classes{pixels}: {reason}") from error


def _of_torchvision(name: str, classes: int, channels: int | None, size: int | None) -> nn.Module:
    choose("torchvision classifier", name, torchvision_names(), _SOME.format("torchvision.models.list_models()"))
    three = f"torchvision.{name} reads 3 channels (or 1, which is repeated), not {channels}; timm's nets read any"
    require(channels in (None, 1, 3), three)
    options: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        options = {"aux_logits": False, "init_weights": True}  # a distilled net has one head
    elif size is not None and name.startswith("vit_"):
        options = {"image_size": size}
    elif size is not None and name.startswith("maxvit"):
        options = {"input_size": (size, size)}
    made: nn.Module = _torchvision().get_model(name, weights=None, num_classes=classes, **options)
    return made


def _of_timm(name: str, classes: int, channels: int | None, size: int | None) -> nn.Module:
    require(find_spec("timm") is not None, f"timm.{name} needs timm, which is not installed: pip install kdtutor[timm]")
    choose("timm model", name.partition(".")[0], timm_names(), _SOME.format("timm.list_models()"))
    timm: Any = import_module("timm")
    options: dict[str, Any] = {"num_classes": classes} | ({} if channels in (None, 1, 3) else {"in_chans": channels})
    try:
        made: nn.Module = timm.create_model(name, **options, **({} if size is None else {"img_size": size}))
    except TypeError as error:
        if "img_size" not in str(error):
            raise
        made = timm.create_model(name, **options)  # it reads images of any size
    return made


@cache
def torchvision_names() -> tuple[str, ...]:
    """The classifiers of torchvision.

    >>> "resnet18" in torchvision_names()
    True
    """
    models = _torchvision()
    return tuple(models.list_models(module=models))


@cache
def timm_names() -> tuple[str, ...]:
    """The models of timm; none where it is not installed.

    >>> "no_such_net" in timm_names()
    False
    """
    if find_spec("timm") is None:
        return ()
    timm: Any = import_module("timm")
    return tuple(timm.list_models())


def _torchvision() -> Any:
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()
    import torchvision.models

    return torchvision.models


_SOME = "Names are those of {}."
