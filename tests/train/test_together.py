"""Runs side by side: each has the numbers that it has alone, and what they have in common is done once."""

from contextlib import closing
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor.data import Augment
from kdtutor.papers.adversarial import Adversarial, Logits
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.train import Entry, Recipe, fit, fit_together, together

from .common import RECIPE, exact_kernels, make, same_weights, small

EPOCHS = 2
METHODS = ("hinton", "attention", "fsp", "relational", "matching", "contrastive", "factor", "overhaul")


def method(name: str, teacher: kd.Net) -> kd.Distiller:
    kd.seed_everything(5)
    inner = kd.papers.method(name)(small(), teacher)
    if name == "contrastive":
        return SpotAdaptive(inner, "random")
    return SpotAdaptive(inner) if name == "attention" else inner


class Apprentice(kd.papers.method("hinton")):
    """Whose teacher may learn, though not from it."""

    def __init__(self, student: kd.Net, teacher: kd.Net) -> None:
        super().__init__(student, teacher)
        teacher.requires_grad_(True)


@pytest.mark.slow
@pytest.mark.isa
def test_every_number_is_that_of_the_run_alone(digits):
    teacher = small(99)
    alone = [method(name, teacher) for name in METHODS]
    histories = [fit(m, digits, EPOCHS, recipe=RECIPE, seed=3, device="cpu", progress=False) for m in alone]
    packed = [method(name, teacher) for name in METHODS]
    entries = [Entry(m, EPOCHS, RECIPE) for m in packed]
    for one, other, a, b in zip(
        histories, fit_together(entries, digits, seed=3, device="cpu", progress=False), alone, packed, strict=True
    ):
        assert other.rows == one.rows and other.config == one.config and same_weights(a, b)


def test_what_they_have_in_common_is_done_once(digits, monkeypatch):
    teacher, drawn, passes = small(99), [], []
    monkeypatch.setattr(Augment, "apply", lambda self, images, draws: drawn.append(1) or images)
    trace = teacher.trace
    monkeypatch.setattr(teacher, "trace", lambda images: passes.append(len(images)) or trace(images), raising=False)
    three = [method(name, teacher) for name in ("hinton", "relational", "fsp")]  # the second phase of fsp asks nobody
    fit_together([Entry(m, 4, RECIPE) for m in three], digits, device="cpu", progress=False)
    assert passes.count(RECIPE.batch_size) == 4 * RECIPE.steps_per_epoch == len(drawn)


@dataclass
class Mirror:
    """An augmentation of one's own, which has no hash."""

    def __call__(self, images, generator):
        return images.flip(3)


def test_lengths_recipes_and_sources_may_differ(digits):
    def runs() -> list[Entry]:
        teacher = small(99)
        maker = kd.nets.generator("deconvolutionx0.25", latent=8, size=28)
        return [
            Entry(kd.Alone(small()), 1, replace(RECIPE, augment=Mirror())),
            Entry(kd.papers.method("hinton")(small(), teacher), 2, replace(RECIPE, lr=0.01)),
            Entry(kd.papers.method("hinton")(small(), teacher), 2, replace(RECIPE, batch_size=10)),
            Entry(Adversarial(Logits(small(), teacher), maker, k=2), 1, replace(RECIPE, augment=None)),
        ]

    kd.seed_everything(0)
    packed = fit_together(runs(), digits, seed=1, device="cpu", progress=False)
    kd.seed_everything(0)
    for entry, history in zip(runs(), packed, strict=True):
        assert fit(
            entry.distiller, digits, entry.epochs, recipe=entry.recipe, seed=1, device="cpu", progress=False
        ).rows == history.rows  # fmt: skip


def dropping() -> kd.Distiller:
    net = small()
    net.classifier = nn.Sequential(nn.Dropout(0.5), net.classifier)
    return kd.Alone(net)


def test_a_net_that_draws_has_its_own_random_numbers(digits):
    (one,) = fit_together([Entry(dropping(), 1, RECIPE)], digits, device="cpu", progress=False)
    two = fit_together([Entry(dropping(), 1, RECIPE) for _ in "ab"], digits, device="cpu", progress=False)
    assert two[0].rows == two[1].rows == one.rows


def test_runs_that_were_stopped_at_different_steps_go_on(digits, tmp_path):
    def entries(kept: bool = True) -> list[Entry]:
        return [Entry(each, 2, RECIPE, tmp_path / str(n) if kept else None) for n, each in enumerate(runs())]

    def runs() -> list[kd.Distiller]:
        return [dropping(), make("hinton"), dropping()]

    whole = fit_together(entries(kept=False), digits, device="cpu", progress=False)
    for stop in (4, 10):  # while one has drawn more than the others
        with closing(together(entries(), digits, device="cpu")) as run:
            for taken, _ in enumerate(run, 1):
                if taken == stop:
                    break
    assert [h.rows for h in fit_together(entries(), digits, device="cpu", progress=False)] == [h.rows for h in whole]


def test_an_error_of_one_ends_it_alone_for_whoever_listens(digits):
    broken = small()
    with torch.no_grad():
        broken.classifier.weight.fill_(3e38)
    entries = [Entry(kd.Alone(broken), 1, RECIPE), Entry(make("hinton"), 1, RECIPE)]
    errors = {}
    steps = [number for number, _ in together(entries, digits, device="cpu", on_error=errors.__setitem__)]
    assert steps.count(1) == RECIPE.steps_per_epoch + 1
    assert list(errors) == [0] and isinstance(errors[0], kd.DivergedError)
    with pytest.raises(kd.DivergedError):
        fit_together([Entry(kd.Alone(broken), 1, RECIPE)], digits, device="cpu", progress=False)


def test_what_cannot_be_trained_together(digits):
    method = make()
    with pytest.raises(kd.ConfigError, match="no run to train together"):
        together([], digits)
    for entries, told in ((Entry(method), "runs are a Entry"), (None, "runs are a NoneType")):
        with pytest.raises(kd.ConfigError, match=f"the {told}, expected a list of kd.train.Entry"):
            together(entries, digits)
    with pytest.raises(kd.ConfigError, match=r"one of the runs is a Hinton, expected a list of kd.train.Entry"):
        together([Entry(method), method], digits)
    with pytest.raises(kd.ConfigError, match=r"the data are a str.*kd.data.load\('digits'\)"):
        fit_together([Entry(method)], "digits")
    other = kd.papers.method("hinton")(small(), small(9))
    learner = SpotAdaptive(kd.papers.method("attention")(small(), other.teacher), learning_teacher=True)
    pairs = [(method, kd.Alone(method.student)), (method, Apprentice(small(), method.student)), (other, learner)]
    for pair in pairs:
        with pytest.raises(kd.ConfigError, match="two of the runs hold a net that one of them trains"):
            together([Entry(each) for each in pair], digits)
    other.teacher.requires_grad_(False)
    layouts = [Entry(other), Entry(kd.papers.method("hinton")(small(), other.teacher), 1, Recipe(channels_last=True))]
    with pytest.raises(kd.ConfigError, match="differ in channels_last"):
        together(layouts, digits)
    with pytest.raises(kd.ConfigError, match="two of the runs are to be kept in"):
        together([Entry(make(), out="a"), Entry(make(), out="./a")], digits)
    with pytest.raises(kd.ConfigError, match="epochs=0"):
        together([Entry(make(), 0)], digits)


@pytest.mark.gpu
def test_on_a_gpu_packed_runs_have_the_numbers_of_runs_alone(digits, recwarn, monkeypatch):
    exact_kernels(monkeypatch)
    teacher, recipe = small(99), replace(RECIPE, lr=1e-3, steps_per_epoch=10)

    def runs() -> list[kd.Distiller]:
        return [kd.papers.method(name)(small(), teacher) for name in ("hinton", "attention", "fsp", "relational")]

    alone = [fit(m, digits, 2, recipe=recipe, device="cuda", progress=False) for m in runs()]
    packed = fit_together([Entry(m, 2, recipe) for m in runs()], digits, device="cuda", progress=False)
    assert not recwarn.list  # every phase by its graph
    for one, other in zip(alone, packed, strict=True):
        assert other.curve("loss")[1] == pytest.approx(one.curve("loss")[1], rel=1e-5)
