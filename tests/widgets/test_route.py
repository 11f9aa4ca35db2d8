"""The worked route of lesson 12: its numbers are those of the formulas, and gradients stop where the paper says."""

import pytest
import torch

from kdtutor.papers.decisions import TAU
from kdtutor.widgets.route import LABEL, LAST, NOISE, WAYS, WEIGHTS, RouteFilm, worked

every_way = pytest.mark.parametrize("coins", WAYS.values(), ids=list(WAYS))


@every_way
def test_the_way_back_is_that_of_the_formulas(coins: tuple[bool, bool]) -> None:
    now = worked(*coins)
    e = torch.cat([now.values["T₁"], now.values["S₁"]], 1)[0]
    signs = torch.tensor([1.0 if coin else -1.0 for coin in coins]) * (NOISE[0] - NOISE[1])
    said = now.values["policy"][0]
    y = ((said[:, 0] - said[:, 1] + signs) / TAU).sigmoid()
    for spot, coin in enumerate(("a₁", "a₂")):
        slope = now.route[coin] * y[spot] * (1 - y[spot]) / TAU
        torch.testing.assert_close(now.route["policy"][2 * spot], slope[0, 0] * e)
        torch.testing.assert_close(now.route["policy"][2 * spot + 1], -slope[0, 0] * e)
    given = now.values["z"].softmax(1)
    given[0, LABEL] -= 1
    torch.testing.assert_close(now.route["z"], given)


@every_way
def test_each_loss_reaches_its_own_weights_only(coins: tuple[bool, bool]) -> None:
    now = worked(*coins)
    assert {name for name in WEIGHTS if now.route[name] is not None} == {"A", "Ā", "policy"}
    assert {name for name in WEIGHTS if now.student[name] is not None} == {"S₁", "S₂"}
    assert now.route["policy"].norm() > 0 < now.student["S₁"].norm()


def test_the_adapters_of_a_way_not_taken_get_nothing() -> None:
    crossing = {"student, then teacher": "A", "teacher, then student": "Ā"}
    for way, coins in WAYS.items():
        now = worked(*coins)
        assert {name for name in ("A", "Ā") if now.route[name].norm() > 0} == {crossing.get(way)} - {None}


def test_the_film_shows_what_was_worked_out() -> None:
    film = RouteFilm()
    for settings in film.corners():
        film.set(**settings)
        shown = film._gradients["policy"].get_text()
        assert (shown == "nothing") == (settings["moment"] == LAST), settings
    film.set(moment=4, way="teacher, then teacher")
    loss = film.worked["teacher, then teacher"].values["loss"].item()
    assert f"<b>{loss:.3f}</b>" in film.text.value and film._gradients["z"].get_text() == ""
    film.set(moment=6)
    assert film._gradients["A"].get_text() == "‖∂‖ 0.000" and film._gradients["S₁"].get_text() == ""
