"""One's own folders: what is read, how it is split, and that the split stays what it was."""

import shutil
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from kdtutor import DataError, data
from kdtutor.data.image_folder import FileSplit
from kdtutor.data.kept import KeptFiles, decoded
from kdtutor.data.stored_split import SPLIT, dealt


def photograph(path: Path, shade: int = 100, size: tuple[int, int] = (40, 36)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, 255 - shade, shade // 2)).save(path)
    return path


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Ten cats and five dogs, each of a shade of its own."""
    folder = tmp_path / "pets"
    for i in range(10):
        photograph(folder / "cat" / f"{i}.jpg", 10 * i)
    for i in range(5):
        photograph(folder / "dog" / "puppies" / f"é {i}.png", 10 * i + 105)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path.parent / f"{tmp_path.name}-work").mkdir()
    monkeypatch.chdir(tmp_path.parent / f"{tmp_path.name}-work")


def shades(split: data.Split) -> list[int]:
    """Which images are in a split, by their shade; of a JPEG it is off by a little."""
    chunks = list(split.chunks([torch.arange(len(split))]))
    return [round(int(image[0, 0, 0]) / 5) * 5 for chunk in chunks for image in chunk]


def test_a_folder_of_class_folders_is_split_by_class(pets):
    found = data.load(pets)
    assert found.name == "pets" and found.classes == ("cat", "dog") and found.size == (32, 32)
    counts = [Counter(split.labels.tolist()) for split in (found.train, found.val, found.test)]
    assert [count.total() for count in counts] == [11, 2, 2] and counts[0] == {0: 7, 1: 4}
    together = [shade for split in found.splits().values() for shade in shades(split)]
    assert sorted(together) == [*range(0, 100, 10), *range(105, 155, 10)]


def test_the_split_is_made_once(pets):
    first = data.load(str(pets))
    stored = (pets / SPLIT).read_bytes()
    assert shades(data.load(pets).test) == shades(first.test) and (pets / SPLIT).read_bytes() == stored
    (pets / SPLIT).unlink()
    data.load(pets)
    assert (pets / SPLIT).read_bytes() == stored  # of the same files the same split is drawn


def test_files_that_come_and_go_leave_the_others_where_they_are(pets):
    before = data.load(pets)
    for i in range(5, 25):
        photograph(pets / "dog" / f"{i}.png", 200)
    with pytest.warns(
        UserWarning, match=r"pets: new since it was split: dog/10.png, dog/11.png, dog/12.png and 17 more"
    ):
        more = data.load(pets)
    assert len(more.train) + len(more.val) + len(more.test) == 35
    assert abs(Counter(more.train.labels.tolist())[1] - 0.7 * 25) < 1
    assert [shade for shade in shades(more.test) if shade != 200] == shades(before.test)

    gone = pets / "cat" / "0.jpg"
    kept = shutil.move(gone, pets.parent / "0.jpg")
    with pytest.warns(UserWarning, match="pets: not there any more, and left out: cat/0.jpg"):
        data.load(pets)
    shutil.move(kept, gone)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shades(data.load(pets).train) == shades(more.train)


def test_every_class_is_trained_on_and_shares_are_kept_by_class():
    groups = [*"a" * 100, *"b" * 20, *"c" * 2, "d"]
    parts = dealt([str(i) for i in range(len(groups))], groups)
    found = Counter((groups[int(name)], part) for name, part in parts.items())
    assert [found["a", part] for part in ("train", "val", "test")] == [70, 15, 15]
    assert [found["b", part] for part in ("train", "val", "test")] == [14, 3, 3]
    assert found["c", "train"] == 2 and found["d", "train"] == 1
    assert list(dealt(list(map(str, range(20))), ["a"] * 20).values()) != sorted(
        dealt(list(map(str, range(20))), ["a"] * 20).values()
    )  # shuffled: neighbours of a film are not all of one part


def test_where_nothing_can_be_written_the_split_is_stored_below_runs(pets, monkeypatch):
    usual = Path.open

    def refused(path, mode="r", *rest, **options):
        if "w" in mode and pets in path.parents:
            raise PermissionError(13, "Permission denied")
        return usual(path, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", refused)
    with pytest.warns(
        UserWarning, match=r"pets cannot be written \(Permission denied\), so the split is stored in runs"
    ):
        first = data.load(pets)
    assert not (pets / SPLIT).exists() and len(list(Path("runs/splits").iterdir())) == 1
    monkeypatch.undo()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shades(data.load(pets).test) == shades(first.test)


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("train", "valid", "test"), ("Train", "validation", "test")]
)
def test_parts_that_are_given_are_taken(tmp_path, names):
    for shade, part in enumerate(names):
        for name in ("cat", "dog"):
            photograph(tmp_path / "set" / part / name / "0.png", 50 * shade)
    found = data.load(tmp_path / "set")
    assert [shades(split) for split in (found.train, found.val, found.test)] == [[0, 0], [50, 50], [100, 100]]
    assert not (tmp_path / "set" / SPLIT).exists()


def test_train_is_a_class_where_it_holds_images(tmp_path):
    for name in ("train", "bus"):
        for i in range(4):
            photograph(tmp_path / name / f"{i}.png")
    assert data.load(tmp_path).classes == ("bus", "train")


@pytest.mark.parametrize("side, size", [(20, 32), (95, 64), (96, 96), (191, 160), (300, 224)])
def test_the_size_is_the_largest_that_the_median_image_has(tmp_path, side, size):
    for name in ("cat", "dog"):
        for i in range(3):
            photograph(tmp_path / name / f"{i}.png", size=(side + 7, side))
    photograph(tmp_path / "dog" / "tiny.png", size=(9, 9))
    assert data.load(tmp_path).size == (size, size)


def test_images_are_decoded_when_asked_for_and_kept_up_to_a_limit(pets, monkeypatch):
    whole = data.load(pets)
    assert not isinstance(whole.train, FileSplit)  # a small set is decoded at once
    monkeypatch.setattr("kdtutor.data.own_files.AT_ONCE", 0)
    asked: list[str] = []
    monkeypatch.setattr(
        "kdtutor.data.kept.decoded", lambda path, size: [asked.append(path.name), decoded(path, size)][1]
    )
    image = 3 * 32 * 32
    lazy = data.load(pets, memory=8 * image, workers=0)
    assert isinstance(lazy.train, FileSplit) and len(asked) == 3  # an example of each split
    for _ in range(2):
        batches = list(data.Batches(lazy.train, lazy, 5).epoch(0, seed=0))
    expected = list(data.Batches(whole.train, whole, 5).epoch(0, seed=0))
    assert all(torch.equal(a.images, b.images) for a, b in zip(batches, expected, strict=True))
    files = lazy.train.files
    assert (
        isinstance(files, KeptFiles)
        and len(files.kept) == 8
        and sum(map(torch.Tensor.numel, files.kept.values())) == 8 * image
    )
    assert len(asked) == 3 + 9 + 4  # ten of which one was known; then the four for which there was no room
    assert lazy.train[:2].files.kept is files.kept and data.load(pets, memory=0).train.files.kept == {}


def test_a_large_photograph_is_decoded_at_a_fraction_and_looks_the_same(tmp_path):
    y, x = np.mgrid[0:480, 0:640]
    waves = np.stack([127 + 120 * np.sin(x / 20) * np.cos(y / 30), x * 255 / 640, y * 255 / 480], 2).astype(np.uint8)
    Image.fromarray(waves).save(tmp_path / "a.jpg", quality=95)
    Image.fromarray(waves).save(tmp_path / "a.png")
    fast, exact = (decoded(tmp_path / name, 64).float() for name in ("a.jpg", "a.png"))
    assert fast.shape == (3, 64, 64) and (fast - exact).abs().mean() < 2


def test_a_split_of_files_keeps_all_its_fields(pets, monkeypatch):
    monkeypatch.setattr("kdtutor.data.own_files.AT_ONCE", 0)
    split = data.load(pets, workers=1).train
    for other in (split[torch.arange(3)], split.to("cpu")):
        assert isinstance(other, FileSplit) and other.workers == 1 and isinstance(other.files, KeptFiles)
    assert data.load(pets, size=16).few_labels(1).train.labels.tolist().count(-1) == len(split) - 2


def test_a_name_comes_before_a_folder_of_that_name(tmp_path, pets, monkeypatch):
    monkeypatch.chdir(pets.parent)
    shutil.copytree(pets, "digits")
    assert len(data.load("digits").train) == 3500 and data.load("./digits").classes == ("cat", "dog")
    assert data.load("pets").classes == data.load(Path("pets")).classes


def test_all_that_is_damaged_is_found_where_a_glance_finds_nothing(pets, monkeypatch):
    for name in ("cat/3.jpg", "cat/5.jpg"):
        content = bytearray((pets / name).read_bytes())
        content[2:-2] = content[2:20] + bytes(len(content) - 22)  # its beginning and its end are well
        (pets / name).write_bytes(content)
    monkeypatch.setattr("kdtutor.data.own_files.AT_ONCE", 0)
    found = data.damaged(pets, progress=False)
    assert [Path(path).name for path in found] == ["3.jpg", "5.jpg"]


def test_looking_at_loaded_data_keeps_what_was_decoded(pets, monkeypatch):
    monkeypatch.setattr("kdtutor.data.own_files.AT_ONCE", 0)
    found = data.load(pets)
    last = found.train.files.paths[-1]
    last.write_bytes(b"")
    assert data.damaged(found, progress=False) == {str(last): "it is empty"} and len(found.train.files.kept) == 14
    with pytest.raises(DataError, match=rf"{last.name} cannot be read as an image"):
        list(data.Batches(found.train, found, len(found.train)).epoch(0, seed=0))


def test_images_in_files_come_into_memory(pets, monkeypatch):
    whole = data.load(pets)
    monkeypatch.setattr("kdtutor.data.own_files.AT_ONCE", 0)
    found = data.in_memory(data.load(pets))
    assert not isinstance(found.train, FileSplit)
    for a, b in zip(found.splits().values(), whole.splits().values(), strict=True):
        assert torch.equal(a.images, b.images) and torch.equal(a.labels, b.labels)
