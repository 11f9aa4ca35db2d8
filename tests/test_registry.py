"""The list of methods: what a name means, and that everything derived from it is there."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

import kdtutor as kd
from kdtutor import methods, papers
from kdtutor.course import references
from kdtutor.row import Paper
from kdtutor.train import Distiller

ROOT = Path(__file__).parents[1]
ALIASES = {
    "kd": "hinton", "fitnet": "fitnets", "hint": "hint", "at": "attention", "fsp": "fsp", "mgd": "matching",
    "ofd": "overhaul", "ab": "boundaries", "rkd": "relational", "sp": "similarity", "vid": "variational",
    "pkt": "probabilistic", "nst": "selectivity", "cc": "correlation", "ft": "factor", "crd": "contrastive",
    "sakd": "spot_adaptive", "dfad": "adversarial", "dafl": "data_free",
}  # fmt: skip


@pytest.mark.parametrize("alias", ALIASES)
def test_a_method_answers_to_its_acronym_in_any_case(alias):
    row = methods.find(alias)
    assert row.name == ALIASES[alias] == methods.find(alias.upper()).name == methods.find(row.name).name
    assert papers.get(alias) is papers.get(row.name)
    if row in methods.matched():
        assert papers.METHODS[alias.upper()] is papers.method(row.name) and alias in papers.METHODS


def test_names_are_taken_with_dashes_and_as_classes():
    assert papers.get("spot-adaptive") is papers.get("SpotAdaptive") is papers.spot_adaptive.SpotAdaptive
    assert papers.get("GAN") is papers.gan.Distil and papers.get("Data Free") is papers.data_free.DataFree


def test_no_two_methods_answer_to_one_name():
    counts = Counter(key for row in methods.ROWS for key in row.keys)
    assert [key for key, count in counts.items() if count > 1] == []


def test_every_row_names_its_class():
    for row in methods.ROWS:
        assert papers.get(row.name).__name__ == row.home.partition(":")[2] in vars(getattr(papers, row.module))
    assert all(issubclass(papers.METHODS[name], Distiller) for name in papers.METHODS)
    assert list(papers.METHODS) == list(methods.names()) and len(papers.METHODS) == len(methods.matched())


def test_an_unknown_name_is_answered_with_the_nearest_and_its_acronym():
    with pytest.raises(kd.UnknownName, match=r"'rdk' is not a known method. Did you mean 'relational' \(RKD\)\?"):
        papers.get("rdk")
    with pytest.raises(kd.UnknownName, match=r"Choose from: hinton \(KD\), fitnets, .*, decoupled \(DKD\)"):
        papers.METHODS["nothing like it"]
    assert papers.METHODS.get("nothing like it") is None and "sakd" not in papers.METHODS and 3 not in papers.METHODS


def test_the_list_is_free_of_torch():
    code = "import sys, kdtutor.methods, kdtutor.cli.app; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "False", done.stderr


def test_the_bibliography_is_that_of_the_list():
    stored = (ROOT / "references.bib").read_text(encoding="utf-8")
    assert stored == references.bibtex(), "run `kdtutor cite > references.bib`"
    assert stored.count("@") == len({row.paper.key for row in methods.ROWS}) == len(references.papers())
    assert "eprint = {1904.05068}" in stored and "author = {Wonpyo Park and Dongju Kim and Yan Lu" in stored


def test_the_citation_file_is_that_of_the_list():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert text == references.cff(), "run `kdtutor cite --cff > CITATION.cff`"
    cited = yaml.safe_load(text)
    assert {"cff-version", "message", "title", "authors"} <= cited.keys() and cited["version"] == kd.__version__
    ghost = next(entry for entry in cited["references"] if entry.get("doi", "").endswith("1911.11907"))
    assert ghost["authors"][0] == {"given-names": "Kai", "family-names": "Han"} and ghost["year"] == 2020


def test_one_word_is_a_whole_name_and_what_is_not_known_is_left_out():
    paper = Paper("plato2026shadows", "Shadows", "Plato, Mary Ann Evans", "arXiv preprint", 2026)
    (entry,) = yaml.safe_load(references.cff([methods.Method("shadows", "", "shadows:Shadows", paper)]))["references"]
    assert entry["authors"] == [{"name": "Plato"}, {"given-names": "Mary Ann", "family-names": "Evans"}]
    assert "doi" not in entry and entry["year"] == 2026
