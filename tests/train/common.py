"""Small nets and short runs for the tests of the loop."""

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor.data import Augment
from kdtutor.train import Recipe

RECIPE = Recipe(batch_size=25, steps_per_epoch=4, augment=Augment(pad=1))


def small(seed: int = 0) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build("resnet8x0.25", classes=10, channels=1, stem_stride=2)


def make(method: str = "hinton", seed: int = 0) -> kd.Distiller:
    student, teacher = small(seed), small(99)
    return {
        "alone": lambda: kd.Alone(student),
        "hinton": lambda: kd.papers.hinton.Hinton(student, teacher),
        "fsp": lambda: kd.papers.fsp.FSP(student, teacher),
        "born_again": lambda: kd.papers.born_again.BornAgain(student, teacher),
        "own_teacher": lambda: kd.papers.own_teacher.OwnTeacher(kd.nets.MultiExit(student)),
    }[method]()


def exact_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU the same kernels each time, and no TF32: two runs then differ by the order of a few sums."""
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)


def same_weights(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
