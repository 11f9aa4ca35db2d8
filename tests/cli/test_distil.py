"""The headless main job: what it prepares, what it leaves behind, and how runs are compared."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import kdtutor as kd
from kdtutor.cli.compare import Comparison, compare
from kdtutor.cli.distil import BATCHES, Job, Report, distil, prepare
from kdtutor.cli.tables import plain_table
from kdtutor.papers.attention import Attention
from kdtutor.papers.spot_adaptive import STRATEGIES, SpotAdaptive
from kdtutor.settings import PAIRS, PLANS
from kdtutor.train import History, evaluate

FILES = {
    "checkpoint.pt", "config.json", "history.json", "history.csv", "curves.png", "last.safetensors", "best.safetensors",
    "report.md",
}  # fmt: skip


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> kd.Data:
    """A small part of the digits under their name; runs/ in a folder of its own."""
    whole = kd.data.load("digits")
    part = kd.Data("few", whole.train[::35], whole.val[::10], whole.test[::20], whole.classes, whole.mean, whole.std)
    known = kd.data.load
    monkeypatch.setattr("kdtutor.data.load", lambda name, root=None: part if name == "digits" else known(name, root))
    monkeypatch.chdir(tmp_path)
    return part


def test_the_folder_is_named_after_what_was_asked_for():
    assert str(Job("fsp").folder) == "runs/fsp-minute-seed0"
    job = Job("fsp", preset="paper", pair="wrn_40_2-wrn_16_2", teacher="a/b.safetensors", epochs=3, seed=2)
    assert str(job.folder) == "runs/fsp-paper-wrn_40_2-wrn_16_2-b-3epochs-seed2"
    assert str(Job("fsp", out="here").folder) == "here"
    assert str(Job("fsp", spots="adaptive", epochs=2).folder) == "runs/fsp-adaptive_spots-minute-2epochs-seed0"


def test_the_command_asks_for_the_job_again():
    assert Job("fsp").command == "kdtutor distil fsp"
    assert Job("fsp", seed=1, out="a b").command == "kdtutor distil fsp --seed 1 --out 'a b'"
    assert Job("fsp", spots="anti").command == "kdtutor distil fsp --spots anti"


def test_every_method_starts_from_the_same_student():
    students = [prepare(Job(method, seed=3)).distiller.student for method in ("alone", "hinton", "fsp")]
    for student in students[1:]:
        assert all(torch.equal(a, b) for a, b in zip(students[0].parameters(), student.parameters(), strict=True))
    other = prepare(Job("alone", seed=4)).distiller.student
    assert not torch.equal(next(students[0].parameters()), next(other.parameters()))


def test_the_student_fits_the_data():
    setup = prepare(Job("alone", data="moons", student="mlp"))
    assert setup.distiller.student.config == {"name": "mlp", "classes": 2, "channels": 2, "stem_stride": 1}
    assert setup.recipe.augment is None
    setup = prepare(Job("hinton", student="lenet5"))
    assert setup.distiller.student.config["stem_stride"] == 1
    assert prepare(Job("hinton", student="resnet14")).distiller.student.config["stem_stride"] == 2


def test_the_paper_preset_counts_first_phases_on_top():
    paper = kd.preset("paper")
    assert (paper.epochs_for("hinton"), paper.epochs_for("fsp")) == (240, 270)
    assert paper.options_for("hinton") == {"T": 4.0, "alpha": 0.9}
    assert paper.options_for("boundaries") == {"margin": 1.0, "beta": 3 / 1000, "boundary_epochs": 30}
    assert paper.options_for("fsp", epochs=27) == {"pool": "max", "flow_epochs": 3}
    assert paper.options_for("fsp", epochs=2) == {"pool": "max", "flow_epochs": 1}


@pytest.mark.parametrize("name", kd.papers.METHODS)
def test_the_paper_preset_knows_every_method(name):
    paper = kd.preset("paper")
    assert set(paper.options) <= set(kd.papers.METHODS)
    student, teacher = (kd.nets.build(net, classes=10, channels=1) for net in ("resnet8x0.25", "resnet8"))
    distiller = kd.papers.method(name)(student, teacher, **paper.options_for(name))
    phases = distiller.phases(paper.epochs_for(name))
    assert phases[-1].epochs == 240 and sum(phase.epochs for phase in phases) == paper.epochs_for(name)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_paper_preset_knows_every_pair(pair):
    paper = kd.preset("paper", pair)
    teacher, student = PAIRS[pair]
    assert f"{teacher}-{student}" == pair and paper.teacher_name in PLANS
    assert paper.recipe.lr == (0.01 if student in ("mobilenetv2", "shufflenetv1") else 0.05)
    with torch.device("meta"):
        net = paper.student()
    assert net.name == student and net.num_classes == 100
    assert net.config["stem_stride"] == (2 if student == "mobilenetv2" else 1)


def test_spot_adaptive_distillation_has_the_settings_of_its_authors():
    paper, cross = kd.preset("paper"), kd.preset("paper", "resnet32x4-resnet32")
    assert set(paper.hosts) <= set(kd.papers.METHODS) >= set(paper.gammas)
    assert paper.spots_for("attention") == {"alpha": 1.0, "T": 4.0, "gamma": 2.0}
    assert paper.spots_for("similarity") == {"alpha": 1.0, "T": 4.0, "gamma": 1.0}
    assert cross.spots_for("relational") == {"alpha": 1.0, "T": 4.0, "gamma": 2.0, "head_start": 0.0}
    assert kd.preset("minute").spots_for("attention") == {}
    changed = {name for name, own in paper.hosts.items() if not own.items() <= paper.options[name].items()}
    assert changed == {"hint", "hinton"}, "the other weights are the zoo's"


@pytest.fixture
def paper_on_digits(monkeypatch):
    """The preset "paper" where neither CIFAR-100 nor a teacher for it is needed."""
    monkeypatch.setattr("kdtutor.cli.distil.find_teacher", lambda name: kd.preset("minute").teacher())
    return {"preset": "paper", "data": "digits", "student": "resnet8x0.25"}


def test_spots_are_chosen_around_any_method(paper_on_digits):
    plain = prepare(Job("hint", **paper_on_digits))
    setup = prepare(Job("hint", **paper_on_digits, spots="adaptive"))
    assert isinstance(setup.distiller, SpotAdaptive) and setup.distiller.strategy == "adaptive"
    assert (plain.distiller.weights()["hint"], setup.distiller.weights()["hint"]) == (100.0, 1.0)
    assert setup.distiller.gamma == 1.0
    assert prepare(Job("attention", **paper_on_digits, spots="random")).distiller.gamma == 2.0
    first = prepare(Job("hint", spots="always")).distiller.student
    alone = prepare(Job("alone")).distiller.student
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), alone.parameters(), strict=True))


def test_of_a_methods_own_phases_only_a_preparation_counts_on_top(paper_on_digits):
    epochs = {name: prepare(Job(name, **paper_on_digits, spots="always")).epochs for name in ("hint", "fsp", "factor")}
    assert epochs == {"hint": 240, "fsp": 240, "factor": 270}
    assert prepare(Job("fsp", **paper_on_digits)).epochs == 270
    assert prepare(Job("fsp", spots="always", epochs=5)).epochs == 5


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_run_with_spots_leaves_a_report(strategy):
    report = distil(Job("attention", epochs=2, spots=strategy), progress=False)
    folder = Path(f"runs/attention-{strategy}_spots-minute-2epochs-seed0")
    assert {path.name for path in folder.iterdir()} == FILES and report.summary()["spots"] == strategy
    text = (folder / "report.md").read_text()
    assert text.startswith(f"# attention, {strategy} spots, preset minute, seed 0\n")
    assert f"kdtutor distil attention --epochs 2 --spots {strategy}\n" in text
    routed = strategy in ("adaptive", "anti")
    assert ("routing" in report.history.terms) == routed and ("rate_logits" in report.history.terms) == routed
    assert ("kd" in report.history.terms) == (strategy != "never")


def test_a_choice_of_spots_that_cannot_be_made():
    with pytest.raises(kd.UnknownName, match=r"'adaptiv' is not a known choice of spots\. Did you mean 'adaptive'"):
        prepare(Job("fsp", spots="adaptiv"))
    with pytest.raises(kd.ConfigError, match="the student alone has no spots to choose from: leave --spots out"):
        prepare(Job("alone", spots="always"))


def test_spots_are_compared_with_the_student_alone():
    comparison = compare(["attention"], [0], Job("", epochs=2, spots="adaptive"), progress=False)
    folders = {str(report.job.folder) for report in comparison.reports}
    assert folders == {"runs/alone-minute-2epochs-seed0", "runs/attention-adaptive_spots-minute-2epochs-seed0"}
    assert "Weights of the last epoch, adaptive spots; differences" in comparison.table()


@pytest.fixture
def report() -> Report:
    return distil(Job("fsp", epochs=3), progress=False)


def test_a_run_leaves_a_report(report, few):
    folder = Path("runs/fsp-minute-3epochs-seed0")
    assert {path.name for path in folder.iterdir()} == FILES
    config = json.loads((folder / "config.json").read_text())
    assert config["command"] == "kdtutor distil fsp --epochs 3" and config["seed"] == 0
    assert config["phases"] == [["match the flow", 1], ["learn the task", 2]]
    assert History.load(folder / "history.json").rows == report.history.rows
    assert len(pd.read_csv(folder / "history.csv")) == len(report.history.rows)
    text = (folder / "report.md").read_text()
    assert report.table() in text and "![Curves over the epochs" in text and "digits-resnet14 (98.90 %)" in text
    student = kd.nets.build(**config["student"])
    student.load_state_dict(load_file(folder / "last.safetensors"))
    assert evaluate(student, few.test, few).accuracy == report.test_accuracy


def test_the_table_has_the_terms_of_each_phase_and_test_accuracy_last(report):
    lines = report.table().splitlines()
    assert lines[0].split() == ["phase", "epoch", "fsp", "task", "loss", "train", "accuracy", "validation", "accuracy"]
    assert lines[1].startswith("match the flow") and any(line.startswith("learn the task") for line in lines[2:])
    flow = lines[1].removeprefix("match the flow").split()
    assert "-" in flow and f"{report.history.curve('fsp')[1][0]:.4f}" in flow
    assert ", last" in report.table() and "best" in report.table()
    assert lines[-1].startswith(
        f"test accuracy {100 * report.test_accuracy:.2f} %: weights of the last epoch, 50 images"
    )


def test_the_summary_is_for_machines(report):
    summary = json.loads(json.dumps(report.summary()))
    assert summary["test_accuracy"] == report.test_accuracy and summary["teacher"]["name"] == "digits-resnet14"
    assert summary["best"] == {"epoch": report.best_epoch, "val_accuracy": report.history.best("val_accuracy")}
    assert summary["student"] == {"name": "resnet8x0.25", "parameters": 5142}


def rows(*accuracies: float, term: str) -> History:
    history = History({"phases": [["alone", len(accuracies)]]})
    for epoch, value in enumerate(accuracies, 1):
        history.add("alone", epoch, loss=1.0, **{term: value})
    return history


def test_the_best_epoch_is_named_beside_the_last():
    history = rows(0.5, 0.9, 0.9, 0.7, term="val_accuracy")
    history.add("alone", 4, test_accuracy=0.6)
    table = Report(Job("alone"), history, None, 10, 1000, 1.0).table()
    assert [line.split()[1:3] for line in table.splitlines()[1:3]] == [["2,", "best"], ["4,", "last"]]
    assert "test accuracy 60.00 %: weights of the last epoch" in table


def test_without_a_validation_split_the_best_epoch_is_not_a_result():
    report = Report(Job("alone"), rows(0.5, 0.9, 0.7, term="test_accuracy"), None, 10, 10_000, 1.0)
    assert report.test_accuracy == 0.7 and report.best_epoch == 2
    assert "so do not report it" in report.table()


def test_the_same_job_is_not_trained_twice_and_another_is_refused(report, monkeypatch):
    again = distil(Job("fsp", epochs=3), progress=False)
    assert again.history.rows == report.history.rows
    with pytest.raises(kd.ConfigError, match="holds another run: its seed is 0, this run's is 1"):
        distil(Job("fsp", epochs=3, seed=1, out=str(report.job.folder)), progress=False)


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    mine = tmp_path / "mine" / "config.json"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(kd.ConfigError, match="holds other files and no run"):
        distil(Job("alone", out=str(mine.parent)), progress=False)
    with pytest.raises(kd.ConfigError, match="is a file"):
        distil(Job("alone", out=str(mine)), progress=False)
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("left", [".lock", ".checkpoint.pt.part", "..checkpoint.pt.part.7.part"])
def test_what_a_killed_run_left_behind_blocks_nothing(tmp_path, left):
    folder = tmp_path / "killed"
    folder.mkdir()
    (folder / left).write_text("half of a fi")
    distil(Job("alone", epochs=1, out=str(folder)), progress=False)
    assert {path.name for path in folder.iterdir()} == FILES


def test_a_run_keeps_its_hands_off_files_with_the_names_of_its_own(tmp_path, few):
    mine = tmp_path / "mine" / "best.safetensors"
    mine.parent.mkdir()
    mine.write_text("mine")
    setup = prepare(Job("alone"))
    with pytest.raises(kd.ConfigError, match="holds other files and no run"):
        kd.fit(setup.distiller, few, 1, recipe=setup.recipe, progress=False, device="cpu", out=mine.parent)
    assert mine.read_text() == "mine"


def saved_teacher(folder: str, seed: int, **card: object) -> str:
    kd.seed_everything(seed)
    net = kd.nets.build("resnet8x0.25", classes=10, channels=1, stem_stride=2)
    told = {"data": "digits", "recipe": {}, "seed": seed, "accuracy": 0.1, "correct": 1, "total": 10, "command": "none"}
    return str(kd.nets.save_teacher(net, "teacher", {**told, **card}, folder=folder).relative_to(Path.cwd()))


def test_two_teachers_of_the_same_file_name_do_not_share_a_run(tmp_path):
    one, other = saved_teacher(tmp_path / "A", 1), saved_teacher(tmp_path / "B", 2)
    jobs = [Job("hinton", teacher=path, epochs=1) for path in (one, other)]
    assert jobs[0].folder == jobs[1].folder
    reports = [distil(job, progress=False) for job in jobs]
    first, second = (report.job.folder for report in reports)
    assert str(first) == "runs/hinton-minute-teacher-1epochs-seed0" and second.name.startswith(f"{first.name}-teacher")
    assert one in (first / "report.md").read_text() and other not in (first / "report.md").read_text()
    assert other in (second / "report.md").read_text()
    assert reports[0].history.last("kd") != reports[1].history.last("kd")
    for job, report in zip(jobs, reports, strict=True):  # each finds its own again
        assert distil(job, progress=False).history.rows == report.history.rows
    with pytest.raises(kd.ConfigError, match="holds another run: its teacher's weights differ"):
        distil(replace(jobs[1], out=str(first)), progress=False)


def test_a_teacher_of_other_data_is_refused_unless_it_is_allowed(tmp_path):
    path = saved_teacher(tmp_path, 1, data="fashion-mnist")
    for job in (Job("hinton", teacher=path), Job("", teacher=path)):
        run = compare if not job.method else distil
        arguments = (["hinton"], [0], job) if not job.method else (job,)
        with pytest.raises(kd.ConfigError, match=r"teacher\.safetensors was trained on fashion-mnist .*other-data"):
            run(*arguments, progress=False)
    assert not Path("runs").exists(), "it is said before the first run"
    allowed = Job("hinton", teacher=path, teacher_of_other_data=True)
    assert prepare(allowed).distiller.teacher.card["data"] == "fashion-mnist"
    assert allowed.command.endswith("--teacher-of-other-data")
    prepare(Job("alone", teacher=path))


@pytest.mark.parametrize("data", ["digits-16", "digits-32"])
def test_the_same_data_in_another_size_may_have_the_presets_teacher(data):
    assert prepare(Job("hinton", data=data)).distiller.teacher.card["data"] == "digits"


def test_the_presets_teacher_is_not_that_of_other_data():
    with pytest.raises(kd.ConfigError, match=r"digits-resnet14 was trained on digits .*not on moons"):
        prepare(Job("hinton", data="moons", student="mlp"))


def test_methods_are_compared_with_the_student_alone(monkeypatch):
    comparison = compare(["hinton"], [0, 1], Job("", epochs=2, out="here"), progress=False)
    assert sorted(path.name for path in Path("here").iterdir()) == [
        "alone-minute-2epochs-seed0", "alone-minute-2epochs-seed1",
        "hinton-minute-2epochs-seed0", "hinton-minute-2epochs-seed1",
    ]  # fmt: skip
    frame = comparison.frame().pivot_table(index="seed", columns="method", values="test_accuracy")
    mean = (frame["hinton"] - frame["alone"]).mean()
    (row,) = comparison.summary()["differences"]
    assert row["mean"] == pytest.approx(mean) and row["n"] == 2
    assert f"{100 * mean:+.2f} ± {100 * row['se']:.2f}" in comparison.table()
    assert "paired over seeds 0, 1" in comparison.table()
    monkeypatch.setattr("kdtutor.train.loop._Run._step", lambda *_: pytest.fail("trained again"))
    assert compare(["hinton"], [0, 1], Job("", epochs=2, out="here"), progress=False).table() == comparison.table()


def test_one_seed_has_no_standard_error():
    history = rows(0.5, term="test_accuracy")
    runs = tuple(Report(Job(method), history, None, 10, 50, 1.0) for method in ("alone", "fsp"))
    assert "+0.00" in Comparison(runs).table() and "no standard error" in Comparison(runs).table()
    assert "±" not in Comparison(runs).table()


def test_columns_are_aligned():
    assert plain_table(["a", "b"], [["x", "1"], ["long", "22"]]) == "a      b\nx      1\nlong  22"


@pytest.mark.parametrize("batches", ["adversarial", "data-free"])
def test_any_method_learns_from_a_generator(batches, few):
    job = Job("attention", batches=batches, epochs=1)
    folder = f"runs/attention-{batches.replace('-', '_')}_batches-minute-1epochs-seed0"
    assert str(job.folder) == folder and job.command == f"kdtutor distil attention --epochs 1 --batches {batches}"
    setup = prepare(job)
    assert isinstance(setup.distiller, BATCHES[batches]) and setup.distiller.generator.shape == (1, 28, 28)
    on_data = prepare(Job("attention")).distiller.student
    assert all(
        torch.equal(a, b) for a, b in zip(on_data.parameters(), setup.distiller.student.parameters(), strict=True)
    )


def test_spots_and_batches_compose():
    setup = prepare(Job("attention", spots="adaptive", batches="data-free"))
    assert isinstance(setup.distiller.inner, SpotAdaptive) and isinstance(setup.distiller.inner.inner, Attention)


@pytest.mark.parametrize(
    ("job", "error", "says"),
    [
        (Job("alone", batches="data-free"), kd.ConfigError, "the student alone learns from labels"),
        (Job("hinton", batches="datafree"), kd.UnknownName, "'datafree' is not a known source of batches"),
        (Job("contrastive", batches="adversarial"), kd.ConfigError, "rows in a training split; generated images have"),
    ],
)
def test_batches_that_cannot_be(job, error, says):
    with pytest.raises(error, match=says):
        prepare(job)
