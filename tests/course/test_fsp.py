"""Lesson 03: its exercises, its own definitions against the package, its studies and their stored numbers."""

import ast
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from kdtutor.course import check
from kdtutor.course.studies import fsp as study
from kdtutor.papers import fsp
from tests.course.agreement import computes

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_fsp.ipynb"


def test_the_mistakes_as_a_reader_makes_them() -> None:
    def no_pooling(a: Tensor, b: Tensor) -> Tensor:
        return torch.einsum("bixy,bjxy->bij", a, b) / a[0, 0].numel()

    def teacher_learns(maps_s: list[Tensor], maps_t: list[Tensor]) -> Tensor:
        pairs = zip(pairwise(maps_s), pairwise(maps_t), strict=True)
        return sum(F.mse_loss(fsp.fsp_matrix(*s), fsp.fsp_matrix(*t)) for s, t in pairs)  # type: ignore[return-value]

    assert "different size" in check.fsp_matrix(no_pooling).sentence
    assert "the teacher's side" in check.fsp_loss(teacher_learns).sentence
    assert computes(check.fsp_matrix, fsp.fsp_matrix) and computes(check.fsp_loss, fsp.fsp_loss)


def test_the_predictions_are_true() -> None:
    a, b = torch.rand(2, 4, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    where = torch.tensor([5, *range(5), *range(6, 36)])
    moved = [x.flatten(2)[..., where].view_as(x) for x in (a, b)]
    changed = {
        "positions shuffled, both layers alike": (moved[0], moved[1]),
        "both maps mirrored": (a.flip(3), b.flip(3)),
        "positions shuffled, first layer only": (moved[0], b),
        "channels of the first layer shuffled": (a[:, [1, 2, 0]], b),
        "first layer doubled, second halved": (2 * a, b / 2),
        "both maps enlarged, every pixel four times": (
            F.interpolate(a, scale_factor=2),
            F.interpolate(b, scale_factor=2),
        ),
        "1 added to the first layer": (a + 1, b),
    }
    flow = fsp.fsp_matrix(a, b)
    found = {statement: torch.allclose(fsp.fsp_matrix(*maps), flow) for statement, maps in changed.items()}
    assert check.stays(lambda: found)


def definitions() -> dict[str, Any]:
    """The functions that the notebook defines, as a reader's kernel has them."""
    nb = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in nb["cells"] if cell["cell_type"] == "code"]
    trees = [ast.parse(source) for source in sources if "await" not in source]
    functions = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    space: dict[str, Any] = {"torch": torch, "F": F}
    exec(compile(ast.Module(functions, []), "notebook", "exec"), space)  # our own notebook
    return space | {"fsp_matrix": fsp.fsp_matrix}


def test_the_notebook_says_what_the_package_computes() -> None:
    own = definitions()
    a, b = (
        torch.rand(2, C, *size, generator=torch.Generator().manual_seed(C)) for C, size in ((3, (6, 4)), (4, (3, 4)))
    )
    torch.testing.assert_close(own["fsp_matrix_as_written"](a, b), fsp.fsp_matrix(a, b))
    torch.testing.assert_close(own["fsp_matrix_as_written"](b, a), fsp.fsp_matrix(b, a))
    torch.testing.assert_close(own["flow_by_loops"](a[0], a[1]), fsp.fsp_matrix(a[:1], a[1:])[0])
    own["pair_loss"].__globals__["fsp_matrix"] = fsp.fsp_matrix  # in the lesson an import comes between
    torch.testing.assert_close(own["pair_loss"]((a, b), (b[:, :3], a.repeat(1, 2, 1, 1)[:, :4])), fsp.pair_loss(
        (a, b), (b[:, :3], a.repeat(1, 2, 1, 1)[:, :4])
    ))  # fmt: skip


def test_both_students_start_alike_and_take_as_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert torch.equal(study.student(3).stages[0].block1.residual.conv1.weight,
                       study.student(3).stages[0].block1.residual.conv1.weight)  # fmt: skip
    few = study.MINUTE.data().few_labels(2, seed=0)
    for method in ("alone", "taught", "logits"):
        distiller, data = study.prepare(method, few, seed=0, epochs=4)
        assert sum(phase.epochs for phase in distiller.phases(4)) == 4
        assert len(data.train) >= 64, "a batch is full for every method"


def test_another_task_numbers_its_classes_anew() -> None:
    data = study.only(study.MINUTE.data(), range(5, 10))
    assert data.classes == tuple("56789") and len(data.test) == 500 and data.val is not None
    assert data.train.labels.unique().tolist() == [0, 1, 2, 3, 4]


@pytest.mark.slow
@pytest.mark.isa
@pytest.mark.parametrize("index", range(3))
def test_the_smallest_run_of_each_study(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(study, "EPOCHS", 4)
    chosen = study.STUDIES[index]
    case = {**chosen.cases[-1], **({"epochs": 4} if "epochs" in chosen.cases[-1] else {})}
    rows = chosen.run(case, 0)
    for row in rows if isinstance(rows, list) else [rows]:
        assert all(0 <= row[key] <= 1 for key in ("val", "test") if key in row)


def test_equal_seeds_equal_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 1)
    smallest = replace(study.STUDIES[0], cases=({"method": "taught", "labels": 20, "epochs": 4},))
    assert smallest.run(smallest.cases[0], 0) == smallest.run(smallest.cases[0], 0)
