"""What a recipe asks for beyond an optimiser: against the formulas, written out in plain torch."""

import copy
import itertools
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import kdtutor as kd
from kdtutor.data import Classification
from kdtutor.train import Entry, fit_together, steps
from kdtutor.train.average import Average
from kdtutor.train.relabelled import mixed, relabelled
from tests.waits import copies, optimisers, waits

from .common import RECIPE, make, same_weights, small

EVERYTHING = replace(
    RECIPE, lr=0.01, schedule="cosine", optimiser="adamw", weight_decay=0.1, clip_norm=0.5, accumulate=2, ema=0.7,
    steps_per_epoch=5, label_smoothing=0.1, class_weights=tuple(1 + k / 5 for k in range(10)), mixup=0.4,
)  # fmt: skip


def fit(distiller, data, epochs=1, **options):
    return kd.fit(distiller, data, epochs, **{"recipe": EVERYTHING, **options}, progress=False, device="cpu")


def by_hand(distiller, data, recipe):
    """An epoch of Hinton's method: the student, and the average of its weights and statistics."""
    student, teacher = distiller.student.train(), distiller.teacher
    averaged = copy.deepcopy(student.state_dict())
    optimiser = torch.optim.AdamW(student.parameters(), recipe.lr, weight_decay=recipe.weight_decay)
    batches = list(relabelled(distiller.source(data, recipe), distiller, data, recipe).epoch(0, 0))
    weights = torch.tensor(recipe.class_weights)
    for first in range(0, len(batches), recipe.accumulate):
        group = batches[first : first + recipe.accumulate]  # the last one is smaller
        optimiser.zero_grad()
        for batch in group:
            z_s, z_t = student(batch.images), teacher(batch.images)
            kd_term = distiller.T**2 * F.kl_div(
                F.log_softmax(z_s / distiller.T, 1), F.softmax(z_t / distiller.T, 1), reduction="batchmean"
            )
            smooth = F.cross_entropy(z_s, batch.labels, weights, label_smoothing=recipe.label_smoothing)
            task = smooth * len(batch) / (batch.labels @ weights).sum()  # torch divides shares of classes by their rows
            loss = (1 - distiller.alpha) * task + distiller.alpha * kd_term
            (loss / len(group)).backward()
        nn.utils.clip_grad_norm_(student.parameters(), recipe.clip_norm)
        optimiser.param_groups[0]["lr"] = recipe.rate((first + len(group) - 1) / len(batches))
        optimiser.step()
        for name, x in student.state_dict().items():
            averaged[name] = recipe.ema * averaged[name] + (1 - recipe.ema) * x if x.is_floating_point() else x
    return averaged


def test_every_option_at_once_is_the_loop_written_out(digits):
    expected = by_hand(make(), digits, EVERYTHING)
    distiller = make()
    history = fit(distiller, digits)
    torch.testing.assert_close(distiller.student.state_dict(), expected, rtol=1e-6, atol=1e-6)
    student = make().student
    student.load_state_dict(expected)
    assert history.last("val_accuracy") == kd.evaluate(student.eval(), digits.val, digits).accuracy


@pytest.mark.parametrize("stop_at", [3, 7])  # in the middle of a group, of either epoch
def test_a_run_is_continued_in_the_middle_of_a_group(stop_at, digits, tmp_path):
    whole, resumed = make(), make()
    expected = fit(whole, digits, 2)
    running = steps(make(), digits, 2, recipe=EVERYTHING, device="cpu", out=tmp_path)
    for _ in range(stop_at):
        next(running)
    running.close()
    assert fit(resumed, digits, 2, out=tmp_path).rows == expected.rows and same_weights(resumed, whole)
    again = fit(resumed, digits, 2, out=tmp_path)  # with the student in which the average was left
    assert again.rows == expected.rows and same_weights(resumed, whole)


class Twice:
    """Each batch of a source two times."""

    def __init__(self, source):
        self.source, self.steps = source, 2 * source.steps

    def epoch(self, number, seed, start=0):
        for step in range(start, self.steps):
            yield from itertools.islice(self.source.epoch(number, seed, start=step // 2), 1)


def learning_teacher():
    inner = make()
    inner.teacher.requires_grad_(True)
    return kd.papers.spot_adaptive.SpotAdaptive(inner, "always", learning_teacher=True)


@pytest.mark.parametrize("method", [make, lambda: make("fsp"), learning_teacher], ids=["one", "phases", "two nets"])
def test_the_mean_of_a_batch_and_itself_is_that_of_the_batch(method, digits):
    """Every optimiser gathers by itself, and those of the next phase begin anew."""
    recipe = replace(RECIPE, schedule="constant", steps_per_epoch=3)
    once, twice = method(), method()
    source = Twice(once.source(digits, recipe))
    fit(once, digits, 2, recipe=recipe)
    fit(twice, digits, 2, recipe=replace(recipe, accumulate=2), source=source)
    assert all(torch.equal(x, y) for x, y in zip(once.parameters(), twice.parameters(), strict=True))


def test_each_optimiser_is_clipped_by_itself_whoever_computes_its_gradient():
    """By `descend`, by `descend_alone`, or by a method of one's own."""
    for descend in (kd.train.descend, kd.train.descend_alone, lambda loss, by: (loss.backward(), by.step())):
        x, y = (torch.nn.Parameter(torch.tensor([3.0, 4.0])) for _ in "xy")
        for parameter, cut in ((x, 1.0), (y, 20.0)):
            recipe = kd.Recipe(lr=1.0, momentum=0.0, weight_decay=0.0, clip_norm=cut)
            descend(parameter.square().sum(), recipe.optimise([parameter]))  # whose gradient (6, 8) is 10 long
        torch.testing.assert_close(x.detach(), torch.tensor([3.0 - 0.6, 4.0 - 0.8]))
        assert y.tolist() == [-3.0, -4.0]


def test_side_by_side_each_run_has_its_own_recipe(digits):
    teacher = small(99)
    recipes = (EVERYTHING, RECIPE, replace(EVERYTHING, accumulate=3, mixup=0.0), replace(EVERYTHING, mixup=9.0))
    alone, packed = ([kd.papers.method("hinton")(small(), teacher) for _ in recipes] for _ in "ab")
    entries = [Entry(m, 1, recipe) for m, recipe in zip(packed, recipes, strict=True)]
    histories = fit_together(entries, digits, device="cpu", progress=False)
    for one, other, recipe, history in zip(alone, packed, recipes, histories, strict=True):
        assert fit(one, digits, recipe=recipe).rows == history.rows and same_weights(one, other)


def test_no_option_waits_for_the_device_or_leaves_it(digits):
    for device in ("cpu", "meta"):
        method = make().to(device).train()
        (phase,) = method.phases(1)
        by, average = optimisers(method, phase, EVERYTHING), Average(method.student, 0.5)
        task = Classification(EVERYTHING.label_smoothing, EVERYTHING.class_weights)
        batch = replace(next(method.source(digits, EVERYTHING).epoch(0, 0)), task=task).to(device)

        def step(batch=batch, method=method, phase=phase, by=by, average=average):
            method.step(mixed(batch, EVERYTHING.mixup, 0, 10), phase, by)
            average.update()

        step()  # the class weights are brought there once
        assert not waits(step) if device == "cpu" else len(copies(step)) == 1  # who is mixed with whom


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"clip_norm": 0.0}, "clip_norm=0.0: the largest norm"),
        ({"clip_norm": "1"}, "clip_norm='1': expected a finite number"),
        ({"accumulate": 0}, "accumulate=0: an update takes"),
        ({"accumulate": 1.5}, "accumulate=1.5: expected a whole number"),
        ({"ema": 1.0}, "ema=1.0: the decay"),
        ({"ema": 0.0}, "ema=0.0: the decay"),
        ({"label_smoothing": 1.0}, "label_smoothing=1.0: the share"),
        ({"class_weights": "balancd"}, "class_weights='balancd': expected a positive number for each class"),
        ({"class_weights": (1.0, 0.0)}, r"class_weights=\(1.0, 0.0\): expected a positive number for each class"),
        ({"class_weights": (1.0, "2")}, "one of the class_weights='2': expected a finite number"),
        ({"mixup": -0.1}, "mixup=-0.1: Beta"),
    ],
)
def test_an_option_out_of_range_is_refused(option, sentence):
    with pytest.raises(kd.ConfigError, match=sentence):
        kd.Recipe(**option)
