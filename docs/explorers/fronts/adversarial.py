"""Fronts of the lesson on data-free adversarial distillation."""

import torch

from kdtutor.papers.adversarial import DISTANCES
from kdtutor.widgets.adversarial import Z_T, GapExplorer, student_logits
from kdtutor.widgets.controls import Settings

from .front import Front, Numbers


def _gaps(_: GapExplorer, settings: Settings) -> Numbers:
    z_s = student_logits(settings["way"], settings["distance"]).requires_grad_()
    values = [distance(z_s, torch.tensor([Z_T])) for distance in DISTANCES.values()]
    return {
        "student": z_s[0].tolist(),
        "distances": [value.item() for value in values],
        "gradients": [torch.autograd.grad(value, z_s)[0].norm().item() for value in values],
    }


FRONTS = {GapExplorer: Front("logit-gap", lambda _: {}, lambda _: GapExplorer(), _gaps)}
