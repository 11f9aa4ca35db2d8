"""Lesson 07: its exercises, its studies, their stored numbers, and the generators that teach."""

import dataclasses

import pytest
import torch

import kdtutor as kd
from kdtutor import nets, train
from kdtutor.course import check, generators
from kdtutor.course.studies import gan as study
from kdtutor.course.studies import stored_results
from kdtutor.papers import gan
from kdtutor.settings import GENERATOR_PLANS, train_generator
from kdtutor.widgets.gan import between
from tests.course.agreement import computes

ON_DIGITS = [index for index, each in enumerate(study.STUDIES) if "clothes" not in each.name]
STUDIES = pytest.mark.parametrize("index", ON_DIGITS)


def test_what_the_package_computes_passes() -> None:
    def joint(x_s, x_t, on_fake, alpha, scale):
        return alpha * scale * gan.imitation_loss(x_s, x_t) + (1 - alpha) * gan.fooling_loss(on_fake)

    def diagonal(m, s, m_made, s_made):
        return (m - m_made).square().sum() + (s**2 + s_made**2 - 2 * s * s_made).sum()

    assert computes(check.joint_loss, joint) and computes(check.image_sharpness, gan.laplacian_variance)
    assert computes(check.frechet_diagonal, diagonal) and computes(
        check.great_circle, lambda a, b, way: between(a, b, way)[0]
    )


def test_the_diagonal_distance_is_the_distance() -> None:
    e = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0)).double()
    m, s = torch.tensor([1.0, 0, -2]), torch.tensor([0.5, 1, 3])
    by_hand = float(check.frechet_diagonal._solution(torch.zeros(3), torch.ones(3), m, s))
    assert train.frechet_distance(e, e * s + m) == pytest.approx(by_hand, rel=0.1)


def test_the_claims_are_true() -> None:
    data, scores = kd.data.load("digits-16"), torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    same = {game: torch.allclose(gan.critic_loss(*scores, game), gan.critic_loss(*(scores + 1), game))
            for game in ("wasserstein", "non-saturating")}  # fmt: skip
    judge, real = generators.judge(), data.normalise(data.train.images[:1000])
    few, many = (judge.quality(real[:n], data.test, data).distance for n in (100, 1000))
    large, small = (nets.trained_generator(name) for name in ("digits-dcgan", "digits-dcgan-small"))
    z = generators.latents(300)
    seen = [judge.look(net(z))[1].argmax(1) for net in (large, small)]
    found = {
        "the black box can be trained without one real image": True,  # tests/papers/test_gan.py forbids it to look
        "a student from scratch makes the teacher's digit of the same z": bool(
            (seen[0] == seen[1]).float().mean() > 0.5
        ),
        "1 added to every score changes the Wasserstein critic's loss": not same["wasserstein"],
        "1 added to every score changes the softplus critic's loss": not same["non-saturating"],
        "a generator that repeats one perfect 3 has a classifier score of 1": (
            train.classifier_score(torch.randn(1, 10).expand(50, 10)) == pytest.approx(1)
        ),
        "equal Fréchet distance means equal sharpness": False,  # black box and joint of the stored ladder
        "100 real images are as near to the test images as 3,500 are": few < 2 * many,
    }
    assert check.gan_truths(lambda: found)


@pytest.mark.parametrize("name", generators.PLANS)
def test_generators_that_ship_are_as_good_as_their_cards_say(name: str) -> None:
    net, plan = nets.trained_generator(name), generators.PLANS[name]
    data = kd.data.load(plan.data)
    assert net.config == nets.generator(**plan.net).config and net.card["critic"] == plan.critic
    assert net.card["command"] == f"kdtutor teach {name}" and net.card["seed"] == plan.seed
    assert plan.epochs * (plan.recipe.steps_per_epoch or 0) >= 1600
    told = {key: value for key, value in net.card["recipe"].items() if key != "epochs"}
    planned = plan.recipe.record()
    assert {key: list(v) if isinstance(v, tuple) else v for key, v in planned.items()} == told
    quality, sharpness = generators.measured(net, data)
    assert quality.distance == pytest.approx(net.card["quality"]["distance"], rel=0.01)
    assert sharpness == pytest.approx(net.card["quality"]["sharpness"], rel=0.01) and not quality.missing
    path = kd.data.root() / "generators" / f"{name}.safetensors"
    assert path.stat().st_size < 400_000


def test_training_a_generator_leaves_weights_and_card(tmp_path, monkeypatch) -> None:
    plan = dataclasses.replace(
        GENERATOR_PLANS["digits-dcgan-small"], epochs=1, recipe=train.Recipe(lr=1e-3, batch_size=8, steps_per_epoch=1)
    )
    monkeypatch.setitem(GENERATOR_PLANS, "tiny", plan)
    monkeypatch.setattr("kdtutor.settings.generators.SAMPLES", 20)
    net = train_generator("tiny", tmp_path, device="cpu", progress=False)
    again = train_generator("tiny", tmp_path, device="cpu", progress=False)
    assert torch.equal(net.body.conv.weight, again.body.conv.weight) and net.card["quality"]["distance"] > 0
    from kdtutor.cli.teachers import outcome

    assert outcome(net.card).startswith("tiny: distance")


def test_all_ways_start_alike_and_share_their_critic() -> None:
    methods = {way: study.method(way, study.student(0.125, 3), study.student(1, 9), 3) for way in study.ALPHA}
    students = [torch.cat([p.flatten() for p in m.student.parameters()]) for m in methods.values()]
    critics = [torch.cat([p.flatten() for p in m.critic.parameters()]) for m in methods.values() if m.critic]
    assert all(torch.equal(one, students[0]) for one in students)
    assert len(critics) == 2 and torch.equal(*critics)
    assert methods["black box"].critic is None and methods["scratch"].teacher is None


@pytest.mark.slow
@STUDIES
@pytest.mark.isa
def test_the_smallest_run_of_each_study(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 1)
    chosen = study.STUDIES[index]
    row = chosen.run(chosen.cases[0], 0)
    assert row == chosen.run(chosen.cases[0], 0)
    assert {"distance", "score", "sharpness", "missing", "explained", "parameters"} <= set(row)


def test_the_rates_are_those_that_tuning_chose() -> None:
    """The best mean distance to the validation digits, or within 3 % of it, and not at the edge of the grid."""
    tuning = stored_results("gan_tuning")
    for (way, size), rows in tuning.groupby(["way", "size"]):
        means = rows.groupby("lr")["distance"].mean()
        used = study.LR[way][size]
        assert means[used] <= 1.03 * means.min(), (way, size)
        assert means.index.min() < used < means.index.max(), (way, size)


@pytest.mark.slow
def test_the_copy_of_clothes_loses_the_sandals_that_its_teacher_makes() -> None:
    """What lesson 7 says of seed 0 beside its table: the study stores how many classes are missing, not which."""
    clothes, teacher = kd.data.load("fashion-16"), nets.trained_generator("fashion-dcgan")
    stored = stored_results("gan_clothes").query("way == 'black box' and size == 0.25 and seed == 0").iloc[0]
    copy = study.student(stored["size"], 0)
    study.train("black box", copy, teacher, clothes, 0, stored["lr"], study.STEPS)
    quality, of_teacher = (generators.measured(net, clothes)[0] for net in (copy, teacher))
    assert [clothes.classes[k] for k in quality.missing] == ["sandal"] and of_teacher.missing == ()
    assert round(quality.shares[5], 3) == 0.004 and round(of_teacher.shares[5], 2) == 0.09
