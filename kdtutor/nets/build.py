"""Nets by name, and what they cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch

from ..errors import UnknownName, choose, require
from .cifar_resnet import BLOCKS, cifar_resnet, imagenet_resnet
from .exits import MultiExit
from .foreign import foreign, is_foreign
from .ghost import ghostnet
from .ghosted import ghost_resnet, ghost_vgg
from .mobilenet import mobilenet
from .resnet import plain, resnet
from .shufflenet import shufflenet
from .small import lenet, mlp
from .trace import Net
from .unet import unet
from .vgg import DEPTHS, vgg
from .vit import DEPTH, SIZE, vit
from .wide_resnet import wide_resnet

NAMES = (
    *(f"resnet{depth}" for depth in (8, 14, 20, 32, 44, 56, 110)), "resnet8x0.25", "resnet8x4", "resnet32x4",
    "wrn_16_1", "wrn_16_2", "wrn_40_1", "wrn_40_2", *(f"vgg{depth}" for depth in DEPTHS),
    *(f"cifar_resnet{depth}" for depth in BLOCKS), *(f"imagenet_resnet{depth}" for depth in BLOCKS),
    "mobilenetv2", "mobilenetv2x0.5", "shufflenetv1",
    "ghost_resnet8", "ghost_resnet20", "ghost_resnet56", "ghost_resnet56_s2_d1", "ghost_vgg16", "ghostnet",
    "plain20", "plain56x0.25", "lenet5", "lenet5_half", "mlp", "mlp64", "unet8", "unet16",
    "vit4", "vit7", "deit4", "deit7",
)  # fmt: skip
"""Names to start from; any depth that fits its family and any multiplier work too (resnet26, resnet8x0.5, mlp128)."""
OWN = "kdtutor."


def build(
    name: str,
    classes: int = 100,
    channels: int | None = None,
    stem_stride: int | None = None,
    size: int | None = None,
    stages: Sequence[str] | None = None,
    exits: bool = False,
) -> Net:
    """A net with fresh weights, drawn from torch's global generator.

    Args:
        name: resnetD with D = 6n + 2 layers, plainD (the same without shortcuts), wrn_D_K with D = 6n + 4 and K times
            the width, imagenet_resnet18, 34 or 50, cifar_resnet18, 34 or 50 (the same for small images), vgg8, 11, 13,
            16 or 19, mobilenetv2, shufflenetv1, lenet5 and lenet5_half, mlpW for points in the plane (three layers of W
            neurons; mlp: 32). All but wrn and mlp take a multiplier of all widths at the end: resnet8x4, plain56x0.25.
            ghost_resnetD and ghost_vggD are made of ghost modules; after the multiplier their ratio and the kernel of
            their cheap filters can follow: ghost_resnet56_s2_d3 is ghost_resnet56, ghost_resnet8x0.5_s1 has no ghosts.
            ghostnet is the net of the same paper. unetW answers for each pixel, with W channels at the first of its
            four resolutions. vitP is a small vision transformer with P × P pixels a token, four blocks and 48 numbers a
            token, vitP_D one with D blocks; deitP and deitP_D have a distillation token besides.
            "torchvision.NAME" and "timm.NAME" are the nets of these libraries, "module:function" (or
            "path/to/file.py:function") is what a function of yours makes, called with num_classes=K or classes=K if it
            takes that: the module is imported, so its code runs.
        classes: K, how many logits.
        channels: of the images, 3 by default; for an mlp the coordinates of a point, 2 by default.
        stem_stride: stride of the first convolution, 1 by default, for a mobilenetv2, ghostnet or imagenet_resnet 2;
            with 2 instead of 1 a net on 28-pixel digits does a quarter of the work. Nets from elsewhere have their own.
        size: of the images, in pixels. Transformers of torchvision and timm are made for one size, by default that of
            the library (224 mostly), and widths are measured with it; kdtutor's own nets read every size. A vit or deit
            learns its positions for it (default: 28) and interpolates them for others.
        stages: of a net from elsewhere, as `wrap` takes them; "auto" by default.
        exits: whether it gets a classifier after each of its stages, see `MultiExit`.

    Raises:
        UnknownName: there is no such net. ConfigError: a number is out of range, timm is not installed, or the net
        cannot be made or traced. DataError: a factory's file is absent.

    >>> net = build("resnet8x0.25", classes=10)
    >>> net.widths, net.num_classes
    ((4, 8, 16), 10)
    """
    for what, number in (("classes", classes), ("channels", channels), ("stem_stride", stem_stride), ("size", size)):
        whole = isinstance(number, int) and not isinstance(number, bool) and number >= 1
        default = number is None and what != "classes"
        require(whole or default, f"{what} is {number!r}; expected a whole number of at least 1")
    require(isinstance(exits, bool), f"exits is {exits!r}; expected True or False")
    net = _built(name, classes, channels, stem_stride, size, stages)
    return MultiExit(net) if exits else net


def _built(
    name: str,
    classes: int,
    channels: int | None,
    stem_stride: int | None,
    size: int | None,
    stages: Sequence[str] | None,
) -> Net:
    if is_foreign(str(name)):
        require(stem_stride is None, f"stem_stride is {stem_stride}, but {name} has its own stem; leave it out")
        return foreign(name, classes, channels, size, stages)
    require(stages is None, f"{name} has stages of its own; leave stages={stages!r} out")
    name = str(name).removeprefix(OWN)
    make, numbers = _family(name)
    if channels is None:
        channels = 2 if make is _mlp else 3
    if stem_stride is None:
        stem_stride = 2 if make in (_mobilenet, _ghostnet, _imagenet_resnet) else 1
    sized = {"size": size} if make is _vit and size not in (None, SIZE) else {}
    net = make(*numbers, name=name, classes=classes, channels=channels, stem_stride=stem_stride, **sized)
    net.name = name
    net.config = {"name": name, "classes": classes, "channels": channels, "stem_stride": stem_stride, **sized}
    return net


def is_own(name: str) -> bool:
    """Whether `name` is a net of kdtutor's own.

    >>> is_own("resnet20"), is_own("resnet18"), is_own("torchvision.resnet18")
    (True, False, False)
    """
    if is_foreign(name):
        return False
    try:
        with torch.device("meta"):  # nothing is drawn
            build(name)
    except UnknownName:
        return False
    return True


def _family(name: str) -> tuple[Callable[..., Net], tuple[str | None, ...]]:
    """Who makes the net, and the numbers in its name."""
    for pattern, make in _FAMILIES.items():
        if match := re.fullmatch(pattern, str(name)):
            return make, match.groups()
    some = f"Choose one like {', '.join(_EXAMPLES)}; nets.NAMES lists more."
    choose("net", name, NAMES, f"{some} Others are called torchvision.NAME, timm.NAME or module:function.")
    raise AssertionError("each of NAMES belongs to a family")


def _resnet(depth: str, times: str | None, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    _six_n_plus_2(int(depth), name, "CIFAR ResNets")
    return resnet(int(depth), _multiplier(times, name), classes, channels, stem_stride)


def _plain(depth: str, times: str | None, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    _six_n_plus_2(int(depth), name, "plain nets")
    return plain(int(depth), _multiplier(times, name), classes, channels, stem_stride)


def _wide(depth: str, times: str, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    fits = int(depth) % 6 == 4 and int(depth) > 4
    require(fits, f"{name!r} is not a known net: wide ResNets have 6n+4 layers: 10, 16, 22, 28, 34, 40 …", UnknownName)
    return wide_resnet(int(depth), _multiplier(times, name), classes, channels, stem_stride)


def _vgg(depth: str, times: str | None, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    _vgg_depth(int(depth), name)
    return vgg(int(depth), _multiplier(times, name), classes, channels, stem_stride)


def _cifar_resnet(depth: str, times: str | None, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    _has_blocks(int(depth), name, "cifar_resnets")
    return cifar_resnet(int(depth), _multiplier(times, name), classes, channels, stem_stride)


def _imagenet_resnet(depth: str, times: str | None, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    _has_blocks(int(depth), name, "imagenet_resnets")
    return imagenet_resnet(int(depth), _multiplier(times, name), classes, channels, stem_stride)


def _mobilenet(times: str | None, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    return mobilenet(_multiplier(times, name), classes, channels, stem_stride)


def _shufflenet(times: str | None, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    return shufflenet(_multiplier(times, name), classes, channels, stem_stride)


def _ghosted(
    family: str,
    depth: str,
    times: str | None,
    ratio: str | None,
    cheap: str | None,
    *,
    name: str,
    classes: int,
    channels: int,
    stem_stride: int,
) -> Net:
    if family == "resnet":
        _six_n_plus_2(int(depth), name, "CIFAR ResNets")
    else:
        _vgg_depth(int(depth), name)
    make = {"resnet": ghost_resnet, "vgg": ghost_vgg}[family]
    ghosts = {"ratio": int(ratio or 2), "cheap_kernel": int(cheap or 3)}
    return make(int(depth), _multiplier(times, name), classes, channels, stem_stride, **ghosts)


def _ghostnet(times: str | None, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    return ghostnet(_multiplier(times, name), classes, channels, stem_stride)


def _lenet(half: str | None, times: str | None, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    _no_stem(name, stem_stride)
    return lenet(0.5 if half else _multiplier(times, name), classes, channels)


def _mlp(width: str | None, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    _no_stem(name, stem_stride)
    neurons = int(width or 32)
    require(neurons > 0, f"{name!r}: a layer needs at least 1 neuron")
    return mlp(neurons, classes, channels)


def _unet(width: str, *, name: str, classes: int, channels: int, stem_stride: int) -> Net:
    _no_stem(name, stem_stride)
    require(int(width) > 0, f"{name!r}: a level needs at least 1 channel")
    return unet(int(width), classes, channels)


def _vit(
    kind: str,
    patch: str,
    depth: str | None,
    times: str | None,
    *,
    name: str,
    classes: int,
    channels: int,
    stem_stride: int,
    size: int = SIZE,
) -> Net:
    _no_stem(name, stem_stride)
    blocks = int(depth or DEPTH)
    require(int(patch) > 0 and blocks > 0, f"{name!r}: a {kind} needs patches of 1 pixel or more, and 1 block or more")
    return vit(int(patch), blocks, _multiplier(times, name), classes, channels, size, distilled=kind == "deit")


def _six_n_plus_2(depth: int, name: str, family: str) -> None:
    fits = depth % 6 == 2 and depth > 2
    require(fits, f"{name!r} is not a known net: {family} have 6n+2 layers: 8, 14, 20, 26, 32 …", UnknownName)


def _has_blocks(depth: int, name: str, family: str) -> None:
    depths = ", ".join(map(str, BLOCKS))
    require(depth in BLOCKS, f"{name!r} is not a known net: {family} have {depths} layers", UnknownName)


def _vgg_depth(depth: int, name: str) -> None:
    depths = ", ".join(map(str, DEPTHS))
    require(depth in DEPTHS, f"{name!r} is not a known net: VGGs have {depths} layers", UnknownName)


def _multiplier(times: str | None, name: str) -> float:
    multiplier = float(times or 1)
    require(multiplier > 0, f"{name!r}: the multiplier of the widths must be above 0")
    return multiplier


def _no_stem(name: str, stem_stride: int) -> None:
    require(stem_stride == 1, f"stem_stride is {stem_stride}, but {name} has no stem; leave it at 1")


_EXAMPLES = (
    "resnet20", "resnet8x4", "wrn_16_2", "vgg8", "cifar_resnet34", "imagenet_resnet18", "mobilenetv2", "shufflenetv1",
    "ghost_resnet20", "ghostnet", "plain20", "lenet5", "mlp", "unet8", "vit4", "deit4",
)  # fmt: skip
_TIMES = r"(\d+(?:\.\d+)?)"
_GHOSTS = r"(?:_s(\d+))?(?:_d(\d+))?"
_FAMILIES: dict[str, Callable[..., Net]] = {
    rf"resnet(\d+)(?:x{_TIMES})?": _resnet,
    rf"plain(\d+)(?:x{_TIMES})?": _plain,
    rf"wrn_(\d+)_{_TIMES}": _wide,
    rf"vgg(\d+)(?:x{_TIMES})?": _vgg,
    rf"cifar_resnet(\d+)(?:x{_TIMES})?": _cifar_resnet,
    rf"imagenet_resnet(\d+)(?:x{_TIMES})?": _imagenet_resnet,
    rf"mobilenetv2(?:x{_TIMES})?": _mobilenet,
    rf"shufflenetv1(?:x{_TIMES})?": _shufflenet,
    rf"ghost_(resnet|vgg)(\d+)(?:x{_TIMES})?{_GHOSTS}": _ghosted,
    rf"ghostnet(?:x{_TIMES})?": _ghostnet,
    rf"lenet5(?:(_half)|x{_TIMES})?": _lenet,
    r"mlp(\d+)?": _mlp,
    r"unet(\d+)": _unet,
    rf"(vit|deit)(\d+)(?:_(\d+))?(?:x{_TIMES})?": _vit,
}
