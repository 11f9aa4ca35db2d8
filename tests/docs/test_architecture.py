"""ARCHITECTURE.md tells the walks as they happen."""

import re
import tomllib
from pathlib import Path

import pytest

from benchmarks.walk import Stop, Walk, adaptive_batch, batch, folder, page, run

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
STOP = re.compile(r"^\d+\. `(\S+\.py)` `([\w.]+)`", re.MULTILINE)
WALKS = {"batch": batch, "run": run, "folder of images": folder, "page": page}


def told(life: str) -> list[Stop]:
    """The stops that a section lists."""
    section = re.search(rf"^## The life of a {life}$(.*?)^## ", TEXT, re.MULTILINE | re.DOTALL)
    assert section is not None
    return [Stop(*found) for found in STOP.findall(section[1])]


@pytest.mark.parametrize("life", WALKS)
def test_the_stops_are_entered_in_the_order_told(life: str) -> None:
    walked = list(WALKS[life]().first_visits)
    assert len(told(life)) > 8
    assert [stop for stop in told(life) if stop not in walked] == []
    assert [stop for stop in walked if stop in told(life)] == told(life)


def test_the_layers_are_those_of_the_import_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (one for one in project["tool"]["importlinter"]["contracts"] if one["id"] == "layers")
    layers = [name for name in contract["layers"] if name == "methods" or (ROOT / "kdtutor" / name).is_dir()]
    assert re.findall(r"^\| `kdtutor/(\w+)(?:/|\.py)` ", TEXT, re.MULTILINE) == layers


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:kdtutor|tests|data/results|notebooks|benchmarks)/[^` ]*)`", TEXT)))
)
def test_every_path_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_fsp_is_in_every_layer_that_the_grid_says() -> None:
    rows = re.findall(r"^\| `(\S+/)` \|.*\| (`.*`) \|$", TEXT, re.MULTILINE)
    assert len(rows) == 5 and all(
        (ROOT / folder / name).is_file() for folder, cell in rows for name in re.findall(r"`([^`]+)`", cell)
    )


def test_a_walk_counts_moves_and_each_file_once() -> None:
    a, b, c = Stop("one.py", "f"), Stop("two.py", "g"), Stop("two.py", "h")
    counts = Walk("", (a, b, c, a)).counts()
    assert counts == {"stops": 4, "functions": 3, "files": 2, "moves between files": 2}


def test_spots_chosen_by_a_policy_lead_to_the_same_loss() -> None:
    names = [stop.function for stop in adaptive_batch().first_visits]
    assert names.index("SpotAdaptive.step") < names.index("decide") < names.index("fsp_matrix") < names.index("descend")
