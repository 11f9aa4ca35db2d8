"""The page of every method: its paper, its formula, its lesson and its tests."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from docutils.utils.math.latex2mathml import tex2mathml

from docs.formulas import formulas
from docs.names import everything
from docs.pages import Pages
from kdtutor.methods import ROWS, Method, matched

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_method_s_page(row: Method, pages: Pages) -> None:
    page = pages[f"methods/{row.name}.rst"]
    files = re.findall(r":download:`(\S+) </ROOT/(\S+)>`", page)
    assert all(shown == at and (ROOT / at).is_file() for shown, at in files)
    assert [at for _, at in files if at.startswith("tests/papers/test_")] != []
    lessons = [at for _, at in files if at.startswith("notebooks/")]
    assert [at.startswith(f"notebooks/{row.lesson:02}_") for at in lessons] == [True] * (row.lesson is not None)
    assert row.paper.title in page and f"{{{row.paper.key}," in page
    assert row.paper.arxiv in page and row.paper.doi in page
    assert (f"kdtutor distil {row.name}" in page) == (row in matched())
    assert ".. math::" in page
    assert f":doc:`{row.name}`" in pages["methods/index.rst"]


def test_every_formula_belongs_to_a_public_name() -> None:
    assert sorted(formulas().keys() - {name.full for name in everything()}) == []


@pytest.mark.parametrize("name", formulas())
def test_every_formula_can_be_drawn(name: str) -> None:
    assert tex2mathml(formulas()[name], as_block=True).startswith("<math")


def test_every_loss_of_a_paper_has_its_formula() -> None:
    losses = {
        name.full for name in everything() if name.module.startswith("kdtutor.papers") and name.name.endswith("_loss")
    }
    shared = {
        "kdtutor.papers.attention.pair_loss",
        "kdtutor.papers.fsp.pair_loss",
    }  # one addend of at_loss, of fsp_loss
    assert sorted(losses - shared - formulas().keys()) == []
    assert all(hasattr(import_module(full.rpartition(".")[0]), full.rpartition(".")[2]) for full in shared)
