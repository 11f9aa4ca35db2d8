"""The functions that the lessons define are the package's functions: equal values and gradients on random inputs, and
the numbers of the reference implementations. A lesson that defines a function of `kdtutor.papers` has it in `TWINS`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook
from torch import Tensor

from kdtutor import papers
from kdtutor.papers import fsp, hinton

from ..papers.oracle import oracle
from .definitions import FOLDER, definitions

Arguments = tuple[Any, ...]  # tensors, lists of tensors, numbers; the first one is the student's side
Reference = tuple[Arguments, Tensor, Sequence[Tensor]]  # arguments, value, gradients (empty: none on record)


@dataclass(frozen=True)
class Twin:
    """A notebook's function and what it must equal: the package's function, and reference numbers if there are any."""

    package: Callable[..., Tensor]
    inputs: Callable[[], Sequence[Arguments]]
    reference: Callable[[], Reference] | None = None


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def maps(*shapes: tuple[int, ...], seed: int = 0) -> list[Tensor]:
    return [randn(*shape, seed=seed + i) for i, shape in enumerate(shapes)]


def logits() -> Sequence[Arguments]:
    sizes = [(5, 7, 4.0), (1, 3, 1.0), (4, 10, 20.0)]
    return [(randn(B, K, seed=B), 3 * randn(B, K, seed=K + 100), T) for B, K, T in sizes]


def kd_reference() -> Reference:
    case = oracle("kd_case1")
    return (case["in_s"], case["in_t"], 4.0), case["out_loss"], [case["grad_s"]]


def pairs_of_maps() -> Sequence[Arguments]:
    """Two layers of equal size, and of different sizes."""
    return [tuple(maps((3, 4, 6, 6), (3, 5, size, size))) for size in (6, 3)]


def two_pairs_of_maps() -> Sequence[Arguments]:
    """The student's two layers and the teacher's, of equal size and of different sizes."""
    return [
        (maps(*shapes), maps(*shapes, seed=10)) for size in (8, 4) for shapes in [((3, 6, 8, 8), (3, 5, size, size))]
    ]


def matrix_reference() -> Reference:
    """The reference pools by the mean and stores (channels of the later layer, channels of the earlier one)."""
    case = oracle("fsp_case1")
    earlier = torch.nn.functional.adaptive_avg_pool2d(case["in_s0"], case["in_s1"].shape[2:])
    return (earlier, case["in_s1"]), case["out_fsp_s0"].mT, []


def loss_reference() -> Reference:
    """With pooling by the maximum the value of each pair of layers is on record."""
    case = oracle("fsp_case1")
    return ([case["in_s0"], case["in_s1"]], [case["in_t0"], case["in_t1"]]), case["out_maxpool_mse_pair0"], []


TWINS: dict[str, dict[str, Twin]] = {
    "01_hinton_kd": {
        "soften": Twin(hinton.soften, lambda: [(z_s, T) for z_s, _, T in logits()]),
        "kd_loss_as_written": Twin(hinton.kd_loss, logits, kd_reference),
    },
    "03_fsp": {
        "fsp_matrix_as_written": Twin(fsp.fsp_matrix, pairs_of_maps, matrix_reference),
        "pair_loss": Twin(fsp.pair_loss, two_pairs_of_maps, loss_reference),
    },
}

CASES = [(notebook, name) for notebook, twins in TWINS.items() for name in twins]
WITH_REFERENCE = [(notebook, name) for notebook, name in CASES if TWINS[notebook][name].reference]


def own(notebook: str, name: str) -> Callable[..., Tensor]:
    assert (FOLDER / f"{notebook}.ipynb").is_file(), f"{notebook}.ipynb is in the table, but not in notebooks/"
    found = definitions(notebook)
    assert name in found, f"{notebook}.ipynb defines {', '.join(found) or 'nothing'}, but not {name}"
    return found[name]


def called(function: Callable[..., Tensor], arguments: Arguments) -> tuple[Tensor, list[Tensor]]:
    """The value, and the tensors of the first argument, with respect to which it can be differentiated."""
    first, *rest = arguments
    leaves = [x.clone().requires_grad_() for x in ([first] if isinstance(first, Tensor) else first)]
    return function(leaves[0] if isinstance(first, Tensor) else leaves, *rest), leaves


def value_and_gradients(function: Callable[..., Tensor], arguments: Arguments) -> tuple[Tensor, ...]:
    value, leaves = called(function, arguments)
    return value.detach(), *torch.autograd.grad(value.square().sum(), leaves)


same = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-12)


def hold(function: Callable[..., Tensor], reference: Callable[[], Reference]) -> None:
    arguments, expected, gradients = reference()
    value, leaves = called(function, arguments)
    same(value.detach(), expected)
    if gradients:
        same(list(torch.autograd.grad(value, leaves)), list(gradients))


@pytest.mark.parametrize("notebook, name", CASES)
def test_the_notebook_and_the_package_agree(notebook, name):
    mine, twin = own(notebook, name), TWINS[notebook][name]
    for arguments in twin.inputs():
        same(value_and_gradients(mine, arguments), value_and_gradients(twin.package, arguments))


@pytest.mark.parametrize("notebook, name", WITH_REFERENCE)
def test_the_notebook_and_the_reference_agree(notebook, name):
    hold(own(notebook, name), TWINS[notebook][name].reference)


@pytest.mark.parametrize("notebook, name", WITH_REFERENCE)
def test_the_table_itself_is_right(notebook, name):
    twin = TWINS[notebook][name]
    hold(twin.package, twin.reference)


@pytest.mark.parametrize("notebook", sorted(path.stem for path in FOLDER.glob("*.ipynb")))
def test_no_definition_is_forgotten(notebook):
    """A notebook's function that is called like one of `kdtutor.papers` is in the table."""
    modules = [part for name in papers.__all__ if isinstance(part := getattr(papers, name), ModuleType)]
    public = {name for module in modules for name in vars(module) if not name.startswith("_")}
    assert set(definitions(notebook)) & public <= set(TWINS.get(notebook, ()))


NOTEBOOK = [
    "%matplotlib inline\nimport torch\nimport torch.nn.functional as F",
    "def square(x):\n    return 0",
    "SCALE = 2.0  # a constant\nTEACHER = load()\ndef helper(x):\n    return SCALE * x",
    "def square(x):\n    return helper(x) * x\n\nsquare(undefined)",
    'def todo(x):\n    """What is to do."""\n    ...',
    "from math import sqrt as square, sqrt as helper\nawait run.finished()",
]


def test_definitions_are_taken_without_running_the_notebook(tmp_path):
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in NOTEBOOK]), tmp_path / "99_x.ipynb")
    found = definitions("99_x", tmp_path)
    assert set(found) == {"square", "helper"} and found["square"](3.0) == 18.0
