"""Fronts of the lesson on DeiT."""

from typing import Any

import torch
from torch import Tensor

from kdtutor.papers.deit import fused
from kdtutor.papers.hinton import entropy, soften
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.deit import FARTHEST, AttentionExplorer, FusionExplorer, ShiftExplorer, shifted

from .front import Front, Numbers, packed, unpacked

SHIFTS = range(-FARTHEST, FARTHEST + 1)


def _attention(explorer: AttentionExplorer) -> dict[str, Any]:
    return {
        "images": packed(torch.from_numpy(explorer._pixels)),
        "layers": packed(torch.stack([torch.from_numpy(weights) for weights in explorer._layers])),
        "tokens": list(explorer._extra),
        "captions": [name for name, _ in explorer.controls["image"].options],
    }


def _attention_again(data: dict[str, Any]) -> AttentionExplorer:
    images, layers = unpacked(data["images"])[:, None], list(unpacked(data["layers"]))
    return AttentionExplorer(images, layers, data["tokens"], data["captions"])


def _asked(explorer: AttentionExplorer, settings: Settings) -> Numbers:
    weights = torch.from_numpy(explorer._layers[settings["block"] - 1][settings["image"]])
    heads = weights if settings["head"] < 0 else weights[settings["head"]][None]
    return {"asked": heads.mean(0)[settings["token"]].tolist()}


def _answers(explorer: ShiftExplorer) -> dict[str, Any]:
    """The teacher's logits to every image at every place."""
    rows = [
        torch.stack([shifted(image, right, down) for right in SHIFTS]) for image in explorer._images for down in SHIFTS
    ]
    logits = torch.stack([explorer._answer(row) for row in rows])
    return {
        "images": packed(explorer._images[:, 0]),
        "logits": packed(logits.view(len(explorer._images), len(SHIFTS), len(SHIFTS), -1)),
        "farthest": FARTHEST,
        "labels": explorer._labels,
        "classes": list(explorer._classes),
    }


def _answers_again(data: dict[str, Any]) -> ShiftExplorer:
    images, logits = unpacked(data["images"])[:, None], unpacked(data["logits"])
    known = {
        shifted(image, right, down).numpy().tobytes(): logits[i, down + FARTHEST, right + FARTHEST]
        for i, image in enumerate(images)
        for down in SHIFTS
        for right in SHIFTS
    }

    def answer(asked: Tensor) -> Tensor:
        return torch.stack([known[image.numpy().tobytes()] for image in asked])

    return ShiftExplorer(images, torch.tensor(data["labels"]), data["classes"], answer)


def _told(explorer: ShiftExplorer, settings: Settings) -> Numbers:
    image, share = settings["image"], settings["share"]
    z_t = explorer._answer(shifted(explorer._images[image], settings["right"], settings["down"])[None])[0]
    one_hot, soft = torch.eye(len(z_t)), soften(z_t, settings["T"])
    label, hard = one_hot[explorer._labels[image]], one_hot[z_t.argmax()]
    targets = [label, (1 - share) * label + share * soft, (1 - share) * label + share * hard]
    return {"targets": torch.cat(targets).tolist(), "entropy": entropy(soft).item()}


def _heads(explorer: FusionExplorer) -> dict[str, Any]:
    return {
        "z_class": packed(explorer._heads[0]),
        "z_distillation": packed(explorer._heads[1]),
        "labels": explorer._labels.tolist(),
        "classes": list(explorer._classes),
    }


def _heads_again(data: dict[str, Any]) -> FusionExplorer:
    z_class, z_distillation = unpacked(data["z_class"]), unpacked(data["z_distillation"])
    return FusionExplorer(z_class, z_distillation, torch.tensor(data["labels"]), data["classes"])


def _fused(explorer: FusionExplorer, settings: Settings) -> Numbers:
    share, of, image = settings["share"], settings["of"], settings["image"]
    one, other = (z[image : image + 1] for z in explorer._heads)
    answers = [one, fused(one, other, share, of), other]
    return {
        "accuracy": explorer._accuracy(share, of),
        "curve": explorer._curves[of],
        "answers": torch.cat([z.softmax(1)[0] for z in answers]).tolist(),
    }


FRONTS = {
    AttentionExplorer: Front("token-attention", _attention, _attention_again, _asked),
    ShiftExplorer: Front("shifted-image", _answers, _answers_again, _told),
    FusionExplorer: Front("fusion", _heads, _heads_again, _fused),
}
