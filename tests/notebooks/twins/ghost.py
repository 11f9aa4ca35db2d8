"""Maps and their copies, as the lesson writes them and as the package does."""

from collections.abc import Sequence

from kdtutor.papers import ghost

from .kinds import Arguments, Twin, randn


def four_dimensional_maps() -> Sequence[Arguments]:
    return [(randn(3, 4, 5, 2, seed=seed),) for seed in (0, 1)]


def two_maps_and_kernels() -> Sequence[Arguments]:
    return [(randn(3, 6, 5, seed=d), randn(3, 6, 5, seed=d + 50), d) for d in (1, 3, 5)]


TWINS = {
    "correlation_as_written": Twin(ghost.correlation, four_dimensional_maps),
    "map_residual_as_written": Twin(ghost.map_residual, two_maps_and_kernels),
}
