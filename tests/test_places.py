"""Whatever the list of methods names is there: files, tests, notebook, bibliography, map. The lists that are typed in
tests and elsewhere follow from it."""

from pathlib import Path

from kdtutor import methods
from kdtutor.cli.places import files, lacking

ROOT = Path(__file__).parents[1]


def test_no_method_lacks_a_place():
    told = {row.label: lacking(row, ROOT) for row in methods.ROWS}
    lacks = [f"{label} still lacks {', '.join(absent)}" for label, absent in told.items() if absent]
    assert not lacks, "\n" + "\n".join(lacks)


def test_a_method_without_anything_lacks_every_place(tmp_path):
    hinton = methods.find("KD")
    absent = lacking(hinton, tmp_path)
    assert absent[: len(files(hinton))] == files(hinton)
    assert {"its row in references.bib", "its row in CITATION.cff", "its row in README.md"} < set(absent)
    assert "notebooks/01_hinton.ipynb" in absent and len(files(methods.find("DKD"))) == 3
