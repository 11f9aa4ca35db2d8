"""Fronts of the lesson on FSP."""

from typing import Any

import torch

from kdtutor.papers.fsp import fsp_matrix
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.fsp import BOTH, CHANNELS, FIRST, SIDE, FlowExplorer, shuffled, toy_layers

from .front import Front, Numbers


def _orders(_: FlowExplorer) -> dict[str, Any]:
    """Where each position and each channel comes from in a shuffle."""
    positions = torch.arange(float(SIDE**2)).view(1, 1, SIDE, SIDE)
    channels = torch.arange(float(len(FIRST))).view(1, -1, 1, 1).expand(-1, -1, SIDE, SIDE)
    return {
        "positions": shuffled(positions, positions, BOTH)[0].flatten().int().tolist(),
        "channels": shuffled(channels, channels, CHANNELS)[0][0, :, 0, 0].int().tolist(),
    }


def _products(_: FlowExplorer, settings: Settings) -> Numbers:
    a, b = shuffled(*toy_layers(settings["column"], settings["strength"]), settings["shuffle"])
    maps = {"first": a, "second": b, "products": a[0, :, None] * b[0], "flow": fsp_matrix(a, b)}
    return {name: values.flatten().tolist() for name, values in maps.items()}


FRONTS = {FlowExplorer: Front("flow", _orders, lambda _: FlowExplorer(), _products)}
