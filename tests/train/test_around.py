"""A distiller around another one passes on every hook, also those that are yet to come."""

import inspect

import pytest
import torch

import kdtutor as kd
from kdtutor.train import Around, Distiller, Trainable

from .common import small

OWN = {"train", "teach"}  # sets modes over all parts, and asks the inner method on its way; is a hook's former name
DEFINED = {**vars(Trainable), **vars(Distiller)}
HOOKS = [name for name, value in DEFINED.items() if inspect.isfunction(value) and name[0] != "_"]


@pytest.mark.parametrize("hook", [name for name in HOOKS if name not in OWN])
def test_every_hook_reaches_the_inner_method(hook, monkeypatch):
    around = Around(kd.Alone(small()))
    asked = []

    def inner(*arguments):
        asked.append(arguments)
        return "answer"

    monkeypatch.setattr(around.inner, hook, inner)
    names = list(inspect.signature(getattr(Distiller, hook)).parameters)[1:]
    arguments = tuple(torch.zeros(2, 1, 8, 8) if name == "images" else object() for name in names)
    answer = getattr(around, hook)(*arguments)
    assert asked == [arguments]
    assert answer == "answer" or inspect.signature(getattr(Distiller, hook)).return_annotation is None


def test_the_hooks_are_those_of_the_bases():
    assert {"spots", "weights", "losses", "teacher_trace", "look_at", "step", "measure", "source"} <= set(HOOKS)


def test_a_generator_is_trained_by_the_same_loop_and_is_no_distiller():
    """It has no traces, no spots and no task; the loop asks it for what `Trainable` says and nothing else."""
    student = kd.nets.generator("dcganx0.125", 5, 1, 16)
    method = kd.papers.gan.Distil(student, critic=kd.nets.critic("dcganx0.25"), alpha=0)
    assert isinstance(method, Trainable) and not hasattr(method, "spots") and not hasattr(method, "losses")
    with pytest.raises(kd.ConfigError, match=r"Around goes around a method.*this is a Distil"):
        Around(method)


@pytest.mark.parametrize("hook", ["phases", "step", "measure"])
def test_what_a_subclass_has_to_say(hook):
    method = Trainable.__new__(Trainable)
    with pytest.raises(NotImplementedError):
        getattr(method, hook)(*[None] * (len(inspect.signature(getattr(Trainable, hook)).parameters) - 1))


def test_a_method_in_spots_teaches_as_it_would_alone(digits):
    teacher = small(7)
    images = digits.normalise(digits.train.images[:20])
    for statistics in ("batch", "running"):
        inner = kd.papers.overhaul.Overhaul(small(), teacher, statistics=statistics)
        around = kd.papers.spot_adaptive.SpotAdaptive(inner, "always")
        torch.testing.assert_close(
            around.teacher_trace(images).logits, inner.teacher_trace(images).logits, rtol=0, atol=0
        )
    by_batch = kd.papers.overhaul.Overhaul(small(), teacher, statistics="batch").teacher_trace(images).logits
    assert not torch.allclose(by_batch, teacher(images))


def test_the_former_name_of_the_teachers_trace():
    method = kd.papers.spot_adaptive.SpotAdaptive(kd.papers.hinton.Hinton(small(), small(7)), "always")
    images = torch.randn(2, 1, 28, 28)
    with pytest.deprecated_call(match="teacher_trace"):
        assert torch.equal(method.teach(images).logits, method.teacher_trace(images).logits)


def test_a_route_runs_in_eval_mode_whatever_the_method_teaches(digits):
    """The first segment of the route comes from the stored statistics, not from the trace that the method was given."""
    images = digits.normalise(digits.train.images[:8])
    routes = []
    for statistics in ("batch", "running"):
        kd.seed_everything(0)
        inner = kd.papers.overhaul.Overhaul(small(), small(7), statistics=statistics)
        around = kd.papers.spot_adaptive.SpotAdaptive(inner)
        decisions = torch.ones(len(images), len(around.places))
        routes.append(around.route(images, around.teacher_trace(images), decisions))
    torch.testing.assert_close(*routes, rtol=1e-5, atol=1e-5)
