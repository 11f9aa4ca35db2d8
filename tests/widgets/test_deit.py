"""The explorers of lesson 18 at their smallest, middle and largest settings."""

import re

import pytest
import torch

import kdtutor as kd
from kdtutor.nets.rollout import attentions
from kdtutor.papers.deit import fused
from kdtutor.widgets.deit import AttentionExplorer, FusionExplorer, ShiftExplorer, shifted

CLASSES = tuple("abc")
IMAGES = torch.randint(0, 256, (2, 1, 28, 28), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_the_map_is_the_attention_of_the_token_that_asks():
    kd.seed_everything(0)
    net = kd.nets.build("deit7_2", classes=3, channels=1)
    with torch.no_grad():
        layers = attentions(net, IMAGES / 255)
    shown = AttentionExplorer(IMAGES, layers, ("class", "distillation"), ("one", "other"))
    pictures = set()
    for settings in shown.corners():
        shown.set(**settings)
        weights = layers[settings["block"] - 1][settings["image"]]
        asked = (weights.mean(0) if settings["head"] < 0 else weights[settings["head"]])[settings["token"], 2:]
        assert f"<b>{asked.max():.0%}</b>" in shown.text.value
        assert f"row {asked.argmax() // 4 + 1}, column {asked.argmax() % 4 + 1}" in shown.text.value
        pictures.add(shown.png())
    assert len(pictures) > 3
    assert repr(shown.set(image=0, token=2, block=1, head=0)).startswith("<AttentionExplorer image=one, token=patch 1")


def test_a_shift_moves_pixels_and_lets_black_in():
    x = torch.arange(1, 10, dtype=torch.uint8).view(1, 3, 3)
    assert shifted(x, 1, 0)[0].tolist() == [[0, 1, 2], [0, 4, 5], [0, 7, 8]]
    assert shifted(x, -1, -2)[0].tolist() == [[8, 9, 0], [0, 0, 0], [0, 0, 0]]
    assert torch.equal(shifted(x, 0, 0), x)


def test_the_bars_are_what_the_student_is_told():
    def answer(images):
        return torch.stack(
            [images.float().sum((1, 2, 3)), torch.full((len(images),), 900.0), torch.zeros(len(images))], 1
        )

    images = torch.zeros(2, 1, 28, 28, dtype=torch.uint8)
    images[:, 0, 0, 0] = 255
    images[1, 0, 14, 14] = 255
    shown = ShiftExplorer(images, torch.tensor([0, 1]), CLASSES, lambda x: answer(x) / 300)
    for settings in shown.corners():
        shown.set(**settings)
        z_t = answer(shifted(images[settings["image"]], settings["right"], settings["down"])[None])[0] / 300
        share, label = settings["share"], settings["image"]
        soft = (1 - share) * torch.eye(3)[label] + share * (z_t / settings["T"]).softmax(0)
        heights = [bar.get_height() for bar in shown._bars[1]]
        assert heights == pytest.approx(soft.tolist(), abs=1e-6)
        assert f"sees <b>{CLASSES[int(z_t.argmax())]}</b>" in shown.text.value
    shown.set(image=0, right=0, down=0)
    assert "contradicts" in shown.text.value
    shown.set(image=1)
    assert "agrees" in shown.text.value


def test_the_point_rides_on_the_accuracy_of_the_mean():
    z_class, z_distillation = 2 * torch.randn(2, 40, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(40) % 3
    shown = FusionExplorer(z_class, z_distillation, labels, CLASSES)
    for settings in shown.corners():
        shown.set(**settings)
        mean = fused(z_class, z_distillation, settings["share"], settings["of"])
        assert f"{(mean.argmax(1) == labels).float().mean():.1%}" == re.search(r"<b>([\d.]+%)", shown.text.value)[1]
        assert f"their mean <b>{CLASSES[int(mean[settings['image']].argmax())]}</b>" in shown.text.value
    with pytest.raises(kd.ShapeError, match="40 answers and 39 labels"):
        FusionExplorer(z_class, z_distillation, labels[1:], CLASSES)
