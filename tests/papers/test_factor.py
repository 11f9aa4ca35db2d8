import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.papers.factor import Factor, Paraphraser, Translator, attention_factor_loss, factor_loss

from .oracle import PRECISIONS, draw, equals_reference


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    equals_reference(attention_factor_loss, "ft_case1", dtype)


def test_a_factor_is_scaled_as_a_whole():
    s, t = draw(3, 4, 2, 5), draw(3, 4, 2, 5, seed=1)
    by_hand = torch.stack([(a / a.norm() - b / b.norm()).abs().mean() for a, b in zip(s, t, strict=True)]).mean()
    torch.testing.assert_close(factor_loss(s, t), by_hand)
    torch.testing.assert_close(factor_loss(9 * s, t), by_hand)
    turned = s[:, [2, 0, 3, 1]]
    torch.testing.assert_close(attention_factor_loss(turned, t), attention_factor_loss(s, t))  # knows no channels
    assert factor_loss(turned, t) != factor_loss(s, t)


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


def test_the_weight_is_the_zoos_in_both_forms():
    for form in ("paper", "attention"):
        assert Factor(*nets(), form=form).weights()["ft"] == 200


def test_wrong_input_is_named():
    with pytest.raises(ShapeError, match=r"\(2, 20\).*\(2, 12\)"):
        attention_factor_loss(torch.zeros(2, 3, 4, 5), torch.zeros(2, 3, 4, 3))
    with pytest.raises(ConfigError, match="rate=0"):
        Factor(*nets(), rate=0)
