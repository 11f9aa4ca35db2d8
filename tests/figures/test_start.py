"""The pictures of the first lesson."""

import torch

import kdtutor as kd
from kdtutor.figures import start


def test_the_four_questions_are_in_the_text_too() -> None:
    picture = start.four_questions()
    for word in ("What is matched?", "Where is it matched?", "On what data?", "Between which networks?"):
        assert word in picture.alt
    assert len(picture.png()) < 40_000


def test_class_examples_show_each_class_in_its_row() -> None:
    digits = kd.data.load("digits")
    picture = start.class_examples(digits.train, digits.classes, per_class=3)
    shown = [ax.images[0].get_array() for ax in picture.axes]
    assert len(shown) == 30 and [ax.get_ylabel() for ax in picture.axes[::3]] == list(digits.classes)
    rows = (digits.train.labels == 4).nonzero().flatten()[:3]
    for ax_image, row in zip(shown[12:15], rows, strict=True):
        assert torch.equal((torch.as_tensor(ax_image) * 255).round().byte(), digits.train.images[row, 0])


def test_second_opinions_name_the_two_most_probable_classes() -> None:
    digits = kd.data.load("digits")
    p = torch.full((2, 10), 0.02)
    p[0, 3], p[0, 8], p[1, 1], p[1, 7] = 0.5, 0.34, 0.6, 0.24
    picture = start.second_opinions(digits.val.images[:2], torch.tensor([3, 7]), p, digits.classes, alt="Two digits.")
    assert [ax.get_title() for ax in picture.axes[:2]] == ["true 3\n3: 0.50  8: 0.34", "true 7\n1: 0.60  7: 0.24"]
