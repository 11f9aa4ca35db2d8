"""Teachers: saved, loaded, damaged."""

import json
import sys

import pytest
import torch

from kdtutor import nets
from kdtutor.errors import ConfigError, DataError, UnknownName

CARD = {
    "data": "digits", "recipe": {"epochs": 8, "lr": 0.05}, "seed": 0, "accuracy": 0.987, "correct": 987, "total": 1000,
    "command": "kdtutor distil alone",
}  # fmt: skip


@pytest.fixture
def net() -> nets.Net:
    torch.manual_seed(0)
    net = nets.build("resnet8x0.25", classes=10, channels=1, stem_stride=2)
    net(torch.randn(8, 1, 28, 28))  # so that the running statistics are not those of a fresh net
    return net


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of shipped teachers of our own."""
    monkeypatch.setattr(sys.modules["kdtutor.nets.teacher"], "root", lambda: tmp_path)
    return tmp_path / "teachers"


def test_what_is_saved_comes_back(net, folder):
    path = nets.save_teacher(net.to(memory_format=torch.channels_last), "small", CARD)
    assert path == folder / "small.safetensors"
    torch.manual_seed(5)
    back = nets.teacher("small")
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1)), "loading a teacher must not draw from the global generator"
    x = torch.randn(4, 1, 28, 28)
    torch.testing.assert_close(back(x), net.eval()(x))
    assert not back.training
    assert not any(parameter.requires_grad for parameter in back.parameters())
    assert back.config == net.config
    assert CARD.items() <= back.card.items()
    assert back.card["parameters"] == nets.count_parameters(net)
    assert back.card["format"] == 1
    assert [card["name"] for card in nets.teachers()] == ["small"]
    assert sorted(p.name for p in folder.iterdir()) == ["small.json", "small.safetensors"]


def test_a_path_works_too(net, tmp_path):
    path = nets.save_teacher(net, "mine", CARD, folder=tmp_path / "new" / "folder")
    assert nets.teacher(path).card["accuracy"] == 0.987
    assert nets.teacher(str(path)).name == "resnet8x0.25"


def test_nothing_is_overwritten_unasked(net, folder):
    nets.save_teacher(net, "small", CARD)
    with pytest.raises(ConfigError, match=r"small\.safetensors exists; .* overwrite=True"):
        nets.save_teacher(net, "small", CARD)
    nets.save_teacher(net, "small", {**CARD, "accuracy": 0.5}, overwrite=True)
    assert nets.teacher("small").card["accuracy"] == 0.5


def test_names(net, folder):
    with pytest.raises(DataError, match="there are no teachers in"):
        nets.teacher("small")
    nets.save_teacher(net, "small", CARD)
    with pytest.raises(UnknownName, match=r"'smal' is not a known teacher\. Did you mean 'small'"):
        nets.teacher("smal")


def damage_weights(folder):
    path = folder / "small.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_weights(folder):
    path = folder / "small.safetensors"
    path.write_bytes(path.read_bytes()[:100])


def remove_weights(folder):
    (folder / "small.safetensors").unlink()


def break_card(folder):
    (folder / "small.json").write_text("{")


def change_card(**changes):
    def change(folder):
        path = folder / "small.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    change.__name__ = f"card with {changes}"
    return change


def shorten_card(folder):
    (folder / "small.json").write_text('{"name": "small"}')


DAMAGES = [
    (damage_weights, "is damaged: its sha256"),
    (cut_weights, "is damaged: its sha256"),
    (remove_weights, "cannot be read"),
    (break_card, "is not a card"),
    (shorten_card, "lacks name, config, sha256 or format"),
    (change_card(format=2), "update kdtutor"),
    (change_card(config={"name": "resnet14", "classes": 10}), "does not fit"),
    (change_card(config={"name": "resnet9"}), "does not fit"),
    (change_card(config={"depth": 8}), "does not fit"),
]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGES, ids=lambda value: getattr(value, "__name__", None))
def test_damage_is_told(net, folder, damage, sentence):
    nets.save_teacher(net, "small", CARD)
    damage(folder)
    with pytest.raises(DataError, match=sentence) as caught:
        nets.teacher("small")
    assert isinstance(caught.value, FileNotFoundError)
    assert "restore it" in str(caught.value) or "update" in str(caught.value)


def test_a_path_that_does_not_exist(tmp_path):
    with pytest.raises(DataError, match=r"absent\.safetensors cannot be read"):
        nets.teacher(tmp_path / "absent.safetensors")


def test_incomplete_cards_and_foreign_nets_are_refused(net, folder):
    with pytest.raises(ConfigError, match="the card of 'small' lacks seed, command"):
        nets.save_teacher(net, "small", {k: v for k, v in CARD.items() if k not in ("seed", "command")})
    with pytest.raises(ConfigError, match=r"only nets made by nets\.build"):
        nets.save_teacher(torch.nn.Linear(2, 2), "small", CARD)
    assert not folder.exists()
