"""The explorers of lesson 02 at their smallest, middle and largest settings."""

import re

import pytest
import torch
from torch import Tensor

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, nets
from kdtutor.papers.attention import attention_map
from kdtutor.papers.fitnets import Hint
from kdtutor.widgets.fitnets import AttentionExplorer, DepthExplorer, HintExplorer, guided_parameters


def images() -> Tensor:
    val = kd.data.load("digits").val
    assert val is not None
    return val.images[:2]


def maps(seed: int, sizes: tuple[int, ...] = (6, 3), channels: int = 4) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(2, channels, size, size, generator=generator) for size in sizes]


def looking(**changed: list[Tensor]) -> AttentionExplorer:
    return AttentionExplorer(
        images(), {"teacher": maps(0, channels=7), "alone": maps(1), "taught": maps(2), **changed}, ("first", "second")
    )


def bold(shown: DepthExplorer | AttentionExplorer | HintExplorer) -> list[float]:
    return [float(number) for number in re.findall(r"<b>([\d.]+)", shown.text.value)]


def student() -> nets.Net:
    return nets.build("plain14x0.25", classes=10, channels=1, stem_stride=2)


def test_depth_names_the_accuracy_at_each_block() -> None:
    shown = DepthExplorer(images(), {"a": maps(0), "b": maps(1)}, {"a": (0.7, 0.1), "b": (0.6, 0.5)})
    for settings in shown.corners():
        shown.set(**settings)
        assert bold(shown) == ([10, 50] if settings["block"] else [70, 60])
        assert f"After {1 + 2 * settings['block']} convolution" in shown.text.value
    assert len({shown.set(block=block, image=image).png() for block in (0, 1) for image in (0, 1)}) == 4


def test_depth_needs_the_same_stops_in_every_net() -> None:
    with pytest.raises(ShapeError, match="equally many"):
        DepthExplorer(images(), {"a": maps(0), "b": maps(1, (6,))}, {"a": (0.7, 0.1), "b": (0.6,)})
    with pytest.raises(ShapeError, match="same nets"):
        DepthExplorer(images(), {"a": maps(0)}, {"b": (0.7, 0.1)})


def test_the_hint_counts_what_it_trains() -> None:
    net, teacher = student(), nets.teacher("digits-resnet14")
    shown = HintExplorer(net, teacher, [(14, 14), (14, 14), (7, 7), (4, 4)], {2: 0.5})
    for settings in shown.corners():
        layer = settings["layer"]
        shown.set(**settings)
        weight = Hint(net, teacher, layer).regressor.conv.weight.numel()
        assert [text.get_text() for text in shown._numbers][:2] == [f"{guided_parameters(net, layer):,}", f"{weight:,}"]
        assert bold(shown) == ([50] if layer == 2 else [])
    assert shown.set(layer=3)._numbers[2].get_text() == f"{16 * 64 * 4**4:,}"


@pytest.mark.parametrize("layer", range(4))
def test_guided_parameters_are_those_with_a_gradient(layer: int) -> None:
    net = student().train()
    net.trace(torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))).taps[
        layer
    ].square().sum().backward()
    reached = sum(weight.numel() for weight in net.parameters() if weight.grad is not None)
    assert guided_parameters(net, layer) == reached


def test_distances_are_those_of_the_attention_maps() -> None:
    shown = looking()
    for settings in shown.corners():
        shown.set(**settings)
        i, n, p = settings["stage"], settings["image"], settings["p"]
        teacher, alone = attention_map(maps(0, channels=7)[i][[n]], p), attention_map(maps(1)[i][[n]], p)
        assert bold(shown)[0] == pytest.approx((teacher - alone).norm().item(), abs=0.006)
    assert len({shown.set(stage=i, image=n).png() for i in (0, 1) for n in (0, 1)}) == 4


def test_equal_maps_and_dead_maps() -> None:
    assert bold(looking(taught=maps(0, channels=7)))[1] == 0
    dead = [torch.zeros_like(x) for x in maps(0)]
    assert bold(looking(alone=dead, taught=dead)) == [1.0, 1.0]


def test_wrong_maps_are_named() -> None:
    with pytest.raises(ShapeError, match="sizes differ"):
        looking(taught=maps(2, (6, 2)))
    with pytest.raises(ConfigError, match="teacher, alone and taught"):
        looking(other=maps(3))
