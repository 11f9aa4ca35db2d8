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
    """By `boundary_loss` and its gradient, at the student and along the axis."""
    teacher = torch.full((1, 1, 1, 1), 1.0 if settings["side"] == "active" else -1.0, dtype=torch.float64)
    z = torch.cat([torch.tensor([settings["z"]]), torch.from_numpy(explorer._z)]).double().requires_grad_()
    losses = torch.stack([boundary_loss(one.view_as(teacher), teacher, settings["margin"]) for one in z])
    losses.sum().backward()
    slopes = [] if z.grad is None else z.grad.tolist()
    return {"loss": losses[0].item(), "losses": losses[1:].tolist(), "slope": slopes[0], "slopes": slopes[1:]}


FRONTS = {
    LineExplorer: Front("line", lambda explorer: {"points": packed(explorer.points)}, _line_again, _measures),
    HingeExplorer: Front("hinge", lambda _: {}, lambda _: HingeExplorer(), _hinge),
}
