"""Nets from elsewhere by name: built, built again from their config or a card, and filled with weights of one's own."""

import sys

import pytest
import torch
from torch import nn

from kdtutor import nets
from kdtutor.errors import ConfigError, UnknownName
from kdtutor.nets import foreign

MOBILENET = "torchvision.mobilenet_v3_small"
TOLD = dict.fromkeys(("data", "recipe", "seed", "command"), "…") | {"accuracy": 0.5, "correct": 1, "total": 2}
MODULE = """
from torch import nn
from beside import WIDTH

def make(num_classes):
    return nn.Sequential(nn.Conv2d(3, WIDTH, 3), nn.ReLU(), nn.Flatten(), nn.Linear(WIDTH * 36, num_classes))

def by_classes(classes):
    return make(classes)

def always_two():
    return make(2)

def a_net(classes):
    import kdtutor
    return kdtutor.nets.build("resnet8", classes=classes)

def broken():
    raise RuntimeError("no luck")

def number():
    return 3

constant = 4
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of the user's with a neighbour that it imports; the working folder is another one."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mynets.py").write_text(MODULE)
    (folder / "beside.py").write_text("WIDTH = 4\n")
    monkeypatch.chdir(tmp_path)
    yield folder / "mynets.py"
    for name in ("mynets", "beside"):
        sys.modules.pop(name, None)


def equal(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


FULL = [
    ("resnet18", "torchvision.resnet18"), ("resnet20", "resnet20"), ("kdtutor.resnet50", "resnet50"),
    ("torchvision.resnet50", "torchvision.resnet50"), ("resnet8x0.25", "resnet8x0.25"), ("mynets:make", "mynets:make"),
    ("mobilenetv2", "mobilenetv2"), ("mobilenet_v2", "torchvision.mobilenet_v2"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "full"), FULL)
def test_full_names(typed, full):
    assert nets.full_name(typed) == full


@pytest.mark.parametrize("name", ["resnet50", "vgg11", "vgg19"])
def test_a_name_of_two_nets_is_refused_with_both(name):
    with pytest.raises(UnknownName, match=rf"say kdtutor\.{name} .* or torchvision\.{name}$"):
        nets.full_name(name)


def test_full_names_of_timm():
    pytest.importorskip("timm")
    assert nets.full_name("resnet18d") == "timm.resnet18d"
    assert nets.full_name("vit_tiny_patch16_224.augreg_in21k") == "timm.vit_tiny_patch16_224.augreg_in21k"
    net = nets.build("timm.resnet18", classes=2, channels=5, size=64)
    assert net(torch.zeros(2, 5, 64, 64)).shape == (2, 2)


def test_without_timm_its_nets_say_what_to_install(monkeypatch):
    monkeypatch.setattr(foreign, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"^timm\.resnet18 needs timm, .*: pip install kdtutor\[timm\]$"):
        nets.build("timm.resnet18")


def test_config_builds_the_same_net_again():
    torch.manual_seed(0)
    first = nets.build(MOBILENET, classes=3, channels=1, size=64)
    torch.manual_seed(0)
    again = nets.build(**first.config)
    assert equal(first, again)
    assert (again.name, again.widths, again.config) == (MOBILENET, first.widths, first.config)
    assert again(torch.zeros(2, 1, 64, 64)).shape == (2, 3), "grey images are repeated"


def test_a_teacher_of_torchvision_is_saved_and_read(tmp_path):
    net = nets.build(MOBILENET, classes=3, size=64)
    read = nets.teacher(nets.save_teacher(net, "mine", TOLD, tmp_path))
    assert equal(net, read)
    assert (read.name, read.config, read.widths) == (MOBILENET, net.config, net.widths)
    with pytest.raises(ConfigError, match="factory='mynets:make' is given, but the card names the net 'torchvision"):
        nets.teacher(tmp_path / "mine.safetensors", factory="mynets:make")


@pytest.mark.parametrize("function", ["make", "by_classes", "always_two"])
def test_factories(own, function):
    net = nets.build(f"{own}:{function}", classes=2, size=8)
    assert net(torch.zeros(3, 3, 8, 8)).shape == (3, 2)
    assert net.name == net.config["name"] == f"{own}:{function}"


def test_a_factory_in_a_module_of_the_working_folder(own, monkeypatch):
    monkeypatch.chdir(own.parent)
    before = list(sys.path)
    assert nets.build("mynets:make", classes=5, size=8).num_classes == 5
    assert sys.path == before


def test_a_factory_may_make_a_net(own):
    net = nets.build(f"{own}:a_net", classes=5)
    assert net.widths == (16, 32, 64)
    assert nets.build(**net.config).widths == net.widths


def test_a_card_runs_no_code_that_the_caller_does_not_name(own, tmp_path):
    net = nets.build(f"{own}:make", classes=2, size=8)
    path = nets.save_teacher(net, "mine", TOLD, tmp_path)
    own.write_text("raise SystemExit('this must not run')")
    del sys.modules["mynets"]
    with pytest.raises(ConfigError, match=r"could be any code: pass factory='.*mynets\.py:make' if you trust it"):
        nets.teacher(path)
    moved = own.with_name("moved.py")
    moved.write_text(MODULE)
    assert equal(nets.teacher(path, factory=f"{moved}:make"), net)
    sys.modules.pop("moved")


@pytest.mark.parametrize("around", [lambda w: w, lambda w: {"state_dict": w, "epoch": 3}, lambda w: {"model": w}])
@pytest.mark.parametrize("prefix", ["", "module.", "module._orig_mod."])
def test_weights_are_found_in_what_scripts_save(tmp_path, around, prefix):
    trained, net = (nets.build("resnet8", classes=3) for _ in "ab")
    torch.save(around({prefix + name: tensor for name, tensor in trained.state_dict().items()}), tmp_path / "w.pt")
    assert nets.load_weights(net, tmp_path / "w.pt") == ()
    assert equal(net, trained)


@pytest.mark.parametrize(("name", "head"), [("resnet8", "classifier"), (MOBILENET, "classifier.3")])
def test_a_head_anew(tmp_path, name, head):
    trained, net = (nets.build(name, classes=classes, size=32) for classes in (3, 5))
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    fresh = {part: tensor.clone() for part, tensor in net.state_dict().items() if part.startswith(head)}
    assert nets.load_weights(net, tmp_path / "w.pt", head="anew") == tuple(sorted(fresh))
    for part, tensor in net.state_dict().items():
        assert torch.equal(tensor, fresh[part] if part in fresh else trained.state_dict()[part])


def test_weights_that_do_not_fit_leave_the_net_as_it_is(tmp_path):
    net = nets.build("resnet8", classes=3)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    torch.save(nets.build("resnet14", classes=3).state_dict(), tmp_path / "w.pt")
    with pytest.raises(ValueError, match="another architecture than resnet8"):
        nets.load_weights(net, tmp_path / "w.pt")
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
