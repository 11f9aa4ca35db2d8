"""What holds for every method: it learns, stops and continues, and takes whatever nets and batches come."""

from copy import deepcopy
from dataclasses import replace
from functools import cache

import pytest
import torch

import kdtutor as kd
from kdtutor.data import Data, Split
from kdtutor.papers import METHODS, method
from kdtutor.train import Recipe, steps
from tests.tasks import fitting, of_classes
from tests.train.common import RECIPE, same_weights

EVERY = pytest.mark.parametrize("name", METHODS)
MARGINS = {"overhaul", "matching"}  # read them from the teacher's batch norms, where it has some
ONE_BY_ONE = {"fsp"}  # pairs the layers of student and teacher one by one
FORMS = {"correlation": "consecutive", "factor": "attention"}  # the zoo's, beside the paper's


def net(name, seed, **options):
    kd.seed_everything(seed)
    return kd.nets.build(name, **({"classes": 10, "channels": 1} | options))


def make(name, seed=0, **options):
    return method(name)(net("resnet8x0.25", seed, stem_stride=2), net("resnet8x0.5", 99, stem_stride=2), **options)


def learn(distiller, data, epochs=2, **options):
    return kd.fit(distiller, data, epochs, **({"recipe": RECIPE} | options), progress=False, device="cpu")


@EVERY
def test_a_stopped_run_continues_to_the_same_numbers(digits, tmp_path, name):
    """Stopped twice: in the first epoch and, having gone on, in the third; a method has other phases by then."""
    whole = make(name)
    data = fitting(name, digits)
    expected = learn(whole, data, 3)
    for stop_at in (3, 10):
        running = steps(make(name), data, 3, recipe=RECIPE, device="cpu", out=tmp_path)
        for at in running:
            if at.step == stop_at:
                break
        running.close()
        torch.manual_seed(1234)  # whatever happened in between
    resumed = make(name)
    history = learn(resumed, data, 3, out=tmp_path)
    assert history.rows == expected.rows and same_weights(resumed, whole)


@EVERY
def test_each_phase_moves_the_student_and_never_the_teacher(digits, name):
    distiller = make(name)
    before = [x.clone() for x in (*distiller.student.parameters(), *distiller.teacher.state_dict().values())]
    data = fitting(name, digits)
    history = learn(distiller, data)
    after = [*distiller.student.parameters(), *distiller.teacher.state_dict().values()]
    count = len(list(distiller.student.parameters()))
    assert not all(torch.equal(a, b) for a, b in zip(before[:count], after[:count], strict=True))
    assert all(torch.equal(a, b) for a, b in zip(before[count:], after[count:], strict=True))
    (first, *_) = data.task.measures(torch.zeros(20, 10), data.test.labels)
    assert f"test_{first}" in history.terms and history.config["method"] == type(distiller).__name__


@pytest.mark.parametrize("name", FORMS)
def test_the_other_form_learns(digits, name):
    history = learn(make(name, form=FORMS[name]), digits)
    assert history.config["options"]["form"] == FORMS[name]


@EVERY
def test_batches_of_one(digits, name):
    learn(make(name), fitting(name, digits), recipe=Recipe(lr=1e-3, batch_size=1, steps_per_epoch=2))


@EVERY
def test_images_without_labels(digits, name):
    history = learn(
        make(name), fitting(name, digits.few_labels(3)), recipe=Recipe(lr=1e-3, batch_size=10, steps_per_epoch=2)
    )
    assert all(torch.tensor(row[3]).isfinite() for row in history.rows)


@EVERY
def test_half_precision_and_channels_last(digits, name):
    recipe = replace(RECIPE, channels_last=True, steps_per_epoch=2)
    learn(make(name), fitting(name, digits), recipe=recipe, precision="bf16")


@EVERY
@pytest.mark.parametrize("teacher", ["vgg8x0.25", "lenet5"])
def test_a_teacher_of_another_architecture(digits, name, teacher):
    student, teacher = net("resnet8x0.25", 0), net(teacher, 1)
    if name in ONE_BY_ONE:
        with pytest.raises(kd.ConfigError, match="the same number of stages"):
            method(name)(student, teacher)
        return
    margins = name in MARGINS and any(norm is None for norm in teacher.norms)
    options = {"margins": [-torch.ones(width) for width in teacher.widths]} if margins else {}
    data = fitting(name, digits)
    history = learn(method(name)(student, teacher, **options), data, recipe=replace(RECIPE, steps_per_epoch=1))
    assert all(torch.tensor(row[3]).isfinite() for row in history.rows)


@cache
def foreign() -> tuple[kd.Net, kd.Net]:
    """Two of torchvision's nets; their many first weights are drawn once, and copied for each method."""
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()
    from torchvision.models.resnet import BasicBlock, ResNet

    kd.seed_everything(0)
    stages = ["layer1", "layer2", "layer3", "layer4"]
    return tuple(kd.nets.wrap(ResNet(BasicBlock, [1, 1, 1, 1], num_classes=5), stages=stages) for _ in "ts")


@EVERY
def test_models_of_torchvision(name):
    teacher, student = deepcopy(foreign())
    split = Split(torch.randint(256, (4, 3, 32, 48), dtype=torch.uint8), torch.arange(4))
    photos = Data("photos", split, None, split, tuple("abcde"), (0.5,) * 3, (0.25,) * 3)
    history = learn(method(name)(student, teacher), fitting(name, photos), recipe=Recipe(lr=1e-3, batch_size=4))
    assert all(torch.tensor(row.value).isfinite() for row in history.rows)
    if name in of_classes():
        assert 0 <= history.last("test_accuracy") <= 1
