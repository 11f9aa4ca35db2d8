"""Generators: sizes, shapes, pixels, and what is saved of them."""

import json
import sys

import pytest
import torch
from torch import nn

from kdtutor import nets
from kdtutor.errors import ConfigError, DataError, ShapeError, UnknownName

CARD = {"data": "digits", "recipe": {"epochs": 8}, "seed": 0, "command": "kdtutor distil fsp"}
COUNTS = [
    ("upsampling", {"latent": 100, "size": 32}, 1_049_985),
    ("deconvolution", {"latent": 100, "size": 28}, 148_881),
    ("dcgan", {"latent": 32, "size": 16}, 66_241),
    ("dcganx0.25", {"latent": 32, "size": 16}, 10_417),
]


def make(name: str = "dcganx0.25", **options) -> nets.Generator:
    torch.manual_seed(0)
    return nets.generator(name, **{"latent": 16, "size": 16, **options})


def latents(count: int = 8, size: int = 16) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("name", "options", "count"), COUNTS)
def test_parameters(name, options, count):
    assert nets.count_parameters(nets.generator(name, channels=1, **options)) == count


SHAPES = [("upsamplingx0.25", 28), ("upsamplingx0.25", 32), ("deconvolution", 28), ("deconvolution", 32),
          ("deconvolutionx0.5", 30), ("dcgan", 32), ("dcganx0.25", 8), ("dcganx0.5", 64)]  # fmt: skip


@pytest.mark.parametrize(("name", "size"), SHAPES)
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_the_size_asked_for(name, size, channels):
    net = make(name, channels=channels, size=size)
    images = net(latents())
    assert images.shape == (8, *net.shape) == (8, channels, size, size)
    assert images.isfinite().all()
    images.sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


@pytest.mark.parametrize("name", ["upsamplingx0.25", "deconvolution"])
def test_the_last_norm_learns_nothing_and_gives_the_pixels_mean_0_and_variance_1(name):
    net = make(name, channels=3, size=28)
    norm = list(net.body.children())[-1]
    assert isinstance(norm, nn.BatchNorm2d) and not list(norm.parameters())
    images = net.train()(latents(64))
    torch.testing.assert_close(images.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(images.var((0, 2, 3), unbiased=False), torch.ones(3), atol=1e-2, rtol=0)
    before = norm.running_mean.clone()
    net.eval()(latents(64))
    assert torch.equal(norm.running_mean, before)


def test_dcgan_makes_pixels_from_minus_1_to_1():
    images = make("dcgan")(100 * latents(64))
    assert -1 <= images.min() < -0.5 and 0.5 < images.max() <= 1


def test_the_config_makes_the_same_generator_again():
    net = make("deconvolutionx0.5", channels=3, size=28)
    again = nets.generator(**net.config)
    assert (net.name, net.latent_dim) == ("deconvolutionx0.5", 16)
    again.load_state_dict(net.state_dict())
    assert torch.equal(again(latents()), net(latents()))


def test_equal_seeds_make_equal_weights():
    first, second = make("dcgan"), make("dcgan")
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


BAD_NAMES = [("dcgn", "Did you mean 'dcgan'"), ("Dcgan", "Did you mean 'dcgan'"), ("dcganx", "Did you mean 'dcgan"),
             ("", "Choose from: dcgan"), ("gan2", "is not a known generator")]  # fmt: skip


@pytest.mark.parametrize(("name", "sentence"), BAD_NAMES)
def test_unknown_names(name, sentence):
    with pytest.raises(UnknownName, match=sentence):
        nets.generator(name)


BAD_NUMBERS = [
    ("dcgan", {"latent": 0}, "latent is 0"),
    ("dcgan", {"channels": -1}, "channels is -1"),
    ("dcgan", {"size": 28.0}, "size is 28.0"),
    ("dcgan", {"latent": True}, "latent is True"),
    ("dcgan", {"size": 28}, "a dcgan makes images of 8, 16, 32, 64"),
    ("dcgan", {"size": 4}, "a dcgan makes images of 8, 16, 32, 64"),
    ("upsampling", {"size": 30}, "a multiple of 4 pixels"),
    ("upsamplingx0", {}, "the multiplier of the widths must be above 0"),
]


@pytest.mark.parametrize(("name", "options", "sentence"), BAD_NUMBERS)
def test_numbers_out_of_range(name, options, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        nets.generator(name, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(8, 15), (16,), (8, 16, 1, 1)])
def test_latents_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match=r"dcganx0\.25 reads latents \(B, 16\), got"):
        make()(torch.zeros(shape))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of shipped generators of our own."""
    monkeypatch.setattr(sys.modules["kdtutor.nets.teacher"], "root", lambda: tmp_path)
    return tmp_path / "generators"


def test_what_is_saved_comes_back(folder):
    net = make()
    net(latents())  # so that the running statistics are not those of a fresh net
    assert nets.save_generator(net, "small", CARD) == folder / "small.safetensors"
    torch.manual_seed(5)
    back = nets.trained_generator("small")
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1)), "loading must not draw from the global generator"
    assert not back.training and not any(parameter.requires_grad for parameter in back.parameters())
    assert torch.equal(back(latents()), net.eval()(latents()))
    assert CARD.items() <= back.card.items() and back.card["parameters"] == nets.count_parameters(net)
    assert back.config == net.config
    assert not nets.teachers(folder.parent / "teachers"), "a generator is no teacher"


def test_a_path_works_too_and_nothing_is_overwritten_unasked(tmp_path):
    path = nets.save_generator(make(), "mine", CARD, folder=tmp_path)
    assert nets.trained_generator(str(path)).name == "dcganx0.25"
    with pytest.raises(ConfigError, match=r"mine\.safetensors exists; .* overwrite=True"):
        nets.save_generator(make(), "mine", CARD, folder=tmp_path)
    nets.save_generator(make(), "mine", {**CARD, "seed": 1}, folder=tmp_path, overwrite=True)
    assert nets.trained_generator(path).card["seed"] == 1


def test_names_and_incomplete_cards(folder):
    with pytest.raises(DataError, match="there are no generators in"):
        nets.trained_generator("small")
    with pytest.raises(ConfigError, match="the card of 'small' lacks seed, command"):
        nets.save_generator(make(), "small", {"data": "digits", "recipe": {}})
    nets.save_generator(make(), "small", CARD)
    with pytest.raises(UnknownName, match=r"'smal' is not a known generator\. Did you mean 'small'"):
        nets.trained_generator("smal")


def damage_weights(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def remove_card(path):
    path.with_suffix(".json").unlink()


def break_card(path):
    path.with_suffix(".json").write_text("[]")


def tell_of_another_net(path):
    card = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**card, "config": {**card["config"], "latent": 17}}))


DAMAGES = [
    (damage_weights, "is damaged: its sha256 starts with"),
    (remove_card, r"mine\.json cannot be read"),
    (break_card, "is not a generator's card"),
    (tell_of_another_net, "does not fit the net of its card"),
]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGES)
def test_damage_is_told(tmp_path, damage, sentence):
    path = nets.save_generator(make(), "mine", CARD, folder=tmp_path)
    damage(path)
    with pytest.raises(DataError, match=sentence) as caught:
        nets.trained_generator(path)
    assert "restore it from the course's repository" in str(caught.value)
