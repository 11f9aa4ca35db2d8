"""The preset "quick-paper": what differs from "paper", and what has to stay as it is there."""

from dataclasses import replace

import pytest

from kdtutor.cli.teachers import table, untrained
from kdtutor.jobs.job import Job
from kdtutor.jobs.setup import prepare
from kdtutor.settings import PAIRS, TEACHER_PLANS, preset, quick, zoo


@pytest.mark.parametrize("pair", PAIRS)
def test_only_length_recipe_and_teacher_differ_from_paper(pair):
    short, paper = preset("quick-paper", pair), preset("paper", pair)
    cycle = {"schedule": "one-cycle", "milestones": (), "nesterov": True}
    assert short.recipe == replace(paper.recipe, **cycle) and short.epochs <= 40
    same = {"name", "teacher_name", "epochs", "recipe", "extra_epochs"}
    assert replace(short, **{name: getattr(paper, name) for name in same}) == paper


@pytest.mark.parametrize("pair", PAIRS)
def test_its_teachers_are_the_same_nets_trained_as_its_students(pair):
    short, paper = preset("quick-paper", pair), preset("paper", pair)
    plan, usual = TEACHER_PLANS[short.teacher_name], TEACHER_PLANS[paper.teacher_name]
    assert short.teacher_name == f"cifar100-quick-{PAIRS[pair][0]}"
    assert (plan.net, plan.data, plan.seed) == (usual.net, usual.data, usual.seed)
    assert (plan.epochs, plan.recipe) == (short.epochs, quick.RECIPE)
    assert short.teacher_name in untrained() and f"kdtutor teach {short.teacher_name}" in table([], untrained())


def test_first_phases_keep_their_share_of_the_whole():
    short, paper = preset("quick-paper"), preset("paper")
    for method in zoo.EXTRA_EPOCHS:
        share = (short.epochs_for(method) - short.epochs) / short.epochs
        assert share == (paper.epochs_for(method) - paper.epochs) / paper.epochs
        assert short.options_for(method, 2).keys() == paper.options_for(method, 2).keys()
    assert short.epochs_for("hinton") == short.epochs and short.options_for("AT") == paper.options_for("AT")


def test_the_command_line_takes_its_pairs(monkeypatch):
    monkeypatch.setattr("kdtutor.jobs.setup.find_teacher", lambda name: preset("minute").teacher())
    asked = {"preset": "quick-paper", "data": "digits", "pair": "vgg13-mobilenetv2"}
    setup = prepare(Job("fsp", **asked, student="resnet8x0.25"))
    assert (setup.epochs, setup.recipe.lr, setup.recipe.schedule) == (45, 0.01, "one-cycle")
    assert str(setup.job.folder) == "runs/fsp-quick-paper-vgg13-mobilenetv2-digits-resnet8x0.25-seed0"
    assert preset("quick-paper").data_free("DFAD") == preset("quick-paper"), "nobody published a short one"
