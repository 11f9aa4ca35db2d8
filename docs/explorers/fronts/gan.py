"""Fronts of the lesson on GAN compression."""

from typing import Any

import torch
from torch import Tensor

from kdtutor.papers.gan import laplacian, laplacian_variance
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.gan import BlurExplorer, HillsExplorer, density

from .front import Front, Numbers, packed, unpacked

MOST = 32  # images of a class that the slider may ask for


def _hills(_: HillsExplorer, settings: Settings) -> Numbers:
    x = torch.linspace(-4, 5, 181, dtype=torch.float64).numpy()
    mean, spread = settings["mean"], settings["spread"]
    return {"made": density(x, mean, spread).tolist(), "means": mean**2, "spreads": (spread - 1) ** 2}


def _first(explorer: BlurExplorer, digit: int) -> Tensor:
    return explorer.images[explorer.labels == digit][:MOST]


def _blur(explorer: BlurExplorer) -> dict[str, Any]:
    """The first images of each class: pixels from -1 to 1 were bytes."""
    return {"images": [packed((127.5 * (_first(explorer, k)[:, 0] + 1)).round().byte()) for k in range(10)]}


def _blur_again(data: dict[str, Any]) -> BlurExplorer:
    images = [unpacked(pixels)[:, None] / 127.5 - 1 for pixels in data["images"]]
    labels = torch.arange(10).repeat_interleave(torch.tensor([len(of_class) for of_class in images]))
    return BlurExplorer(torch.cat(images), labels)


def _sharpness(explorer: BlurExplorer, settings: Settings) -> Numbers:
    chosen = _first(explorer, settings["digit"])[: settings["count"]]
    mean = chosen.mean(0, keepdim=True)
    return {
        "mean": mean.flatten().tolist(),
        "edges": (laplacian(mean).flatten() / 500).tolist(),
        "sharpness": [laplacian_variance(chosen).mean().item(), laplacian_variance(mean).item()],
        "error": (chosen - mean).square().mean().item(),
    }


FRONTS = {
    HillsExplorer: Front("hills", lambda _: {}, lambda _: HillsExplorer(), _hills),
    BlurExplorer: Front("blur", _blur, _blur_again, _sharpness),
}
