"""The losses, as the lesson writes them and as the package does."""

from kdtutor.papers import mutual

from .kinds import Arguments, Twin, randn


def cohorts() -> list[Arguments]:
    sizes = [(1, 5, 7), (2, 1, 3), (3, 4, 10)]
    return [(randn(B, K, seed=B), [3 * randn(B, K, seed=100 + i) for i in range(n)]) for n, B, K in sizes]


TWINS = {
    "mutual_loss_as_written": Twin(mutual.mutual_loss, cohorts),
    "ensemble_loss_as_written": Twin(mutual.ensemble_loss, cohorts),
}
