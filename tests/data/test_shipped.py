"""How the sets that ship are written: equal files give equal bytes, and nothing comes from the wrong official part."""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kdtutor import data
from kdtutor.data.shipped import dealt, read, write

HERE = data.root()
HEADERS = {"images-idx3": 16, "labels-idx1": 8}


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """Files like those of Fashion-MNIST: just enough of each class; the first pixel of an image tells its part."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, per_class, first in (("train", 900, 100), ("t10k", 200, 200)):
        labels = np.tile(np.arange(10, dtype=np.uint8), per_class)
        images = np.zeros((len(labels), 784), np.uint8)
        images[:, 0] = first
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            (folder / f"{name}-{kind}-ubyte").write_bytes(bytes(HEADERS[kind]) + array.tobytes())
    return folder


def build(script: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, script, folder], capture_output=True, text=True, cwd=HERE.parent)


def test_clothes_are_built_from_the_official_parts_byte_for_byte(official, tmp_path):
    made = []
    for packed in (False, True):
        target = tmp_path / str(packed) / "fashion"
        target.mkdir(parents=True)
        script = shutil.copy(HERE / "fashion/build.py", target)
        if packed:
            for path in list(official.iterdir()):
                path.with_suffix(".gz").write_bytes(gzip.compress(path.read_bytes()))
                path.unlink()
        assert build(script, official).returncode == 0
        made.append((target / "fashion.npz").read_bytes())
    assert made[0] == made[1]
    parts = read("fashion", target).splits()
    assert {name: split.images[:, 0, 0, 0].unique().tolist() for name, split in parts.items()} == {
        "train": [100], "val": [100], "test": [200],
    }  # fmt: skip
    told = build(script, tmp_path / "nowhere").stderr
    assert "there is no" in told and "https://github.com/zalandoresearch/fashion-mnist" in told


@pytest.mark.parametrize("name", data.SHIPPED)
def test_what_ships_is_written_again_byte_for_byte(name, tmp_path):
    card, folder = data.shipped.card(name), tmp_path / name
    folder.mkdir()
    with np.load(HERE / name / f"{name}.npz") as stored:
        arrays = [stored[key] for key in ("images", "labels", "part")]
    derived = ("name", "mean", "std", "sha256", "digest")
    write(folder, *arrays, {key: value for key, value in card.items() if key not in derived})
    assert {path.name for path in folder.iterdir()} == {f"{name}.npz", "card.json"}
    for path in folder.iterdir():
        assert path.read_bytes() == (HERE / name / path.name).read_bytes()


def test_what_is_left_over_belongs_to_no_part():
    part = dealt(np.repeat(np.arange(2), 5), {"train": 2, "test": 1}, seed=0)
    assert np.bincount(part[part < 255]).tolist() == [4, 0, 2] and (part == 255).sum() == 4
