"""What one run is asked to do: its names, its folder, the command that asks for it again."""

from dataclasses import fields, replace

import pytest

import kdtutor as kd
from kdtutor import methods
from kdtutor.jobs.job import INSTEAD, Job, Setting
from kdtutor.jobs.recipe_options import ADJUSTMENTS
from kdtutor.methods import ALONE, RUNNABLE


def test_the_folder_is_named_after_what_was_asked_for():
    assert str(Job("fsp").folder) == "runs/fsp-minute-seed0"
    job = Job("fsp", preset="paper", pair="wrn_40_2-wrn_16_2", teacher="a/b.safetensors", epochs=3, seed=2)
    assert str(job.folder) == "runs/fsp-paper-wrn_40_2-wrn_16_2-b-3epochs-seed2"
    assert str(Job("fsp", epochs=3, images=500).folder) == "runs/fsp-minute-3epochs-500images-seed0"
    assert str(Job("fsp", out="here").folder) == "here"
    assert str(Job("fsp", spots="adaptive", epochs=2).folder) == "runs/fsp-adaptive_spots-minute-2epochs-seed0"


def test_the_command_asks_for_the_job_again():
    assert Job("fsp").command == "kdtutor distil fsp"
    assert Job("fsp", seed=1, out="a b").command == "kdtutor distil fsp --seed 1 --out 'a b'"
    assert Job("fsp", spots="anti").command == "kdtutor distil fsp --spots anti"
    assert Job("fsp", teacher_of_other_data=True).command == "kdtutor distil fsp --teacher-of-other-data"


@pytest.mark.parametrize("row", RUNNABLE, ids=lambda row: row.name)
def test_a_method_is_asked_for_by_any_of_its_names(row):
    for key in row.keys | {row.acronym or row.name, row.name.upper()}:
        job = Job(key)
        assert job == Job(row.name) and job.method == row.name
        assert str(job.folder) == f"runs/{row.name}-minute-seed0" and job.command == f"kdtutor distil {row.name}"
    assert Job("Alone").method == ALONE


@pytest.mark.parametrize(
    ("names", "method"), [(("dfad", "DFAD", "adversarial"), "adversarial"), (("dafl", "data-free"), "data_free")]
)
def test_who_makes_the_images_has_the_same_names(names, method):
    for name in names:
        job = Job("at", data_free=name, epochs=1)
        assert job.data_free == job.maker == method == Job(name).maker
        assert str(job.folder) == f"runs/attention-{method}_batches-minute-1epochs-seed0", "as before the new name"
        assert job.command == f"kdtutor distil attention --epochs 1 --data-free {method}"
    assert Job("at").maker is None


def test_what_is_no_method_says_what_to_do():
    others = {row.name for row in methods.ROWS} - {row.name for row in RUNNABLE}
    assert others == INSTEAD.keys()
    for name in others:
        row = methods.find(name)
        for key in row.keys:
            with pytest.raises(kd.ConfigError) as caught:
                Job(key)
            assert str(caught.value).startswith(f"{row.label} ") and "`kdtutor " in str(caught.value)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(kd.UnknownName, match=r"'rdk' is not a known method. Did you mean 'relational' \(RKD\)\?"):
        Job("rdk")
    with pytest.raises(kd.UnknownName, match=r"'dfda' is not .* Did you mean 'adversarial' \(DFAD\)\?"):
        Setting(data_free="dfda")


def test_what_is_asked_of_a_recipe_is_in_the_folder_the_command_and_the_recipe():
    job = Job("fsp", optimiser="adamw", lr=0.002, accumulate=4, ema=0.9, log="tensorboard")
    assert str(job.folder) == "runs/fsp-minute-adamw_optimiser-0.002_lr-4_accumulate-0.9_ema-seed0"
    asked = "--optimiser adamw --lr 0.002 --accumulate 4 --ema 0.9"
    assert job.command == f"kdtutor distil fsp {asked} --log tensorboard"
    assert job.composition == ", optimiser adamw, lr 0.002, accumulate 4, ema 0.9"
    many = [
        Job("fsp", class_weights=",".join(map(str, weights))).folder.name for weights in (range(9, 99), range(9, 98))
    ]
    assert len(set(many)) == 2 and all(len(name) < 60 for name in many)
    usual = kd.preset("minute").recipe
    assert job.of(usual) == replace(usual, optimiser="adamw", lr=0.002, accumulate=4, ema=0.9)
    assert Job("fsp").of(usual) == usual


def test_every_setting_that_may_be_asked_for_is_one_of_a_recipe():
    assert {field.name for field in fields(kd.Recipe)} >= ADJUSTMENTS
