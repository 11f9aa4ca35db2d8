import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError
from kdtutor.papers.correlation import Correlation, consecutive_correlation_loss, correlation_loss

from .oracle import PRECISIONS, draw, equals_reference


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    equals_reference(consecutive_correlation_loss, "cc_case1", dtype)


def test_the_correlation_is_the_gaussian_kernel_of_unit_vectors():
    s, t = draw(5, 3), draw(5, 7, seed=1)

    def kernel(e, gamma):
        unit = e / e.norm(dim=1, keepdim=True)
        return torch.exp(-gamma * torch.cdist(unit, unit) ** 2)

    for gamma in (0.4, 1.0):
        exact = (kernel(s, gamma) - kernel(t, gamma)).square().mean()
        assert correlation_loss(s, t, gamma, order=20).item() == pytest.approx(exact.item(), rel=1e-9)
    assert correlation_loss(s, t).item() == pytest.approx(
        (kernel(s, 0.4) - kernel(t, 0.4)).square().mean().item(), rel=0.25
    )


def test_the_order_of_the_samples_matters_only_to_the_consecutive_form():
    s, t = draw(6, 4), draw(6, 4, seed=1)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    torch.testing.assert_close(correlation_loss(s[order], t[order]), correlation_loss(s, t))
    assert not torch.isclose(
        consecutive_correlation_loss(s[order], t[order]), consecutive_correlation_loss(s, t), rtol=1e-3
    )
    assert consecutive_correlation_loss(s[:1], t[:1]) == 0


def test_equal_structure_costs_nothing():
    e = draw(5, 4)
    turn = torch.linalg.qr(draw(4, 4, seed=1))[0]
    assert correlation_loss(3 * e @ turn, e).item() == pytest.approx(0, abs=1e-12)


def test_the_zoo_form_carries_the_zoo_weight():
    student, teacher = (kd.nets.build(name, classes=10, channels=1) for name in ("resnet8x0.25", "resnet8"))
    distiller = Correlation(student, teacher, form="consecutive")
    assert distiller.weights()["cc"] == 0.02 and Correlation(student, teacher).weights()["cc"] == 100
    s, t = (net.trace(torch.randn(4, 1, 8, 8)) for net in (student, teacher))
    (spot,) = distiller.spots()
    spot.loss(s, t.detach()).backward()
    assert distiller.embed_t.weight.grad.abs().max() > 0  # the teacher's layer learns as well


def test_wrong_input_is_named():
    with pytest.raises(ConfigError, match="gamma=0"):
        correlation_loss(torch.zeros(2, 3), torch.zeros(2, 3), gamma=0)
    with pytest.raises(ConfigError, match="order=0"):
        correlation_loss(torch.zeros(2, 3), torch.zeros(2, 3), order=0)
