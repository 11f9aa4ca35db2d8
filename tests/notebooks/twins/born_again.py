"""Rounds of refitting, the losses of generations, permuted dark knowledge, and the loss of a net with exits, as the
lesson writes them and as the package does."""

import torch

from kdtutor.papers import born_again, own_teacher, ridge

from .kinds import Arguments, Twin, logits, randn


def fits() -> list[Arguments]:
    """A kernel and labels, with which c, for how many rounds."""
    x = (torch.arange(9, dtype=torch.float64) + 0.5) / 9
    return [(ridge.bending_kernel(x, x), randn(9, seed=seed), c, 5) for seed, c in ((0, 1e-3), (1, 0.1))]


def pairs() -> list[Arguments]:
    return [(z_s, z_t) for z_s, z_t, _ in logits()]


def labelled() -> list[Arguments]:
    return [(z_s, z_t, torch.arange(len(z_s)) % z_s.shape[1]) for z_s, z_t in pairs()]


def permutations() -> list[Arguments]:
    generator = torch.Generator().manual_seed(0)
    return [(z_t.softmax(1), born_again.draw_orders(*z_t.shape, generator=generator)) for _, z_t in pairs()]


def exits() -> list[Arguments]:
    """Logits and features of three exits, labels, and the weights of the terms."""
    z, f = ([randn(4, size, seed=seed) for seed in range(3)] for size in (5, 7))
    return [(z, f, torch.arange(4), 0.3, 0.03, 3.0), (z, f, torch.arange(4), 0.8, 1.0, 1.0)]


TWINS = {
    "refitted_as_written": Twin(ridge.refitted, fits),
    "rounds_as_written": Twin(ridge.in_closed_form, fits),
    "ban_as_written": Twin(born_again.ban_loss, pairs),
    "cwtm_as_written": Twin(born_again.cwtm_loss, labelled),
    "permuted_as_written": Twin(born_again.permuted, permutations),
    "exits_as_written": Twin(own_teacher.own_teacher_loss, exits),
}
