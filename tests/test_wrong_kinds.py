"""Things of the wrong kind, the usual mistakes with models and data of one's own: one sentence each."""

import copy
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import kdtutor as kd
from kdtutor import ConfigError, Error, ShapeError, data, nets, train
from kdtutor.data import Data, Split
from kdtutor.papers import adversarial, attention, data_free, gan, hinton, metric, spot_adaptive
from kdtutor.train import Alone, Recipe

ONE = Recipe(batch_size=4, steps_per_epoch=1)
PIXELS = torch.zeros(4, 1, 28, 28, dtype=torch.uint8)


def net(**options: Any) -> kd.Net:
    return nets.build("resnet8x0.25", **({"classes": 10, "channels": 1, "stem_stride": 2} | options))


def plain(*more: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(1), nn.Linear(784, 10), *more)


def wrapped(*more: nn.Module) -> kd.Net:
    return nets.wrap(plain(*more), example=torch.zeros(1, 1, 28, 28))


def few(**parts: Any) -> Data:
    whole = data.load("digits")
    return replace(whole, **({"train": whole.train[:40], "val": whole.val[:9], "test": whole.test[:9]} | parts))


def fit(student: Any = None, having: Any = None, **options: Any) -> train.History:
    method = student if isinstance(student, train.Distiller) else Alone(net() if student is None else student)
    options = {"epochs": 1, "recipe": ONE} | options
    return kd.fit(method, few() if having is None else having, progress=False, device="cpu", **options)


def twins() -> None:
    model = plain()
    hinton.Hinton(*(nets.wrap(model, example=torch.zeros(1, 1, 28, 28)) for _ in "st"))


def labelled(labels: Any) -> Split:
    return Split(PIXELS, labels)


def maker() -> nets.Generator:
    return nets.generator("deconvolutionx0.25", 8, size=28)


Wrong = tuple[Callable[[], Any], type[Error], str]
WRONG: dict[str, Wrong] = {
    "a model that is not wrapped": (
        lambda: hinton.Hinton(net(), plain()), ConfigError, "the teacher is a Sequential .* kd.nets.wrap",
    ),
    "a student that is not wrapped": (lambda: Alone(plain()), ConfigError, "the student is a Sequential .* wrap"),
    "a list of teachers": (lambda: hinton.Hinton(net(), [net(), net()]), ConfigError, "2 teachers in a list"),
    "no student": (lambda: Alone(None), ConfigError, "the student is None; expected a net"),
    "no teacher": (lambda: hinton.Hinton(net(), None), ConfigError, "the teacher is None; expected a net"),
    "no teacher of features": (lambda: attention.Attention(net(), None), ConfigError, "the teacher is None"),
    "the name of a net": (lambda: Alone("resnet20"), ConfigError, r"the text 'resnet20'.*nets.build\('resnet20'\)"),
    "the name of a teacher": (lambda: hinton.Hinton(net(), "digits-resnet14"), ConfigError, "nets.teacher"),
    "a class": (lambda: Alone(nn.Linear), ConfigError, "the class Linear"),
    "DataParallel": (lambda: Alone(nn.DataParallel(net())), ConfigError, "DataParallel; pass student.module"),
    "an average": (
        lambda: hinton.Hinton(net(), torch.optim.swa_utils.AveragedModel(net())), ConfigError, "teacher.module",
    ),
    "a net without numbers": (lambda: Alone(net().to("meta")), ConfigError, "meta device"),
    "two wraps of one model": (twins, ConfigError, "share 2 weights.*copy.deepcopy"),
    "a frozen student": (lambda: fit(net().requires_grad_(False)), ConfigError, "no parameter of the student may move"),
    "a teacher as student": (lambda: fit(nets.teacher("digits-resnet14")), ConfigError, r"requires_grad_\(True\)"),
    "a frozen student with an adapter": (
        lambda: fit(kd.papers.fitnets.Hint(net().requires_grad_(False), net())), ConfigError, "of the student may move",
    ),
    "a net in spots": (lambda: spot_adaptive.SpotAdaptive(net()), ConfigError, "goes around a method.*a Staged"),
    "a net as generator": (
        lambda: adversarial.Adversarial(adversarial.Logits(net(), net()), net()), ConfigError, "no Generator",
    ),
    "a generator as student": (lambda: Alone(maker()), ConfigError, "the student is a Generator and no Net"),
    "a net in a GAN": (lambda: gan.Distil(net(), alpha=1), ConfigError, "no Generator"),
    "a net as critic": (lambda: gan.Distil(maker(), critic=net(), alpha=0), ConfigError, "no Critic"),
    "a judge without a net": (lambda: train.Judge(plain()), ConfigError, "the classifier is a Sequential"),
    "logits of other classes in spots": (
        lambda: spot_adaptive.SpotAdaptive(attention.Attention(net(), net(classes=7))), ConfigError, "set alpha=0",
    ),
    "answers over other classes": (
        lambda: data_free.DataFree(attention.Attention(net(), net(classes=12)), maker()), ConfigError, "12 classes",
    ),
    "triplets of no net": (lambda: metric.Triplets(plain()), ConfigError, "the student is a Sequential"),
    # options
    "a text for a number": (lambda: hinton.Hinton(net(), net(), T="4"), ConfigError, "T='4': expected a finite number"),
    "no number": (lambda: hinton.Hinton(net(), net(), alpha=None), ConfigError, "alpha=None: expected a finite number"),
    "NaN": (lambda: attention.Attention(net(), net(), beta=float("nan")), ConfigError, "beta=nan"),
    "an endless temperature": (
        lambda: hinton.kd_loss(torch.zeros(1, 2), torch.zeros(1, 2), T=float("inf")), ConfigError, "T=inf",
    ),
    "half an epoch of hints": (
        lambda: kd.papers.fitnets.FitNets(net(), net(), hint_epochs=1.5), ConfigError, "hint_epochs=1.5.*whole number",
    ),
    "half a step": (
        lambda: adversarial.Adversarial(adversarial.Logits(net(), net()), maker(), k=2.5), ConfigError, "k=2.5.*whole",
    ),
    "gamma in a list": (
        lambda: spot_adaptive.SpotAdaptive(attention.Attention(net(), net()), gamma=[2]), ConfigError, r"gamma=\[2\]",
    ),
    # labels and data
    "multi-label targets": (lambda: labelled(torch.zeros(4, 10).long()), ShapeError, r"\(4, 10\), expected \(N,\)"),
    "real-valued targets": (lambda: labelled(torch.rand(4)), ConfigError, "torch.float32; expected whole numbers"),
    "a list of labels": (lambda: labelled([0, 1, 2, 3]), ConfigError, "labels of a split are a list.*as_tensor"),
    "an array of images": (
        lambda: Split(PIXELS.numpy(), torch.arange(4)), ConfigError, "images of a split are a ndarray",
    ),
    "a data set of torch": (lambda: fit(having=TensorDataset(PIXELS)), ConfigError, "a TensorDataset.*kd.data.Data"),
    "a loader of torch": (
        lambda: fit(having=DataLoader(TensorDataset(PIXELS))), ConfigError, "a DataLoader.*kd.data.Split",
    ),
    "the name of the data": (lambda: fit(having="digits"), ConfigError, r"kd.data.load\('digits'\)"),
    "a loader as a split": (
        lambda: few(train=DataLoader(TensorDataset(PIXELS))), ConfigError, "train is a DataLoader; expected a Split",
    ),
    "no test split": (lambda: few(test=None), ConfigError, "test is a NoneType; expected a Split"),
    "means of other channels": (lambda: few(mean=(0.5,) * 3), ConfigError, "3 means and 1 standard deviations"),
    "no spread": (lambda: few(std=(0.0,)), ConfigError, "must be positive"),
    "nothing to measure on": (
        lambda: fit(having=few(val=Split(PIXELS, torch.full((4,), -1)))), ConfigError, "no val image .* has a label",
    ),
    "accuracy without labels": (
        lambda: kd.evaluate(net(), Split(PIXELS, torch.full((4,), -1)), few()).accuracy, ConfigError,
        "none of the 4 images has a label",
    ),
    "loss without labels": (
        lambda: kd.evaluate(net(), Split(PIXELS, torch.full((4,), -1)), few()).loss, ConfigError, "none of the 4",
    ),
    "evaluation of a loader": (
        lambda: kd.evaluate(net(), DataLoader(TensorDataset(PIXELS)), few()), ConfigError, "a split is a DataLoader",
    ),
    "evaluation of nothing": (lambda: kd.evaluate(None, few().test, few()), ConfigError, "a NoneType; expected a net"),
    "evaluation in the wrong order": (lambda: kd.evaluate(net(), few(), few().test), ConfigError, "a split is a Data"),
    "an embedding of a model": (lambda: train.embed(plain(), few().test, few()), ConfigError, "kd.nets.wrap"),
    "images of another size": (
        lambda: fit(wrapped(), few(train=Split(torch.zeros(4, 1, 9, 9).byte(), torch.arange(4)),
                                   test=Split(torch.zeros(4, 1, 9, 9).byte(), torch.arange(4)), val=None)),
        ShapeError, r"the student Sequential cannot read images \(4, 1, 9, 9\) of digits",
    ),
    # a run
    "a student to fit": (lambda: kd.fit(net(), few(), progress=False), ConfigError, "kd.Alone"),
    "a class to fit": (lambda: kd.fit(Alone, few(), progress=False), ConfigError, "the class Alone"),
    "half an epoch": (lambda: fit(epochs=2.5), ConfigError, "epochs=2.5: expected a whole number"),
    "epochs in words": (lambda: fit(epochs="3"), ConfigError, "epochs='3': expected a whole number"),
    "a seed in words": (lambda: fit(seed="x"), ConfigError, "seed='x': expected a whole number"),
    "no seed": (lambda: fit(seed=None), ConfigError, "seed=None"),
    "a recipe in a dict": (lambda: fit(recipe={"lr": 0.1}), ConfigError, r"the recipe is a dict.*Recipe\(\*\*recipe\)"),
    "no recipe": (lambda: fit(recipe=None), ConfigError, "the recipe is a NoneType"),
    "a folder that is a number": (lambda: fit(out=3), ConfigError, "out=3: expected the path"),
    "a loader as source": (lambda: fit(source=[1, 2]), ConfigError, "the source is a list"),
    "nothing to call": (lambda: fit(on_epoch=3), ConfigError, "on_epoch=3: expected a function"),
    "a rate in words": (lambda: Recipe(lr="0.1"), ConfigError, "lr='0.1': expected a finite number"),
    "half an image": (lambda: Recipe(batch_size=2.5), ConfigError, "batch_size=2.5: expected a whole number"),
    "one milestone": (lambda: Recipe(milestones=0.5), ConfigError, "milestones=0.5: expected numbers in a tuple"),
    "an augmentation in a dict": (lambda: Recipe(augment={"pad": 2}), ConfigError, "expected a kd.data.Augment"),
    # losses
    "an array of logits": (
        lambda: hinton.kd_loss(torch.zeros(2, 3).numpy(), torch.zeros(2, 3)), ShapeError, "kd_loss: z_s is a ndarray",
    ),
    "whole numbers for logits": (
        lambda: hinton.kd_loss(torch.zeros(2, 3), torch.zeros(2, 3).long()), ShapeError, "z_t holds .*int64",
    ),
    "no map": (lambda: attention.attention_map(None), ShapeError, "attention_map: f is a NoneType; expected a tensor"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_one_sentence(name):
    act, error, says = WRONG[name]
    with pytest.raises(error, match=says) as caught:
        act()
    assert type(caught.value) is error and "\n" not in str(caught.value) and len(str(caught.value)) <= 320


@pytest.mark.parametrize("dtype", [torch.int8, torch.int16, torch.int32, torch.uint8, torch.int64])
def test_whole_numbers_of_any_kind_are_labels(dtype):
    split = labelled(torch.tensor([0, 1, 2, 3], dtype=dtype))
    assert split.labels.dtype == torch.int64 and split[1:3].labels.tolist() == [1, 2]
    fit(having=few(train=split))


def test_what_is_measured_is_measured_on_the_labelled_images():
    teacher, whole = nets.teacher("digits-resnet14"), few()
    labels = whole.test.labels.clone()
    labels[::2] = kd.data.UNLABELLED
    some = kd.evaluate(teacher, Split(whole.test.images, labels), whole)
    known = kd.evaluate(teacher, whole.test[1::2], whole)
    assert (some.correct, some.accuracy, some.loss) == (known.correct, known.accuracy, pytest.approx(known.loss))
    assert torch.equal(some.confusion(), known.confusion())


@pytest.mark.parametrize("student", [False, True])
def test_probabilities_in_the_place_of_logits_are_said(student):
    pair = (wrapped(nn.Softmax(1)), net()) if student else (net(), wrapped(nn.Softmax(1)))
    with pytest.warns(
        UserWarning, match=f"the {'student' if student else 'teacher'}'s outputs look like probabilities"
    ):
        fit(hinton.Hinton(*pair))
    with pytest.warns(UserWarning, match="look like probabilities"):
        assert kd.evaluate(wrapped(nn.Softmax(1)), few().test, few()).loss > 0
    z = torch.randn(8, 10, generator=torch.Generator().manual_seed(0))
    with pytest.warns(UserWarning, match="kd_loss: the teacher's logits look like probabilities"):
        hinton.kd_loss(z, z.softmax(1))


def test_logits_are_no_reason_to_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(hinton.Hinton(wrapped(), nets.teacher("digits-resnet14")))
        assert kd.evaluate(wrapped(nn.LogSoftmax(1)), few().test, few()).loss > 0


def test_a_layer_that_the_teacher_lends_its_student():
    """SimKD's form: the student ends in the teacher's classifier, which is frozen and so free to be shared."""
    teacher, student = nets.teacher("digits-resnet14"), nets.build("resnet14", classes=10, channels=1, stem_stride=2)
    student.classifier = teacher.classifier
    before = copy.deepcopy(teacher.classifier.state_dict())
    fit(hinton.Hinton(student, teacher))
    assert all(torch.equal(x, before[name]) for name, x in teacher.classifier.state_dict().items())
