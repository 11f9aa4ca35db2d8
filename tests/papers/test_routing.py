"""The routing network: where two nets meet, what its policy starts with, and which net a route goes through."""

import pytest
import torch

from kdtutor.papers import attention, routing
from tests.papers.spots import learn, make, net


def test_stages_pair_from_the_end():
    places = routing.places(attention.Attention(net("resnet8x0.25", 0), net("vgg8x0.25", 1)))
    assert [(p.name, p.student, p.teacher) for p in places] == [
        ("stage1", 1, 2), ("stage2", 2, 3), ("stage3", 3, 4), ("logits", 5, 6),
    ]  # fmt: skip


def test_nets_of_one_family_start_by_distilling_everything(digits):
    bias = make().policy.bias
    assert (bias[::2] > 8).all() and (bias[1::2] < 2).all()
    history = learn(make(), digits, epochs=1)
    assert history.last("rate_stage1") == 1 and history.last("probability_stage1") > 0.99


@pytest.mark.parametrize("student", ["vgg8x0.25", "lenet5"])
@pytest.mark.parametrize("name", ["attention", "hint", "boundaries", "relational", "similarity"])
def test_other_architectures(digits, name, student):
    distiller = make(name, student=student)
    assert torch.equal(distiller.policy.bias[::2] > 5, torch.zeros(len(distiller.places), dtype=torch.bool))
    history = learn(distiller, digits)
    assert all(torch.tensor(row.value).isfinite() for row in history.rows)


def test_a_route_through_one_net_alone_is_that_net(digits):
    distiller = make(head_start=0.0).eval()
    images = digits.normalise(digits.val.images)
    t = distiller.teacher_trace(images)
    ones = torch.ones(len(images), len(distiller.places))
    torch.testing.assert_close(distiller.route(images, t, ones), t.logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(distiller.route(images, t, 0 * ones), distiller.student(images), atol=1e-5, rtol=1e-5)
