"""Spot-adaptive distillation in training: over every method, stopped and continued, on all kinds of data."""

import pytest
import torch

import kdtutor as kd
from kdtutor.data import UNLABELLED, Data, Split
from kdtutor.papers import attention, spot_adaptive
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.train import Recipe, steps
from tests.papers.spots import RECIPE, learn, make, net, same
from tests.tasks import of_classes

HOSTS = pytest.mark.parametrize("name", of_classes())
STRATEGIES = pytest.mark.parametrize("strategy", spot_adaptive.STRATEGIES)


@HOSTS
@STRATEGIES
def test_every_strategy_over_every_method(digits, name, strategy):
    distiller = make(name, strategy, head_start=0.0)
    teacher = {key: value.clone() for key, value in distiller.teacher.state_dict().items()}
    student = [p.clone() for p in distiller.student.parameters()]
    history = learn(distiller, digits)
    assert all(torch.tensor(row.value).isfinite() for row in history.rows)
    assert not same(student, distiller.student.parameters())
    assert all(torch.equal(value, distiller.teacher.state_dict()[key]) for key, value in teacher.items())
    told = {f"{kind}_{place.name}" for kind in ("rate", "probability") for place in distiller.places}
    assert told <= set(history.terms) if strategy in ("adaptive", "anti") else not told & set(history.terms)


@pytest.mark.parametrize("strategy", ["adaptive", "random"])
@pytest.mark.parametrize("name", ["attention", "matching", "contrastive", "factor"])
def test_a_stopped_run_continues_to_the_same_numbers(digits, tmp_path, name, strategy):
    options = {"strategy": strategy, "final_tau": 1.0, "head_start": 0.0}
    whole = make(name, **options)
    expected = learn(whole, digits, 3)
    running = steps(make(name, **options), digits, 3, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(3):
        next(running)
    running.close()
    stored = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["distiller"]
    assert not any("teacher." in name and "to_teacher" not in name for name in stored)  # frozen, so not kept
    assert not any(name.startswith("inner.student.") for name in stored)  # once is enough
    resumed = make(name, **options)
    history = learn(resumed, digits, 3, out=tmp_path)
    assert history.rows == expected.rows and same(resumed.parameters(), whole.parameters())


def test_a_learning_teacher(digits):
    distiller = make(learning_teacher=True, head_start=0.0)
    before = [p.clone() for p in distiller.teacher.parameters()]
    history = learn(distiller, digits)
    assert not same(before, distiller.teacher.parameters()) and history.last("teacher") > 0
    assert distiller.train().inner.training is not False and distiller.teacher.training


def test_batches_of_one_without_labels_and_in_half_precision(digits):
    learn(make(head_start=0.0), digits, recipe=Recipe(lr=1e-3, batch_size=1, steps_per_epoch=2))
    unlabelled = Data("none", Split(digits.train.images, torch.full_like(digits.train.labels, UNLABELLED)),
                      digits.val, digits.test, digits.classes, digits.mean, digits.std)  # fmt: skip
    history = learn(make(head_start=0.0), unlabelled)
    assert history.last("task") == 0 and history.last("kd") > 0
    learn(make(head_start=0.0), digits, precision="bf16", recipe=Recipe(lr=0.01, steps_per_epoch=2, channels_last=True))


def test_a_wrapped_model_of_torchvision(digits):
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()
    from torchvision.models import resnet18

    teacher = kd.nets.wrap(resnet18(num_classes=10), stages=["layer1", "layer2", "layer3", "layer4"])
    student = net("vgg8x0.25", 0, channels=3)
    learn(SpotAdaptive(attention.Attention(student, teacher)), digits, epochs=1)
