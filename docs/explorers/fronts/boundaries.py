"""Fronts of the lesson on activation boundaries."""

from typing import Any

import torch

from kdtutor.data import Split
from kdtutor.papers.boundaries import boundary_loss
from kdtutor.widgets.boundaries import HingeExplorer, LineExplorer, neuron
from kdtutor.widgets.controls import Settings

from .front import Front, Numbers, packed, unpacked


def _line_again(data: dict[str, Any]) -> LineExplorer:
    points = unpacked(data["points"])
    return LineExplorer(Split(points, torch.zeros(len(points), dtype=torch.int64)))


def _measures(explorer: LineExplorer, settings: Settings) -> Numbers:
    z_s, z_t = neuron(**settings, points=explorer.points), neuron(*explorer.TEACHER, explorer.points)
    wrong = (z_s > 0) ^ (z_t > 0)
    return {
        "wrong": wrong.float().tolist(),
        "share": wrong.float().mean().item(),
        "boundary": boundary_loss(z_s.view(-1, 1, 1, 1), z_t.view(-1, 1, 1, 1)).item(),
        "magnitude": (z_s.relu() - z_t.relu()).square().mean().item(),
    }


def _hinge(explorer: HingeExplorer, settings: Settings) -> Numbers:
    """`boundary_loss` and its gradient, at the student and, summed, along the axis."""
    teacher = 1.0 if settings["side"] == "active" else -1.0
    z = torch.cat([torch.tensor([settings["z"]]), torch.from_numpy(explorer._z)]).double().requires_grad_()
    neurons = z.view(1, -1, 1, 1)
    total = boundary_loss(neurons, torch.full_like(neurons, teacher), settings["margin"])
    (slopes,) = torch.autograd.grad(total, z)
    here = boundary_loss(neurons[:, :1], torch.full_like(neurons[:, :1], teacher), settings["margin"])
    return {
        "loss": here.item(),
        "total": (total - here).item(),
        "slope": slopes[0].item(),
        "slopes": slopes[1:].tolist(),
    }


FRONTS = {
    LineExplorer: Front("line", lambda explorer: {"points": packed(explorer.points)}, _line_again, _measures),
    HingeExplorer: Front("hinge", lambda _: {}, lambda _: HingeExplorer(), _hinge),
}
