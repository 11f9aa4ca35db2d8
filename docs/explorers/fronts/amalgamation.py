"""Fronts of the lesson on amalgamation."""

from typing import Any

import torch

from kdtutor.papers.common_features import gaussian_kernels
from kdtutor.widgets.amalgamation import KernelExplorer, ScaleExplorer, SpecialistExplorer, distance
from kdtutor.widgets.controls import Settings

from .front import Front, Numbers, packed, unpacked


def _logits(explorer: ScaleExplorer) -> dict[str, Any]:
    return {"low": explorer._low[0].tolist(), "high": explorer._high[0].tolist()}


def _rows(explorer: ScaleExplorer, settings: Settings) -> Numbers:
    low, high = explorer._low[0], settings["scale"] * explorer._high[0] + settings["shift"]
    scores, probabilities = torch.cat([low, high]), torch.cat([low.softmax(0), high.softmax(0)])
    return {
        "scores": scores.tolist(),
        "probabilities": probabilities.tolist(),
        "winners": [int(scores.argmax()), int(probabilities.argmax())],
    }


def _specialists(explorer: SpecialistExplorer) -> dict[str, Any]:
    return {
        "images": packed(torch.from_numpy(explorer._pixels)),
        "labels": explorer._labels,
        "probabilities": {name: packed(p) for name, p in explorer._p.items()},
        "classes": explorer._classes,
    }


def _specialists_again(data: dict[str, Any]) -> SpecialistExplorer:
    images, p = unpacked(data["images"])[:, None], {name: unpacked(p) for name, p in data["probabilities"].items()}
    return SpecialistExplorer(images, torch.tensor(data["labels"]), p, data["classes"])


def _opinions(explorer: SpecialistExplorer, settings: Settings) -> Numbers:
    return {"p": torch.cat([p[settings["image"]] for p in explorer._p.values()]).tolist()}


def _clouds(explorer: KernelExplorer) -> dict[str, Any]:
    return {"first": packed(explorer._first), "second": packed(explorer._second)}


def _clouds_again(data: dict[str, Any]) -> KernelExplorer:
    explorer = KernelExplorer()
    explorer._first, explorer._second = unpacked(data["first"]), unpacked(data["second"])
    return explorer


def _landscape(explorer: KernelExplorer, settings: Settings) -> Numbers:
    sigma, pairs = settings["sigma"], settings["pairs"]
    first, second = explorer._first, explorer._second
    moved = second + torch.tensor([settings["gap"], 0.0], dtype=torch.float64)
    heights = [gaussian_kernels(explorer._grid, cloud, [sigma]).mean(1) for cloud in (first, moved)]
    return {
        "field": (heights[0] - heights[1]).tolist(),
        "here": distance(first, moved, sigma, pairs),
        "floor": distance(first, second, sigma, pairs),
    }


FRONTS = {
    ScaleExplorer: Front("two-teachers", _logits, lambda data: ScaleExplorer(data["low"], data["high"]), _rows),
    SpecialistExplorer: Front("specialists", _specialists, _specialists_again, _opinions),
    KernelExplorer: Front("kernel", _clouds, _clouds_again, _landscape),
}
