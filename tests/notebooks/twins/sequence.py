"""The losses, as the lesson writes them and as the package does."""

import torch

from kdtutor.papers import minillm, on_policy, sequence

from .kinds import Arguments, Twin, randn


def places() -> list[Arguments]:
    sizes = [(2, 3, 5), (1, 4, 3)]
    return [
        (randn(*size, seed=size[2]), 3 * randn(*size, seed=1), torch.arange(size[0] * size[1]).view(size[:2]) % 3 > 0)
        for size in sizes
    ]


def pairs() -> list[Arguments]:
    return [(randn(4, 6, seed=2), 2 * randn(4, 6, seed=3), beta) for beta in (0.2, 0.5, 0.9)]


TWINS = {
    "forward_kl_as_written": Twin(sequence.forward_kl, places),
    "reverse_kl_as_written": Twin(minillm.reverse_kl, places),
    "jsd_as_written": Twin(on_policy.generalised_jsd, pairs),
}
