import itertools

import pytest
import torch
from scipy import integrate, stats

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, UnknownName
from kdtutor.papers.adapters import Connector
from kdtutor.papers.features import halving
from kdtutor.papers.overhaul import (
    SCALE,
    Overhaul,
    batch_statistics,
    full_l2,
    margin,
    margin_relu,
    measured_margin,
    partial_l2,
)

from .oracle import PRECISIONS, agree, oracle

CUT = 3.0902  # standard deviations of bias, beyond which the authors' code takes -3 |weight| for the margin


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    case = oracle("ofd_case1", dtype)
    s = [case[f"in_s{i}"].requires_grad_() for i in range(2)]
    connectors, losses = [], []
    for i in range(2):
        connector = Connector(s[i].shape[1], case[f"in_t{i}"].shape[1]).to(dtype)
        connector.conv.weight.data = case[f"w_conv{i}"]
        connector.norm.weight.data, connector.norm.bias.data = case[f"w_bn_weight{i}"], case[f"w_bn_bias{i}"]
        connected = connector(s[i])
        agree(connected, case[f"out_connected{i}"])
        losses.append(partial_l2(connected, margin_relu(case[f"in_t{i}"], case[f"in_margin{i}"])))
        agree(losses[i] * len(s[i]), case[f"out_raw_sum{i}"])
        connectors.append(connector)
    loss = SCALE * sum(share * x for share, x in zip(halving(2), losses, strict=True))
    loss.backward()
    agree(loss, case["out_loss"])
    for i in range(2):
        agree(s[i].grad, case[f"grad_s{i}"])
        agree(connectors[i].conv.weight.grad, case[f"grad_w_conv{i}"])
        agree(connectors[i].norm.weight.grad, case[f"grad_w_bn_weight{i}"])


def test_margins_equal_the_reference_except_where_it_jumps():
    """Where nearly nothing is negative, the authors set -3 |weight|; the expectation itself tends to 0 there."""
    case = oracle("ofd_case1")
    names = ("in_teacher_bn_weight", "in_teacher_bn_bias", "out_margin_f64_")
    weight, bias, theirs = (torch.cat([case[f"{name}{i}"] for i in range(2)]) for name in names)
    ours, z = margin(weight, bias), bias / weight.abs()
    far = z > CUT
    assert far.any()
    agree(ours[~far], theirs[~far])
    agree(-3 * weight[far].abs(), theirs[far])
    assert (ours[far] > -(weight.abs() / z)[far]).all() and (ours[far] < 0).all()


@pytest.mark.parametrize("z", [-30.0, -2.0, 0.0, 0.7, 3.0, 3.2, 8.0, 29.9, 30.1, 100.0])
@pytest.mark.parametrize("weight", [0.1, -2.0])
def test_the_margin_is_the_mean_of_the_negative_half(z, weight):
    s, mu = abs(weight), z * abs(weight)
    if z < 8:
        density = stats.norm(mu, s)
        low = min(mu - 12 * s, -12 * s)
        expected = integrate.quad(lambda x: x * density.pdf(x), low, 0, points=[mu] if mu < 0 else None)[0]
        expected /= density.cdf(0)
    else:  # quadrature would see nothing; x / (1 - Φ) by the scaled complementary error function instead
        from scipy.special import erfcx

        expected = mu - s * (2 / torch.pi) ** 0.5 / erfcx(z / 2**0.5)
    ours = margin(torch.tensor([weight]).double(), torch.tensor([mu]).double()).item()
    assert ours == pytest.approx(expected, rel=1e-6 if z < 29 else 1e-9 * z**2 * 10)


def test_the_margin_is_finite_continuous_and_negative_everywhere():
    z = torch.linspace(-50, 1000, 200_001, dtype=torch.float64)
    m = margin(torch.ones_like(z), z)
    assert m.isfinite().all() and (m < 0).all() and (m.diff() > 0).all() and m.diff().max() < 0.0053
    odd = margin(torch.tensor([0.0, 0, 0, 1e-30, 1, 1]), torch.tensor([0.0, -2, 2, 5, 1e30, -1e30]))
    assert odd.isfinite().all() and odd[:3].tolist() == [0, -2, 0]


def test_partial_l2_by_hand():
    s = torch.tensor([3.0, -2.0, -0.5, 1.0]).view(1, 1, 1, 4)
    t = torch.tensor([1.0, -1.0, -1.0, 2.0]).view(1, 1, 1, 4)
    assert partial_l2(s, t) == 4 + 0 + 0.25 + 1  # the student below a negative target is left alone
    assert full_l2(s, t) == 4 + 1 + 0.25 + 1
    cut = margin_relu(torch.tensor([[-3.0, 2.0], [-0.1, -0.3]]).view(1, 2, 1, 2), torch.tensor([-1.0, -0.2]))
    assert cut.flatten().tolist() == pytest.approx([-1, 2, -0.1, -0.2])


def test_measured_margins_are_means_of_negative_values():
    t = torch.tensor([[-1.0, 2.0, -3.0], [1.0, 2.0, 3.0]]).view(1, 2, 1, 3)
    assert measured_margin(t).tolist() == [-2, 0]


def nets(teacher="resnet8"):
    return tuple(kd.nets.build(name, classes=10, channels=1) for name in ("resnet8x0.25", teacher))


def test_the_teacher_runs_on_batch_statistics_and_keeps_its_own():
    student, teacher = nets()
    before = {name: x.clone() for name, x in teacher.state_dict().items()}
    images = 5 + torch.randn(6, 1, 8, 8)
    batch = Overhaul(student, teacher).teacher_trace(images)
    running = Overhaul(student, teacher, statistics="running").teacher_trace(images)
    assert all(torch.equal(x, before[name]) for name, x in teacher.state_dict().items())
    assert not torch.allclose(batch.logits, running.logits)
    with batch_statistics(teacher):
        torch.testing.assert_close(teacher(images), batch.logits)
    assert not any(m.training for m in teacher.modules())


def test_every_one_of_the_four_choices_changes_the_loss():
    student, teacher = nets()
    torch.manual_seed(0)
    images = torch.randn(6, 1, 8, 8)
    state, totals = None, set()
    choices = [("pre", "post"), ("margin", "relu", "none"), ("partial", "full"), ("running", "batch")]
    for position, transform, distance, statistics in itertools.product(*choices):
        distiller = Overhaul(
            student, teacher, position=position, teacher_transform=transform, distance=distance, statistics=statistics
        )
        state = state or distiller.connectors.state_dict()
        distiller.connectors.load_state_dict(state)
        s, t = student.trace(images), distiller.teacher_trace(images)
        totals.add(round(sum(spot.loss(s, t).item() for spot in distiller.spots()), 3))
    # after the ReLU nothing is negative: the margin, the ReLU and leaving all as it is are one and the same
    assert len(totals) == 2 * 2 * (3 + 1)


def test_the_last_stage_weighs_most():
    method = Overhaul(*nets(), beta=0.5)
    assert [(spot.name, spot.weight) for spot in method.spots()] == [("ofd1", 0.125), ("ofd2", 0.25), ("ofd3", 0.5)]
    with pytest.deprecated_call(match=r"`spot\.weight`"):
        assert method.shares() == {"ofd1": 0.25, "ofd2": 0.5, "ofd3": 1.0}


def test_wrong_input_is_named():
    with pytest.raises(ShapeError, match=r"\(2, 3\).*\(3,\)"):
        margin(torch.ones(2, 3), torch.ones(3))
    with pytest.raises(ShapeError, match=r"\(1, 3, 2, 2\).*\(2,\)"):
        margin_relu(torch.zeros(1, 3, 2, 2), torch.zeros(2))
    with pytest.raises(UnknownName, match="'mid'"):
        Overhaul(*nets(), position="mid")
    with pytest.raises(ConfigError, match=r"no batch norm before its tap.*measured_margin"):
        Overhaul(*nets("lenet5"))
    with pytest.raises(ConfigError, match=r"\(3,\) values; the stages of resnet8"):
        Overhaul(*nets(), margins=[torch.zeros(3)])
