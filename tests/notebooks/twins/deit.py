"""The lesson's own definitions, as it writes them and as the package does."""

from kdtutor.nets import vit
from kdtutor.papers import deit

from .kinds import Arguments, Twin, logits, randn


def images() -> list[Arguments]:
    return [(randn(2, C, H, W), p) for C, H, W, p in ((1, 4, 6, 2), (3, 6, 6, 3))]


def queries() -> list[Arguments]:
    return [tuple(randn(3, 2, 3, 5, 4))]


def pairs() -> list[Arguments]:
    return [(z_s, z_t) for z_s, z_t, _ in logits()]


TWINS = {
    "patches_as_written": Twin(vit.patches, images),
    "attention_as_written": Twin(lambda q, k, v: vit.attention(q, k, v)[0], queries),
    "hard_loss_as_written": Twin(deit.hard_loss, pairs),
}
