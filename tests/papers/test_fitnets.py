import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.papers.fitnets import FitNets, Hint, Regressor, hint_loss

from .oracle import PRECISIONS, agree, oracle


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    case = oracle("fitnet_case1", dtype)
    regressor = Regressor(5, 7).to(dtype)
    regressor.load_state_dict({k[2:].replace("bn", "norm"): x for k, x in case.items() if k.startswith("w_")})
    s = case["in_s"].requires_grad_()
    loss = hint_loss(regressor(s), case["in_t"])
    loss.backward()
    agree(loss, case["out_loss"])
    agree(s.grad, case["grad_s"])
    agree(regressor.conv.weight.grad, case["grad_w_conv.weight"])
    agree(regressor.norm.weight.grad, case["grad_w_bn.weight"])
    agree(regressor.norm.bias.grad, case["grad_w_bn.bias"])
    agree(regressor.norm.running_mean, case["out_bn_running_mean"])
    agree(regressor.norm.running_var, case["out_bn_running_var"])
    agree(hint_loss(regressor.eval()(s), case["in_t"]), case["out_loss_eval_bn_after"])


@pytest.mark.parametrize(
    ("size_s", "size_t", "weights"),
    [((8, 6), (8, 6), 1), ((8, 6), (4, 3), 9), ((4, 3), (8, 6), 16), ((7, 9), (5, 9), 3), ((3, 3), (7, 8), None)],
)
def test_the_regressor_brings_every_size_to_every_other(size_s, size_t, weights):
    regressor = Regressor(3, 5, size_s, size_t)
    assert regressor(torch.randn(2, 3, *size_s)).shape == (2, 5, *size_t)
    assert regressor(torch.randn(2, 3, *size_s)).min() >= 0
    if weights:
        assert regressor.conv.weight.numel() == 3 * 5 * weights


def test_one_sample_of_one_pixel_passes():
    regressor = Regressor(3, 5)
    assert regressor(torch.randn(1, 3, 1, 1)).isfinite().all()
    assert Regressor(3, 5, relu=False)(torch.randn(4, 3, 2, 2)).min() < 0


def nets():
    student, teacher = (kd.nets.build(name, classes=10, channels=1) for name in ("resnet8x0.25", "resnet8"))
    return student, teacher


def test_the_first_phase_reaches_only_what_lies_below_the_hint():
    student, teacher = nets()
    distiller = FitNets(student, teacher, layer=2)
    hint, learn = distiller.phases(5)
    assert (hint.name, hint.epochs, learn.epochs) == ("follow the hint", 2, 3) and learn.needs_teacher
    images = torch.randn(4, 1, 8, 8)
    terms = hint.losses(student.trace(images), distiller.teacher_trace(images), None)
    terms["hint"].backward()
    reached = {name for name, p in distiller.named_parameters() if p.grad is not None}
    assert any(name.startswith("student.stages.1") for name in reached)
    assert any(name.startswith("regressor") for name in reached)
    assert not any(name.startswith(("student.stages.2", "student.classifier", "teacher")) for name in reached)


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_the_hint_may_sit_at_every_layer(layer):
    student, teacher = nets()
    distiller = Hint(student, teacher, layer=layer)
    (phase,) = distiller.phases(1)
    images, labels = torch.randn(4, 1, 8, 8), torch.arange(4)
    terms = phase.losses(
        student.trace(images), distiller.teacher_trace(images), kd.data.Batch(images, labels, torch.arange(4))
    )
    assert set(terms) == {"task", "hint"} and phase.weights["hint"] == 100


def test_wrong_input_is_named():
    with pytest.raises(ShapeError, match=r"\(2, 3, 4, 4\).*\(2, 5, 4, 4\)"):
        hint_loss(torch.zeros(2, 3, 4, 4), torch.zeros(2, 5, 4, 4))
    with pytest.raises(ShapeError, match="one side grows while the other shrinks"):
        Regressor(3, 5, (4, 9), (5, 3))
    with pytest.raises(ConfigError, match=r"layer=4: resnet8x0\.25 has the layers 0 to 3"):
        FitNets(*nets(), layer=4)
