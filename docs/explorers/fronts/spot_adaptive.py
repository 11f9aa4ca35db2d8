"""Fronts of the lesson on spot-adaptive distillation."""

from typing import Any

import pandas as pd
import torch

from kdtutor.widgets.controls import Settings
from kdtutor.widgets.spot_adaptive import BINS, GumbelExplorer, WayExplorer, WeightExplorer

from .front import Front, Numbers, packed, unpacked


def _coin_again(data: dict[str, Any]) -> GumbelExplorer:
    explorer = GumbelExplorer()
    explorer.noise = unpacked(data["noise"])
    return explorer


def _coin(explorer: GumbelExplorer, settings: Settings) -> Numbers:
    logit, tau = settings["logit"], settings["tau"]
    noisy = logit + explorer.noise
    soft = torch.sigmoid(noisy / tau)
    return {
        "rate": (noisy >= 0).float().mean().item(),
        "probability": torch.sigmoid(torch.tensor(logit)).item(),
        "gradient": (soft * (1 - soft) / tau).mean().item(),
        "histogram": (torch.histc(soft, BINS, 0, 1) / len(soft)).tolist(),
    }


def _way(explorer: WayExplorer) -> dict[str, Any]:
    return {
        "images": packed(explorer.images),
        "logits": packed(explorer.logits),
        "noise": packed(explorer.noise),
        "places": list(explorer.places),
        "captions": [name for name, _ in explorer.controls["sample"].options],
        "facts": list(explorer.facts),
    }


def _way_again(data: dict[str, Any]) -> WayExplorer:
    images, logits, noise = (unpacked(data[name]) for name in ("images", "logits", "noise"))
    return WayExplorer(images, logits, noise, data["places"], data["captions"], data["facts"])


def _taken(explorer: WayExplorer, settings: Settings) -> Numbers:
    epoch, sample = settings["epoch"] - 1, settings["sample"]
    return {
        "decisions": explorer.decisions[epoch, sample].float().tolist(),
        "probability": explorer.probability[epoch, sample].tolist(),
    }


def _weights(explorer: WeightExplorer) -> dict[str, Any]:
    always = [{"strategy": "always", "beta": beta, "test": test} for beta, test in explorer.always.items()]
    adaptive = [
        {"strategy": "adaptive", "beta": beta, "tau": tau, **numbers}
        for (beta, tau), numbers in explorer.adaptive.items()
    ]
    return {"rows": always + adaptive}


def _weight(explorer: WeightExplorer, settings: Settings) -> Numbers:
    here = explorer.adaptive[settings["beta"], settings["tau"]]
    return {
        "accuracies": [100 * explorer.always[settings["beta"]], 100 * here["test"]],
        "rates": [here[rate] for rate in explorer.rates],
    }


FRONTS = {
    GumbelExplorer: Front("gumbel", lambda explorer: {"noise": packed(explorer.noise)}, _coin_again, _coin),
    WayExplorer: Front("way", _way, _way_again, _taken),
    WeightExplorer: Front("weight-tau", _weights, lambda data: WeightExplorer(pd.DataFrame(data["rows"])), _weight),
}
