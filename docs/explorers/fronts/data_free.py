"""Fronts of the lesson on data-free learning."""

import torch

from kdtutor.papers.data_free import ACTIVATION, ENTROPY, ONE_HOT, activation_loss, entropy_loss, one_hot_loss
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.data_free import LossExplorer

from .front import Front, Numbers

WEIGHTS = [ONE_HOT, ACTIVATION, ENTROPY]


def _losses(explorer: LossExplorer, settings: Settings) -> Numbers:
    height, first, strength = settings["height"], settings["first"], settings["strength"]
    others = 1 + torch.arange(explorer.SAMPLES - first) % (explorer.CLASSES - 1)
    z_t = height * torch.eye(explorer.CLASSES)[torch.cat([torch.zeros(first, dtype=torch.long), others])]
    p_t = z_t.softmax(1)
    losses = [one_hot_loss(z_t), activation_loss(torch.full((len(z_t), 5), strength)), entropy_loss(z_t)]
    return {
        "p": p_t.flatten().tolist(),
        "mean": p_t.mean(0).tolist(),
        "losses": [loss.item() for loss in losses],
        "weighted": [weight * loss.item() for weight, loss in zip(WEIGHTS, losses, strict=True)],
    }


FRONTS = {LossExplorer: Front("generator-losses", lambda _: {"weights": WEIGHTS}, lambda _: LossExplorer(), _losses)}
