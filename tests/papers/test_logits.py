"""Logits as they are: both distances, and what of the nets they look at."""

import pytest
import torch

import kdtutor as kd
from kdtutor.data import UNLABELLED, Batch
from kdtutor.papers.hinton import kd_loss
from kdtutor.papers.logits import Logits, discrepancy

DISTANCES = {"l1": discrepancy, "kl": lambda z_s, z_t: kd_loss(z_s, z_t, 1.0)}


def net(seed: int, classes: int = 10) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build("lenet5x0.25", classes=classes, channels=1)


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_objective_is_the_distance_whatever_the_labels(distance):
    method, images = Logits(net(0), net(1), distance), torch.randn(3, 1, 28, 28)
    s, t = method.student.trace(images), method.teacher_trace(images)
    totals = []
    for labels in (torch.arange(3), torch.full((3,), UNLABELLED)):
        terms, weights = method.losses(s, t, Batch(images, labels, torch.arange(3))), method.weights()
        totals.append(sum(weights[name] * value for name, value in terms.items()))
    torch.testing.assert_close(totals, [DISTANCES[distance](s.logits, t.logits)] * 2)


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_student_pulls_nothing_out_of_the_teacher(distance):
    method, images = Logits(net(0), net(1).requires_grad_(True), distance), torch.randn(3, 1, 28, 28)
    s, t = method.student.trace(images), method.teacher.requires_grad_(True).trace(images)
    assert t.logits.requires_grad
    loss = method.spots()[0].loss(s, t)
    assert torch.autograd.grad(loss, t.logits, allow_unused=True) == (None,)


def test_nets_of_other_classes_are_refused():
    with pytest.raises(kd.ConfigError, match="7 classes"):
        Logits(net(0), net(1, classes=7))
    with pytest.raises(kd.UnknownName, match="'L1' is not a known distance"):
        Logits(net(0), net(1), "L1")
