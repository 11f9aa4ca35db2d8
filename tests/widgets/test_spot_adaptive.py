"""The explorers of lesson 12 at their smallest, middle and largest settings."""

import re

import pandas as pd
import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError
from kdtutor.widgets.spot_adaptive import GumbelExplorer, WayExplorer, WeightExplorer

PLACES = ("stage1", "logits")


def numbers(shown: kd.widgets.Explorer) -> list[float]:
    return [float(number) for number in re.findall(r"<b>([-+\d.]+)</b>", shown.text.value)]


def way() -> WayExplorer:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 4, 2, 2, generator=generator)
    noise = torch.randn(4, 2, 2, generator=generator)
    return WayExplorer(torch.rand(4, 1, 8, 8), logits, noise, PLACES, list("abcd"), ["It is sure."] * 4)


def test_hard_draws_follow_the_softmax_and_soft_ones_the_temperature() -> None:
    shown = GumbelExplorer()
    for settings in shown.corners():
        rate, probability, gradient = numbers(shown.set(**settings))
        assert probability == pytest.approx(torch.tensor(settings["logit"]).sigmoid().item(), abs=6e-4)
        assert rate == pytest.approx(probability, abs=0.03) and 0 <= gradient <= 0.25 / settings["tau"] + 1e-4
    one, five = (numbers(shown.set(logit=10.0, tau=tau)) for tau in (1.0, 5.0))
    assert one[0] == five[0] and one[2] < 0.001 < five[2]


def test_a_way_is_what_the_policy_decided() -> None:
    shown = way()
    for settings in shown.corners():
        shown.set(**settings)
        taken = shown.decisions[settings["epoch"] - 1, settings["sample"]].tolist()
        names = ", ".join(place for place, yes in zip(PLACES, taken, strict=True) if yes) or "none"
        assert f"<b>{names}</b>. It is sure." in shown.text.value


def test_parts_of_a_way_have_to_fit() -> None:
    with pytest.raises(ShapeError, match="do not belong together"):
        WayExplorer(torch.rand(4, 1, 8, 8), torch.zeros(3, 4, 2, 2), torch.zeros(5, 2, 2), PLACES, "abcd", "abcd")


def test_a_setting_shows_its_own_accuracies() -> None:
    rows = [{"strategy": "always", "beta": b, "test": 0.9} for b in (1.0, 10.0)]
    rows += [
        {"strategy": "adaptive", "beta": b, "tau": t, "test": 0.8 + t / 100, "probability_stage1": t / 10}
        for b in (1.0, 10.0)
        for t in (1.0, 5.0)
    ]
    shown = WeightExplorer(pd.DataFrame(rows))
    for settings in shown.corners():
        assert numbers(shown.set(**settings)) == [pytest.approx(-10 + settings["tau"], abs=0.06)]
