"""Fronts of the lesson on contrast."""

import math
from typing import Any

import torch

from kdtutor.papers.contrastive import nce_loss
from kdtutor.papers.decoupled import nckd_loss, tckd_loss
from kdtutor.papers.hinton import soften
from kdtutor.widgets.contrastive import IMAGES, OWN, ContrastExplorer, ScaleExplorer, TargetExplorer
from kdtutor.widgets.controls import Settings

from .front import Front, Numbers, packed, unpacked


def _contrast(explorer: ContrastExplorer, settings: Settings) -> Numbers:
    K, temperature = IMAGES - 1, settings["temperature"]
    anywhere = torch.linspace(0, 2 * math.pi, 361, dtype=torch.float64)[:-1].cos() / temperature
    log_Z = anywhere.exp().mean().log() + math.log(IMAGES * settings["factor"])
    log_P = torch.cos(explorer._turns - math.radians(settings["angle"])) / temperature - log_Z
    own_first = torch.cat([log_P[OWN : OWN + 1], log_P[:OWN], log_P[OWN + 1 :]])
    h = log_P.exp() / (log_P.exp() + K / IMAGES)
    return {"h": h.tolist(), "loss": nce_loss(own_first[None], rows=IMAGES).item()}


def _logits(explorer: TargetExplorer) -> dict[str, Any]:
    return {
        "z_s": packed(explorer.z_s),
        "z_t": packed(explorer.z_t),
        "labels": explorer.labels.tolist(),
        "T": explorer.T,
    }


def _logits_again(data: dict[str, Any]) -> TargetExplorer:
    return TargetExplorer(unpacked(data["z_s"]), unpacked(data["z_t"]), torch.tensor(data["labels"]), data["T"])


def _parts(explorer: TargetExplorer, settings: Settings) -> Numbers:
    sample, beta, T = settings["sample"], settings["beta"], explorer.T
    z_s, z_t, label = explorer.z_s[sample][None], explorer.z_t[sample], explorer.labels[sample][None]

    def parts(added: float) -> tuple[torch.Tensor, float, float]:
        z = z_t.clone()
        z[label] += added
        return soften(z, T), tckd_loss(z_s, z[None], label, T).item(), nckd_loss(z_s, z[None], label, T).item()

    curves = []
    for added in explorer._grid.tolist():
        bars, target, others = parts(added)
        other = (1 - bars[label].item()) * others
        curves += [target + other, target, other, beta * others]
    bars, target, others = parts(settings["added"])
    return {"curves": curves, "bars": bars.tolist(), "p": bars[label].item(), "target": target, "nckd": others}


def _students(explorer: ScaleExplorer) -> dict[str, Any]:
    return {"orders": list(explorer._as), "students": packed(torch.stack(list(explorer._as.values())))}


def _students_again(data: dict[str, Any]) -> ScaleExplorer:
    students = unpacked(data["students"])
    explorer = ScaleExplorer(students[0])
    explorer._as = dict(zip(data["orders"], students, strict=True))
    return explorer


def _costs(explorer: ScaleExplorer, settings: Settings) -> Numbers:
    z, scale, shift = explorer._as[settings["order"]], settings["scale"], settings["shift"]
    return {
        "student": (scale * z[0] + shift).tolist(),
        "costs": [explorer._cost(name, scale * z + shift) for name in explorer._losses],
    }


FRONTS = {
    ContrastExplorer: Front("contrast", lambda _: {}, lambda _: ContrastExplorer(), _contrast),
    TargetExplorer: Front("target", _logits, _logits_again, _parts),
    ScaleExplorer: Front("logit-scale", _students, _students_again, _costs),
}
