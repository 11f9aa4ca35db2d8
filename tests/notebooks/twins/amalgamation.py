"""The loss, as the lesson writes it and as the package does."""

from kdtutor.papers import amalgamation

from .kinds import Arguments, Twin, logits


def pairs() -> list[Arguments]:
    return [(z_s, z_t) for z_s, z_t, _ in logits()]


TWINS = {"loss_as_written": Twin(amalgamation.amalgamation_loss, pairs)}
