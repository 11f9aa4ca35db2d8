"""Weights, copies and pickles of a wrapped net: the model's own names, each mode's own graph."""

import copy
import io
import pickle

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, fx, nn
from torch.nn import functional as F

import kdtutor as kd
from kdtutor import nets

IMAGES = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))


class Model(nn.Module):
    """Parts whose names a `Net` has, too, a weight and a buffer of the root, a layer that is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norms = nn.Conv2d(3, 4, 3), nn.ModuleList([nn.BatchNorm2d(4)])
        self.classify, self.unused = nn.Linear(4, 3), nn.Linear(2, 2)
        self.gain = nn.Parameter(torch.ones(4))
        self.register_buffer("shift", torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        h = self.norms[0](self.embed(x)).relu().mean((2, 3)) * self.gain + self.shift
        return F.dropout(self.classify(h), 0.5, self.training)


@pytest.fixture
def net() -> nets.Net:
    torch.manual_seed(0)
    return nets.wrap(Model(), example=IMAGES)


def test_weights_have_the_names_of_the_model(net):
    plain = Model()
    plain.load_state_dict(net.state_dict())
    assert [name for name, _ in net.named_parameters()] == [name for name, _ in plain.named_parameters()]
    assert torch.equal(net.eval()(IMAGES), plain.eval()(IMAGES))
    other = Model()
    net.load_state_dict(other.state_dict())
    assert torch.equal(net(IMAGES), other.eval()(IMAGES))


def test_files_with_the_former_prefix_load(net):
    other = Model()
    former = {f"extractor.{name}": value for name, value in other.state_dict().items()}
    net.load_state_dict(former)
    assert torch.equal(net.eval()(IMAGES), other.eval()(IMAGES))
    nn.ModuleDict({"student": net}).load_state_dict({f"student.{name}": x for name, x in former.items()})
    with pytest.raises(RuntimeError, match="Unexpected key"):
        net.load_state_dict({**former, "extractor.more": IMAGES})


def pickled(net: nets.Net) -> nets.Net:
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda net: pickle.loads(pickle.dumps(net)), "torch.save": pickled}


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("way", COPIES)
def test_copies_are_independent_and_change_their_graph_with_their_mode(net, way, mode):
    twin = COPIES[way](net.train(mode))
    assert twin.training is mode and twin.config == net.config and twin.widths == net.widths
    assert list(twin.state_dict()) == list(net.state_dict())
    batch = IMAGES.repeat(50, 1, 1, 1)
    assert (twin.train()(batch) == 0).any() and not (twin.eval()(batch) == 0).any()
    net.load_state_dict(twin.state_dict())
    want = net.eval()(IMAGES)
    assert torch.equal(twin(IMAGES), want)
    with torch.no_grad():
        for tensor in (*twin.parameters(), *twin.buffers()):
            tensor.zero_()
    assert not twin(IMAGES).any() and torch.equal(net(IMAGES), want)
    twin.double()
    assert twin(IMAGES.double()).dtype == torch.float64


def test_a_run_saves_plain_names(tmp_path):
    digits = kd.data.load("digits")
    torch.manual_seed(0)
    models = [nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2704, 10)) for _ in "st"]
    student, teacher = (nets.wrap(model, example=digits.test.images[:2].float()) for model in models)
    kd.fit(kd.papers.hinton.Hinton(student, teacher), digits, epochs=1, progress=False, out=tmp_path)
    for file in ("best.safetensors", "last.safetensors"):
        models[0].load_state_dict(load_file(tmp_path / file))
    assert torch.equal(load_file(tmp_path / "last.safetensors")["0.weight"], student.state_dict()["0.weight"])
    checkpoint = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert "extractor" not in str(checkpoint)


class Normalised(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return self.net((x - 0.5) / 2)


@pytest.mark.parametrize("name", ["resnet8x0.25", "lenet5_half", "ghost_resnet8", "shufflenetv1"])
def test_nets_are_traced_inside_a_model(name):
    inner = nets.build(name, classes=3)
    images = torch.randn(2, 3, 32, 32)
    model = Normalised(inner)
    net = nets.wrap(model, example=images).eval()
    assert torch.equal(net(images[:, :1]), model(images[:, :1]))
    assert net.embedding_dim == inner.embedding_dim
    assert torch.equal(fx.symbolic_trace(nn.Sequential(nn.Identity(), inner))(images), inner(images))


def test_wrapped_nets_and_points_are_traced_inside_a_model():
    net = nets.wrap(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(400, 3)), example=IMAGES)
    around = nn.Sequential(nn.Identity(), net)
    assert torch.equal(fx.symbolic_trace(around)(IMAGES), net(IMAGES))
    assert torch.equal(nets.wrap(around, example=IMAGES)(IMAGES), net(IMAGES))
    points = torch.randn(4, 2)
    mlp = nets.build("mlp", classes=3)
    assert torch.equal(nets.wrap(Normalised(mlp), example=points)(points), mlp((points - 0.5) / 2))


@pytest.mark.slow
def test_nets_are_exported_compiled_and_traced_by_torch():
    net = nets.build("resnet8x0.25", classes=3).eval()
    want = net(IMAGES)
    assert torch.allclose(torch.export.export(net, (IMAGES,)).module()(IMAGES), want, atol=1e-6)
    assert torch.allclose(torch.compile(net, backend="eager")(IMAGES), want, atol=1e-6)
    assert torch.allclose(torch.jit.trace(net, IMAGES)(IMAGES), want, atol=1e-6)
