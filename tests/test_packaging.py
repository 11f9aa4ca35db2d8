"""The files that install kdtutor agree with each other, and the package keeps its promises about imports."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
ASKED = [Requirement(line) for line in chain(PROJECT["dependencies"], *EXTRAS.values()) if "kdtutor" not in line]
PIN_LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
PINS = dict(line.split("==") for line in PIN_LINES)
GPU_LIBRARIES = ("nvidia-", "cuda-", "triton")  # torch's CUDA build brings its own, at exact versions


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=240
    )


def python(code: str, cwd: Path = ROOT, **environment: str) -> str:
    done = run(sys.executable, "-c", code, cwd=cwd, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# ---- pins


@pytest.mark.parametrize("requirement", ASKED, ids=lambda r: r.name)
def test_every_range_admits_its_pin(requirement: Requirement):
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_pins_are_exact_sorted_and_free_of_local_builds():
    names = [line.split("==")[0] for line in PIN_LINES]
    assert names == sorted(names)
    assert [line for line in PIN_LINES if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []


def test_torch_pins():
    assert (PINS["torch"], PINS["torchvision"]) == ("2.13.0", "0.28.0")


def test_every_pinned_plugin_of_pytest_is_asked_for():
    """Nothing else brings them along: one that is only pinned is not installed, and `make test` lacks its options."""
    plugins = {name for name in PINS if name.startswith("pytest-")}
    assert "pytest-xdist" in plugins and plugins - {canonicalize_name(asked.name) for asked in ASKED} == set()


def test_what_the_pinned_packages_ask_for_is_pinned_too():
    """Walks from kdtutor's requirements through every installed package that has its pinned version."""
    todo, seen, loose = list(ASKED), set(), set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        key = (name, *sorted(requirement.extras))
        if key in seen or name.startswith(GPU_LIBRARIES):
            continue
        seen.add(key)
        if name not in PINS:
            loose.add(name)
            continue
        try:
            installed = distribution(name)
        except PackageNotFoundError:  # an extra that is not installed here
            continue
        if installed.version.partition("+")[0] == PINS[name]:
            wanted = [Requirement(line) for line in installed.requires or []]
            extras = requirement.extras or {""}
            todo += [w for w in wanted if w.marker is None or any(w.marker.evaluate({"extra": e}) for e in extras)]
    assert loose == set()


def test_conda_gets_the_same_environment():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment.keys() == {"name", "channels", "dependencies"}
    python_version, pip, section = environment["dependencies"]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python_version.removeprefix("python="))
    assert pip == "pip"
    assert section == {"pip": ["-c constraints.txt", "-e .[dev]"]}
    assert "dev" in EXTRAS


def test_binder_gets_the_same_pins():
    environment = yaml.safe_load((ROOT / ".binder/environment.yml").read_text())
    assert environment["dependencies"] == yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"][:2]
    for name in ("postBuild", "start"):
        script = ROOT / ".binder" / name
        assert os.access(script, os.X_OK) and run("bash", "-n", script).returncode == 0
    assert "-c constraints.txt -e ." in (ROOT / ".binder/postBuild").read_text()
    assert run(ROOT / ".binder/start", "printenv", "OMP_NUM_THREADS").stdout.strip() == "1"


# ---- make and CI


def test_make_alone_lists_every_target_in_one_line():
    makefile = (ROOT / "Makefile").read_text()
    (targets,) = re.findall(r"^\.PHONY: (help.*)$", makefile, re.MULTILINE)
    listed = re.findall(r"^  make ([\w-]+) +\S.*$", run("make").stdout, re.MULTILINE)
    assert sorted(listed) == sorted(targets.split())


def test_make_names_the_pythons_it_accepts(tmp_path: Path):
    done = run("make", "lab", f"VENV={tmp_path / 'venv'}", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "kdtutor needs Python 3.11, 3.12 or 3.13, and no-such-python is none of these" in done.stderr


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder that looks like a finished environment, made with the pins."""
    for program in ("pip", "python", "kdtutor"):
        path = tmp_path / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    assert run("make", "install", f"VENV={tmp_path}").returncode == 0
    return tmp_path


def test_make_installs_once(installed: Path):
    assert "Installing" not in run("make", "lab", f"VENV={installed}").stdout


def test_make_installs_again_without_the_pins_and_remembers_that(installed: Path):
    venv = f"VENV={installed}"
    again = run("make", "install", venv, "CONSTRAINTS=", "PIP_ARGS=--pre").stdout
    assert "Installing" in again
    assert "Installing" not in run("make", "install", venv).stdout
    asked = run("make", "-n", "-W", "pyproject.toml", "install", venv).stdout
    assert re.search(r"pip install \S+ --pre +-e", asked)


def test_a_whole_run_fails_for_a_package_of_which_too_few_lines_are_covered(installed: Path):
    coverage = installed / "bin/coverage"
    coverage.write_text('#!/bin/sh\ncase "$*" in *nets*) echo 89; exit 2;; *) echo 95;; esac\n')
    coverage.chmod(0o755)
    test = ("make", "-o", "check", "test", f"VENV={installed}")
    whole = run(*test, "PYTEST_ARGS=")
    lines = re.findall(r"^lines covered of (\w+), in %: (\d+)$", whole.stdout, re.MULTILINE)
    counted = [Path(package).name for package in PYPROJECT["tool"]["coverage"]["run"]["source"]]
    assert lines == [(name, "89" if name == "nets" else "95") for name in counted]
    assert whole.returncode != 0 and "below 90 %: nets; " in whole.stderr
    assert run(*test, "PYTEST_ARGS=-x").returncode == 0  # of a part nothing can be asked


def test_what_ci_runs_is_sound_and_executable():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert run("bash", "-n", script).returncode == 0
    assert "make test" in script.read_text()


# ---- what is installed


def entry_points() -> list[EntryPoint]:
    groups = {"console_scripts": PROJECT["scripts"], **PROJECT["entry-points"]}
    return [EntryPoint(name, value, group) for group, points in groups.items() for name, value in points.items()]


@pytest.mark.parametrize("entry", entry_points(), ids=lambda e: e.name)
def test_entry_points_can_be_called(entry: EntryPoint):
    assert callable(entry.load())


def test_the_wheel_carries_the_data_and_nothing_else(tmp_path: Path):
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    assert {"kdtutor/py.typed", "kdtutor_torchvision.py", "kdtutor/shipped/digits/digits.npz"} <= names
    assert {name.split("/")[0] for name in names} == {"kdtutor", "kdtutor_torchvision.py", "kdtutor-0.1.0.dist-info"}
    assert not [name for name in names if "__pycache__" in name]

    say = "import kdtutor; print(kdtutor.data.root()); print(len(kdtutor.data.load('digits').test))"
    root, size = python(say, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site")).splitlines()
    assert Path(root) == tmp_path / "site/kdtutor/shipped"
    assert size == "1000"


# ---- imports


def lint_imports(cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    return run(sys.executable, "-c", code, cwd=cwd, PYTHONPATH=str(cwd))


def test_imports_run_one_way():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    "line,contract",
    [
        ("import matplotlib", "Mathematics and training never reach for a screen"),
        ("from kdtutor import widgets", "Imports run one way"),
    ],
)
def test_the_contract_bites(tmp_path: Path, line: str, contract: str):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "kdtutor", tmp_path / "kdtutor", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "kdtutor/papers/hinton.py").open("a") as file:
        file.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    assert f"{contract} BROKEN" in done.stdout


def test_papers_load_no_screen():
    loaded = python(
        "import sys, kdtutor; kdtutor.papers.hinton, kdtutor.papers.fsp\n"
        "print(sorted({'matplotlib', 'seaborn', 'ipywidgets', 'IPython', 'jupyterlab'} & set(sys.modules)))"
    )
    assert loaded == "[]"


def test_import_is_quick():
    """`import kdtutor` takes less than 1.5 times `import torch`: both timed in one process, the median of three."""
    code = """if True:
        from time import perf_counter
        start = perf_counter()
        import torch
        middle = perf_counter()
        import kdtutor
        print((perf_counter() - start) / (middle - start))
    """
    assert statistics.median(float(python(code)) for _ in range(3)) < 1.5
