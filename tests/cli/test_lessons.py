"""What a word means: a number, a method, a file or a folder for notebooks; a study or a method for studies."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from kdtutor import DataError, UnknownName
from kdtutor.cli.lessons import notebooks_of, studies_of
from kdtutor.cli.notebooks import problems
from kdtutor.course.studies import hinton, planned, spot_adaptive

from .calls import call


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of three lessons that stands for the course's, and a current folder without any."""
    folder, here = tmp_path / "notebooks", tmp_path / "here"
    here.mkdir()
    for name in ("01_hinton", "02_fitnets", "03_fsp", ".ipynb_checkpoints/03_fsp-checkpoint"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text, code = new_markdown_cell("# Title\n\nOne minute."), new_code_cell("1")
        nbformat.write(new_notebook(cells=[text, code]), folder / f"{name}.ipynb")
    monkeypatch.setattr("kdtutor.course.map.FOLDER", folder)
    monkeypatch.chdir(here)
    return folder


def test_files_and_folders_are_found(course):
    assert [path.stem for path in notebooks_of([])] == ["01_hinton", "02_fitnets", "03_fsp"]
    assert [path.stem for path in notebooks_of([course / "03_fsp.ipynb", course])][:2] == ["03_fsp", "01_hinton"]
    (course / "empty").mkdir()
    with pytest.raises(DataError, match="holds no notebook"):
        notebooks_of([course / "empty"])


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("03_fsp", ("3", "03", "fsp", "FSP", "03_fsp", "03_fsp.ipynb", "../notebooks/03_fsp.ipynb")),
        ("01_hinton", ("1", "KD", "hinton", "01_hinton")),
        ("02_fitnets", ("fitnets", "AT", "attention", "hint")),
    ],
)
def test_a_notebook_is_named_by_number_by_method_or_by_file(course, stem, words):
    for word in words:
        assert notebooks_of([word]) == [course / f"{stem}.ipynb"], word


def test_a_notebook_that_is_not_known(course):
    for word, near in {"fps": "fsp", "04_fsp": "03_fsp", "hintn": "hinton"}.items():
        with pytest.raises(UnknownName, match=f"'{word}' is not a known notebook\\. Did you mean '{near}'"):
            notebooks_of([word])
    for word in ("nowhere", "99", "elsewhere/03_fsp.ipynb"):
        with pytest.raises(DataError, match=f"{word} does not exist; name a notebook, a folder"):
            notebooks_of([word])


@pytest.mark.slow
def test_both_commands_take_the_same_words(course):
    result = call("notebooks", "FSP")
    assert result.exit_code == 0 and result.stdout.startswith("03_fsp.ipynb  0.00 MB")
    assert problems(nbformat.read(course / "03_fsp.ipynb", 4)) == []
    result = call("check", "3")
    assert result.exit_code == 0 and result.stdout.startswith("ok      03_fsp.ipynb  1 cells")


def test_a_method_stands_for_all_studies_of_its_lesson():
    assert studies_of(["KD", "hinton_labels"]) == list(hinton.STUDIES)
    assert studies_of(["sakd"]) == list(spot_adaptive.STUDIES)
    assert [study.name for study in studies_of(["hinton_labels", "fsp_budget"])] == ["hinton_labels", "fsp_budget"]
    assert all([found] == studies_of([found.name]) for found in planned().values()), "what is not stored yet, too"
    lesson = call("results", "--list", "at").stdout.splitlines()
    assert lesson and all(line.startswith("fitnets_") for line in lesson)
    with pytest.raises(UnknownName, match=r"'hinton_label' is not a known study\. Did you mean 'hinton_labels'"):
        studies_of(["hinton_label"])
    for meaning in (studies_of, notebooks_of):
        with pytest.raises(UnknownName, match=r"channelwise \(CWD\) has no lesson, and so no notebook and no studies"):
            meaning(["cwd"])
