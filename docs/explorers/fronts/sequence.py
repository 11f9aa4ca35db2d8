"""Fronts of the lesson on language models."""

import torch

from kdtutor.papers.on_policy import divergences
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.sequence import DivergenceExplorer, ModeExplorer, two_peaks

from .front import Front, Numbers


def _curves(explorer: DivergenceExplorer, settings: Settings) -> Numbers:
    values, slopes = explorer._curve(**settings)
    ends = [explorer._curve(settings["p_t"], beta) for beta in (0.0, 1.0)]
    return {
        "values": values.tolist(),
        "slopes": slopes.tolist(),
        "end_values": torch.cat([end[0] for end in ends]).tolist(),
        "end_slopes": torch.cat([end[1] for end in ends]).tolist(),
    }


def _modes(explorer: ModeExplorer, settings: Settings) -> Numbers:
    z_t = two_peaks(settings["distance"], settings["share"])
    values = divergences(explorer._z_s, z_t.expand_as(explorer._z_s), settings["beta"])
    best = explorer.nearest(values)
    p_s, p_t = explorer._z_s[best].softmax(0), z_t.softmax(0)
    valleys = values.reshape(explorer._shape).amin(1)
    return {
        "p_s": p_s.tolist(),
        "p_t": p_t.tolist(),
        "valleys": (valleys / valleys.max()).tolist(),
        "centre": explorer._centres[best].item(),
        "width": explorer._widths[best].item(),
        "never": p_s[p_t < 0.1 * p_t.max()].sum().item(),
    }


FRONTS = {
    DivergenceExplorer: Front("divergence", lambda _: {}, lambda _: DivergenceExplorer(), _curves),
    ModeExplorer: Front("modes", lambda _: {}, lambda _: ModeExplorer(), _modes),
}
