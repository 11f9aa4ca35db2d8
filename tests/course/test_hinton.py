"""Lesson 01: its exercises, its own definitions against the package, its studies and their stored numbers."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor.course import check
from kdtutor.course.studies import hinton as study
from kdtutor.course.studies import stored_results
from kdtutor.papers import hinton
from tests.course.agreement import computes

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_hinton.ipynb"


@pytest.mark.parametrize(
    ("reduction", "words"), [("mean", "number of classes"), ("sum", "batch size"), ("batchmean", None)]
)
@pytest.mark.filterwarnings("ignore:reduction")
def test_the_reduction_trap_as_a_reader_falls_into_it(reduction: str, words: str | None) -> None:
    def kd_loss(z_s: torch.Tensor, z_t: torch.Tensor, T: float) -> torch.Tensor:
        return F.kl_div(F.log_softmax(z_s / T, 1), F.softmax(z_t / T, 1), reduction=reduction) * T * T

    verdict = check.kd_loss(kd_loss)
    assert bool(verdict) == (words is None)
    assert words is None or words in verdict.sentence


def test_the_package_passes_its_own_check() -> None:
    assert computes(check.kd_loss, hinton.kd_loss) and computes(check.soften, hinton.soften)


def definitions() -> dict[str, Any]:
    """The functions that the notebook defines, as a reader's kernel has them."""
    nb = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in nb["cells"] if cell["cell_type"] == "code"]
    trees = [ast.parse(source, mode="exec") for source in sources if "await" not in source]
    functions = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    space: dict[str, Any] = {"torch": torch, "F": F}
    exec(compile(ast.Module(functions, []), "notebook", "exec"), space)  # our own notebook
    return space


def test_the_notebook_says_what_the_package_computes() -> None:
    own = definitions()
    z_s, z_t = 3 * torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0))
    for T in (1.0, 4.0):
        torch.testing.assert_close(own["soften"](z_s, T), hinton.soften(z_s, T))
        torch.testing.assert_close(own["kd_loss_as_written"](z_s, z_t, T), hinton.kd_loss(z_s, z_t, T))
        own["z_t"] = z_t
        torch.testing.assert_close(T**2 * own["kl_rows"](z_s, T).mean(), hinton.kd_loss(z_s, z_t, T))


@pytest.mark.slow
def test_every_method_gets_as_many_image_passes() -> None:
    """The fair comparison: a batch is full for every method, also with two labels a class."""
    few = study.MINUTE.data().few_labels(2, seed=0)
    sizes = set()
    for method in study.LR:
        distiller, data = study.prepare(method, few, seed=0)
        batch = next(kd.data.Batches(data.train, data, 64, steps=1).epoch(0, seed=0))
        sizes.add(len(batch))
        assert distiller.student.training
    assert sizes == {64}


@pytest.mark.slow
def test_equal_seeds_give_equal_first_weights() -> None:
    few = study.MINUTE.data().few_labels(2, seed=0)
    weights = [next(study.prepare(method, few, seed=3)[0].student.parameters()) for method in study.LR]
    assert all(torch.equal(weights[0], other) for other in weights)


def test_stored_logits_belong_to_their_images() -> None:
    data = study.MINUTE.data().few_labels(20, seed=0)
    teacher = study.MINUTE.teacher()
    logits = kd.train.predict(teacher, data.train, data)
    live, stored = hinton.Hinton(study.student(0), teacher), study.Stored(study.student(0), teacher, logits)
    batch = next(kd.data.Batches(data.train, data, 32, steps=1).epoch(0, seed=1))
    s, t = live.student.eval().trace(batch.images), live.teacher_trace(batch.images)
    torch.testing.assert_close(
        stored.losses(s, None, batch)["kd"], live.losses(s, t, batch)["kd"], rtol=1e-3, atol=1e-4
    )


@pytest.mark.slow
@pytest.mark.isa
def test_the_smallest_run_of_each_study_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "EPOCHS", 1)
    monkeypatch.setattr(study, "STEPS", 2)
    assert set(study.learn({"method": "teacher's labels", "labels": 2}, 0)) == {"val", "test"}
    assert set(study.explore({"T": 1, "alpha": 0.0}, 0)) == {"val"}
    rows = study.omit({"method": "alone"}, 0)
    assert [row["bias"] for row in rows] == list(study.BIASES)


def test_the_learning_rates_are_those_that_validation_chose() -> None:
    means = stored_results("hinton_tuning").groupby(["method", "lr"])["val"].mean().unstack()
    assert {method: study.LR[method] for method in means.index} == means.idxmax(axis=1).to_dict()


def test_what_the_lesson_claims_is_what_was_measured() -> None:
    labels = stored_results("hinton_labels").groupby(["method", "labels"])["test"].mean()
    assert labels["taught", 20] > labels["alone", 20] + 0.01 and labels["alone", 20] > labels["alone, no shifts", 20]
    omitted = study.bias_table(stored_results("hinton_omitted"))["3s recognised, %"].str.split(" ").str[0].astype(float)
    assert omitted["taught, T = 4"] > 60 > 40 > omitted["alone"]
    explored = stored_results("hinton_explore").groupby(["T", "alpha"])["val"].mean().unstack()
    assert explored[0.0].nunique() == 1  # without the teacher's share the temperature cannot matter
    assert (explored[0.9] > explored[0.0]).all()
