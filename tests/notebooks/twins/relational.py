"""Distances and angles, as the lesson writes them and as the package does."""

from collections.abc import Callable, Sequence

from kdtutor.papers import relational

from ...papers.oracle import oracle
from .kinds import Arguments, Reference, Twin, randn


def embeddings() -> Sequence[Arguments]:
    """Student's and teacher's embeddings of different widths; also two samples, where nothing is to compare."""
    return [(randn(B, D, seed=B), 2 * randn(B, E, seed=B + 50) + 1) for B, D, E in ((6, 3, 8), (9, 16, 5), (2, 4, 4))]


def relations_reference(term: str) -> Callable[[], Reference]:
    def reference() -> Reference:
        case = oracle("rkd_case1")
        return (case["in_s"], case["in_t"]), case[f"out_{term}"], [case[f"grad_s_{term}"]]

    return reference


TWINS = {
    "distance_loss_as_written": Twin(relational.distance_loss, embeddings, relations_reference("distance")),
    "angle_loss_as_written": Twin(relational.angle_loss, embeddings, relations_reference("angle")),
    "angle_loss_as_published": Twin(relational.angle_loss, embeddings, relations_reference("angle")),
}
