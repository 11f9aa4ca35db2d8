"""Fronts of the lesson on Hinton's distillation."""

from typing import Any

import torch

from kdtutor.figures.style import all_of
from kdtutor.papers.hinton import entropy, soften
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.hinton import BiasExplorer, TemperatureExplorer

from .front import Front, Numbers, packed, unpacked


def _temperature(explorer: TemperatureExplorer) -> dict[str, Any]:
    return {
        "images": packed(torch.from_numpy(explorer._pixels)),
        "logits": packed(explorer.logits),
        "labels": explorer.labels,
        "classes": explorer.classes,
    }


def _temperature_again(data: dict[str, Any]) -> TemperatureExplorer:
    images, logits = unpacked(data["images"])[:, None], unpacked(data["logits"])
    return TemperatureExplorer(images, logits, torch.tensor(data["labels"]), data["classes"])


def _softened(explorer: TemperatureExplorer, settings: Settings) -> Numbers:
    p = soften(explorer.logits[settings["digit"]], settings["T"])
    return {"p": p.tolist(), "entropy": entropy(p).item()}


def _bias(explorer: BiasExplorer) -> dict[str, Any]:
    students = {
        name: {
            "needed": packed(torch.from_numpy(answers.needed)),
            "otherwise": packed(torch.from_numpy(answers.otherwise).to(torch.uint8)),
        }
        for name, answers in explorer._answers.items()
    }
    return {
        "students": students,
        "labels": explorer._labels.tolist(),
        "k": explorer.k,
        "classes": explorer.classes,
        "mine": all_of(explorer.classes, explorer.k),
    }


def _bias_again(data: dict[str, Any]) -> BiasExplorer:
    """From logits of two classes: k, and the best other class, right or wrong and as far ahead as it was."""
    labels, k, K = torch.tensor(data["labels"]), data["k"], len(data["classes"])
    logits = {}
    for name, answers in data["students"].items():
        right, needed = unpacked(answers["otherwise"]).bool(), unpacked(answers["needed"])
        other = (labels + 1) % K
        said = torch.where(right, labels, torch.where(other == k, (labels + 2) % K, other))
        ahead = needed.float()  # logits are in single precision: of class k comes what that leaves
        z = torch.full((len(labels), K), -100.0)
        z[:, k] = (ahead.double() - needed).float()
        logits[name] = z.scatter(1, said[:, None], ahead[:, None])
    return BiasExplorer(logits, labels, k, data["classes"])


def _accuracies(explorer: BiasExplorer, settings: Settings) -> Numbers:
    explorer.draw(**settings)
    curves = [[float(value) for value in line.get_ydata()] for line in explorer._lines]
    return {
        **dict(zip(("mine", "others", "all"), curves, strict=True)),
        "classes": [float(bar.get_height()) for bar in explorer._bars],
    }


FRONTS = {
    TemperatureExplorer: Front("temperature", _temperature, _temperature_again, _softened),
    BiasExplorer: Front("bias", _bias, _bias_again, _accuracies),
}
