"""The bare logits: what the data-free papers have a student imitate, without a look at a label."""

import pytest
import torch

import kdtutor as kd
from kdtutor.papers.hinton import kd_loss
from kdtutor.papers.logits import Logits, discrepancy
from kdtutor.train import Recipe
from tests.train.common import same_weights, small


@pytest.mark.parametrize("distance", ["l1", "kl"])
def test_the_labels_change_nothing(distance):
    images, rows = torch.randn(6, 1, 8, 8), torch.arange(6)
    taught = []
    for labels in (rows, rows.flip(0)):
        method = Logits(small(), small(9), distance)
        (phase,) = method.phases(1)
        optimiser = Recipe(lr=0.1).optimise(method.student.parameters())
        terms = method.step(kd.data.Batch(images, labels, rows), phase, {"student": optimiser})
        assert method.weights() == {"task": 0, "logits": 1} and terms["loss"] == terms["logits"]
        taught.append(method.student)
    assert same_weights(*taught) and not same_weights(taught[0], small())


def test_the_loss_of_each_distance():
    images = torch.randn(6, 1, 8, 8)
    for distance, loss in (("l1", discrepancy), ("kl", lambda z_s, z_t: kd_loss(z_s, z_t, 1.0))):
        method = Logits(small(), small(9), distance).eval()
        s, t = method.student.trace(images), method.teacher_trace(images)
        (spot,) = method.spots()
        assert spot.loss(s, t) == loss(s.logits, t.logits)
