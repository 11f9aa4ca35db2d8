"""Fronts of the first lesson."""

from typing import Any

import numpy as np
import torch

from kdtutor.data import Augment, Data, Split
from kdtutor.figures.style import one_of
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.start import OpinionExplorer, ShiftExplorer

from .front import Front, Numbers, packed, unpacked


def _shifts(explorer: ShiftExplorer) -> dict[str, Any]:
    train, pads = explorer.data.train, range(explorer.controls["pad"].max + 1)
    rows = [int((train.labels == k).nonzero()[0]) for k in range(explorer.data.num_classes)]
    draws = [Augment(pad=pad).draw(explorer.SHOWN - 1, torch.Generator().manual_seed(0)).shifts for pad in pads]
    return {
        "images": packed(train.images[rows, 0]),
        "shifts": [
            [[0, 0]] * (explorer.SHOWN - 1) if drawn is None else (pad - drawn).T.tolist()  # down, to the right
            for pad, drawn in zip(pads, draws, strict=True)
        ],
        "classes": explorer.data.classes,
    }


def _shifts_again(data: dict[str, Any]) -> ShiftExplorer:
    images = unpacked(data["images"])[:, None]
    one_each = Split(images, torch.arange(len(images)))
    return ShiftExplorer(Data("one of each class", one_each, None, one_each, tuple(data["classes"]), (0.5,), (0.5,)))


def _pixels(explorer: ShiftExplorer, settings: Settings) -> Numbers:
    explorer.draw(**settings)
    return {"pixels": [float(value) for shown in explorer._shown for value in np.asarray(shown.get_array()).ravel()]}


def _opinions(explorer: OpinionExplorer) -> dict[str, Any]:
    return {
        "images": packed(explorer.images[:, 0]),
        "probabilities": packed(explorer.probabilities),
        "labels": explorer.labels.tolist(),
        "classes": explorer.classes,
        "called": [one_of(explorer.classes, k) for k in range(len(explorer.classes))],
    }


def _opinions_again(data: dict[str, Any]) -> OpinionExplorer:
    split = Split(unpacked(data["images"])[:, None], torch.tensor(data["labels"]))
    p = unpacked(data["probabilities"])
    explorer = OpinionExplorer(split, p.log(), data["classes"], shown=len(p))
    explorer.images, explorer.labels, explorer.probabilities = split.images, split.labels, p  # in their order
    explorer.entropy = torch.special.entr(p).sum(1)
    return explorer


def _opinion(explorer: OpinionExplorer, settings: Settings) -> Numbers:
    place = settings["rank"] - 1
    return {"p": explorer.probabilities[place].tolist(), "entropy": explorer.entropy[place].item()}


FRONTS = {
    ShiftExplorer: Front("augment", _shifts, _shifts_again, _pixels),
    OpinionExplorer: Front("opinion", _opinions, _opinions_again, _opinion),
}
