"""`wrap`: models of torchvision, of timm and of one's own as Nets."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdtutor import nets
from kdtutor.errors import ConfigError, ShapeError, UnknownName

RESNET_STAGES = [f"layer{i}.1.add" for i in (1, 2, 3, 4)]
IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def torchvision_model(name: str, **options) -> nn.Module:
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()
    from torchvision import models

    torch.manual_seed(0)
    return getattr(models, name)(weights=None, **options)


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    return torchvision_model("resnet18", num_classes=10)


@pytest.fixture(scope="module")
def wrapped(resnet) -> nets.Net:
    return nets.wrap(resnet, stages=RESNET_STAGES, stem="bn1", example=IMAGES)


def hooked(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Embedding and logits, the old way: a hook on the last linear layer."""
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    seen: list[Tensor] = []
    handle = linear.register_forward_pre_hook(lambda _, args: seen.append(args[0].clone()))
    logits = model(x)
    handle.remove()
    return seen[0], logits


MODELS = [("resnet18", {}), ("mobilenet_v3_small", {}), ("vit_b_16", {"image_size": 64})]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), MODELS)
def test_embedding_and_logits_as_hooks_see_them(name, options):
    model = torchvision_model(name, num_classes=10, **options).eval()
    net = nets.wrap(model)
    with torch.no_grad():
        embedding, logits = hooked(model, IMAGES)
        trace = net.trace(IMAGES)
        assert torch.equal(net.run(IMAGES, 0), logits)
    assert torch.equal(trace.embedding, embedding)
    assert torch.equal(trace.logits, logits)
    assert (net.embedding_dim, net.num_classes, net.widths) == (embedding.shape[1], 10, ())
    assert not net.training
    assert nets.count_parameters(net) == nets.count_parameters(model)


@pytest.mark.extra("timm")
@pytest.mark.parametrize("name", ["resnet18", "mobilenetv3_small_050", "vit_tiny_patch16_224"])
def test_timm_models(name):
    import timm

    torch.manual_seed(0)
    sized = {"img_size": 64} if name.startswith("vit") else {}
    model = timm.create_model(name, num_classes=10, **sized).eval()
    net = nets.wrap(model, example=IMAGES)
    with torch.no_grad():
        embedding, logits = hooked(model, IMAGES)
        trace = net.trace(IMAGES)
    assert torch.equal(trace.embedding, embedding)
    assert torch.equal(trace.logits, logits)


@pytest.mark.parametrize("train", [True, False])
def test_stages_are_read_before_their_relu_even_if_it_works_in_place(resnet, wrapped, train):
    wrapped.train(train)
    seen: list[Tensor] = []
    handles = [getattr(resnet, f"layer{i}").register_forward_hook(lambda *a: seen.append(a[2])) for i in (1, 2, 3, 4)]
    resnet.train(train)(IMAGES)
    for handle in handles:
        handle.remove()
    trace = wrapped.trace(IMAGES)
    assert trace.stem.min() < 0
    for stage, active, out in zip(trace.stages, trace.active, seen, strict=True):
        assert stage.min() < 0
        assert torch.equal(active, out)
    assert wrapped.widths == (64, 128, 256, 512)
    assert wrapped.stem_width == 64


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("stages", [RESNET_STAGES, ["layer2", "layer4"]])
def test_chain_of_segments(resnet, stages, train):
    net = nets.wrap(resnet, stages=stages, example=IMAGES).train(train)
    want = net(IMAGES)
    h = net.run(IMAGES, 0)
    for i in range(1, len(stages) + 1):
        active = F.relu(h).detach().requires_grad_()
        h = net.run(active, i)
        assert torch.autograd.grad(h.sum(), active, retain_graph=True)[0].shape == active.shape
    assert torch.equal(h, want)


def test_the_last_segment_is_embedding_and_classification(wrapped):
    wrapped.eval()
    trace = wrapped.trace(IMAGES)
    last = trace.active[-1]
    assert torch.equal(wrapped.embed(last), trace.embedding)
    assert torch.equal(wrapped.classify(wrapped.embed(last)), trace.logits)
    assert torch.equal(wrapped.run(last, 4), trace.logits)
    with pytest.raises(ShapeError, match=r"segment 4 of ResNet reads maps \(B, 512, H, W\), got \(2, 511, 2, 2\)$"):
        wrapped.embed(last[:, 1:])
    with pytest.raises(ShapeError, match=r"ResNet classifies embeddings \(B, 512\), got \(2, 512, 1, 1\)$"):
        wrapped.classify(trace.embedding[:, :, None, None])


@pytest.mark.parametrize("stages", [(), ("features.2.block.0",)])
def test_embedding_and_classification_of_a_mobilenet(stages):
    net = nets.wrap(torchvision_model("mobilenet_v3_small", num_classes=10), stages=stages, example=IMAGES).eval()
    with torch.no_grad():
        trace = net.trace(IMAGES)
        last = trace.active[-1] if stages else IMAGES
        assert torch.equal(net.embed(last), trace.embedding)
        assert torch.equal(net.classify(net.embed(last)), trace.logits)
        assert torch.equal(net.run(last, len(stages)), trace.logits)


def test_an_embedding_that_the_model_does_not_flatten_is_classified(resnet):
    net = nets.wrap(resnet, stages=["layer4"], embedding="avgpool", example=IMAGES).eval()
    trace = net.trace(IMAGES)
    assert trace.embedding.shape == (2, 512)
    assert torch.equal(net.classify(trace.embedding), trace.logits)


def test_norms_run_once_and_weights_are_shared(resnet, wrapped):
    wrapped.train()
    before = int(resnet.bn1.num_batches_tracked)
    wrapped.trace(IMAGES).logits.sum().backward()
    assert int(resnet.bn1.num_batches_tracked) == before + 1
    assert {id(p) for p in wrapped.parameters()} == {id(p) for p in resnet.parameters()}
    assert all(parameter.grad is not None for parameter in resnet.parameters())
    resnet.zero_grad()


def test_modes_follow_train_and_eval():
    model = torchvision_model("mobilenet_v3_small", num_classes=10)
    model.eval()
    model.features[0].train()
    net = nets.wrap(model, example=IMAGES)
    assert not net.training
    assert model.features[0].training, "wrap leaves every part in its own mode"
    net.eval()
    assert torch.equal(net(IMAGES), net(IMAGES))
    net.train()
    assert model.classifier[2].training
    first, second = net.trace(IMAGES), net.trace(IMAGES)
    assert not torch.equal(first.embedding, second.embedding), "dropout is on in training"
    assert (first.embedding == 0).any()


def test_a_copy_is_independent(wrapped):
    wrapped.eval()
    twin = copy.deepcopy(wrapped)
    want = wrapped(IMAGES).detach().clone()
    for parameter in twin.parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(wrapped(IMAGES), want)
    assert twin.train().trace(IMAGES).logits.abs().sum() == 0
    assert torch.equal(twin.run(F.relu(twin.trace(IMAGES).stages[0]), 1), torch.zeros(2, 128, 8, 8))


def test_one_channel_is_repeated(wrapped):
    wrapped.eval()
    gray = IMAGES[:, :1]
    assert torch.equal(wrapped(gray), wrapped(gray.repeat(1, 3, 1, 1)))
    with pytest.raises(ShapeError, match="3 channels"):
        wrapped(IMAGES[:, :2])


def test_a_named_module_means_its_last_node(resnet):
    net = nets.wrap(resnet, stages=["layer1"], embedding="layer4", logits="fc", example=IMAGES).eval()
    trace = net.trace(IMAGES)
    assert trace.stages[0].min() == 0
    assert trace.embedding.shape == (2, 512 * 2 * 2)
    assert nets.node_names(resnet)[:3] == ["x", "conv1", "bn1"]


class Own(nn.Module):
    """A small net with what user code has: functional calls, a bypass, an in-place ReLU on a view."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.third = nn.Conv2d(4, 4, 3, padding=1)
        self.out = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        a = self.first(x)
        b = self.second(F.relu(a, inplace=True))
        c = self.third(F.relu(b)) + a
        pooled = F.silu(c).mean((2, 3)) - 1
        return self.out(pooled.flatten(1).relu_())


def test_segments_that_cannot_stand_alone_say_so():
    model = Own()
    want = model(IMAGES)
    net = nets.wrap(model, stages=["first", "second", "add"], embedding="sub")
    trace = net.trace(IMAGES)
    assert trace.stages[0].min() < 0
    assert torch.equal(trace.logits, want)
    assert trace.embedding.min() < 0, "the in-place ReLU works on a copy"
    assert torch.equal(net.run(trace.active[0], 1), trace.stages[1])
    with pytest.raises(ConfigError, match="'add' cannot be computed from 'second' alone: it also needs 'first'"):
        net.run(trace.active[1], 2)
    with pytest.raises(ConfigError, match="'add' is not read through a ReLU"):
        net.run(trace.active[2], 3)
    with pytest.raises(ShapeError, match=r"reads maps \(B, 4, H, W\)"):
        net.run(IMAGES, 1)


BAD = [
    ({"stages": ["layer9"]}, UnknownName, "'layer9' is not a node of ResNet; near it are .*layer1"),
    ({"stages": ["layer2.1.ad"]}, UnknownName, r"near it are layer2\.1\.add"),
    ({"embedding": "flaten"}, UnknownName, "near it are flatten"),
    ({"stages": ["layer2", "layer1"]}, ConfigError, "not computed after .* list stages in order"),
    ({"stages": ["layer1", "layer1"]}, ConfigError, "list stages in order"),
    ({"stages": ["flatten"]}, ShapeError, r"shape \(2, 512\), expected a map"),
    ({"stages": "layer1"}, ConfigError, "stages is the text 'layer1'; expected a list of nodes, or 'auto'"),
    ({"example": torch.zeros(2, 5, 64, 64)}, ConfigError, "cannot read a batch .* example=images"),
]


@pytest.mark.parametrize(("arguments", "error", "sentence"), BAD)
def test_wrong_requests(resnet, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        nets.wrap(resnet, **{"example": IMAGES, **arguments})


class Branching(Own):
    def forward(self, x: Tensor) -> Tensor:
        return self.out(x.mean((2, 3))) if x.sum() > 0 else x


class Pair(Own):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        pooled = self.first(x).mean((2, 3))
        return self.out(pooled), pooled


def test_models_that_cannot_be_wrapped():
    with pytest.raises(ConfigError, match=r"torch\.fx cannot trace this Branching"):
        nets.wrap(Branching())
    with pytest.raises(ConfigError, match=r"Pair returns \('out', 'mean'\) in evaluation, .*logits='out'"):
        nets.wrap(Pair())
    assert nets.wrap(Pair(), logits="out").num_classes == 2
    with pytest.raises(ConfigError, match="Linear has no convolution; pass a batch"):
        nets.wrap(nn.Linear(2, 2))
    with pytest.raises(ConfigError, match="is a Net already"):
        nets.wrap(nets.build("mlp"))


def test_logits_are_of_images_or_of_pixels():
    rows = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten(2), nn.Linear(64, 2))
    with pytest.raises(ShapeError, match=r"logits of Sequential have shape \(2, 4, 2\), expected \(B, K\), or"):
        nets.wrap(rows, example=torch.zeros(2, 3, 8, 8))


def test_models_that_read_vectors():
    model = nn.Sequential(nn.Linear(5, 3), nn.ReLU(inplace=True), nn.Linear(3, 2))
    x = torch.randn(4, 5)
    trace = nets.wrap(model, example=x).trace(x)
    assert torch.equal(trace.embedding, F.relu(model[0](x)))
