"""Flowers made in code: equal seeds draw equal ones, the lists tell what is in the pictures, the folder is whole."""

import csv
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kdtutor as kd
from kdtutor.data import example, flowers


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kd.data.write_flowers(tmp_path_factory.mktemp("made") / "flowers", images=60, size=48, seed=3)


def test_a_seed_is_a_drawing() -> None:
    first, again, other = (flowers.draw("rose", 32, seed) for seed in (1, 1, 2))
    assert (first.image, first.mask, first.tags, first.diameter) == (
        again.image,
        again.mask,
        again.tags,
        again.diameter,
    )
    assert first.image != other.image


def test_the_folder_is_one_of_class_folders(folder: Path) -> None:
    data = kd.data.image_folder(folder, size=16)
    assert data.classes == tuple(flowers.KINDS)
    assert data.val is not None
    assert [np.bincount(split.labels).tolist() for split in (data.train, data.val, data.test)] == [
        [8] * 5,
        [2] * 5,
        [2] * 5,
    ]


def test_every_list_names_every_photograph_once(folder: Path) -> None:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
    assert len(files) == 60
    for name in ("tags", "size", "masks"):
        assert sorted(row["file"] for row in rows(folder / f"{name}.csv")) == files


def test_tags_sizes_and_masks_tell_of_one_picture(folder: Path) -> None:
    parts = (folder / "classes.txt").read_text().split()
    assert parts == list(flowers.PARTS)
    masks = {row["file"]: np.asarray(Image.open(folder / row["mask"])) for row in rows(folder / "masks.csv")}
    tags = {row["file"]: row["tags"].split(";") for row in rows(folder / "tags.csv")}
    leaf, petals = parts.index("leaf"), parts.index("petals")
    assert all(("leaf" in tags[file]) == (leaf in mask) for file, mask in masks.items())
    assert all(1 <= len(set(names) & set(flowers.PALETTE)) <= 2 for names in tags.values())
    assert all(petals in mask and mask.max() < len(parts) for mask in masks.values())
    for row in rows(folder / "size.csv"):
        if "two flowers" not in tags[row["file"]]:  # one flower covers no more than its circle
            covered = np.isin(masks[row["file"]], (petals, parts.index("heart"))).sum()
            assert covered < 1.2 * math.pi / 4 * float(row["diameter"]) ** 2


def test_colours_alone_do_not_tell_the_class() -> None:
    drawn = {
        kind: Counter(name for seed in range(25) for name in flowers.draw(kind, 16, seed).tags)
        for kind in flowers.KINDS
    }
    assert all(sum(count > 0 for name, count in seen.items() if name in flowers.PALETTE) > 2 for seen in drawn.values())


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(example, "write_whole", full)
    with pytest.raises(kd.Error, match=r"cannot be written \(No space left on device\)"):
        kd.data.write_flowers(tmp_path / "flowers", images=15, size=16)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_stays(folder: Path) -> None:
    with pytest.raises(kd.Error, match="is not empty; name a new folder"):
        kd.data.write_flowers(folder)
    with pytest.raises(kd.Error, match="is a file; name a new folder"):
        kd.data.write_flowers(folder / "tags.csv")
