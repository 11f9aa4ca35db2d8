import math

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.papers import relational
from kdtutor.papers.choosers import chosen_terms
from kdtutor.papers.relational import Relational, angle_loss, angles, distance_loss, distances, rkd_loss
from kdtutor.papers.spot_adaptive import SpotAdaptive

from .oracle import PRECISIONS, agree, oracle


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    case = oracle("rkd_case1", dtype)
    t = case["in_t"]
    for loss, value, gradient in (
        (rkd_loss, "out_loss", "grad_s"),
        (distance_loss, "out_distance", "grad_s_distance"),
        (angle_loss, "out_angle", "grad_s_angle"),
    ):
        s = case["in_s"].clone().requires_grad_()
        ours = loss(s, t)
        ours.backward()
        agree(ours, case[value])
        agree(s.grad, case[gradient])


def embeddings(seed=0, shape=(6, 4)):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_distances_and_angles_by_hand():
    triangle = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    assert distances(triangle)[0].tolist() == pytest.approx([0, 0.75, 1])  # the mean of 3, 4 and 5 is 4
    cosines = angles(triangle)
    assert cosines[0, 1, 2] == 0 and cosines[1, 0, 2] == pytest.approx(0.6) and cosines[2, 0, 1] == pytest.approx(0.8)
    assert cosines[0, 1, 1] == 1 and cosines[0, 0, 1] == 0


def test_turning_scaling_and_shifting_the_whole_space_change_nothing():
    e = embeddings()
    turn = torch.linalg.qr(embeddings(1, (4, 4)))[0]
    moved = 17 * e @ turn + 5
    torch.testing.assert_close(distances(moved), distances(e))
    torch.testing.assert_close(angles(moved), angles(e))
    assert rkd_loss(moved, e).item() == pytest.approx(0, abs=1e-20)
    wider = torch.cat([e, torch.zeros(6, 3)], 1)
    assert rkd_loss(wider, e).item() == pytest.approx(0, abs=1e-20)


def test_two_samples_have_no_structure_to_teach_and_one_none_at_all():
    for batch in (1, 2):
        s = embeddings(2, (batch, 4)).requires_grad_()
        loss = rkd_loss(s, embeddings(3, (batch, 4)))
        loss.backward()
        assert loss.item() == pytest.approx(0, abs=1e-20) and s.grad.abs().max() < 1e-12


def test_equal_embeddings_get_a_finite_gradient():
    s = embeddings().index_select(0, torch.tensor([0, 0, 1, 2, 2, 2])).requires_grad_()
    rkd_loss(s, embeddings(4)).backward()
    assert s.grad.abs().max() < 1e3
    spread = (100 + 0.01 * embeddings(5)).float()
    exact = rkd_loss(spread.double(), embeddings(6))
    assert rkd_loss(spread, embeddings(6).float()).item() == pytest.approx(exact.item(), rel=1e-3)


def test_weights():
    s, t = embeddings(), embeddings(7)
    assert rkd_loss(s, t, distance=2, angle=0) == 2 * distance_loss(s, t)
    assert rkd_loss(s, t, distance=0, angle=3) == 3 * angle_loss(s, t)
    student, teacher = (kd.nets.build(name, classes=10, channels=1) for name in ("resnet8x0.25", "resnet8"))
    assert [spot.name for spot in Relational(student, teacher, angle=0).spots()] == ["distance"]
    assert Relational(student, teacher).weights() == {"task": 1, "distance": 25, "angle": 50}


def test_wrong_input_is_named():
    with pytest.raises(ShapeError, match=r"\(4,\)"):
        distances(torch.zeros(4))
    with pytest.raises(ShapeError, match=r"\(3, 4\).*\(5, 4\)"):
        rkd_loss(torch.zeros(3, 4), torch.zeros(5, 4))
    for weights in ((-1.0, 1.0), (0.0, 0.0)):
        with pytest.raises(ConfigError, match="must not be negative"):
            rkd_loss(embeddings(), embeddings(), *weights)
    assert math.isfinite(rkd_loss(embeddings(), embeddings(1)))


def taught():
    kd.seed_everything(0)
    method = Relational(*(kd.nets.build(name, classes=10, channels=1) for name in ("resnet8x0.25", "resnet8")))
    images = torch.randn(6, 1, 8, 8)
    batch = kd.data.Batch(images, torch.arange(6), torch.arange(6))
    return method, batch, method.student.trace(images), method.teacher_trace(images)


def test_both_spots_are_the_loss_and_its_gradient_to_the_last_bit():
    method, batch, s, t = taught()
    terms, weights = method.features(s, t, batch), method.feature_weights()
    total = torch.stack([weights[name] * value for name, value in terms.items()]).sum()
    whole = rkd_loss(s.embedding, t.embedding)
    assert torch.equal(total, whole)
    found, expected = (torch.autograd.grad(x, s.embedding, retain_graph=True)[0] for x in (total, whole))
    assert torch.equal(found, expected)


def test_pairs_are_formed_once_a_trace(monkeypatch):
    method, batch, s, t = taught()
    formed = []
    pairs = relational.pairs
    monkeypatch.setattr(relational, "pairs", lambda e: formed.append(len(e)) or pairs(e))
    method.losses(s, t, batch)
    assert formed == [6, 6]
    formed.clear()
    around = SpotAdaptive(method, "always")
    chosen = torch.tensor([[True] * 2, [True] * 2, [False] * 2, [True] * 2, [True, False], [False, True]])
    terms = chosen_terms(method.spots(), around.places, chosen, s, t, batch, around.look_at)
    assert formed == [4, 4], "of the chosen samples alone"
    rows = [0, 1, 3, 4]
    torch.testing.assert_close(terms["angle"], angle_loss(s.embedding[rows], t.embedding[rows]) * 4 / 6)
    torch.testing.assert_close(terms["distance"], distance_loss(s.embedding[rows], t.embedding[rows]) * 4 / 6)
