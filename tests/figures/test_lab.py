"""Two nets side by side: numbers against sums done by hand, and what is drawn of them."""

import pytest
import torch

from kdtutor.figures import lab

LABELS = torch.tensor([0, 0, 1, 1, 2, 2])
FIRST = torch.tensor([0, 0, 1, 0, 0, 0])  # right on rows 0 1 2
SECOND = torch.tensor([0, 1, 0, 1, 0, 2])  # right on rows 0 3 5
IMAGES = 40 * torch.arange(6, dtype=torch.uint8).view(6, 1, 1, 1).expand(6, 1, 4, 4)


def test_the_gallery_shows_where_exactly_one_is_right():
    picture = lab.disagreements(IMAGES, LABELS, {"a": FIRST, "b": SECOND}, "012")
    titles = [ax.get_title() for ax in picture.axes]
    assert titles == ["0\nB says 1", "1\nB says 0", "1\nA says 0", "2\nA says 0"]
    shown = [float(ax.images[0].get_array().flat[0]) for ax in picture.axes]
    assert shown == pytest.approx([row * shown[0] for row in (1, 2, 3, 5)]) and shown[0] > 0


def test_a_gallery_with_one_side_shorter_keeps_its_rows():
    none = torch.zeros(6).long()  # right on rows 0 1, as the first is, who is right on row 2 as well
    picture = lab.disagreements(IMAGES, LABELS, {"a": SECOND, "b": none}, "012")
    assert [ax.get_title() for ax in picture.axes] == ["1\nB says 0", "2\nB says 0", "0\nA says 1", ""]
    assert lab.disagreements(IMAGES, LABELS, {"a": none, "b": none}, "012") is None


def test_a_gallery_is_taken_from_all_over_the_split():
    labels = torch.arange(100) // 10
    images = torch.zeros(100, 1, 2, 2, dtype=torch.uint8)
    picture = lab.disagreements(images, labels, {"a": labels, "b": labels + 1}, [str(k) for k in range(11)], shown=4)
    assert [ax.get_title()[0] for ax in picture.axes[:4]] == ["0", "3", "6", "9"]


def test_mistakes_have_the_colour_and_every_count_is_written():
    counts = {"a": torch.tensor([[5, 1], [0, 3]]), "b": torch.tensor([[6, 0], [2, 1]])}
    first, second = lab.confusions(counts, "xy").axes
    assert [text.get_text() for text in first.texts] == ["5", "1", "3"]
    assert first.images[0].get_array().tolist() == [[0, 1], [0, 0]]
    assert first.images[0].get_clim() == second.images[0].get_clim() == (0, 2)
