import math

import pytest
import torch
import torch.nn.functional as F

from kdtutor import ConfigError, ShapeError
from kdtutor.papers.hinton import entropy, kd_loss, soften

from .oracle import oracle


def loss_and_gradient(z_s, z_t, T=4.0):
    z_s = z_s.clone().requires_grad_()
    loss = kd_loss(z_s, z_t, T)
    loss.backward()
    return loss.detach(), z_s.grad


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-9), (torch.float32, 2e-5)])
def test_value_and_gradient_equal_the_reference(dtype, rtol):
    case = oracle("kd_case1", dtype)
    loss, gradient = loss_and_gradient(case["in_s"], case["in_t"])
    torch.testing.assert_close(loss, case["out_loss"], rtol=rtol, atol=0)
    torch.testing.assert_close(gradient, case["grad_s"], rtol=rtol, atol=1e-7 if dtype == torch.float32 else 1e-12)


def test_the_full_objective_equals_the_reference():
    case = oracle("kd_case1")
    loss = 0.9 * kd_loss(case["in_s"], case["in_t"]) + 0.1 * F.cross_entropy(case["in_s"], case["in_labels"])
    torch.testing.assert_close(loss, case["out_zagoruyko_alpha09"], rtol=1e-9, atol=0)


def test_the_gradient_is_T_over_B_times_the_difference_of_probabilities():
    z_s, z_t = torch.randn(2, 5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for T in (1.0, 3.0, 20.0):
        _, gradient = loss_and_gradient(z_s, z_t, T)
        torch.testing.assert_close(gradient, T / 5 * (soften(z_s, T) - soften(z_t, T)))


def test_the_direction_is_teacher_to_student():
    z_s, z_t = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([[0.0, 1.0, 0.5]])
    p_s, p_t = soften(z_s, 1.0), soften(z_t, 1.0)
    torch.testing.assert_close(kd_loss(z_s, z_t, 1.0), (p_t * (p_t / p_s).log()).sum())


def test_gradcheck():
    z_s, z_t = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.autograd.gradcheck(lambda z: kd_loss(z, z_t, 2.0), z_s.requires_grad_())


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_zero_only_where_student_and_teacher_agree(batch):
    z = torch.randn(batch, 6, generator=torch.Generator().manual_seed(2))
    assert kd_loss(z, z).abs() < 1e-6
    assert kd_loss(z, z.flip(1)) > 0.01


@pytest.mark.parametrize("scale", [0.0, 1e-6, 1e4, 1e30])
def test_finite_for_extreme_logits(scale):
    z = scale * torch.randn(3, 5, generator=torch.Generator().manual_seed(3))
    loss, gradient = loss_and_gradient(z, z.flip(0))
    assert loss.isfinite() and gradient.isfinite().all()


def test_a_common_offset_changes_nothing():
    z_s, z_t = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(4))
    torch.testing.assert_close(kd_loss(z_s + 500, z_t - 300), kd_loss(z_s, z_t), rtol=1e-3, atol=1e-4)


def test_the_teacher_gets_no_gradient():
    z_s, z_t = torch.randn(2, 4, 5, requires_grad=True)
    z_t = z_t.detach().requires_grad_()
    kd_loss(z_s, z_t).backward()
    assert z_t.grad is None


def test_half_precision_is_lifted():
    z_s, z_t = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(5))
    with torch.autocast("cpu", torch.bfloat16):
        inside = kd_loss(z_s.bfloat16(), z_t.bfloat16())
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, kd_loss(z_s.bfloat16().float(), z_t.bfloat16().float()))


def test_entropy_runs_from_zero_to_log_K():
    assert entropy(torch.tensor([0.0, 1.0, 0.0])) == 0
    assert entropy(torch.full((10,), 0.1)).item() == pytest.approx(math.log(10), rel=1e-6)


def test_wrong_shapes_name_both():
    with pytest.raises(ShapeError, match=r"\(2, 3\).*\(2, 4\)"):
        kd_loss(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        kd_loss(torch.zeros(3), torch.zeros(3))


@pytest.mark.parametrize("T", [0.0, -1.0])
def test_a_temperature_must_be_positive(T):
    with pytest.raises(ConfigError, match="temperature"):
        kd_loss(torch.zeros(2, 3), torch.zeros(2, 3), T)
