"""The explorers of lesson 04 at their smallest, middle and largest settings."""

import re

import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError
from kdtutor.papers.matching import assign, flow_cost, reduce
from kdtutor.widgets.matching import MatchingsExplorer, ReductionExplorer
from kdtutor.widgets.pairing import BEST, GREEDY, POSITION, TEACHER, PairingExplorer, directions, greedy


def maps(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def bold(shown: object) -> list[float]:
    return [float(number) for number in re.findall(r"<b>([\d.]+)", shown.text.value)]  # type: ignore[attr-defined]


def reduction(C_s: int = 2, C_t: int = 8) -> ReductionExplorer:
    images = kd.data.load("digits").val.images[:2]
    f_s, f_t = maps(2, C_s, 6, 6), maps(2, C_t, 6, 6, seed=1)
    cost = flow_cost(f_s, f_t)
    return ReductionExplorer(images, f_s, f_t, assign(cost), assign(cost, sparse=True), -torch.ones(C_t) / 2, "ab")


def test_the_cost_is_that_of_the_angles() -> None:
    cost = flow_cost(directions([40]), directions(TEACHER))[0]
    angles = torch.tensor(TEACHER, dtype=torch.float64).sub(40).deg2rad()
    torch.testing.assert_close(cost, 2 - 2 * angles.cos())


def test_no_pairing_is_better_than_the_best() -> None:
    shown = PairingExplorer()
    for settings in shown.corners():
        shown.set(**settings)
        least = float(re.findall(r"least possible is ([\d.]+)\.", shown.text.value)[0])
        assert bold(shown)[0] >= least - 0.01
        if settings["pairing"] == BEST:
            assert bold(shown)[0] == pytest.approx(least)
    totals = {pairing: bold(shown.set(a=200, b=340, c=280, pairing=pairing))[0] for pairing in (BEST, GREEDY, POSITION)}
    assert totals[BEST] < totals[GREEDY], "the lesson sends its reader here"


def test_greedy_fills_every_seat_once() -> None:
    M = greedy(torch.rand(3, 6, generator=torch.Generator().manual_seed(0)))
    assert M.sum(0).eq(1).all() and M.sum(1).eq(2).all()


def test_the_share_of_positive_places_is_that_of_the_maps() -> None:
    shown = reduction()
    for settings in shown.corners():
        shown.set(**settings)
        f, j = shown._f_t[[settings["image"]]], settings["channel"] - 1
        group = f[0, shown._M[j] > 0]
        kept = reduce(f, shown._M)[0, j]
        assert bold(shown)[0] == pytest.approx(100 * (kept[(group > 0).any(0)] > 0).float().mean().item(), abs=0.6)
    cut, whole = shown.set(cut=True).png(), shown.set(cut=False).png()
    assert cut != whole


def test_groups_of_unequal_size_are_drawn() -> None:
    shown = reduction(3, 7)
    for channel in (1, 2, 3):
        assert f"Student channel {channel} owns" in shown.set(channel=channel).text.value


def test_matrices_that_do_not_fit_are_named() -> None:
    f = maps(2, 3, 4, 4)
    with pytest.raises(ShapeError, match="flow matrices"):
        ReductionExplorer(torch.zeros(2, 1, 4, 4), f, f, torch.eye(3), torch.eye(4), torch.zeros(3), "ab")


def test_new_owners_are_counted_and_framed() -> None:
    first = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    second = torch.tensor([[1.0, 0, 1, 0], [0, 1, 0, 1]])
    flows = [[first], [first], [second]]
    shown = MatchingsExplorer(flows, [[maps(2, 3, 5)]] * 3, [maps(4, 3, 5)], ("only",))
    counts = [bold(shown.set(epoch=epoch))[0] for epoch in range(3)]
    assert counts == [0, 0, 2]
    assert [frame.get_visible() for frame in shown._frames].count(True) == 2
    assert [bar.get_height() for bar in shown._bars] == [0, 0, 50]
    with pytest.raises(ShapeError, match="3 epochs of flow matrices and 1 of maps"):
        MatchingsExplorer(flows, [[maps(2, 3, 5)]], [maps(4, 3, 5)], ("only",))


def test_it_is_drawn_at_every_setting() -> None:
    flows = [[assign(maps(5, 8, seed=e)), assign(maps(2, 9, seed=e))] for e in range(3)]
    mine = [[maps(5, 4, 4), maps(2, 20, 20)]] * 3
    shown = MatchingsExplorer(flows, mine, [maps(8, 4, 4), maps(9, 20, 20)], ("a", "b"))
    for settings in shown.corners():
        assert shown.set(**settings).png()
    assert repr(shown).startswith("<MatchingsExplorer epoch=")
