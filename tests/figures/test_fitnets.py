"""The pictures of lesson 02."""

import pandas as pd
import pytest
import torch

from kdtutor.course.studies import stored_results
from kdtutor.figures import fitnets as draw

FRAME = pd.DataFrame(
    [
        {"method": method, "layer": layer, "seed": seed, "steps": steps, "val": 0.1 * steps, "test": 0.2 + seed / 10}
        for method, layer in (("alone", None), ("hint", 1), ("hint", 3))
        for seed in (0, 1)
        for steps in (1, 2)
    ]
)


def legend(picture: "draw.Picture") -> list[str]:
    return [text.get_text() for text in picture.axes[0].get_legend().get_texts()]


def test_a_line_for_each_net_over_its_convolutions() -> None:
    picture = draw.over_depth({"plain": [0.7, 0.3, 0.1], "teacher": [0.7, 0.8, 0.9]}, chance=0.1, alt="Lines.")
    assert legend(picture) == ["plain", "teacher"]
    assert list(picture.axes[0].lines[0].get_xdata()) == [1, 3, 5]
    assert draw.over_depth({"a": [1.0, 0.01]}, log=True, alt="A line.").axes[0].get_yscale() == "log"


def test_starts_are_means_over_the_seeds() -> None:
    picture = draw.starts(FRAME, ["alone", "hint"], alt="Lines.")
    assert legend(picture) == ["alone", "hint"]
    assert list(picture.axes[0].containers[0].lines[0].get_ydata()) == pytest.approx([10, 20])


def test_every_seed_is_a_dot_over_the_layers() -> None:
    picture = draw.over_layers(FRAME, alt="Dots.")
    assert set(legend(picture)) == {"alone", "hint", "hint, each seed"}
    assert [label.get_text() for label in picture.axes[0].get_xticklabels()] == ["1", "3"]
    assert list(picture.axes[0].containers[0].lines[0].get_ydata()) == pytest.approx([25, 25])


def test_the_stored_study_is_drawn() -> None:
    frame = stored_results("fitnets_start")
    assert draw.starts(frame, ["alone", "shortcuts"], alt="Lines.").png()
    assert draw.over_layers(frame[frame["test"].notna()], alt="Dots.").png()


def test_an_image_beside_its_maps() -> None:
    picture = draw.side_by_side(torch.zeros(1, 4, 4), {"a": torch.ones(2, 2), "dead": torch.zeros(2, 2)}, alt="Maps.")
    assert [ax.get_title() for ax in picture.axes] == ["image", "a", "dead"] and picture.png()
