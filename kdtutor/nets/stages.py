"""What the stages of a net are: for a look before training."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from .exits import MultiExit, UpToExit
from .modes import evaluating
from .trace import Net
from .wrapped import Wrapped


class Stage(NamedTuple):
    """The map that a net shows at one place, and whether a ReLU follows it."""

    name: str
    channels: int
    height: int
    width: int
    relu: bool


def stages_of(net: Net, images: Float[Tensor, "B C H W"] | None = None) -> tuple[Stage, ...]:
    """The stem, if there is one, and the stages of a net, by a pass over `images`.

    By default over an image of zeros: of the size with which a net from elsewhere was built or wrapped, of 32 pixels
    for kdtutor's own. Modes are left as they are.

    >>> stages_of(kd.nets.build("resnet8", classes=10))[-1]
    Stage(name='stages.2', channels=64, height=8, width=8, relu=True)
    """
    if net.stem_width is None and not net.widths:
        return ()
    if images is None:
        images = torch.zeros(_readable(net), device=next(net.parameters()).device)
    with evaluating(net):
        trace = net.trace(images)
    stem = [] if trace.stem is None else [trace.stem]
    within = _within(net)
    if isinstance(within, Wrapped):
        names = [*([within.asked["stem"]] if stem else []), *within.asked["stages"][: len(trace.stages)]]
    else:
        names = [*(["stem"] if stem else []), *(f"stages.{i}" for i in range(len(trace.stages)))]
    maps = [*stem, *trace.stages]
    relus = trace.relus or (True,) * len(maps)
    sizes = [tuple(h.shape[1:]) for h in maps]
    return tuple(Stage(name, c, h, w, relu) for name, (c, h, w), relu in zip(names, sizes, relus, strict=True))


def _within(net: Net) -> Net:
    """The net itself, or that within one with exits."""
    return net.net if isinstance(net, MultiExit | UpToExit) else net


def _readable(net: Net) -> tuple[int, ...]:
    """The shape of one image that the net can read."""
    net = _within(net)
    if isinstance(net, Wrapped):
        return net.example
    pixels = 1 if net.name.startswith("mlp") else 32  # a point in the plane
    return (1, int(net.config["channels"]), pixels, pixels)


def stage_table(net: Net, images: Float[Tensor, "B C H W"] | None = None) -> str:
    """`stages_of` as text, a line each: which stage, its channels, height and width, and its name in the net.

    >>> print(stage_table(kd.nets.build("resnet8x0.25", classes=10)))
    stem      4 × 32 × 32  stem
    stage 1   4 × 32 × 32  stages.0
    stage 2   8 × 16 × 16  stages.1
    stage 3  16 ×  8 ×  8  stages.2
    """
    found = stages_of(net, images)
    first = 0 if net.stem_width is not None else 1
    called = [f"stage {i}" if i else "stem" for i in range(first, first + len(found))]
    numbers = [(str(stage.channels), str(stage.height), str(stage.width)) for stage in found]
    wide = [max((len(row[i]) for row in numbers), default=0) for i in range(3)]
    lines = [
        f"{what:<8} {' × '.join(n.rjust(w) for n, w in zip(row, wide, strict=True))}  {stage.name}"
        for what, row, stage in zip(called, numbers, found, strict=True)
    ]
    return "\n".join(lines) or f"{net.name} has no stages: methods that read maps cannot teach it"
