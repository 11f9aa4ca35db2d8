"""The preset "imagenet" on a small folder in the layout of ILSVRC: every step from files to a report."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import models
from typer.testing import CliRunner

import kdtutor as kd
from kdtutor.cli.app import app
from kdtutor.cli.groups import grouped
from kdtutor.data.image_folder import FileSplit
from kdtutor.data.pixels import read, square
from kdtutor.jobs.job import Job
from kdtutor.settings import TEACHER_PLANS, fitted, imagenet, own, preset, zoo
from kdtutor.settings.teachers import take_teacher, train_teacher
from kdtutor.train.identity import identity

CLASSES = ("n01440764", "n01443537", "n01484850", "n01491361")
SIZE = 32


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """32 images for training and 8 for validation, wide and high ones; runs/ in a folder of its own."""
    numbers = np.random.default_rng(0)
    for part, count in (("train", 8), ("val", 2)):
        for k, name in enumerate(CLASSES):
            place = tmp_path / "ilsvrc" / part / name
            place.mkdir(parents=True)
            for i in range(count):
                shape = (50, 70, 3) if i % 2 else (64, 48, 3)
                Image.fromarray((numbers.integers(0, 128, shape) + 40 * k).astype(np.uint8)).save(place / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ilsvrc"


def call(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


def weights(folder: Path, classes: int = len(CLASSES)) -> Path:
    torch.manual_seed(0)
    path = folder / "resnet34.pth"
    torch.save(models.resnet34(num_classes=classes).state_dict(), path)
    return path


def test_images_are_as_the_custom_has_them(folder):
    data = kd.data.load("imagenet", folder, size=28)
    assert (data.name, data.classes, data.val, len(data.train), len(data.test)) == ("imagenet", CLASSES, None, 32, 8)
    picture = read(folder / "val" / CLASSES[0] / "1.png")  # 70 × 50: its middle 50 as 32 pixels, of those the middle 28
    torch.testing.assert_close(data.test.images[1].float(), square(picture, 32)[:, 2:30, 2:30].float(), atol=1, rtol=0)
    assert torch.equal(data.train.images[0], square(read(folder / "train" / CLASSES[0] / "0.png"), 42))
    assert kd.data.load("imagenet", folder).size == (224, 224)


def test_a_folder_that_streams_gives_the_same_batches(folder):
    held, streamed = (kd.data.imagenet(folder, 28, in_memory=n) for n in (10**9, 0))
    assert isinstance(streamed.train, FileSplit) and isinstance(streamed.test, FileSplit)
    batches = [next(kd.data.Batches(d.train, d, 8, kd.data.ResizedCrop(28)).epoch(0, 0)) for d in (held, streamed)]
    assert torch.equal(batches[0].images, batches[1].images) and batches[0].images.shape == (8, 3, 28, 28)
    whole = replace(streamed.test, files=replace(streamed.test.files, middle=1.0))
    method = kd.Alone(kd.nets.build("resnet8x0.25", classes=4))
    runs = [identity(method, replace(streamed, test=test), (), None, None) for test in (streamed.test, whole)]
    assert {key for key in runs[0] if runs[0][key] != runs[1][key]} == {"test split"}, "another cut is another run"
    assert torch.equal(held.test[[0, 5]].images, next(iter(streamed.test[[0, 5]].chunks([torch.arange(2)]))))


@pytest.mark.slow
def test_from_published_weights_to_a_report(folder):
    """The path as a reader walks it: published weights, then a distillation in bfloat16, which a CPU has, too. The
    student is a narrow one: most of the time would go by writing a whole one."""
    file = weights(folder)
    told = call("teach", "imagenet-resnet34", "--root", folder, "--size", SIZE, "--weights", file)
    assert "imagenet-resnet34: test accuracy" in told
    card = preset("imagenet").teacher().card
    assert card["config"] == {"name": "imagenet_resnet34", "classes": 4, "channels": 3, "stem_stride": 2}
    assert card["command"] == f"kdtutor teach imagenet-resnet34 --weights {file.name} --size {SIZE}"
    asked = ["distil", "hinton", "--preset", "imagenet", "--root", folder, "--size", SIZE, "--epochs", 1]
    asked += ["--student", "imagenet_resnet18x0.125"]
    told = call(*asked, "--precision", "bf16", "--device", "cpu", "--no-progress")
    run = Path(f"runs/hinton-imagenet-imagenet_resnet18x0.125-{SIZE}px-1epochs-seed0")
    assert f"report: {run / 'report.md'}" in told
    config = json.loads((run / "config.json").read_text())
    assert config["recipe"]["augment"]["size"] == SIZE and config["precision"] == "bf16"
    assert config["student"]["classes"] == config["teacher"]["classes"] == len(CLASSES)
    assert config["options"]["T"] == 1.0 and config["options"]["alpha"] == 0.5 and config["steps_per_epoch"] == 1


def test_a_teacher_is_trained_on_the_classes_of_the_folder(folder, monkeypatch, tmp_path):
    plan = TEACHER_PLANS["imagenet-resnet34"]
    small = replace(plan, net={**plan.net, "name": "imagenet_resnet18x0.125"}, epochs=1)
    monkeypatch.setitem(TEACHER_PLANS, "small", small)
    net = train_teacher("small", tmp_path, str(folder), "cpu", False, SIZE, "bf16")
    assert net.num_classes == len(CLASSES) and net.card["recipe"]["augment"]["size"] == SIZE
    assert (
        net.card["data"] == "imagenet" and net.card["command"] == f"kdtutor teach small --size {SIZE} --precision bf16"
    )


def test_the_preset_is_the_published_recipe():
    chosen, plan = preset("imagenet"), TEACHER_PLANS["imagenet-resnet34"]
    assert (chosen.teacher_name, chosen.epochs) == ("imagenet-resnet34", plan.epochs) == ("imagenet-resnet34", 100)
    recipe = chosen.recipe
    assert (recipe.lr, recipe.batch_size, recipe.weight_decay, recipe.nesterov) == (0.1, 256, 1e-4, False)
    rates = [recipe.rate(epoch / 100) for epoch in (0, 29, 30, 59, 60, 89, 90, 99)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001, 1e-4, 1e-4])
    assert recipe.augment == kd.data.ResizedCrop(224) and plan.recipe == recipe
    assert chosen.options_for("KD") == {"T": 1.0, "alpha": 0.5} and chosen.epochs_for("KD") == 100
    assert chosen.epochs_for("FSP") == 100 + round(100 * zoo.EXTRA_EPOCHS["fsp"]["flow_epochs"] / zoo.EPOCHS)
    with torch.device("meta"):
        student, teacher = chosen.student(), kd.nets.build(**plan.net, classes=1000)
    assert [kd.nets.count_parameters(net) for net in (student, teacher)] == [11_689_512, 21_797_672]  # torchvision's
    assert imagenet.published("alone") < imagenet.published("AT") < imagenet.published("KD")


def test_a_recipe_is_fitted_to_the_images_that_are_measured(folder):
    small, points = kd.data.load("imagenet", folder, size=28), kd.data.load("moons")
    assert fitted(imagenet.RECIPE, small).augment == kd.data.ResizedCrop(28)
    assert fitted(imagenet.RECIPE, points).augment is None
    assert fitted(zoo.RECIPE, small) == zoo.RECIPE


def test_numbers_are_learnt_from_images_that_keep_their_scale_and_with_gradients_that_are_cut():
    images, sizes = torch.zeros(3, 3, 32, 32, dtype=torch.uint8), torch.tensor([1.0, 2.0, 4.0])
    split = kd.data.Split(images, sizes, task=kd.data.Regression.of(sizes))
    data = kd.data.Data("sizes", split, None, split, ("cm",), (0.0,) * 3, (1.0,) * 3)
    recipe = replace(own.RECIPE, augment=kd.data.Augment(2, flip=True), clip_norm=1.0)
    assert fitted(own.RECIPE, data) == recipe
    assert fitted(replace(own.RECIPE, clip_norm=5.0, lr=0.01), data) == replace(recipe, clip_norm=5.0, lr=0.01)
    assert fitted(zoo.RECIPE, data) == replace(zoo.RECIPE, clip_norm=1.0), "other augmentations stay"


@pytest.mark.parametrize(("damage", "error", "told"), [
    (lambda root: weights(root, 5), kd.DataError, "for the 4 classes of imagenet .*resnet34-b627a593.pth"),
    (lambda root: (root / "resnet34.pth").write_text("no"), kd.DataError, "it is no file of weights"),
    (lambda root: torch.save([1], root / "resnet34.pth"), kd.DataError, "holds no weights by name, but a list"),
    (lambda root: None, kd.DataError, "cannot be read .No such file"),
])  # fmt: skip
def test_weights_that_do_not_fit_are_refused(folder, damage, error, told):
    damage(folder)
    with pytest.raises(error, match=told):
        take_teacher("imagenet-resnet34", folder / "resnet34.pth", folder, str(folder), size=SIZE)


def test_what_cannot_be_done_is_said_in_one_sentence(folder):
    def refused(*words: object) -> str:
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code != 0 and done.exception.__class__ is SystemExit
        return " ".join(done.output.split())

    asked = ("distil", "hinton", "--preset", "imagenet")
    told = refused(*asked, "--root", folder, "--size", SIZE)
    assert "kdtutor teach imagenet-resnet34`, or take torchvision's weights" in told and imagenet.WEIGHTS in told
    assert "imagenet: no folder" in refused(*asked)
    assert "--size 8: digits has a size of its own" in refused(*asked, "--data", "digits", "--size", 8)
    digits = ("teach", "digits-resnet14", "--out", "elsewhere")
    assert "no published weights for digits-resnet14" in refused(*digits, "--weights", "x.pth")
    assert "--size 8: the images of digits-resnet14 have a size of their own" in refused(*digits, "--size", 8)
    for path in (folder / "val").rglob("*.png"):
        path.rename(folder / "val" / f"{path.parent.name}-{path.name}")
    for name in CLASSES:
        (folder / "val" / name).rmdir()
    assert "ILSVRC packs its validation images flat" in refused(*asked, "--root", folder)


def test_runs_in_different_sizes_are_not_trained_together():
    jobs = [Job("alone", preset="imagenet", size=size) for size in (32, 64)]
    assert [len(group) for group in grouped(jobs, count=1)] == [1, 1]
