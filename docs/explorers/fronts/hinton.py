"""Fronts of the lesson on Hinton's distillation."""

import torch

from kdtutor.papers.hinton import entropy, soften
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.hinton import TemperatureExplorer

from .front import Front, Numbers, packed, unpacked


def _temperature(explorer: TemperatureExplorer) -> dict:
    return {
        "images": packed(torch.from_numpy(explorer._pixels)),
        "logits": packed(explorer.logits),
        "labels": explorer.labels,
        "classes": explorer.classes,
    }


def _temperature_again(data: dict) -> TemperatureExplorer:
    images, logits = unpacked(data["images"])[:, None], unpacked(data["logits"])
    return TemperatureExplorer(images, logits, torch.tensor(data["labels"]), data["classes"])


def _softened(explorer: TemperatureExplorer, settings: Settings) -> Numbers:
    p = soften(explorer.logits[settings["digit"]], settings["T"])
    return {"p": p.tolist(), "entropy": entropy(p).item()}


FRONTS = {TemperatureExplorer: Front("temperature", _temperature, _temperature_again, _softened)}
