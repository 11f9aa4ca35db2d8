"""Softened answers, as the lesson writes them and as the package does."""

from kdtutor.papers import hinton

from ...papers.oracle import oracle
from .kinds import Reference, Twin, logits


def kd_reference() -> Reference:
    case = oracle("kd_case1")
    return (case["in_s"], case["in_t"], 4.0), case["out_loss"], [case["grad_s"]]


TWINS = {
    "soften": Twin(hinton.soften, lambda: [(z_s, T) for z_s, _, T in logits()]),
    "kd_loss_as_written": Twin(hinton.kd_loss, logits, kd_reference),
}
