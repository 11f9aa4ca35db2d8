"""Fronts of the lesson on self-distillation."""

from typing import Any

import torch

from kdtutor.papers.born_again import cwtm_weights, draw_orders, permuted
from kdtutor.papers.ridge import curve, refitted, shrinkage
from kdtutor.widgets.born_again import GRID, DarkExplorer, RoundsExplorer, ThresholdExplorer
from kdtutor.widgets.controls import Settings

from .front import Front, Numbers, packed, unpacked


def _rounds(explorer: RoundsExplorer) -> dict[str, Any]:
    d, V = torch.linalg.eigh(explorer._K)
    kept = {"x": explorer.x, "y": explorer.y, "truth": explorer._truth, "eigenvalues": d, "eigenvectors": V}
    return {name: packed(tensor) for name, tensor in kept.items()}


def _rounds_again(data: dict[str, Any]) -> RoundsExplorer:
    x, y, truth = (unpacked(data[name]) for name in ("x", "y", "truth"))
    return RoundsExplorer(x, y, lambda _: truth)


def _fits(explorer: RoundsExplorer, settings: Settings) -> Numbers:
    c, rounds = 10 ** settings["log_c"], settings["rounds"]
    drawn = curve(GRID, explorer.x, refitted(explorer._K, explorer.y, c, rounds - 1)[-1], c)
    return {
        "drawn": drawn.tolist(),
        "left": shrinkage(explorer._d, c, rounds).tolist(),
        "first": shrinkage(explorer._d, c, 1).tolist(),
        "error": (drawn - explorer._truth).square().mean().sqrt().item(),
    }


def _dark(explorer: DarkExplorer) -> dict[str, Any]:
    slider = explorer.controls["draw_number"]
    orders = [_order(explorer, seed)[0].tolist() for seed in range(slider.min, slider.max + 1)]
    return {
        "images": packed(torch.from_numpy(explorer._pixels)),
        "logits": packed(explorer.logits),
        "labels": explorer._labels,
        "classes": list(explorer.classes),
        "orders": orders,
    }


def _order(explorer: DarkExplorer, seed: int) -> torch.Tensor:
    return draw_orders(1, len(explorer.classes), torch.Generator().manual_seed(seed))


def _dark_again(data: dict[str, Any]) -> DarkExplorer:
    images, logits = unpacked(data["images"])[:, None], unpacked(data["logits"])
    return DarkExplorer(images, logits, torch.tensor(data["labels"]), data["classes"])


def _permuted(explorer: DarkExplorer, settings: Settings) -> Numbers:
    p = explorer.logits[settings["image"]].softmax(0)
    return {
        "p": p.tolist(),
        "moved": permuted(p[None], _order(explorer, settings["draw_number"]))[0].tolist(),
        "weights": cwtm_weights(explorer.logits, torch.tensor(explorer._labels)).tolist(),
    }


def _exits(explorer: ThresholdExplorer) -> dict[str, Any]:
    return {
        "logits": packed(explorer._logits),
        "labels": explorer._labels.tolist(),
        "costs": explorer._costs.long().tolist(),
    }


def _exits_again(data: dict[str, Any]) -> ThresholdExplorer:
    return ThresholdExplorer(unpacked(data["logits"]), torch.tensor(data["labels"]), data["costs"])


def _left(explorer: ThresholdExplorer, settings: Settings) -> Numbers:
    cost, accuracy, shares = explorer._at(settings["threshold"])
    return {"cost": cost, "accuracy": accuracy, "shares": shares}


FRONTS = {
    RoundsExplorer: Front("rounds", _rounds, _rounds_again, _fits),
    DarkExplorer: Front("dark-knowledge", _dark, _dark_again, _permuted),
    ThresholdExplorer: Front("threshold", _exits, _exits_again, _left),
}
