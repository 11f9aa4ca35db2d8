import math

import pytest
import torch

from kdtutor import ShapeError
from kdtutor.papers.variational import GaussianRegressor, variational_loss

from .oracle import PRECISIONS, agree, draw, oracle


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    case = oracle("vid_case1", dtype)
    regressor = GaussianRegressor(5, 7).to(dtype)
    regressor.load_state_dict({key[2:]: x for key, x in case.items() if key.startswith("w_")})
    s = case["in_s"].requires_grad_()
    loss = variational_loss(regressor(s), case["in_t"], regressor.log_scale)
    loss.backward()
    agree(loss, case["out_loss"])
    agree(s.grad, case["grad_s"])
    for name, parameter in regressor.named_parameters():
        agree(parameter.grad, case[f"grad_w_{name}"])


def test_the_variance_starts_at_five_and_cannot_overflow():
    t = draw(2, 3, 4, 4).float()
    regressor = GaussianRegressor(3, 3)
    started = variational_loss(t, t, regressor.log_scale)
    assert started.item() == pytest.approx(0.5 * math.log(5), rel=1e-5)
    assert variational_loss(t, t, torch.full((3,), 1000.0)).item() == pytest.approx(0.5 * math.log(1000))
    assert variational_loss(t, t, torch.full((3,), -1000.0)).item() == pytest.approx(0.5 * math.log(1e-5))


def test_wrong_input_is_named():
    with pytest.raises(ShapeError, match=r"\(2, 3\).*\(4,\)"):
        variational_loss(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(4))
