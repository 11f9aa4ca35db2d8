"""What runs elsewhere agrees with what the project says of itself: the workflow file and the hooks of pre-commit."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
JOBS: dict[str, Any] = WORKFLOW["jobs"]
COMMANDS = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]
MATRIX: dict[str, list[str]] = JOBS["test"]["strategy"]["matrix"]


def admitted(versions: SpecifierSet, major: int) -> list[str]:
    """The minor versions that a range admits."""
    return [f"{major}.{minor}" for minor in range(60) if versions.contains(f"{major}.{minor}")]


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found is not None
    return [line.strip().removeprefix("@").replace("$(BIN)/", "") for line in found[1].splitlines()]


def test_every_admitted_python_on_every_system() -> None:
    assert MATRIX["python"] == admitted(SpecifierSet(PROJECT["requires-python"]), 3)
    assert [name.partition("-")[0] for name in MATRIX["os"]] == ["ubuntu", "macos", "windows"]
    told = [line.rpartition(":: ")[2] for line in PROJECT["classifiers"] if "Python ::" in line]
    assert told == MATRIX["python"]


def test_the_oldest_and_the_newest_torch() -> None:
    (torch,) = (line for line in map(Requirement, PROJECT["dependencies"]) if line.name == "torch")
    every = admitted(torch.specifier, 2)
    assert MATRIX["torch"] == [min(every, key=Version), max(every, key=Version)]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_calls_is_there(command: str) -> None:
    words = shlex.split(re.sub(r"\$\{\{.*?\}\}", "X", command))
    if words[0] == "make":
        assert all(recipe(target) for target in words[1:])
    elif "/" in words[0]:
        assert (ROOT / words[0]).is_file()
    else:
        assert words[:2] == ["python", "-m"] and words[2] in ("pip", "pytest")
        assert all((ROOT / word).exists() for word in words if word in ("tests", "notebooks"))


def test_no_job_needs_make_on_windows() -> None:
    systems = {
        name: " ".join(job["strategy"]["matrix"]["os"] if "strategy" in job else [job["runs-on"]])
        for name, job in JOBS.items()
    }
    portable = [name for name, system in systems.items() if "windows" in system]
    assert portable == ["test"]
    assert [step["run"] for step in JOBS["test"]["steps"] if step.get("run", "").startswith(("make", "."))] == []


def test_every_job_ends_and_a_newer_push_ends_it() -> None:
    assert all(job["timeout-minutes"] > 0 for job in JOBS.values())
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is True
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "secrets." not in (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")


def test_the_cache_is_that_of_files_that_are_there() -> None:
    steps = [step["with"] for job in JOBS.values() for step in job["steps"] if "setup-python" in step.get("uses", "")]
    assert len(steps) == len(JOBS) and all((ROOT / step["cache-dependency-path"]).is_file() for step in steps)
    pythons = {step["python-version"] for step in steps} - {"${{ matrix.python }}"}
    assert pythons <= set(MATRIX["python"])


def test_the_hooks_are_the_commands_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    assert [hook["entry"] for hook in hooks[0]["hooks"]] == recipe("check")
    assert {hook["language"] for hook in hooks[0]["hooks"]} == {"system"}


@pytest.mark.parametrize("text", ["CONTRIBUTING.md", "ARCHITECTURE.md", "README.md"])
def test_every_target_that_a_text_names_exists(text: str) -> None:
    named = re.findall(r"(?:^|`|\s)make ([a-z][a-z-]*)\b", (ROOT / text).read_text(encoding="utf-8"), re.MULTILINE)
    targets = re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)
    code = {
        name
        for name in named
        if re.search(rf"(?:`|^|`[^`\n]*)make {name}\b", (ROOT / text).read_text(encoding="utf-8"), re.M)
    }
    assert code and sorted(code - set(targets)) == []


def test_the_changelog_ends_with_the_version_that_the_project_has() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\S+)\]", text, re.MULTILINE)
    assert versions[0] == "Unreleased" and versions[1] == PROJECT["version"]
    kinds = set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
