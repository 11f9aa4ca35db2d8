"""The pictures of lesson 11."""

import pandas as pd
import pytest
import torch

from kdtutor import ShapeError
from kdtutor.figures import relational as draw


def test_penalties_draws_a_curve_each() -> None:
    x = torch.linspace(-1, 1, 5)
    picture = draw.penalties(x, {"huber": x.abs(), "squared": x**2}, alt="Curves.")
    assert [line.get_label() for line in picture.axes[0].lines] == ["huber", "squared"] and picture.png()


def test_agreement_has_a_panel_for_each_student() -> None:
    picture = draw.agreement(torch.rand(9), {"alone": torch.rand(9), "taught": torch.rand(9)}, alt="Dots.")
    assert [ax.get_title() for ax in picture.axes] == ["alone", "taught"]
    assert len(picture.axes[1].lines[1].get_xdata()) == 9


def test_planes_keeps_distances_of_flat_spaces() -> None:
    flat = torch.tensor([[0.0, 0], [3, 0], [0, 4], [1, 1]])
    turned = torch.cat([flat, torch.zeros(4, 5)], dim=1)
    picture = draw.planes({"a": flat, "b": turned}, torch.tensor([7, 7, 8, 8]), tuple("0123456789"), alt="Planes.")
    assert len(picture.axes) == 2 and [line.get_marker() for line in picture.axes[0].lines] == ["$7$", "$8$"]
    shown = torch.tensor(picture.axes[1].lines[0].get_xydata())
    assert float((shown[0] - shown[1]).norm()) == pytest.approx(3)
    with pytest.raises(ShapeError, match="b: 4 embeddings, 3 labels"):
        draw.planes({"b": flat}, torch.zeros(3), ("a",), alt="Planes.")


def test_planes_number_classes_whose_names_are_words() -> None:
    names = ("dress", "coat", "bag")
    picture = draw.planes({"a": torch.rand(4, 2)}, torch.tensor([0, 0, 2, 2]), names, alt="Planes.")
    assert [line.get_marker() for line in picture.axes[0].lines] == ["$0$", "$2$"]
    assert picture._supxlabel.get_text() == "0: dress, 2: bag"


def results() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"method": method, "characters": count, "seed": seed, "recall@1": 0.5 + 0.1 * seed + i / 10}
            for i, method in enumerate(("triplet", "RKD-DA", "teacher"))
            for count in ((50, 964) if method != "teacher" else (964,))
            for seed in (0, 1)
        ]
    )


def test_retrieval_has_a_bar_for_each_method_and_number() -> None:
    picture = draw.retrieval(results(), ["triplet", "RKD-DA"], {"recall@1": "recall"}, alt="Bars.")
    heights = sorted(round(bar.get_height()) for bar in picture.axes[0].patches)
    assert heights == [55, 55, 65, 65]
    assert [text.get_text() for text in picture.axes[0].get_xticklabels()] == ["50 characters", "964 characters"]
    plain = draw.retrieval(results().drop(columns="characters"), ["triplet"], {"recall@1": "recall"}, alt="Bars.")
    assert len(plain.axes[0].patches) == 1


def test_generations_has_a_line_for_each_seed_and_the_mean() -> None:
    picture = draw.generations(results(), "recall@1", ["triplet", "RKD-DA"], alt="Lines.", ylabel="%")
    *seeds, mean = picture.axes[0].lines
    assert len(seeds) == 2 and list(mean.get_ydata()) == pytest.approx([55, 65])


def test_batch_memory_is_logarithmic() -> None:
    picture = draw.batch_memory([16, 64], {"a": [1, 64], "b": [1, 16]}, alt="Lines.", marks={"8 GB": 8000})
    assert picture.axes[0].get_xscale() == picture.axes[0].get_yscale() == "log"
    assert [text.get_text() for text in picture.axes[0].get_xticklabels()] == ["16", "64"]
