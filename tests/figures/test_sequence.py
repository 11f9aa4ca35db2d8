"""The pictures of lesson 17."""

import pandas as pd
import pytest
import torch

from kdtutor import ShapeError
from kdtutor.figures import sequence as draw


def test_every_writer_s_text_is_there_under_its_name():
    texts = {"teacher": "the Hatter said\nnothing", "alone": "tha " * 40}
    picture = draw.writing(texts, "Alice ", alt="Two texts.")
    shown = [text.get_text() for text in picture.axes[0].texts]
    assert shown[:2] == ["teacher", "the Hatter said ↵ nothing"] and shown[2] == "alone"
    assert all(len(line) <= draw.LINE for line in shown) and "".join(shown[3:]).count("tha") == 40
    assert picture.axes[0].get_title(loc="left") == "after “Alice ”" and picture.png()


def test_a_dark_character_is_a_surprise():
    picture = draw.surprise("ab", {"teacher": torch.tensor([0.0, 9.0])}, alt="Two squares.")
    light, dark = (sum(patch.get_facecolor()[:3]) for patch in picture.axes[0].patches)
    assert light > dark and picture.png()
    with pytest.raises(ShapeError, match="1 numbers for a text of 2"):
        draw.surprise("ab", {"teacher": torch.zeros(1)}, alt="Too few.")


def test_groups_of_places_lie_in_the_middle_of_their_characters():
    picture = draw.by_place({"teacher": torch.tensor([2.0, 3.0])}, 8, alt="A line.")
    assert picture.axes[0].lines[0].get_xydata().tolist() == [[4, 2], [12, 3]] and picture.png()


def test_each_way_stands_at_its_mean():
    rows = pd.DataFrame(
        {"method": ["alone"] * 2 + ["taught"] * 2, "bits": [2.0, 3.0, 1.0, 1.0], "judged": [4.0, 4.0, 2.0, 4.0]}
    )
    picture = draw.two_goals(rows, alt="Two points.")
    means = {bar.get_label(): bar.lines[0].get_xydata()[0].tolist() for bar in picture.axes[0].containers}
    assert means == {"alone": [2.5, 4.0], "taught": [1.0, 3.0]} and picture.png()
