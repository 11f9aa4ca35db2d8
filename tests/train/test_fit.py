import dataclasses
import math

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor.jobs.job import Job
from kdtutor.train import Recipe, steps

from .common import RECIPE, make, same_weights, small


def run(digits, method="hinton", epochs=3, **options):
    distiller = make(method)
    history = kd.fit(distiller, digits, epochs, recipe=RECIPE, progress=False, device="cpu", **options)
    return history, distiller


@pytest.mark.parametrize("method", ["alone", "hinton", "fsp"])
def test_two_runs_are_equal_to_the_last_bit(digits, method):
    (first, a), (second, b) = run(digits, method), run(digits, method)
    assert first.rows == second.rows and same_weights(a.student, b.student)
    other, _ = run(digits, method, seed=1)
    assert other.rows != first.rows


def test_every_term_is_on_record(digits):
    history, _ = run(digits)
    assert set(history.terms) == {"task", "kd", "loss", "train_accuracy", "val_accuracy", "test_accuracy"}
    epochs, loss = history.curve("loss")
    assert epochs == [1, 2, 3] and len(history.curve("test_accuracy")[0]) == 1
    weighted = [
        0.1 * task + 0.9 * kd_ for task, kd_ in zip(history.curve("task")[1], history.curve("kd")[1], strict=True)
    ]
    assert loss == pytest.approx(weighted, rel=1e-5)
    assert history.best("val_accuracy") >= history.last("val_accuracy")


def test_fsp_has_two_phases_with_their_own_terms(digits):
    history, _ = run(digits, "fsp", epochs=5)
    assert history.phases == ("match the flow", "learn the task")
    assert history.curve("fsp")[0] == [1, 2] and history.curve("task")[0] == [3, 4, 5]


def test_the_first_phase_of_fsp_leaves_the_classifier_alone(digits):
    distiller = make("fsp")
    before = distiller.student.classifier.weight.clone()
    for at in steps(distiller, digits, 5, recipe=RECIPE, device="cpu"):
        if at.phase == "learn the task":
            break
        assert torch.equal(distiller.student.classifier.weight, before)


def test_learning_happens():
    digits = kd.data.load("digits")
    history = kd.fit(kd.Alone(small()), digits, 3, recipe=Recipe(), progress=False, device="cpu")
    assert history.last("test_accuracy") > 0.7


def test_the_teacher_never_changes_and_never_trains(digits):
    distiller = make("fsp")
    before = {name: value.clone() for name, value in distiller.teacher.state_dict().items()}
    for _ in steps(distiller, digits, 3, recipe=RECIPE, device="cpu"):
        assert not any(module.training for module in distiller.teacher.modules())
    assert all(torch.equal(before[name], value) for name, value in distiller.teacher.state_dict().items())


def test_the_student_trains_in_train_mode_in_every_epoch(digits):
    distiller = make("alone")
    modes = []
    distiller.student.register_forward_pre_hook(lambda module, _: modes.append(module.training))
    seen = []
    original = distiller.step

    def watched(*arguments):
        seen.append(all(m.training for m in distiller.student.modules()))
        return original(*arguments)

    distiller.step = watched
    kd.fit(distiller, digits, 3, recipe=RECIPE, progress=False, device="cpu")
    assert seen == [True] * 12


def test_evaluation_touches_neither_modes_nor_random_state(digits):
    net = nn.Sequential(small(), nn.Dropout(0.5))
    net.train()
    net[0].stages[0].eval()
    modes = [m.training for m in net.modules()]
    buffers = {name: value.clone() for name, value in net.state_dict().items()}
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first, second = kd.evaluate(net, digits.val, digits), kd.evaluate(net, digits.val, digits)
    assert torch.equal(torch.get_rng_state(), state) and [m.training for m in net.modules()] == modes
    assert all(torch.equal(buffers[name], value) for name, value in net.state_dict().items())
    assert torch.equal(first.logits, second.logits)
    assert first.confusion().sum() == len(digits.val) and first.confusion().diagonal().sum() == first.correct


def test_a_student_cannot_be_trained_twice_at_once(digits):
    distiller = make()
    running = steps(distiller, digits, 2, recipe=RECIPE, device="cpu")
    next(running)
    with pytest.raises(kd.BusyError, match="already being trained"):
        next(steps(distiller, digits, 2, recipe=RECIPE, device="cpu"))
    running.close()
    next(steps(distiller, digits, 2, recipe=RECIPE, device="cpu"))


def test_a_run_of_broken_weights_never_begins(digits):
    distiller = make("alone")
    with torch.no_grad():
        distiller.student.classifier.weight.fill_(math.nan)
    with pytest.raises(kd.DivergedError, match=r"the student's weights hold NaN .*classifier.weight.*build it again"):
        kd.fit(distiller, digits, 1, recipe=RECIPE, progress=False, device="cpu")


def test_bf16_and_channels_last_run_the_same_code(digits):
    recipe = dataclasses.replace(RECIPE, channels_last=True)
    for method in ("hinton", "fsp"):
        history = kd.fit(make(method), digits, 3, recipe=recipe, precision="bf16", progress=False, device="cpu")
        assert all(math.isfinite(row.value) for row in history.rows)
    plain, _ = run(digits, "hinton", 1)
    last = kd.fit(make(), digits, 1, recipe=recipe, progress=False, device="cpu")
    assert last.last("loss") == pytest.approx(plain.last("loss"), rel=1e-3)


def test_unlabelled_images_teach_through_the_teacher_only():
    digits = kd.data.load("digits").few_labels(2, unlabelled=20)
    history = kd.fit(make(), digits, 1, recipe=Recipe(batch_size=20), progress=False, device="cpu")
    assert history.last("kd") > 0 and math.isfinite(history.last("task"))
    nothing = torch.full((4,), kd.data.UNLABELLED)
    assert kd.train.task_loss(torch.randn(4, 10), nothing) == 0


def test_on_epoch_is_called_after_each_epoch(digits):
    seen = []
    kd.fit(make(), digits, 3, recipe=RECIPE, progress=False, device="cpu", on_epoch=lambda at: seen.append(at.epoch))
    assert seen == [1, 2, 3]


@pytest.mark.gpu
def test_the_gpu_sees_the_same_batches_and_learns_the_same(digits):
    on_cpu, _ = run(digits)
    on_gpu = kd.fit(make(), digits, 3, recipe=RECIPE, progress=False, device="cuda")
    assert on_gpu.curve("loss")[1] == pytest.approx(on_cpu.curve("loss")[1], rel=0.02)


def test_the_last_report_of_a_run_has_the_terms_of_its_last_step(digits):
    *_, before, last = steps(make("hinton"), digits, 1, recipe=RECIPE, device="cpu")
    assert before.step == last.step == last.total_steps and not last.epoch_ended
    assert dict(last.terms) == dict(before.terms) and {"task", "kd", "loss"} <= set(last.terms)


def test_a_seed_below_0_is_refused(digits):
    with pytest.raises(kd.ConfigError, match="seed=-1: expected a whole number of at least 0"):
        run(digits, seed=-1)
    with pytest.raises(kd.ConfigError, match="seed=-1: expected a whole number of at least 0"):
        Job("fsp", seed=-1)
