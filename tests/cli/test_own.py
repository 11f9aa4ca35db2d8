"""One's own images from the command line: a teacher, its student, weights that are there, and what is refused."""

import json
import shutil
from dataclasses import replace
from errno import ENOSPC
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import kdtutor as kd
from kdtutor.data.example import write_flowers
from kdtutor.jobs import cards
from kdtutor.jobs.job import Job, Teaching, label
from kdtutor.jobs.looking import stages_found
from kdtutor.jobs.setup import prepare

from .calls import call

FOR_LABELS = [label(name) for name in kd.papers.admitting("multi-label")]
ROLES = {"teacher": Teaching, "student": partial(Job, "alone")}.items()
SMALL = ["--epochs", "1", "--size", "16", "--batch-size", "15", "--no-progress"]
KINDS = ["clematis", "daisy", "lily", "primrose", "rose"]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with flowers and a teacher of them, which no test changes."""
    place = tmp_path_factory.mktemp("own")
    write_flowers(place / "flowers", images=45, size=32)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        taught = call("teach", "--data", "flowers", "--arch", "resnet8x0.25", "--out", "teacher", *SMALL)
    assert taught.exit_code == 0, taught.output
    return place


@pytest.fixture(autouse=True)
def here(place, tmp_path, monkeypatch) -> Path:
    """A folder of a test's own in which both lie."""
    (tmp_path / "flowers").symlink_to(place / "flowers")
    shutil.copytree(place / "teacher", tmp_path / "teacher")
    (tmp_path / "mine.csv").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def card_of(folder: str) -> dict:
    return json.loads(Path(folder, "last.json").read_text())


def test_a_teacher_is_a_folder_whose_card_tells_what_it_needs_and_what_it_can():
    card, net = card_of("teacher"), kd.nets.teacher("teacher")
    data = kd.data.load("flowers", size=16)
    assert (card["name"], card["data"], card["task"]) == ("teacher", "flowers", "classification")
    assert card["classes"] == KINDS == list(data.classes)
    assert (card["size"], card["channels"]) == ([16, 16], 3) == (list(data.size), data.channels)
    assert (tuple(card["mean"]), tuple(card["std"])) == (data.mean, data.std)
    answers = kd.evaluate(net, data.test, data)
    assert (card["accuracy"], card["correct"], card["total"]) == (answers.accuracy, answers.correct, len(data.test))
    assert card["parameters"] == kd.nets.count_parameters(net)
    asked = "kdtutor teach --out teacher --batch-size 15 --data flowers --arch resnet8x0.25"
    assert card["command"].startswith(asked)


def test_the_command_on_a_card_asks_for_the_same_run():
    words = card_of("teacher")["command"].split()[1:]
    before, card = Path("teacher/checkpoint.pt").stat().st_mtime_ns, card_of("teacher")
    again = call(*words, "--no-progress", "--json")
    assert again.exit_code == 0 and json.loads(again.stdout)["test_accuracy"] == card_of("teacher")["accuracy"]
    assert "finished already, nothing was trained: the report is teacher/report.md" in again.stderr
    assert Path("teacher/checkpoint.pt").stat().st_mtime_ns == before and card_of("teacher") == card


def test_a_student_of_ones_own_has_the_size_of_its_teacher_and_teaches_in_turn():
    made = call("distil", "KD", "--data", "flowers", "--teacher", "teacher", "--student", "resnet8x0.25", "--out",
                "student", "--epochs", "1", "--batch-size", "15", "--no-progress")  # fmt: skip
    assert made.exit_code == 0, made.output
    card = card_of("student")
    assert card["size"] == [16, 16] and card["method"] == "hinton" and card["teacher"]["name"] == "teacher"
    setup = prepare(Job("KD", data="flowers", teacher="student"))
    assert setup.data.size == (16, 16) and setup.distiller.teacher.card["sha256"] == card["sha256"]
    assert setup.distiller.student.name == "torchvision.mobilenet_v3_small" and setup.epochs == 30
    assert str(setup.job.folder) == "runs/hinton-own-flowers-student-seed0"
    assert setup.job.command == "kdtutor distil hinton --data flowers --teacher student"


def test_methods_are_compared_on_ones_own_images():
    made = call("compare", "KD", "--seeds", "0", "--data", "flowers", "--teacher", "teacher", "--student",
                "resnet8x0.25", "--workers", "1", "--json", "--epochs", "1", "--batch-size", "15")  # fmt: skip
    assert made.exit_code == 0, made.output
    runs = json.loads(made.stdout)["runs"]
    assert [run["method"] for run in runs] == ["alone", "hinton"]
    assert {tuple(card_of(run["folder"])["size"]) for run in runs} == {(16, 16)}


def test_a_teacher_that_knows_the_classes_in_another_order_is_put_in_order():
    order = KINDS[::-1]
    card("reversed", "--classes", ",".join(order), "--size", "16")
    setup = prepare(Job("KD", data="flowers", teacher="reversed"))
    images = setup.data.normalise(setup.data.test.images[:3])
    plain = kd.nets.teacher("teacher")
    torch.testing.assert_close(setup.distiller.teacher(images), plain(images).flip(1))
    assert torch.equal(setup.distiller.teacher.trace(images).embedding, plain.trace(images).embedding)


def card(out: str, *options: str) -> str:
    made = call("card", "teacher/last.safetensors", "--arch", "resnet8x0.25", "--out", out, *options)
    assert made.exit_code == 0, made.output
    return made.output


def test_a_card_of_given_weights_is_measured_on_the_data():
    assert "; for images of 16 × 16 pixels" in card("given", "--data", "flowers", "--size", "16")
    told, here = card_of("given"), card_of("teacher")
    same = ("accuracy", "correct", "total", "classes", "size", "mean", "parameters", "sha256", "config")
    assert {key: told[key] for key in same} == {key: here[key] for key in same}
    card("other", "--data", "flowers", "--size", "16", "--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5")
    assert prepare(Job("KD", data="flowers", teacher="other")).data.mean == (0.5, 0.5, 0.5)


def test_a_net_begins_with_weights_and_draws_a_classifier_of_other_classes_anew():
    start = load_file("teacher/last.safetensors")
    asked = {"data": "flowers", "student": "resnet8x0.25", "size": 16, "weights": "teacher/last.safetensors"}
    net = prepare(Teaching(**asked)).distiller.student
    assert all(torch.equal(value, start[name]) for name, value in net.state_dict().items())
    for kind in KINDS[:3]:
        shutil.copytree(Path("flowers/train", kind), Path("three", kind))
    with pytest.warns(UserWarning, match=r"classifies other classes: classifier\.bias, classifier\.weight .* anew"):
        net = prepare(Teaching(**{**asked, "data": "three"})).distiller.student
    kept = {name: value for name, value in net.state_dict().items() if not name.startswith("classifier.")}
    assert net.num_classes == 3 and all(torch.equal(value, start[name]) for name, value in kept.items())


def test_runs_from_before_there_were_cards_are_models():
    accuracy = card_of("teacher")["accuracy"]
    Path("teacher/last.json").unlink()
    net = kd.nets.teacher("teacher")
    assert net.card["accuracy"] == accuracy and net.card["data"] == "flowers"
    with pytest.warns(UserWarning, match="does not name its classes: its outputs are taken for clematis, daisy, lily"):
        prepare(Job("KD", data="flowers", teacher="teacher", size=16))


def test_a_net_that_a_function_makes_is_taught_and_teaches_where_it_is_named():
    Path("mine.py").write_text(
        "from torch import nn\ndef net(num_classes):\n"
        "    return nn.Sequential(nn.Conv2d(3, 4, 3, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), "
        "nn.Linear(16, num_classes))\n"
    )
    made = call("teach", "--data", "flowers", "--arch", "mine.py:net", "--out", "mine", *SMALL)
    assert made.exit_code == 0, made.output
    asked = ["distil", "KD", "--data", "flowers", "--teacher", "mine", "--student", "mine.py:net", *SMALL]
    refused = call(*asked)
    assert refused.exit_code == 2 and "which could be any code" in refused.stderr and "--factory" in refused.stderr
    assert call(*asked, "--factory", "mine.py:net").exit_code == 0


BAD = {
    "no net": (["teach", "--data", "flowers"], "--data flowers: name a net for them with --arch"),
    "no data": (["teach", "--arch", "resnet20"], "--arch resnet20: name its images with --data"),
    "nothing": (["teach"], "name a teacher that is planned"),
    "both": (["teach", "digits-lenet5", "--data", "flowers"], "digits-lenet5 is trained as it is planned"),
    "an unknown net": (["teach", "--data", "flowers", "--arch", "resnet19"], "Did you mean 'torchvision.resnet18'"),
    "two nets": (["teach", "--data", "flowers", "--arch", "vgg11"], "'vgg11' is the name of two nets; say kdt"),
    "an unknown net for masks": (
        ["teach", "--data", "flowers/masks.csv", "--arch", "fcn_resnet50"], "Masks want a net that answers for each",
    ),
    "a net of images for masks": (
        ["teach", "--data", "flowers/masks.csv", "--arch", "resnet8"],
        "resnet8 answers for whole images, and masks is a set for dense: masks want a net that answers for each pixel",
    ),
    "absent data": (["teach", "--data", "flowrs", "--arch", "resnet8"], "did you mean 'flowers'?"),
    "no epoch": (["teach", "--data", "flowers", "--arch", "resnet8", "--epochs", "0"], "epochs=0: at least one epoch"),
    "a file": (["teach", "--data", "flowers", "--arch", "resnet8", "--out", "flowers/tags.csv"], "tags.csv is a file"),
    "another run": (
        ["teach", "--data", "flowers", "--arch", "resnet8", "--out", "teacher"], "teacher holds another run: its",
    ),
    "other files": (["teach", "--data", "flowers", "--arch", "resnet8", "--out", "flowers"], "flowers holds other"),
    "absent weights": (
        ["teach", "--data", "flowers", "--arch", "resnet8", "--weights", "no.pt"], "there is no file of weights no.pt",
    ),
    "weights of another net": (
        ["teach", "--data", "flowers", "--arch", "resnet8", "--weights", "teacher/last.safetensors"],
        "teacher/last.safetensors holds weights of another architecture than resnet8",
    ),
    "a folder below a file": (
        ["teach", "--data", "flowers", "--arch", "resnet8", "--out", "flowers/tags.csv/new"], "cannot be written (",
    ),
    "a card below a file": (
        ["card", "teacher/last.safetensors", "--arch", "resnet8x0.25", "--data", "flowers", "--out", "mine.csv/c"],
        "cannot be written (",
    ),
    "no teacher": (["distil", "KD", "--data", "flowers"], "hinton (KD) needs a teacher: name the folder of one with"),
    "an absent teacher": (
        ["distil", "KD", "--data", "flowers", "--teacher", "teachr"], "'teachr' is not a known teacher",
    ),
    "an absent folder": (["distil", "KD", "--data", "flowers", "--teacher", "a/b"], "there is no a/b: name a folder"),
    "no model": (["distil", "KD", "--data", "flowers", "--teacher", "flowers"], "flowers holds no model"),
    "a teacher of digits": (
        ["distil", "KD", "--data", "flowers", "--teacher", "digits-resnet14"],
        "digits-resnet14 tells 10 classes apart, flowers has 5, and its card does not name them",
    ),
    "a preset without data": (["distil", "KD", "--preset", "own"], "the preset own is for images of your own"),
    "a root": (
        ["distil", "alone", "--data", "flowers", "--root", "."], "flowers is a path by itself; leave root out",
    ),
    "a card without a net": (["card", "teacher/last.safetensors"], "name it with --arch"),
    "a card without classes": (
        ["card", "teacher/last.safetensors", "--arch", "resnet8", "--out", "c"], "name the classes in the order of",
    ),
    "a card without weights": (["card", "--arch", "resnet8", "--classes", "a,b"], "name the file of the weights"),
    "a card of a model": (
        ["card", "teacher/last.safetensors", "--arch", "resnet8", "--classes", "a,b"], "teacher holds a model already",
    ),
    "twice a class": (
        ["card", "teacher/last.safetensors", "--arch", "resnet8", "--out", "c", "--classes", "a,a"], "names, each once",
    ),
    "a card in a file": (
        ["card", "no.pt", "--arch", "resnet8", "--out", "mine.csv", "--data", "flowers"], "mine.csv is a file; name",
    ),
    "no size": (
        ["card", "teacher/last.safetensors", "--arch", "resnet8", "--out", "c", "--classes", "a,b"],
        "without --data nothing tells how large the images are",
    ),
    "words for means": (
        ["card", "teacher/last.safetensors", "--arch", "resnet8", "--out", "c", "--data", "flowers", "--mean", "grey"],
        "--mean 'grey': expected a number for each channel",
    ),
    "a card for more classes": (
        ["card", "teacher/last.safetensors", "--arch", "resnet8x0.25", "--out", "c", "--classes", "a,b", "--size", "9"],
        "name as many classes as it has (--classes",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "says"), BAD.values(), ids=BAD)
def test_what_cannot_be_is_refused_in_a_sentence(arguments, says):
    before = sorted(path for path in Path().rglob("*") if path.is_file())
    refused = call(*arguments)
    told = refused.stderr.strip().splitlines()
    assert refused.exit_code in (1, 2) and says in told[-1], refused.output
    assert told[-1].startswith("kdtutor: ")
    assert sorted(path for path in Path().rglob("*") if path.is_file()) == before


def test_a_full_disk_is_told_and_nothing_is_lost(monkeypatch):
    def full(*_):
        raise OSError(ENOSPC, "No space left on device")

    before = card_of("teacher")
    monkeypatch.setattr("kdtutor.files._flush", full)
    asked = ["--data", "flowers", "--arch", "resnet8x0.25"]
    for command in (
        ["teach", *asked, *SMALL, "--out", "new"],
        ["card", "teacher/last.safetensors", *asked, "--out", "c"],
    ):
        refused = call(*command)
        assert refused.exit_code == 1 and "cannot be written (No space left on device); make room" in refused.stderr
    assert not Path("new/last.json").exists() and not Path("c/last.json").exists() and card_of("teacher") == before


def test_a_teacher_of_other_classes_is_refused_by_their_names():
    card("pets", "--classes", "cat,daisy,lily,primrose,rose", "--size", "16")
    asked = Job("KD", data="flowers", teacher="pets")
    with pytest.raises(kd.ConfigError, match="pets does not know clematis of flowers and knows cat, which"):
        prepare(asked)


TAGGED = Job("KD", data="flowers/tags.csv", teacher="tagged")


@pytest.mark.parametrize(
    ("job", "admits", "advice"),
    [
        (TAGGED, "hinton (KD) admits classification and dense", f"take one of {', '.join(FOR_LABELS)}"),
        (replace(TAGGED, method="MLD", spots="random"), "--spots random admits classification", "leave it out"),
        (
            replace(TAGGED, method="MLD", data_free="dfad"),
            "--data-free adversarial admits classification",
            "leave it out",
        ),
    ],
)
def test_what_does_not_admit_a_task_says_what_does(job, admits, advice):
    data = kd.data.load("flowers/tags.csv", size=16)
    net = kd.nets.build("resnet8x0.25", classes=data.num_classes)
    kd.nets.save_model(net, "tagged", {**card_of("teacher"), **cards.of_data(data)})
    with pytest.raises(kd.ConfigError) as caught:
        prepare(job)
    assert str(caught.value) == f"{admits}; tags is a set for multi-label: {advice}"


def test_the_stages_of_a_net_are_told_by_its_role():
    taught = {role: prepare(kind(data="flowers", student="torchvision.resnet18", size=32)) for role, kind in ROLES}
    assert [stages_found(setup).partition(" ")[0] for setup in taught.values()] == list(taught)


def test_a_teacher_for_another_task_is_refused():
    card("numbers", "--classes", ",".join(KINDS), "--size", "16", "--task", "multi-label")
    with pytest.raises(
        kd.ConfigError, match="numbers was trained for multi-label; flowers is a set for classification"
    ):
        prepare(Job("KD", data="flowers", teacher="numbers"))


def test_a_teacher_whose_run_has_not_ended_is_none_yet():
    Path("teacher/last.safetensors").unlink()
    with pytest.raises(kd.DataError, match="the run in teacher has not ended"):
        prepare(Job("KD", data="flowers", teacher="teacher"))
