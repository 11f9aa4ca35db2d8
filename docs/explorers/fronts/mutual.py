"""Fronts of the lesson on mutual learning."""

from typing import Any

import torch

from kdtutor.papers.hinton import entropy
from kdtutor.papers.mutual import mutual_loss
from kdtutor.papers.tensors import relative_entropy
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.mutual import CohortExplorer, NoiseExplorer, TriangleExplorer, _two, walk

from .front import Front, Numbers, packed, unpacked


def _walk(_: TriangleExplorer, settings: Settings) -> Numbers:
    z = walk(settings["label"], settings["weight"], settings["who"])
    here = z[settings["steps"]]
    return {
        "p": z.softmax(2).flatten().tolist(),
        "apart": mutual_loss(here[:1], [here[1:]]).item(),
        "entropies": entropy(here.softmax(1)).tolist(),
        "total": here[:, 0].sum().item(),
    }


def _cohort(explorer: CohortExplorer, settings: Settings) -> Numbers:
    peers = -1 + settings["spread"] * torch.linspace(0, 1, settings["nets"] - 1)
    own, theirs = _two(explorer._z)[:, None], _two(peers)  # positions 1 2, peers 2
    voices = [theirs, theirs.exp().mean(0, keepdim=True).log(), _two(peers.mean(0, keepdim=True))]
    curves = [relative_entropy(*torch.broadcast_tensors(voice, own)).sum(2).mean(1) for voice in voices]
    return {
        "curves": torch.cat(curves).tolist(),
        "lowest": [explorer._z[curve.argmin()].item() for curve in curves],
        "peers": peers.tolist(),
    }


def _noise(explorer: NoiseExplorer) -> dict[str, Any]:
    losses = {
        kind: {
            "sigmas": packed(torch.from_numpy(sigmas)),
            "nets": [packed(torch.from_numpy(losses)) for losses in nets.values()],
        }
        for kind, (sigmas, nets) in explorer._losses.items()
    }
    return {"names": list(next(iter(explorer._losses.values()))[1]), "losses": losses}


def _noise_again(data: dict[str, Any]) -> NoiseExplorer:
    return NoiseExplorer(
        {
            kind: (unpacked(of["sigmas"]), dict(zip(data["names"], map(unpacked, of["nets"]), strict=True)))
            for kind, of in data["losses"].items()
        }
    )


def _means(explorer: NoiseExplorer, settings: Settings) -> Numbers:
    nets = explorer._losses[settings["noise"]][1].values()
    return {"means": [float(mean) for losses in nets for mean in losses.mean(1)]}


FRONTS = {
    TriangleExplorer: Front("triangle", lambda _: {}, lambda _: TriangleExplorer(), _walk),
    CohortExplorer: Front("cohort", lambda explorer: {"z": packed(explorer._z)}, lambda _: CohortExplorer(), _cohort),
    NoiseExplorer: Front("noise", _noise, _noise_again, _means),
}
