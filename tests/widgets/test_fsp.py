"""The explorers of lesson 03 at their smallest, middle and largest settings."""

import re

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.papers.fsp import fsp_matrix
from kdtutor.widgets.fsp import BOTH, CHANNELS, KEEP, ONE, FlowExplorer, MatrixExplorer, shuffled, toy_layers

TAPS = ("first", "second", "third")


def taps(seed: int, widths: tuple[int, ...] = (3, 4, 5)) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    sizes = ((6, 6), (6, 6), (3, 3))
    return [torch.rand(2, C, *size, generator=generator) for C, size in zip(widths, sizes, strict=True)]


def explorer(**changed: object) -> MatrixExplorer:
    images = kd.data.load("digits").val.images[:2]
    maps = {"teacher": taps(0), "alone": taps(1), "taught": taps(2), **changed}
    return MatrixExplorer(images, maps, TAPS, ("a", "b"))  # type: ignore[arg-type]


def distances(shown: MatrixExplorer) -> list[float]:
    return [float(number) for number in re.findall(r"<b>([\d.]+)</b>", shown.text.value)]


def test_the_table_shows_the_matrix() -> None:
    table = FlowExplorer()
    for settings in table.corners():
        table.set(**settings)
        flow = fsp_matrix(*shuffled(*toy_layers(settings["column"], settings["strength"]), settings["shuffle"]))
        assert [number.get_text() for number in table._numbers] == [f"{value:.3f}" for value in flow.flatten().tolist()]
    assert repr(table).startswith("<FlowExplorer column=")


def test_what_a_shuffle_changes() -> None:
    a, b = toy_layers(column=2, strength=1.0)
    flow = fsp_matrix(a, b)
    torch.testing.assert_close(fsp_matrix(*shuffled(a, b, KEEP)), flow)
    torch.testing.assert_close(fsp_matrix(*shuffled(a, b, BOTH)), flow)
    assert not torch.allclose(fsp_matrix(*shuffled(a, b, ONE)), flow)
    rows = {tuple(row) for row in fsp_matrix(*shuffled(a, b, CHANNELS, seed=1))[0].tolist()}
    assert rows == {tuple(row) for row in flow[0].tolist()}


def test_distances_are_those_of_the_matrices() -> None:
    shown = explorer()
    for settings in shown.corners():
        shown.set(**settings)
        i, n = settings["layers"], settings["image"]
        teacher, alone = (fsp_matrix(maps[i][[n]], maps[i + 1][[n]]) for maps in (taps(0), taps(1)))
        assert distances(shown)[0] == pytest.approx(((alone - teacher).norm() / teacher.norm()).item(), abs=0.006)
    assert len({shown.set(layers=i, image=n).png() for i in (0, 1) for n in (0, 1)}) == 4


def test_positions_do_not_matter_to_the_distance_and_channels_do() -> None:
    same = explorer(taught=taps(0))
    for shuffle, near in ((KEEP, True), (BOTH, True), (ONE, False), (CHANNELS, False)):
        for layers in (0, 1):
            assert (distances(same.set(shuffle=shuffle, layers=layers))[1] < 0.005) == near, shuffle


def test_a_net_that_learnt_nothing_is_drawn_too() -> None:
    dead = [torch.zeros_like(maps) for maps in taps(0)]
    assert distances(explorer(alone=dead, taught=dead)) == [1.0, 1.0]


def test_wrong_taps_are_named() -> None:
    with pytest.raises(ShapeError, match="only matrices of one shape"):
        explorer(taught=taps(2, (3, 4, 6)))
    with pytest.raises(ConfigError, match="teacher, alone and taught"):
        explorer(other=taps(3))
