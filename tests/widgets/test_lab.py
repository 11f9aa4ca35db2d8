"""The lab without a page: what does not compose is marked, Start trains, and the board outlives the widget."""

import asyncio
import csv
from contextlib import closing

import pytest
import torch

import kdtutor as kd
from kdtutor.jobs.job import Job
from kdtutor.jobs.result import RESULT
from kdtutor.jobs.series import series
from kdtutor.jobs.setup import prepare
from kdtutor.methods import RUNNABLE
from kdtutor.train import Evaluation
from kdtutor.train.paired import paired
from kdtutor.widgets import Lab, setting
from kdtutor.widgets.menus import MARK
from kdtutor.widgets.side import one_alone


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def lab(folder) -> Lab:
    """A lab in which KD was tried with two seeds."""
    lab = Lab(folder)
    lab.run_once(120, method="hinton", epochs=1, seeds="0,1")
    return lab


@pytest.fixture
def panel(lab):
    lab.choose(method="hinton", spots="", source="", labels="", student="resnet8x0.25", epochs=8, seeds="0,1")
    return lab.panel


def marked(panel, name: str) -> set[str]:
    return {value for word, value in panel.controls[name].options if word.endswith(MARK)}


NOT_FOR_CLASSES = set(kd.papers.METHODS) - set(kd.papers.admitting("classification"))


def test_every_method_is_offered_and_only_those_of_other_tasks_are_marked_at_first(panel):
    assert {value for _, value in panel.controls["method"].options} == {"alone", *(row.name for row in RUNNABLE)}
    assert marked(panel, "method") == NOT_FOR_CLASSES


def test_what_does_not_compose_is_marked_and_says_why(lab, panel):
    panel.controls["source"].value = "adversarial"
    assert marked(panel, "method") == {"alone", "contrastive", "adversarial", "data_free", *NOT_FOR_CLASSES}
    assert marked(panel, "labels") == {value for _, value in panel.controls["labels"].options} - {""}
    with pytest.raises(kd.Error) as caught:
        prepare(Job("contrastive", data_free="adversarial"))
    assert f"contrastive (CRD)</b>. {caught.value}" in panel._reasons.value
    number = [value for _, value in panel.controls["method"].options].index("contrastive") + 1
    assert f".kd-lab-method option:nth-child({number})" in panel._style.value
    assert panel.values["method"] == "hinton" and not lab.run._start.disabled


def test_what_else_goes_with_a_choice_is_worked_out_in_a_pause(lab, panel, monkeypatch):
    monkeypatch.setattr(setting, "PAUSE", 0.05)
    worked_out = []
    monkeypatch.setattr(panel.menus["labels"], "refuse", worked_out.append)

    async def press(keys: int) -> None:
        methods = [value for _, value in panel.controls["method"].options]
        for value in methods[2 : 2 + keys]:
            panel.controls["method"].value = value
            assert f"distil {value}" in panel._told.value and not worked_out
        await asyncio.sleep(0.1)

    asyncio.run(press(3))
    assert len(worked_out) == 1
    lab.choose(method="hinton")
    assert len(worked_out) == 2, "who asks for values in a cell is told at once"


@pytest.mark.slow
def test_what_is_chosen_all_the_same_cannot_be_started(lab, panel):
    lab.choose(method="contrastive", source="adversarial")
    assert lab.run._start.disabled and "generated images have none" in panel._told.value
    assert marked(panel, "source") == {"adversarial", "data_free"}
    assert not marked(panel, "student"), "the fault is none of theirs"
    with pytest.raises(kd.ConfigError, match="generated images have none"):
        lab.run.start().wait(30)
    panel.controls["source"].value = ""
    assert not lab.run._start.disabled and panel.values["method"] == "contrastive"


@pytest.mark.parametrize(
    ("seeds", "sentence"), [("0,x", "expected whole numbers"), ("", "at least one"), ("1,1", "none twice")]
)
def test_seeds_that_are_none(lab, panel, seeds, sentence):
    panel.controls["seeds"].value = seeds
    assert sentence in panel._told.value and lab.run._start.disabled


@pytest.mark.slow
def test_another_task_is_refused_in_a_sentence(tmp_path):
    digits = kd.data.load("digits").test[:8]
    task = kd.data.Regression(mean=(4.5,), std=(3.0,))
    numbers = kd.data.Split(digits.images, digits.labels.float().view(-1, 1), task=task)
    data = kd.Data("sizes", numbers, None, numbers, ("size",), (0.5,), (0.5,))
    with pytest.raises(kd.ConfigError, match="the lab compares classifiers: sizes is a set for regression"):
        data.require_classes("the lab compares classifiers")
    lab = Lab(tmp_path)
    lab.panel.refusals.data[lab.panel.job(0, method="alone").sees] = data
    lab.panel.refusals.told.clear()
    lab.choose(method="alone", student="lenet5")
    assert lab.run._start.disabled


def test_a_row_for_each_setting_and_nothing_is_trained_twice(lab, panel, folder):
    rows = {row.setting.method: row for row in lab.board.rows}
    assert rows["hinton"].seeds == rows["alone"].seeds == (0, 1) == rows["hinton"].pairs
    before = {path: path.stat().st_mtime_ns for path in folder.rglob(RESULT)}
    lab.choose(epochs=1)
    assert len(before) == 4 and "4 of them are on the board already" in panel._told.value
    first = lab.run_once(60, seeds="0")
    assert [run.job.method for run in first] == ["alone", "hinton"]
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob(RESULT)}
    assert "hinton (KD)" in lab._now.value and "points over the student alone" in lab._now.value
    assert not panel.controls["method"].disabled and not lab.run._start.disabled


@pytest.mark.slow
def test_the_board_is_there_in_the_next_session(lab, folder):
    again = Lab(folder)
    assert [row.setting for row in again.board.rows] == [row.setting for row in lab.board.rows]
    for number in ("5,142", f"{100 * again.board.rows[0].accuracy:.1f}"):
        assert number in again.board._table.value


def test_what_another_process_wrote_is_found_and_damage_is_told(lab, folder):
    job = Job("alone", out=str(folder / "elsewhere"), epochs=1, images=64)
    with closing(series([job])) as run:
        next(run)
    lab.board.refresh()
    assert any(row.stopped and row.setting.images == 64 for row in lab.board.rows)
    (job.folder / RESULT).write_text("{")
    lab.board.refresh()
    assert "elsewhere" in lab.board._said.value and len(lab.board.rows) == 2
    (job.folder / RESULT).unlink()


def test_sorted_and_exported(lab, folder):
    lab.board.order.value = "time"
    assert [row.seconds for row in lab.board.rows] == sorted(row.seconds for row in lab.board.rows)
    assert "aria-sort='ascending'>time" in lab.board._table.value
    lab.board.order.value = "accuracy"
    lines = list(csv.DictReader(lab.board.export().open()))
    assert len(lines) == 4 and {line["seed"] for line in lines} == {"0", "1"}
    assert "download=" in lab.board._said.value


def test_two_students_differ_by_the_images_that_one_alone_gets_right():
    labels, answers = torch.tensor([0, 1, 1, 0]), torch.eye(2)
    a, b = (Evaluation(answers[told], labels) for told in ([0, 1, 1, 1], [1, 1, 0, 0]))
    error = 100 * (3 - 1 / 4) ** 0.5 / 4
    told = f"A alone is right on 2 of 4 test images, B alone on 1: 25.0 ± {error:.1f} points in favour of A"
    assert told in one_alone(paired(a, b)) and "in favour of B" in one_alone(paired(b, a))


def test_two_rows_side_by_side(lab):
    lab.board.refresh()
    side = lab.side
    methods = [control.value.method for control in (side.first, side.second)]
    assert sorted(methods) == ["alone", "hinton"] and side.seed.options == (0, 1)
    side.compare()
    assert sum(hasattr(child, "format") for child in side._shown.children) == 4
    for control in (side.first, side.second):
        (run,) = [run for run in lab.board.standing(control.value).runs if run.job.seed == 0]
        assert f"{100 * run.accuracy:.1f}" in lab.board._table.value or run.accuracy
    side.second.value = side.first.value
    side._show.click()
    assert "A and B are the same row" in side._said.value


def test_a_student_that_is_damaged_is_told(lab):
    side = lab.side
    side.follow()
    side.first.value, side.second.value = (row.setting for row in lab.board.rows)
    weights = lab.board.rows[0].runs[0].job.folder / "last.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:100])
    side._show.click()
    weights.write_bytes(whole)
    assert "last.safetensors is damaged" in side._said.value


@pytest.mark.slow
def test_stored_text_and_picture(tmp_path):
    lab = Lab(tmp_path)
    data, metadata = lab._repr_mimebundle_()
    assert data["text/plain"].startswith("<Lab method=hinton (KD), spots=as the method does it,")
    assert metadata["image/png"]["alt"] == lab.alt and not list(tmp_path.iterdir())


def test_images_of_ones_own(tmp_path):
    with pytest.raises(kd.ConfigError, match="the preset own has no data set of its own: name yours"):
        Lab(tmp_path / "runs", preset="own")
    images = kd.data.write_flowers(tmp_path / "flowers", images=40, size=32)
    lab = Lab(tmp_path / "runs", preset="own", data=[str(images)])
    assert lab.panel.values["data"] == str(images) and lab.run._start.disabled
    (first,) = lab.run_once(60, method="alone", student="resnet8x0.25", epochs=1, seeds="0")
    lab.run_once(60, labels=1)
    assert first.data == "flowers" and len(lab.board.rows) == 2
    lab.side.compare()
    assert len(lab.side._shown.children) in (10, 12), "without an image that one alone has right there is no gallery"
