import math

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.papers.channelwise import Channelwise, channelwise_loss

from .losses import SMALL, WIDE, Loss

LOSSES: dict[str, Loss] = {
    "channelwise_loss": Loss(lambda s, t: channelwise_loss(s[0], t[0]), SMALL[:1], SMALL[:1], WIDE[:1]),
}


def maps(*shape: int, seed: int = 0, scale: float = 3.0) -> torch.Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_hand(s: torch.Tensor, t: torch.Tensor, T: float) -> float:
    """Equations 3 and 4 of the paper, number by number."""
    B, C, H, W = s.shape
    total = 0.0
    for b in range(B):
        for c in range(C):
            at = [(y, x) for y in range(H) for x in range(W)]
            e_s, e_t = ([math.exp(f[b, c, y, x].item() / T) for y, x in at] for f in (s, t))
            p_s, p_t = ([e / sum(each) for e in each] for each in (e_s, e_t))
            total += sum(p * math.log(p / q) for p, q in zip(p_t, p_s, strict=True))
    return T**2 / C * total / B


@pytest.mark.parametrize("T", [1.0, 4.0])
def test_the_loss_is_the_papers_formula(T):
    s, t = maps(2, 3, 4, 2), maps(2, 3, 4, 2, seed=1)
    assert channelwise_loss(s, t, T).item() == pytest.approx(by_hand(s, t, T), rel=1e-12)


def test_a_channels_offset_does_not_matter_and_its_scale_does():
    s, t = maps(2, 3, 4, 4), maps(2, 3, 4, 4, seed=1)
    offset = maps(1, 3, 1, 1, seed=2)
    torch.testing.assert_close(channelwise_loss(s + offset, t), channelwise_loss(s, t))
    assert channelwise_loss(t + offset, t).abs() < 1e-12 < channelwise_loss(2 * t, t)


def test_one_position_says_nothing():
    s = maps(2, 3, 1, 1).requires_grad_()
    loss = channelwise_loss(s, maps(2, 3, 1, 1, seed=1))
    loss.backward()
    assert loss == 0 and s.grad.eq(0).all()


def test_huge_values_stay_finite():
    """A teacher that is certain of one position costs what the student lacks there."""
    s = torch.zeros(1, 1, 1, 4, requires_grad=True)
    loss = channelwise_loss(s, torch.tensor([[[[1e30, 0, 0, 0]]]]), T=1.0)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(4)) and s.grad.isfinite().all()


def nets(classes: int = 5) -> tuple[kd.Net, kd.Net]:
    kd.seed_everything(0)
    return kd.nets.build("unet2", classes=5), kd.nets.build("unet4", classes=classes)


def test_both_terms_are_those_of_the_maps():
    student, teacher = nets()
    method = Channelwise(student, teacher, T=2.0)
    x = torch.randn(2, 3, 16, 16)
    s, t = student.trace(x), teacher.trace(x)
    terms = {spot.name: spot.loss(s, t) for spot in method.spots()}
    torch.testing.assert_close(terms["cwd_logits"], channelwise_loss(s.logits, t.logits, 2.0))
    brought = nn.functional.conv2d(s.active[-1], method.connector.weight, method.connector.bias)
    torch.testing.assert_close(terms["cwd_features"], channelwise_loss(brought, t.active[-1], 2.0))
    assert method.weights() == {"task": 1.0, "cwd_logits": 3.0, "cwd_features": 50.0}


def test_what_weighs_nothing_is_left_out():
    student, teacher = nets(classes=7)  # other classes: only the features can be matched
    alone = Channelwise(student, teacher, logits=0)
    assert [spot.name for spot in alone.spots()] == ["cwd_features"]
    of_logits = Channelwise(*nets(), features=0)
    assert [spot.layers for spot in of_logits.spots()] == [("logits",)]
    assert not any(name.startswith("connector") for name, _ in of_logits.named_parameters())


def test_nets_of_whole_images_have_the_features_alone():
    student, teacher = (kd.nets.build(name, classes=10) for name in ("resnet8x0.25", "resnet8"))
    assert [spot.name for spot in Channelwise(student, teacher).spots()] == ["cwd_features"]


def test_wrong_input_is_named():
    with pytest.raises(ConfigError, match="T=0"):
        channelwise_loss(maps(1, 1, 2, 2), maps(1, 1, 2, 2), T=0)
    with pytest.raises(ShapeError, match=r"\(2, 3\).*expected \(B, C, H, W\)"):
        channelwise_loss(torch.zeros(2, 3), torch.zeros(2, 3, 4, 4))
