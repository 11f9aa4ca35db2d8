"""The losses, as the lesson writes them and as the package does."""

import torch

from kdtutor.papers import amalgamation, common_features

from .kinds import Arguments, Twin, randn

HALVES = ((0, 1, 2), (3, 4))


def scores() -> list[Arguments]:
    return [(randn(B, 5, seed=B), 3 * randn(B, 3, seed=B + 10), 2 * randn(B, 2, seed=B + 20)) for B in (1, 4)]


def side_by_side(z_s: torch.Tensor, z_1: torch.Tensor, z_2: torch.Tensor) -> torch.Tensor:
    return amalgamation.score_loss(z_s, torch.cat([z_1, z_2], dim=1))


def blocks(z_s: torch.Tensor, z_1: torch.Tensor, z_2: torch.Tensor) -> torch.Tensor:
    return amalgamation.block_divergence(z_s, [z_1, z_2], HALVES)


def clouds() -> list[Arguments]:
    return [(randn(n, 6, seed=n), randn(m, 6, seed=m + 30)) for n, m in ((4, 7), (5, 2))]


TWINS = {
    "score_loss_as_written": Twin(side_by_side, scores),
    "block_loss_as_written": Twin(blocks, scores),
    "mmd_as_written": Twin(common_features.mmd, clouds),
}
