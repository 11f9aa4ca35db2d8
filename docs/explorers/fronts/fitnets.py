"""Fronts of the lesson on FitNets."""

from typing import Any

import torch
from torch import Tensor

from kdtutor import nets
from kdtutor.nets import Net, count_parameters
from kdtutor.settings import preset
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.fitnets import DepthExplorer, HintExplorer, guided_parameters

from .front import Front, Numbers, packed, unpacked


def _depth(explorer: DepthExplorer) -> dict[str, Any]:
    return {
        "images": packed(torch.from_numpy(explorer._pixels)),
        "nets": {
            name: {"accuracies": explorer._accuracies[name], "maps": [packed(_bytes(x)) for x in layers]}
            for name, layers in explorer._means.items()
        },
    }


def _bytes(maps: Tensor) -> Tensor:
    """(N, h, w), each from its own smallest to its largest number, as bytes."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (255 * (maps - low) / torch.where(high > low, high - low, 1.0)).round().to(torch.uint8)


def _depth_again(data: dict[str, Any]) -> DepthExplorer:
    maps = {name: [unpacked(x)[:, None].float() for x in net["maps"]] for name, net in data["nets"].items()}
    accuracies = {name: net["accuracies"] for name, net in data["nets"].items()}
    return DepthExplorer(unpacked(data["images"])[:, None], maps, accuracies)


def _told_apart(explorer: DepthExplorer, settings: Settings) -> Numbers:
    return {"accuracies": [values[settings["block"]] for values in explorer._accuracies.values()]}


def _hint(explorer: HintExplorer) -> dict[str, Any]:
    student = explorer._nets["student"]
    return {
        **{
            who: {"name": net.name, "widths": [net.stem_width or 0, *net.widths]} for who, net in explorer._nets.items()
        },
        "sizes": [list(size) for size in explorer._sizes],
        "guided": [guided_parameters(student, layer) for layer in range(len(explorer._sizes))],
        "total": count_parameters(student),
        "accuracies": {str(layer): value for layer, value in explorer._accuracies.items()},
    }


def _hint_again(data: dict[str, Any]) -> HintExplorer:
    def again(who: str) -> Net:
        return nets.build(data[who]["name"], **preset("minute").net_options)

    accuracies = {int(layer): value for layer, value in data["accuracies"].items()}
    return HintExplorer(again("student"), again("teacher"), [tuple(size) for size in data["sizes"]], accuracies)


def _counts(explorer: HintExplorer, settings: Settings) -> Numbers:
    explorer.draw(**settings)
    return {"counts": [float(bar.get_width()) for bar in explorer._bars]}


FRONTS = {
    DepthExplorer: Front("depth", _depth, _depth_again, _told_apart),
    HintExplorer: Front("hint", _hint, _hint_again, _counts),
}
