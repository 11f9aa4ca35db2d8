"""The discrepancy, as the lesson writes them and as the package does."""

from kdtutor.papers import adversarial

from ...papers.oracle import oracle
from .kinds import Reference, Twin, logits


def discrepancy_reference() -> Reference:
    case = oracle("dfad_discrepancy_case1")
    return (case["student"], case["teacher"]), case["loss_S"], [case["grad_loss_S_wrt_student"]]


TWINS = {
    "discrepancy_as_written": Twin(
        adversarial.discrepancy, lambda: [(z_s, z_t) for z_s, z_t, _ in logits()], discrepancy_reference
    ),
}
