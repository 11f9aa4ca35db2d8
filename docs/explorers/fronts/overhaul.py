"""Fronts of the lesson on the overhaul."""

import torch

from kdtutor.papers.overhaul import margin
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.overhaul import DistanceExplorer, MarginExplorer, authors_margin, counted, target

from .front import Front, Numbers


def _margins(_: MarginExplorer, settings: Settings) -> Numbers:
    weight, bias = (torch.tensor([settings[name]], dtype=torch.float64) for name in ("gamma", "beta"))
    if not weight:
        return {"m": margin(weight, bias).item()}
    z = bias / weight.abs()
    share = 100 * torch.special.ndtr(-z)
    theirs = authors_margin(weight, bias)
    return {"m": margin(weight, bias).item(), "z": z.item(), "share": share.item(), "theirs": theirs.item()}


def _distance(explorer: DistanceExplorer, settings: Settings) -> Numbers:
    explorer.draw(**settings)
    s, goal = torch.tensor(settings["s"]), target(torch.tensor(settings["t"]), settings["m"], settings["transform"])
    asked = bool(counted(s, goal, settings["distance"]))
    return {
        "goal": goal.item(),
        "difference": (s - goal).item() if asked else 0.0,
        "curve": [float(value) for value in explorer._curve.get_ydata()],
    }


FRONTS = {
    MarginExplorer: Front("margin", lambda _: {}, lambda _: MarginExplorer(), _margins),
    DistanceExplorer: Front("distance", lambda _: {}, lambda _: DistanceExplorer(), _distance),
}
