"""Fronts of the lesson on activation boundaries."""

import torch

from kdtutor.data import Split
from kdtutor.papers.boundaries import boundary_loss
from kdtutor.widgets.boundaries import LineExplorer, neuron
from kdtutor.widgets.controls import Settings

from .front import Front, Numbers, packed, unpacked


def _line_again(data: dict) -> LineExplorer:
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


FRONTS = {LineExplorer: Front("line", lambda explorer: {"points": packed(explorer.points)}, _line_again, _measures)}
