"""Why a term is no number: what to change follows from where the first bad number came from."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..data import UNLABELLED, Batch
from .distiller import Distiller
from .trainable import Phase, Trainable


def cause(
    bad: list[str], terms: Mapping[str, float], batch: Batch, distiller: Trainable, phase: Phase, step: int, lr: float
) -> str:
    """Why the terms `bad` are NaN or infinite in this step, counted from 1, and what can be done about it; `lr` is the
    recipe's.

    >>> method = kd.Alone(kd.nets.build("mlp8", classes=2))
    >>> batch = kd.data.Batch(torch.full((2, 2), torch.nan), *[torch.zeros(2).long()] * 2)
    >>> cause(["task"], {"task": torch.nan}, batch, method, method.phases(1)[0], step=1, lr=0.1)[:40]
    "the term 'task' became nan in step 1 (ph"
    """
    told = f"the term {bad[0]!r} became {terms[bad[0]]} in step {step} (phase {phase.name!r})"
    return f"{told}: {_reason(bad, terms, batch, distiller, phase, step, phase.lr or lr)}"


def _reason(
    bad: list[str], terms: Mapping[str, float], batch: Batch, distiller: Trainable, phase: Phase, step: int, lr: float
) -> str:
    spoilt = _rows(batch.images)
    if len(spoilt):
        return (
            f"{len(spoilt)} of the batch's {len(batch)} images hold NaN or infinite numbers (first in row "
            f"{int(batch.indices[spoilt[0]])}); mend or remove them, or the data's mean and std"
        )
    if phase.needs_teacher and (answer := _teachers_answer(distiller, batch)):
        return answer
    if bad == ["loss"]:
        return f"each of its terms is finite, so a weight is too large ({dict(phase.weights)}); lower it"
    summed = phase.weights or [name for name in terms if name != "loss" and not name.startswith("train_")]
    sound = [name for name in summed if name in terms and name not in bad and terms[name]]  # 0: left out
    one = len(distiller.parameter_groups(phase)) == 1  # optimiser: no weight has moved since the step began
    if sound and one:
        return (
            f"the loss itself, since {sound[0]!r} of the same outputs is {terms[sound[0]]:.3g}; lower the weight of "
            f"{bad[0]!r}, or look at the numbers that it divides by or takes the logarithm of"
        )
    if step == 1 and one:
        return (
            "no weight has moved yet, so the student's first outputs are at fault, and no learning rate is; bring its "
            "first weights or the pixels to a usual scale (mean and std of the data)"
        )
    return f"the student's weights have grown too large; lower the learning rate (now {lr}) or the weight of the term"


def _teachers_answer(distiller: Trainable, batch: Batch) -> str | None:
    """What is wrong with the teacher's trace of the images, if something is. A logit of -∞ is a class ruled out."""
    are_images = batch.images.ndim == 4 or bool((batch.labels != UNLABELLED).any())  # and no latents
    t = distiller.teacher_trace(batch.images) if are_images and isinstance(distiller, Distiller) else None
    if t is None:
        return None
    parts = {"logits": t.logits.masked_fill(t.logits == -torch.inf, 0.0), "embedding": t.embedding}
    parts |= {f"stage {i}": stage for i, stage in enumerate(t.stages, 1)}
    bad = [name for name, x in parts.items() if not bool(x.isfinite().all())]
    if not bad:
        return None
    return (
        f"the teacher's {bad[-1]} holds NaN or infinite numbers, though the images do not; look at its weights, and "
        "whether it was trained on images of this scale (mean and std of the data): the student's recipe cannot help"
    )


def _rows(x: Float[Tensor, "B ..."]) -> Int[Tensor, " bad"]:
    """The rows that hold a number which is not finite."""
    return (~x.flatten(1).isfinite()).any(1).nonzero().flatten()
