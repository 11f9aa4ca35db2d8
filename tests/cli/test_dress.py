"""Every lesson wears the same: links, first cell, slides; and the first cell installs without touching torch."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import nbformat
import pytest

import kdtutor
from kdtutor.cli.dress import END, INSTALL, START, dressed, install_cell, links, repository, slides
from kdtutor.cli.notebooks import read
from kdtutor.course.map import FOLDER, LESSONS

ROOT = FOLDER.parent
ADDRESS = "https://example.org/some/where"
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


@every_lesson
def test_a_lesson_is_dressed(lesson):
    path = FOLDER / lesson.file
    assert dressed(read(path), lesson.file, repository()) == read(path), "run `kdtutor notebooks --dress`"


@every_lesson
def test_a_lesson_makes_a_talk(lesson):
    nb = read(FOLDER / lesson.file)
    shown = [cell for cell, kind in zip(nb.cells, slides(nb), strict=True) if kind in ("slide", "subslide")]
    assert len(shown) >= 15


def test_links_are_there_once_there_is_an_address_and_go_again():
    file = LESSONS[1].file
    nb = read(FOLDER / file)
    plain = dressed(nb, file, "")
    public = dressed(copy.deepcopy(nb), file, ADDRESS)
    line = public.cells[0].source.partition(START)[2].partition(END)[0]
    assert links(file, ADDRESS) == line.strip()
    assert len(re.findall(rf"\]\(https://\S+/some/where/\S+{file}\)", line)) == 3
    assert public.cells[1].source == install_cell(ADDRESS) and f"kdtutor @ git+{ADDRESS}" in public.cells[1].source
    assert START not in plain.cells[0].source and links(file, "") == ""
    assert dressed(public, file, "") == plain and dressed(public, file, ADDRESS) == public


def test_a_bare_notebook_gets_its_first_cell_and_later_ones_move_on():
    new = nbformat.v4
    output = new.new_output("execute_result", {"text/plain": "2"}, execution_count=1)
    cells = [new.new_markdown_cell("# Title"), new.new_code_cell("1 + 1", execution_count=1, outputs=[output])]
    nb = dressed(new.new_notebook(cells=cells), "x.ipynb", "")
    assert [cell.get("execution_count") for cell in nb.cells] == [None, 1, 2]
    assert nb.cells[1].id == INSTALL and nb.cells[2].outputs[0].execution_count == 2
    assert [cell.metadata.slideshow.slide_type for cell in nb.cells] == ["slide", "skip", "-"]


# ---- a machine with a torch of its own


@pytest.fixture
def elsewhere(tmp_path_factory) -> Path:
    """An environment that has all that this one has but kdtutor, and another torch by its name: 2.12.1."""
    folder = tmp_path_factory.mktemp("elsewhere")
    site, here = folder / "site", Path(str(distribution("torch").locate_file("")))
    site.mkdir()
    for path in here.iterdir():
        if not re.match(r"_*(editable_.*)?kdtutor", path.name) and not path.name.startswith("__pycache__"):
            (site / path.name).symlink_to(path)
    for name, version in (("torch", "2.12.1"), ("torchvision", "0.27.1")):
        old = distribution(name)
        info = site / f"{name}-{old.version}.dist-info"
        info.unlink()
        new = site / f"{name}-{version}.dist-info"
        shutil.copytree(here / info.name, new)
        text = (new / "METADATA").read_text(encoding="utf-8")
        text = re.sub(r"^Version: .*$", f"Version: {version}", text, flags=re.MULTILINE)
        text = re.sub(r"^Requires-Dist: torch\b.*$", "Requires-Dist: torch (==2.12.1)", text, flags=re.MULTILINE)
        (new / "METADATA").write_text(text, encoding="utf-8")
    venv.create(folder / "venv", with_pip=True, symlinks=True)
    (lib,) = (folder / "venv").glob("lib/python*/site-packages")
    for path in lib.glob("setuptools*"):  # an older one than torch asks for, which would hide the other
        shutil.rmtree(path)
    (lib / "elsewhere.pth").write_text(f"{site}\n", encoding="utf-8")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "wheels")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return folder


RUN = """
import json, sys
from importlib.metadata import version
import nbclient, nbformat
nb = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(nb, timeout=300, kernel_name="python3").execute()
nbformat.write(nb, "done.ipynb")
print(json.dumps({name: version(name) for name in ("torch", "torchvision", "numpy", "kdtutor")}))
"""


@pytest.mark.slow
def test_a_lesson_installs_and_runs_alone_without_network_and_keeps_torch(elsewhere, tmp_path):
    shutil.copy(FOLDER / LESSONS[1].file, tmp_path)
    settings = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(elsewhere / "wheels"),
        "KDTUTOR_DEVICE": "cpu",
        "KDTUTOR_SET": "digits",
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "KDTUTOR_DATA")}
    python = elsewhere / "venv/bin/python"
    done = subprocess.run(
        [python, "-c", RUN, LESSONS[1].file], cwd=tmp_path, env={**clean, **settings}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    versions = json.loads(done.stdout.splitlines()[-1])
    torch_, vision = versions["torch"], versions["torchvision"]
    assert (torch_, vision) == ("2.12.1", "0.27.1") and versions["numpy"] == distribution("numpy").version
    assert versions["kdtutor"] == kdtutor.__version__
    assert next((elsewhere / "venv").glob("lib/python*/site-packages/kdtutor/shipped")).is_dir()
