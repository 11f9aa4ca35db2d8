"""The functions that the lessons define are the package's functions: equal values and gradients on random inputs, and
the numbers of the reference implementations. A lesson that defines a function of `kdtutor.papers` has it in the
`TWINS` of its module in tests/notebooks/twins."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pkgutil import iter_modules

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook
from torch import Tensor

from kdtutor import papers
from kdtutor.methods import taught

from . import twins
from .definitions import FOLDER, definitions
from .twins.kinds import Arguments, Reference, Twin

WRITTEN = {found.name for found in iter_modules(twins.__path__)}
TWINS: dict[str, dict[str, Twin]] = {
    row.notebook: import_module(f"{twins.__name__}.{row.name}").TWINS for row in taught() if row.name in WRITTEN
}

CASES = [(notebook, name) for notebook, table in TWINS.items() for name in table]
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
    """Of a function that is constant to autograd (a teacher's side, a choice of channels) the value alone."""
    value, leaves = called(function, arguments)
    if not value.requires_grad:
        return (value,)
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
    modules = [import_module(f"{papers.__name__}.{found.name}") for found in iter_modules(papers.__path__)]
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
