"""Lesson 12: its exercises, its studies and their stored numbers."""

import pytest
import torch
from torch import Tensor

from kdtutor import data
from kdtutor.course import check
from kdtutor.course.exercises import spot_adaptive as exercises
from kdtutor.course.studies import spot_adaptive as study
from kdtutor.course.studies import stored_results
from kdtutor.papers.spot_adaptive import decide
from tests.course.agreement import computes
from tests.papers.oracle import oracle

STUDIES = {one.name: one for one in study.STUDIES if "clothes" not in one.name}  # test_sets.py has those


def test_what_the_package_computes_passes() -> None:
    assert computes(check.hard_decision, lambda logits, noise, tau: decide(logits, tau, noise))
    assert computes(check.anti_chosen, lambda decisions: decisions < 0.5)


def test_the_solution_has_the_value_and_gradient_of_the_reference() -> None:
    case = oracle("gumbel_case1")
    logits = case["in_logits"].clone().requires_grad_()
    decisions = exercises._hard_decision(logits, case["in_gumbel"], 5.0)
    assert torch.equal(decisions.detach().round(), case["out_hard"][..., 0])
    # The reference weighs both outputs; hard[..., 1] = 1 - hard[..., 0], and its gradient has the other sign.
    weight = case["in_weight"][..., 0] - case["in_weight"][..., 1]
    (gradient,) = torch.autograd.grad((decisions * weight).sum(), logits)
    torch.testing.assert_close(gradient, case["grad_logits"])


def test_planted_images_are_damaged_as_their_kind_says() -> None:
    digits = data.load("digits")
    planted, kinds = study.plant(digits, seed=3)
    counts = torch.bincount(kinds)
    assert counts.tolist() == [2100, 350, 350, 350, 350]
    old, new = digits.train, planted.train
    same = (old.images == new.images).flatten(1).all(1)
    for k, name in enumerate(study.KINDS):
        rows = kinds == k
        assert bool((old.labels[rows] != new.labels[rows]).all()) == (name == "label")
        assert bool(same[rows].all()) == (name in ("clean", "label"))
    half = new.images[kinds == 2, 0].bool()
    empty = [half[:, :14], half[:, 14:], half[:, :, :14], half[:, :, 14:]]
    assert torch.stack([~part.flatten(1).any(1) for part in empty]).any(0).all()
    again = study.plant(digits, seed=3)[0].train
    assert torch.equal(new.images, again.images) and torch.equal(new.labels, again.labels)
    assert torch.equal(planted.test.images, digits.test.images)


def test_watched_images_are_of_all_classes() -> None:
    planted, kinds = study.plant(data.load("digits"))
    rows = study.watched(kinds)
    assert torch.bincount(kinds[rows]).tolist() == [3 * study.WATCHED, *[study.WATCHED] * 4]
    for k in range(len(study.KINDS)):
        assert len(planted.train.labels[rows[kinds[rows] == k]].unique()) == 10


def test_every_strategy_starts_alike() -> None:
    def first(strategy: str) -> list[Tensor]:
        distiller = study.prepare({"host": "hint", "strategy": strategy}, seed=1)
        return [p.detach() for p in (*distiller.student.parameters(), *distiller.inner.parameters())]

    always = first("always")
    for strategy in ("adaptive", "anti", "random", "never"):
        assert all(torch.equal(a, b) for a, b in zip(always, first(strategy), strict=True))


@pytest.mark.slow
@pytest.mark.isa
@pytest.mark.parametrize("name", STUDIES)
def test_the_smallest_run_of_each_study(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(study, "EPOCHS", 1)
    monkeypatch.setattr(study, "WATCHED", 5)
    first, second = (STUDIES[name].run(STUDIES[name].cases[-1], 0) for _ in range(2))
    for row, again in zip(first, second, strict=True):
        assert isinstance(row, dict) and isinstance(again, dict)
        assert {**row, "cpu": 0} == {**again, "cpu": 0}
        assert all(0 <= value <= 1 for key, value in row.items() if key not in ("cpu", "epoch"))


def test_weights_and_rates_are_those_that_tuning_chose() -> None:
    """The best mean on validation digits, or within half a point of it, and not at the edge of what was tried."""
    tuning = stored_results("spot_tuning")
    for host, betas in study.TUNED.items():
        means = tuning[tuning["host"] == host].groupby("beta")["val"].mean()
        assert means[study.BETA[host]] >= means.max() - 0.005 and min(betas) < study.BETA[host] < max(betas)
    never = tuning[tuning["strategy"] == "never"].groupby("lr")["val"].mean()
    attention = tuning[(tuning["beta"] == study.BETA["attention"])].groupby("lr")["val"].mean()
    for rates, chosen in ((never, study.LR["never"]), (attention, study.LR["always"])):
        assert rates[chosen] >= rates.max() - 0.005 and rates.index.min() < chosen < rates.index.max()


def test_the_prediction_is_what_the_stored_curves_say() -> None:
    frame = stored_results("spot_strategies").query("host == 'attention' and strategy == 'adaptive'")
    means = frame.groupby("epoch").mean(numeric_only=True)
    p = {spot: means[f"probability_{spot}"] for spot in ("stage1", "stage2", "stage3", "logits")}
    last = means.loc[8]
    middle = ("stage2", "stage3")
    found = {
        "stage 1, the shallowest spot, is the first to fall below one half": bool(p["stage1"].loc[2] < 0.5),
        "stages 2 and 3 fall below one half": all(p[s].loc[2] < 0.5 for s in middle),
        "the logits fall below one half": bool(p["logits"].min() < 0.5),
        "noisy images are distilled less than clean ones at stages 2 and 3": all(
            last[f"noise, {s}"] < last[f"clean, {s}"] - 0.1 for s in middle
        ),
        "images with a black half are distilled less than clean ones there": any(
            last[f"half, {s}"] < last[f"clean, {s}"] + 0.1 for s in middle
        ),
        "images with a wrong label are treated as clean ones": all(
            abs(last[f"label, {s}"] - last[f"clean, {s}"]) < 0.05 for s in middle
        ),
    }
    assert check.first_to_drop(lambda: found)
