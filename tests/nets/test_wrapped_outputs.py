"""What a wrapped model learns: the output that the model returns, in whichever mode it is met."""

import warnings
from collections import namedtuple
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdtutor import nets
from kdtutor.errors import ConfigError, ShapeError

IMAGES = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
Named = namedtuple("Named", ("main", "aux", "none"))


@dataclass
class Record:
    aux: Tensor
    main: Tensor


class Heads(nn.Module):
    """Two heads; `training` and `evaluation` say what is made of their outputs in each mode."""

    def __init__(self, training=lambda main, aux: main, evaluation=lambda main, aux: main) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm, self.second = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 5, 3)
        self.main, self.aux = nn.Linear(5, 3), nn.Linear(4, 3)
        self.outputs = {True: training, False: evaluation}

    def forward(self, x: Tensor):
        h = self.norm(self.first(x)).relu()
        main = self.main(self.second(h).relu().mean((2, 3)))
        return self.outputs[self.training](main, self.aux(h.mean((2, 3))))


RETURNED = {
    "tuple": lambda main, aux: (main, aux),
    "tuple with the main one last": lambda main, aux: (aux, main),
    "list": lambda main, aux: [main, aux],
    "dict": lambda main, aux: {"aux": aux, "out": main},
    "named tuple": lambda main, aux: Named(main, aux, None),
    "data class": lambda main, aux: Record(aux, main),
    "nested": lambda main, aux: {"all": [(aux, main)]},
    "probabilities beside": lambda main, aux: (main.softmax(1), main),
    "dropout": lambda main, aux: (aux, F.dropout(main, 1e-12)),
}


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("returned", RETURNED)
def test_the_head_of_evaluation_learns(returned, mode):
    model = Heads(RETURNED[returned]).train(mode)
    model.norm.eval()
    net = nets.wrap(model, example=IMAGES)
    assert (model.training, model.norm.training) == (mode, False)
    plain = Heads().train()
    want = plain(IMAGES)
    assert torch.equal(net.train()(IMAGES), want)
    net(IMAGES).sum().backward()
    assert {name for name, p in model.named_parameters() if p.grad is None} == {"aux.weight", "aux.bias"}
    assert torch.equal(net.eval()(IMAGES), model.eval()(IMAGES))


REFUSED = {
    "another head in training": (
        (lambda m, a: a, lambda m, a: m),
        r"'aux'\) in training .* wrap\(model, logits='main'",
    ),
    "the mean of two heads": ((lambda m, a: (m, a), lambda m, a: (m + a) / 2), "'main', 'aux'.* in training"),
    "a scaled output": ((lambda m, a: m, lambda m, a: m * 2), r"in training and 'mul' in evaluation"),
    "two outputs": ((lambda m, a: (m, a), lambda m, a: (m, a)), r"returns \('main', 'aux'\) in evaluation, not one"),
    "a dict": ((lambda m, a: {"logits": m}, lambda m, a: {"logits": m}), r"returns \('main'\) in evaluation, not one"),
    "nothing": ((lambda m, a: None, lambda m, a: None), "returns no tensor in evaluation"),
    "softmax": (
        (lambda m, a: m, lambda m, a: m.softmax(1)),
        r"in training and 'softmax' in evaluation.* logits='main'\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_outputs_that_leave_a_choice_are_refused_and_can_be_named(case):
    outputs, sentence = REFUSED[case]
    with pytest.raises(ConfigError, match=sentence):
        nets.wrap(Heads(*outputs), example=IMAGES)
    net = nets.wrap(Heads(*outputs), logits="main", example=IMAGES)
    assert torch.equal(net.train()(IMAGES), Heads().train()(IMAGES))


def test_probabilities_are_said_and_their_logarithms_are_as_good_as_logits():
    soft = Heads(*(lambda m, a: m.softmax(1),) * 2)
    with pytest.warns(UserWarning, match=r"'softmax' of Heads holds probabilities.* wrap\(model, logits='main'\)"):
        nets.wrap(soft, example=IMAGES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nets.wrap(soft, logits="main", example=IMAGES)
        nets.wrap(Heads(*(lambda m, a: F.log_softmax(m, 1),) * 2), example=IMAGES)


@pytest.mark.parametrize("shape", [lambda m, a: m[:, :, None, None], lambda m, a: m[:, :, None], lambda m, a: m.max(1)])
def test_outputs_that_are_no_logits(shape):
    with pytest.raises(ShapeError, match=r"expected \(B, K\)"):
        nets.wrap(Heads(shape, shape), example=IMAGES)


def test_a_name_must_mean_the_same_in_both_modes():
    def first_of_two(main: Tensor, aux: Tensor) -> Tensor:
        return (aux + 1).sum() * 0 + (main + 1)

    model = Heads(first_of_two, lambda main, aux: main + 1)
    with pytest.raises(ConfigError, match="'add' of Heads is computed from 'aux' in training, but from 'main' in eval"):
        nets.wrap(model, logits="add", example=IMAGES)


class Dropping(Heads):
    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(super().forward(x), 0.5, self.training)


@pytest.mark.parametrize("mode", [True, False])
def test_functional_dropout_follows_the_net(mode):
    net = nets.wrap(Dropping().train(mode), example=IMAGES)
    assert net.training is mode
    batch = IMAGES.repeat(50, 1, 1, 1)
    assert 0.3 < (net.train()(batch) == 0).float().mean() < 0.7
    assert not (net.eval()(batch) == 0).any()


def test_torchvisions_auxiliary_heads():
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()
    from torchvision.models import googlenet

    torch.manual_seed(0)
    model = googlenet(num_classes=5, init_weights=False)
    model.dropout.p = model.aux1.dropout.p = model.aux2.dropout.p = 0.0
    images = torch.randn(2, 3, 64, 64)
    net = nets.wrap(model, example=images)
    assert net.training and torch.equal(net(images), model(images).logits)
    assert torch.equal(net.eval()(images), model(images))


class Counting(Heads):
    """Keeps numbers of its own: counted, averaged in place and by assignment; its stem learns nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("last", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            h = self.first(x)
        if self.training:
            self.seen += 1
            self.mean.mul_(0.9).add_(0.1 * x.mean((0, 2, 3)))
            self.last = x.max()
        h = self.norm(h)
        F.relu_(h)
        return self.main(self.second(h).mean((2, 3)))


def test_what_a_model_keeps_and_what_it_does_not_learn():
    model, plain = Counting().train(), Counting().train()
    net = nets.wrap(model, stages=["first"], example=IMAGES)
    assert model.seen == 0 and not model.last.any(), "wrap leaves the buffers as found"
    trace = net.trace(IMAGES)
    assert torch.equal(trace.logits, plain(IMAGES))
    assert {name: b.tolist() for name, b in model.named_buffers()} == {n: b.tolist() for n, b in plain.named_buffers()}
    assert model.seen == 1 and model.mean.all()
    assert not trace.stages[0].requires_grad
    trace.logits.sum().backward()
    assert model.first.weight.grad is None and model.second.weight.grad is not None


def test_images_that_the_first_convolution_does_not_read_itself():
    folded = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(12, 4, 3), nn.Flatten(), nn.Linear(64, 3))
    assert nets.wrap(folded, example=IMAGES)(IMAGES).shape == (2, 3)
    gray = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(64, 3))
    assert nets.wrap(gray, example=IMAGES[:, :1])(IMAGES[:, :1]).shape == (2, 3)
    late = Heads()
    late._modules["first"] = late._modules.pop("first")  # listed last, computed first
    assert nets.wrap(late, example=IMAGES).channels == 3


class Masked(Heads):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        return super().forward(x if mask is None else x * mask)


def test_other_arguments_keep_their_defaults():
    assert torch.equal(nets.wrap(Masked(), example=IMAGES)(IMAGES), Heads()(IMAGES))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_other_precisions(dtype):
    model = Heads().to(dtype)
    assert nets.wrap(model, example=IMAGES.to(dtype)).eval()(IMAGES.to(dtype)).dtype == dtype


def test_what_hides_a_model_is_refused():
    with pytest.raises(ConfigError, match=r"DataParallel holds the model to wrap: wrap\(model\.module\)"):
        nets.wrap(nn.DataParallel(Heads()))
    with pytest.raises(ConfigError, match="compiled; wrap the model first"):
        nets.wrap(torch.compile(Heads(), backend="eager"))
    with pytest.raises(ConfigError, match="scripted model"):
        nets.wrap(torch.jit.script(nn.Conv2d(3, 4, 3)))
    with pytest.raises(ConfigError, match=r"wrap takes a model, .* got str"):
        nets.wrap("resnet18")  # type: ignore[arg-type]
