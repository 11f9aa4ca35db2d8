"""The explorers of lesson 01 at their smallest, middle and largest settings."""

import re

import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError
from kdtutor.papers.hinton import entropy, soften
from kdtutor.widgets.hinton import BiasExplorer, TemperatureExplorer

CLASSES = tuple("0123456789")


def few_digits() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    digits = kd.data.load("digits")
    logits = 4 * torch.randn(4, 10, generator=torch.Generator().manual_seed(0))
    return digits.val.images[:4], logits, digits.val.labels[:4]


def test_bars_and_entropy_follow_digit_and_temperature() -> None:
    images, logits, labels = few_digits()
    explorer = TemperatureExplorer(images, logits, labels, CLASSES)
    for settings in explorer.corners():
        explorer.set(**settings)
        p = soften(logits[settings["digit"]], settings["T"])
        heights = torch.tensor([bar.get_height() for bar in explorer._bars])
        torch.testing.assert_close(heights, p)
        told = re.search(r"Entropy <b>([\d.]+)</b>", explorer.text.value)
        assert told and abs(float(told[1]) - entropy(p).item()) < 0.006
    assert len({explorer.set(T=T).png() for T in (0.5, 4.0, 32.0)}) == 3


def test_a_higher_temperature_never_lowers_the_entropy() -> None:
    images, logits, labels = few_digits()
    explorer = TemperatureExplorer(images, logits, labels, CLASSES)
    found = []
    for T in (0.5, 1.0, 4.0, 32.0):
        explorer.controls["T"].value = T
        found.append(float(re.search(r"Entropy <b>([\d.]+)</b>", explorer.text.value)[1]))  # type: ignore[index]
    assert found == sorted(found) and found[-1] <= 2.303
    assert repr(explorer).startswith("<TemperatureExplorer digit=1: a ")


def test_images_logits_and_labels_must_belong_together() -> None:
    images, logits, labels = few_digits()
    with pytest.raises(ShapeError, match="4 images, 3 rows"):
        TemperatureExplorer(images, logits[:3], labels, CLASSES)


def test_classes_with_words_for_names_are_spoken_of_as_such() -> None:
    images, logits, labels = few_digits()
    words = kd.data.load("fashion").classes
    explorer = TemperatureExplorer(images, logits, labels, words)
    named = [words[k] for k in labels.tolist()]
    assert [label.split(": ")[1].split(" (")[0] for label, _ in explorer.controls["digit"].options] == named
    shown = BiasExplorer({"taught": torch.randn(20, 10)}, torch.arange(20) % 10, 3, words)
    assert "on class dress, on" in shown.alt and "of 2 images of dress <b>" in shown.text.value


def test_the_bias_explorer_agrees_with_argmax() -> None:
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(200) % 10
    logits = {name: torch.randn(200, 10, generator=generator) for name in ("taught", "alone")}
    explorer = BiasExplorer(logits, labels, 3, CLASSES)
    for settings in explorer.corners():
        explorer.set(**settings)
        raised = logits[settings["student"]].clone()
        raised[:, 3] += settings["bias"]
        right = raised.argmax(1) == labels
        numbers = [int(x) for x in re.findall(r"<b>(\d+)</b>", explorer.text.value)]
        assert numbers == [int(right[labels == 3].sum()), int(right[labels != 3].sum())]
        heights = [bar.get_height() for bar in explorer._bars]
        assert heights == pytest.approx([right[labels == k].float().mean().item() for k in range(10)])


def test_its_curves_start_and_end_where_they_must() -> None:
    labels = torch.arange(100) % 10
    explorer = BiasExplorer({"perfect": 5.0 * torch.eye(10)[labels]}, labels, 3, CLASSES)
    mine, others, everything = (line.get_ydata() for line in explorer._lines)
    assert mine[0] == others[0] == everything[0] == 1
    assert mine[-1] == 1 and others[-1] == 0 and everything[-1] == pytest.approx(0.1)
