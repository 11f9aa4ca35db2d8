"""The command line as a user meets it: sentences, exit codes, and what a machine reads."""

import json
from pathlib import Path

import pytest

import kdtutor as kd
from kdtutor.cli import doctor
from kdtutor.course.studies import Study
from kdtutor.settings import GENERATOR_PLANS

from .calls import MLP, call

pytestmark = pytest.mark.usefixtures("somewhere_else")


@pytest.mark.parametrize(
    "arguments, code, sentence",
    [
        (["distil", "fps"], 2, "'fps' is not a known method. Did you mean 'fsp'? Choose from: alone, hinton (KD)"),
        (["distil", "alone", "--preset", "papr"], 2, "'papr' is not a known preset. Did you mean 'paper'?"),
        (
            ["distil", "fsp", "--spots", "adaptve"],
            2,
            "'adaptve' is not a known choice of spots. Did you mean 'adaptive'",
        ),
        (["distil", "KD", "--data-free", "dfal"], 2, "'dfal' is not a known method. Did you mean"),
        (["distil", "kd", "--batches", "datafree"], 2, "'datafree' is not a known source of batches. Did you mean"),
        (["distil", "sakd"], 2, "name that one, as in `kdtutor distil attention --spots adaptive`"),
        (["compare", "kd", "gan"], 2, "gan (GAN-KD) is for generators, not for classifiers: lesson 7 runs it"),
        (["distil", "GhostNet"], 2, "`kdtutor distil hinton --student ghost_resnet20` teaches a net of it"),
        (["compare", "alone"], 2, "the student alone is compared with anyway: name one or more methods"),
        (["distil", "alone", "--spots", "always"], 2, "the student alone has no spots to choose from"),
        (["distil", "hinton", "--preset", "paper", "--pair", "vgg13-mobilenet"], 2, "Did you mean 'vgg13-mobilenetv2'"),
        (["distil", "fsp", "--pair", "resnet110-resnet32"], 2, "--pair resnet110-resnet32 belongs to --preset paper"),
        (["distil", "alone", "--epochs", "0"], 2, "epochs=0: at least one epoch is needed"),
        (["compare", "fsp", "--epochs", "1"], 2, "at least one epoch must be left for the second phase"),
        (["compare", "hinton", "--spots", "adaptve"], 2, "'adaptve' is not a known choice of spots"),
        (["compare", "contrastive", "--data-free", "dfad"], 2, "Contrastive knows its images by their rows"),
        (["distil", "alone", "--data", "cifar100", "--root", "nowhere"], 1, "cifar100: nothing at nowhere/cifar-100"),
        (["distil", "hinton", "--teacher", "cifar100-resnet56"], 1, "with `kdtutor teach cifar100-resnet56`"),
        (["compare", "fsp", "--seeds", "1,x"], 2, "--seeds '1,x': expected whole numbers with commas"),
        (["teach", "digits-lenet5"], 2, "pass --overwrite to train it again"),
        (["check", "nowhere"], 1, "nowhere does not exist; name a notebook"),
        (["results", "nothing"], 2, "'nothing' is not a known study"),
    ],
)
def test_an_error_is_one_sentence_and_a_code(arguments, code, sentence):
    result = call(*arguments)
    assert result.exit_code == code and sentence in result.stderr
    assert result.stderr.startswith("kdtutor: ") and result.stderr.count("\n") == 1 and not result.stdout


@pytest.mark.parametrize("arguments", [["nothing"], ["distil"], ["distil", "fsp", "--seed", "x"], ["compare", "--no"]])
def test_bad_usage_has_exit_code_2(arguments):
    result = call(*arguments)
    assert result.exit_code == 2 and "Usage: " in result.stderr and "Traceback" not in result.stderr


def test_distil_prints_a_table_and_leaves_a_report():
    result = call("distil", *MLP, "--epochs", "2")
    assert result.exit_code == 0 and "test accuracy" in result.stdout
    report = Path(result.stdout.splitlines()[-1].removeprefix("report: "))
    assert report.is_file() and report.parent.parent == Path("runs")


def test_distil_speaks_json():
    result = call("distil", *MLP, "--epochs", "1", "--json", "--seed", "7", "--out", "here")
    summary = json.loads(result.stdout)
    assert summary["seed"] == 7 and summary["folder"] == "here" and 0 <= summary["test_accuracy"] <= 1


@pytest.mark.slow
def test_distil_at_spots_that_a_policy_chooses(few):
    result = call("distil", "hinton", "--spots", "adaptive", "--epochs", "1", "--json", "--no-progress")
    summary = json.loads(result.stdout)
    assert summary["spots"] == "adaptive" and {"kd", "routing", "rate_logits"} <= set(summary["last"])
    assert summary["folder"] == "runs/hinton-adaptive_spots-minute-1epochs-seed0"
    assert summary["command"] == "kdtutor distil hinton --epochs 1 --spots adaptive"
    assert "adaptive, always, random, anti or never" in " ".join(call("distil", "--help").stdout.split())


@pytest.mark.slow
def test_distil_on_images_that_a_generator_makes(few):
    asked = ["distil", "logits", "--epochs", "1", "--json", "--no-progress"]
    result = call(*asked, "--data-free", "dfad")
    summary = json.loads(result.stdout)
    assert summary["data_free"] == summary["batches"] == "adversarial" and not result.stderr
    assert {"logits", "disagreement"} <= set(summary["last"])
    assert summary["folder"] == "runs/logits-adversarial_batches-minute-1epochs-seed0"
    assert summary["command"] == "kdtutor distil logits --epochs 1 --data-free adversarial"
    report = (Path(summary["folder"]) / "report.md").read_text()
    assert "# logits, data-free by DFAD, preset minute" in report and f"Images {summary['generator']}." in report
    old = call(*asked, "--batches", "adversarial")
    assert json.loads(old.stdout) == {**summary, "seconds": json.loads(old.stdout)["seconds"]}, "the same run"
    deprecated, finished = old.stderr.splitlines()
    assert deprecated == "kdtutor: --batches adversarial is deprecated: say --data-free dfad from now on"
    assert finished.startswith("kdtutor: finished already")


def test_the_old_name_of_data_free_is_taken_but_not_shown():
    assert "--batches" not in call("distil", "--help").stdout
    result = call("distil", *MLP, "--batches", "data", "--epochs", "1")
    assert result.exit_code == 0 and "--batches data is deprecated: leave it out" in result.stderr
    result = call("distil", "kd", "--batches", "data", "--data-free", "dfad")
    assert result.exit_code == 2 and "--batches data and --data-free: leave the former" in result.stderr


def test_methods_are_taken_by_their_acronyms(few):
    result = call("compare", "RKD", "At", "--seeds", "0", "--epochs", "1", "--workers", "1", "--json", "--no-progress")
    told = json.loads(result.stdout)
    assert [(run["method"], run["acronym"]) for run in told["runs"]] == [
        ("alone", ""), ("relational", "RKD"), ("attention", "AT"),
    ]  # fmt: skip
    assert [run["folder"] for run in told["runs"][1:]] == [
        "runs/relational-minute-1epochs-seed0", "runs/attention-minute-1epochs-seed0",
    ]  # fmt: skip
    assert {(row["method"], row["acronym"]) for row in told["differences"]} == {
        ("relational", "RKD"), ("attention", "AT"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments", [["results", "--workers", "0"], ["check", "--seconds", "0"], ["notebooks", "--seconds", "0"]]
)
def test_numbers_out_of_range_are_refused(arguments):
    result = call(*arguments)
    assert result.exit_code == 2 and "greater than or equal to 1" in result.stderr


def test_compare_needs_the_teacher_of_its_data():
    result = call(
        "compare", "hinton", "--data", "moons", "--student", "mlp", "--epochs", "1", "--workers", "1", "--no-progress"
    )
    assert result.exit_code == 2 and "10 classes" in result.stderr


def test_teachers_are_listed_with_their_command():
    lines = call("teachers").stdout.splitlines()
    assert lines[0].split() == ["teacher", "data", "test", "accuracy", "parameters", "command"]
    assert any(line.startswith("digits-resnet14") and "174,970" in line for line in lines)
    assert any("not trained here" in line and "kdtutor teach cifar100-resnet56" in line for line in lines)
    assert any(line.startswith("digits-dcgan-small") and "distance 2.38" in line for line in lines)
    listed = json.loads(call("teachers", "--json").stdout)
    assert {card["name"] for card in listed["generators"]} == set(GENERATOR_PLANS)
    assert {card["name"] for card in listed["teachers"]} >= {"digits-lenet5", "digits-resnet14"}
    assert "cifar100-resnet56" in listed["untrained"]


def test_a_teacher_trained_here_is_found(monkeypatch):
    card = dict.fromkeys(("data", "recipe", "seed", "command"), "x") | {"accuracy": 0.7, "correct": 7, "total": 10}
    net = kd.nets.build("resnet8")
    monkeypatch.setattr(
        "kdtutor.cli.teachers.train_teacher", lambda name, folder, *_, **__: _saved(net, name, card, folder)
    )
    result = call("teach", "cifar100-resnet56")
    assert result.stdout == "cifar100-resnet56: test accuracy 70.00 % (7 of 10)\n"
    assert Path("runs/teachers/cifar100-resnet56.safetensors").is_file()
    assert kd.settings.presets.find_teacher("cifar100-resnet56").card["name"] == "cifar100-resnet56"
    assert kd.preset("paper").teacher().name == "resnet8"
    assert "70.00 %" in call("teachers").stdout
    assert call("teach", "cifar100-resnet56").exit_code == 2


def _saved(net, name, card, folder):
    return kd.nets.teacher(kd.nets.save_teacher(net, name, card, folder=folder))


def test_results_run_the_studies_that_are_named(monkeypatch):
    ran = []
    known = {name: Study(name, f"{name}?", (), lambda case, seed: []) for name in ("one", "two")}
    monkeypatch.setattr("kdtutor.course.studies.studies", lambda: known)
    monkeypatch.setattr("kdtutor.course.studies.conduct", lambda study, workers, **_: ran.append((study.name, workers)))
    assert call("results", "--list").stdout == "one: one?\ntwo: two?\n" and not ran
    assert call("results", "two", "--workers", "1").exit_code == 0 and ran == [("two", 1)]
    assert call("results").exit_code == 0 and ran[1:] == [("one", None), ("two", None)]


@pytest.mark.parametrize("ok", [True, False])
def test_the_doctors_answer_is_the_exit_code(monkeypatch, ok):
    monkeypatch.setattr(doctor, "diagnose", lambda: [doctor.Finding("Python", ok, "3.11")])
    assert call("doctor").exit_code == (0 if ok else 1)
    assert json.loads(call("doctor", "--json").stdout)["ok"] is ok


def test_the_map_is_shown():
    assert "The flow between two layers" in call("map").stdout


def test_what_is_asked_of_the_recipe_is_trained_logged_and_reported(few):
    asked = "--optimiser adamw --lr 0.002 --batch-size 50 --weight-decay 0.01 --clip-norm 1.0 --accumulate 2 --ema 0.9"
    asked += " --label-smoothing 0.1 --class-weights balanced --mixup 0.2"
    result = call("compare", "hinton", "--seeds", "0", "--epochs", "1", "--workers", "1", "--no-progress",
                  "--log", "tensorboard", "--json", *asked.split())  # fmt: skip
    assert result.exit_code == 0, result.output
    for run in json.loads(result.stdout)["runs"]:
        folder = Path(run["folder"])
        recipe = json.loads((folder / "config.json").read_text())["recipe"]
        told = {name: recipe[name] for name in run["adjustments"]}
        assert told == run["adjustments"] and len(told) == len(asked.split()) / 2
        assert asked in run["command"] and list(folder.glob("events.out.tfevents.*"))
        assert ", optimiser adamw, lr 0.002, batch size 50," in (folder / "report.md").read_text().splitlines()[0]


def test_a_recipe_that_cannot_be_is_refused_in_a_sentence():
    result = call("distil", *MLP, "--ema", "1.5")
    assert result.exit_code == 2 and result.stderr.startswith("kdtutor: ema=1.5: the decay of the averaged weights")
    result = call("distil", *MLP, "--class-weights", "1;2")
    assert result.exit_code == 2 and "expected balanced, or a number for each class with commas" in result.stderr
    result = call("distil", *MLP, "--class-weights", "1,2,3")
    assert result.exit_code == 2 and "class_weights has 3 numbers, moons 2 classes" in result.stderr
    assert not Path("runs").exists()
