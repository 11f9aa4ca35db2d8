import math

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.papers.related import (
    attention_factor_loss,
    consecutive_correlation_loss,
    correlation_loss,
    factor_loss,
    probabilistic_loss,
    selectivity_loss,
    similarity_loss,
    variational_loss,
)
from kdtutor.papers.related_methods import Correlation, Factor, GaussianRegressor, Paraphraser, Translator

from .oracle import PRECISIONS, agree, oracle


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@PRECISIONS
@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("sp", similarity_loss),
        ("pkt", probabilistic_loss),
        ("nst", selectivity_loss),
        ("cc", consecutive_correlation_loss),
        ("ft", attention_factor_loss),
    ],
)
def test_value_and_gradient_equal_the_reference(name, loss, dtype):
    case = oracle(f"{name}_case1", dtype)
    inputs = sorted(key.removeprefix("in_s") for key in case if key.startswith("in_s"))
    s = {i: case[f"in_s{i}"].requires_grad_() for i in inputs}
    pairs = {i: loss(s[i], case[f"in_t{i}"]) for i in inputs}
    total = sum(pairs.values())
    total.backward()
    agree(total, case["out_loss"])
    for i in inputs:
        agree(s[i].grad, case[f"grad_s{i}"])
        if f"out_pair{i}" in case:
            agree(pairs[i], case[f"out_pair{i}"])


@PRECISIONS
def test_variational_value_and_gradient_equal_the_reference(dtype):
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


def test_selectivity_is_the_broadcast_form():
    s, t = draw(2, 3, 4, 5), draw(2, 6, 4, 5, seed=1)
    a, b = (torch.nn.functional.normalize(x.flatten(2), dim=2) for x in (s, t))

    def kernel(x, y):
        return (x.unsqueeze(2) * y.unsqueeze(1)).sum(3).square().mean()

    torch.testing.assert_close(selectivity_loss(s, t), kernel(a, a) + kernel(b, b) - 2 * kernel(a, b))
    assert selectivity_loss(t[:, [3, 0, 5, 1, 2, 4]], t).item() == pytest.approx(0, abs=1e-15)
    larger = torch.repeat_interleave(t, 2, dim=2)
    torch.testing.assert_close(selectivity_loss(s, larger), selectivity_loss(s, t))


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


def test_a_factor_is_scaled_as_a_whole():
    s, t = draw(3, 4, 2, 5), draw(3, 4, 2, 5, seed=1)
    by_hand = torch.stack([(a / a.norm() - b / b.norm()).abs().mean() for a, b in zip(s, t, strict=True)]).mean()
    torch.testing.assert_close(factor_loss(s, t), by_hand)
    torch.testing.assert_close(factor_loss(9 * s, t), by_hand)
    turned = s[:, [2, 0, 3, 1]]
    torch.testing.assert_close(attention_factor_loss(turned, t), attention_factor_loss(s, t))  # knows no channels
    assert factor_loss(turned, t) != factor_loss(s, t)


@pytest.mark.parametrize("loss", [similarity_loss, probabilistic_loss, correlation_loss])
def test_equal_structure_costs_nothing(loss):
    e = draw(5, 4)
    turn = torch.linalg.qr(draw(4, 4, seed=1))[0]
    assert loss(3 * e @ turn, e).item() == pytest.approx(0, abs=1e-12)


def test_opposite_vectors_in_single_precision():
    e = torch.linspace(1, 2, 300).repeat(2, 1) * torch.tensor([[1.0], [-1.0]])
    assert probabilistic_loss(e, draw(2, 3).float()).isfinite()


def nets():
    return tuple(kd.nets.build(name, classes=10, channels=1) for name in ("resnet8x0.25", "resnet8"))


def test_the_paraphraser_learns_alone_and_then_stays_as_it_is():
    student, teacher = nets()
    distiller = Factor(student, teacher)
    first, second = distiller.phases(9)
    assert [(p.name, p.epochs) for p in (first, second)] == [("paraphrase the teacher", 1), ("match the factors", 8)]
    assert first.lr == 0.01 and second.needs_teacher
    images = torch.randn(6, 1, 8, 8)
    batch = kd.data.Batch(images, torch.arange(6), torch.arange(6))
    distiller.train()
    for phase, moves in ((first, {"paraphraser"}), (second, {"student", "translator"})):
        before = {name: x.clone() for name, x in distiller.state_dict().items()}
        groups = distiller.parameter_groups(phase)
        optimisers = {name: kd.Recipe(lr=0.01).optimise(group) for name, group in groups.items()}
        terms = [distiller.step(batch, phase, optimisers) for _ in range(8)]
        moved = {name.split(".")[0] for name, x in distiller.state_dict().items() if not torch.equal(x, before[name])}
        assert moved == moves
        assert terms[-1]["loss"] < terms[0]["loss"]


def test_the_networks_of_factor_transfer():
    f = torch.randn(2, 8, 5, 3)
    paraphraser, translator = Paraphraser(8), Translator(3, 8)
    assert paraphraser.factor(f).shape == (2, 4, 5, 3) == translator(f[:, :3]).shape
    assert paraphraser(f).shape == f.shape
    assert Translator(3, 8, rate=0.01)(f[:, :3]).shape == (2, 1, 5, 3)


def test_the_zoo_forms_are_named_and_carry_the_zoo_weights():
    student, teacher = nets()
    distiller = Correlation(student, teacher, form="consecutive")
    assert distiller.weights()["cc"] == 0.02 and Correlation(student, teacher).weights()["cc"] == 100
    s, t = (net.trace(torch.randn(4, 1, 8, 8)) for net in (student, teacher))
    (spot,) = distiller.spots()
    spot.loss(s, t.detach()).backward()
    assert distiller.embed_t.weight.grad.abs().max() > 0  # the teacher's layer learns as well
    assert Factor(student, teacher, form="attention").weights()["ft"] == 200


def test_wrong_input_is_named():
    with pytest.raises(ShapeError, match=r"\(2, 3\).*\(4,\)"):
        variational_loss(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(4))
    with pytest.raises(ShapeError, match=r"\(2, 20\).*\(2, 12\)"):
        attention_factor_loss(torch.zeros(2, 3, 4, 5), torch.zeros(2, 3, 4, 3))
    with pytest.raises(ConfigError, match="gamma=0"):
        correlation_loss(torch.zeros(2, 3), torch.zeros(2, 3), gamma=0)
    with pytest.raises(ConfigError, match="order=0"):
        correlation_loss(torch.zeros(2, 3), torch.zeros(2, 3), order=0)
    with pytest.raises(ConfigError, match="rate=0"):
        Factor(*nets(), rate=0)
