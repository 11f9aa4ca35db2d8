"""The commands about trained models, on a digits teacher that ships and on flowers."""

import json

import pytest
import torch

import kdtutor as kd
from kdtutor.cli.models.report import report

from .calls import call


@pytest.mark.slow
def test_evaluate_tells_what_python_tells(tmp_path):
    result = call("evaluate", "digits-lenet5", "--against", "digits-resnet14", "--out", str(tmp_path / "out"), "--json")
    assert result.exit_code == 0, result.stderr
    told, digits = json.loads(result.stdout), kd.data.load("digits")
    one, other = (
        kd.train.evaluate(kd.nets.teacher(name), digits.test, digits) for name in ("digits-lenet5", "digits-resnet14")
    )
    assert told["accuracy"] == one.accuracy and told["confusion"] == one.confusion().tolist()
    assert told["against"]["accuracy"] == other.accuracy
    assert told["against"]["difference"] == pytest.approx(one.accuracy - other.accuracy)
    assert told["classes"][3]["recall"] == pytest.approx((one.predictions[one.labels == 3] == 3).double().mean().item())
    assert told["error"] == pytest.approx((one.accuracy * (1 - one.accuracy) / 1000) ** 0.5)
    files = ["calibration.png", "confusion.png", "disagreements.png", "report.json", "report.md"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == files
    page = (tmp_path / "out" / "report.md").read_text()
    assert all(f"]({name})" in page for name in files if name.endswith(".png"))


def test_what_was_between_two_models_does_not_stay_in_the_report_of_one(tmp_path):
    out = tmp_path / "out"
    both = report("digits-lenet5", against="digits-resnet14").save(out)
    assert (out / "disagreements.png").is_file() and "disagreements" in both.read_text()
    alone = report("digits-lenet5").save(out)
    assert not (out / "disagreements.png").exists() and "disagreements" not in alone.read_text()


def test_a_file_in_the_place_of_the_report_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("kdtutor.cli.models.report.report", None)  # not called
    (tmp_path / "out").write_text("mine")
    refused = call("evaluate", "digits-lenet5", "--out", str(tmp_path / "out"))
    assert refused.exit_code == 2 and "out is a file; name a folder" in refused.stderr


def test_the_validation_split():
    found = report("digits-lenet5", split="val")
    assert found.summary["split"] == "val" and found.summary["images"] == 500


CARD = {"recipe": {}, "seed": 0, "protocol": "none", "command": "none"}


def saved(folder, name, task, classes, channels=3, options=None):
    """A fresh net of so many outputs as a model on disk, for images of 32 pixels."""
    torch.manual_seed(0)
    net = kd.nets.build("resnet8x0.25", classes=len(classes), channels=channels)
    card = {
        "data": name, "task": task, "classes": list(classes), "mean": [0.5] * channels, "std": [0.25] * channels,
        "size": [32, 32], "channels": channels, "task options": options or {}, **CARD,
    }  # fmt: skip
    return kd.nets.save_model(net, folder / name, card)


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    return kd.data.write_flowers(tmp_path_factory.mktemp("made") / "flowers", images=30, size=32)


def test_classes_are_matched_by_name_and_pixels_by_the_card(flowers, tmp_path):
    names = kd.data.load(flowers, size=32).classes
    turned = saved(tmp_path, "turned", "classification", names[::-1])
    found = report(str(turned), str(flowers)).summary
    net = kd.nets.teacher(turned)
    data = kd.data.load(flowers, size=32)
    x = (data.test.images.float() / 255 - 0.5) / 0.25
    assert found["accuracy"] == pytest.approx((4 - net(x).argmax(1) == data.test.labels).double().mean().item())
    assert [row["name"] for row in found["classes"]] == list(names)


def test_two_models_are_asked_about_the_images_that_the_first_learnt_from(flowers, tmp_path):
    table, names = flowers / "size.csv", ["diameter"]
    for name in ("one", "other"):
        folder = saved(tmp_path, name, "regression", names, options={"mean": [20.0], "std": [5.0]})
        card = json.loads((folder / "last.json").read_text())
        kd.nets.save_model(
            kd.nets.teacher(folder), folder, {**CARD, **card, "data": "size", "source": str(table)}, overwrite=True
        )
    found = report(str(tmp_path / "one"), against=str(tmp_path / "other")).summary
    assert found["data"] == "size" and found["against"]["measures"] == found["measures"]


@pytest.mark.slow
def test_a_model_leaves_for_elsewhere_and_its_costs_are_told(flowers, tmp_path, monkeypatch):
    monkeypatch.setattr("kdtutor.nets.costs.peak_memory", lambda net, *_: kd.nets.count_parameters(net))
    model = saved(tmp_path, "small", "classification", kd.data.load(flowers, size=32).classes)
    result = call("export", str(model), "--to", "safetensors", "--data", str(flowers), "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["folder"] == f"{model}-safetensors" and told["difference"] <= 1e-4
    assert told["resample"] == "bilinear" and told["mean"] == [0.5] * 3 and told["size"] == [32, 32]
    result = call("measure", str(model), "digits-lenet5", "--seconds", "0.01", "--json")
    assert result.exit_code == 0, result.stderr
    small, teacher = json.loads(result.stdout)["models"]
    assert small["images"] == [3, 32, 32] and teacher["images"] == [1, 28, 28]
    assert small["ratio"]["parameters"] == small["parameters"] / teacher["parameters"]
    assert [each["memory"] for each in (small, teacher)] == [each["parameters"] for each in (small, teacher)]
    assert small["size"] == (model / "last.safetensors").stat().st_size


def test_several_labels_and_numbers(flowers, tmp_path):
    for task, file in (("multi-label", "tags.csv"), ("regression", "size.csv")):
        data = kd.data.load(flowers / file, size=32, task=task)
        options = {"mean": [50.0], "std": [10.0]} if task == "regression" else {}
        model = saved(tmp_path, file[:-4], task, data.classes, options=options)
        result = call("evaluate", str(model), "--data", str(flowers / file), "--out", str(tmp_path / task), "--json")
        assert result.exit_code == 0, result.stderr
        told = json.loads(result.stdout)
        assert list(told["outputs"]) == list(data.classes)
        assert next(iter(told["measures"])) == {"multi-label": "map", "regression": "r2"}[task]
    assert told["outputs"]["diameter"]["MAE"] == pytest.approx(told["measures"]["mae"])
    assert (tmp_path / "regression" / "scatter.png").exists()
