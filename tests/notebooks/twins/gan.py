"""The critic and sharpness, as the lesson writes them and as the package does."""

from collections.abc import Sequence

from kdtutor.papers import gan

from ...papers.oracle import oracle
from .kinds import Arguments, Reference, Twin, pairs_of_equal_maps, randn


def scores() -> Sequence[Arguments]:
    return [(3 * randn(5, seed=1), 3 * randn(5, seed=2)), (randn(1, seed=3), randn(4, seed=4))]


def imitation_reference() -> Reference:
    case = oracle("gankd_joint_case1")
    return (case["student_img"], case["teacher_img"]), case["mse"], []


def grey_images() -> Sequence[Arguments]:
    return [(randn(3, 1, 6, 5, seed=1).tanh(),), (randn(1, 1, 16, 16, seed=2).tanh(),)]


TWINS = {
    "critic_loss_as_written": Twin(gan.critic_loss, scores),
    "imitation_as_written": Twin(gan.imitation_loss, pairs_of_equal_maps, imitation_reference),
    "sharpness_as_written": Twin(gan.laplacian_variance, grey_images),
}
