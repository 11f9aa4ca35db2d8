"""What is a class and what is an image: clutter of every kind changes neither the classes nor their order."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kdtutor import DataError, data
from kdtutor.data.listing import class_folders


def picture(path: Path, shade: int = 100, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8, 3), shade, np.uint8)).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    for part, shade in (("train", 0), ("test", 100)):
        for name in ("cat", "dog"):
            for i in range(3):
                picture(tmp_path / part / name / f"{i}.png", shade + i)
    return tmp_path


def copied(folder: Path, *places: str) -> None:
    for place in places:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "train" / "cat" / "0.png", folder / place)


def written(folder: Path, *places: str) -> None:
    for place in places:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(b"not an image")


CLUTTER = {
    "hidden folders": lambda root: copied(
        root, "train/.ipynb_checkpoints/0.png", "test/.git/0.png", "train/dog/.t/0.png"
    ),
    "folders of systems": lambda root: copied(
        root, "train/__MACOSX/cat/0.png", "test/@eaDir/0.png", "train/$RECYCLE.BIN/0.png", "train/cat/@eaDir/0.png",
        "train/System Volume Information/0.png", "test/lost+found/0.png",
    ),
    "hidden files": lambda root: written(root, "train/cat/._0.png", "test/dog/.DS_Store", "train/.DS_Store"),
    "files of systems": lambda root: written(root, "train/cat/Thumbs.db", "train/dog/desktop.ini", "train/Thumbs.db"),
    "empty folders": lambda root: [(root / part / "elk").mkdir() for part in ("train", "test")],
    "folders of empty folders": lambda root: (root / "train" / "elk" / "young").mkdir(parents=True),
    "folders without an image": lambda root: written(root, "train/notes/readme.txt", "test/notes/list.csv"),
    "documents and videos": lambda root: written(
        root, "train/cat/a.pdf", "train/cat/b.eps", "test/dog/c.mpg", "train/dog/d.h5"
    ),
    "files beside the classes": lambda root: copied(root, "train/0.png", "test/1.jpg"),
    "text without an ending": lambda root: written(root, "train/cat/README", "train/LICENSE"),
    "a link in a circle": lambda root: [
        (root / "train" / "cat" / "again").symlink_to(root / "train" / "cat"),
        (root / "train" / "all").symlink_to(root / "train"),
        (root / "test" / "up").symlink_to(root),
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", CLUTTER)
def test_clutter_changes_nothing(folder, kind):
    clean = data.load("image-folder", folder, size=8)
    CLUTTER[kind](folder)
    now = data.load("image-folder", folder, size=8)
    assert now.classes == clean.classes == ("cat", "dog")
    for part, split in clean.splits().items():
        assert now.splits()[part].labels.equal(split.labels) and now.splits()[part].images.equal(split.images)


def test_an_image_has_an_ending_in_any_case_or_none_and_may_lie_deeper(folder):
    copied(folder, "train/cat/3.PNG", "train/cat/4", "train/cat/young/0.png")
    picture(folder / "train/cat/5.Jpg")
    names = [path.relative_to(folder / "train").as_posix() for path in class_folders(folder / "train")["cat"]]
    assert names == ["cat/0.png", "cat/1.png", "cat/2.png", "cat/3.PNG", "cat/4", "cat/5.Jpg", "cat/young/0.png"]


def test_linked_classes_and_images_count(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move(folder / "train" / "dog", elsewhere / "dog")
    (folder / "train" / "dog").symlink_to(elsewhere / "dog")
    (folder / "train" / "cat" / "3.png").symlink_to(elsewhere / "dog" / "0.png")
    assert data.load("image-folder", folder, size=8).train.labels.tolist() == [0] * 4 + [1] * 3


def test_names_are_ordered_and_compared_alike_everywhere(folder):
    decomposed, composed = "e\u0301lan", "\u00e9lan"  # one word, stored by macOS and by Linux
    copied(folder, f"train/{decomposed}/0.png", f"test/{composed}/0.png", "train/Zebra/0.png", "train/f/0.png")
    found = data.load("image-folder", folder, size=8)
    assert found.classes == ("Zebra", "cat", "dog", "f", composed)
    assert found.test.labels.tolist() == [1] * 3 + [2] * 3 + [4]
    copied(folder, f"train/{composed}/0.png")
    with pytest.raises(DataError, match=f"holds two folders named '{composed}'"):
        data.load("image-folder", folder, size=8)


def test_a_class_may_be_absent_from_the_test_but_not_from_the_training(folder):
    shutil.rmtree(folder / "test" / "cat")
    (folder / "test" / "cat").mkdir()
    found = data.load("image-folder", folder, size=8)
    assert found.classes == ("cat", "dog") and found.test.labels.tolist() == [1] * 3
    copied(folder, "test/elk/0.png")
    (folder / "train" / "elk").mkdir()
    with pytest.raises(DataError, match=r"test: class \['elk'\] does not occur in train/"):
        data.load("image-folder", folder, size=8)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda root: (root / "train/cat/0.png").write_bytes(b""), "0.png cannot be read as an image .it is empty"),
        (lambda root: (root / "train/cat/9.png").symlink_to(root / "nowhere"), "9.png cannot be read as an image"),
        (lambda root: os.mkfifo(root / "train/cat/9.png"), "9.png cannot be read as an image .it is empty, or no file"),
        (lambda root: written(root, "train/cat/9.HEIC"), "9.HEIC: .heic is not read; convert it to PNG or JPEG"),
        (lambda root: shutil.move(root / "train", root / "x") and shutil.move(root / "x", root / "train" / "train"),
         "train has 1 class folders with images; at least 2"),
    ],
)  # fmt: skip
def test_what_would_be_missed_is_named(folder, damage, sentence):
    damage(folder)
    with pytest.raises(DataError, match=sentence) as caught:
        data.load("image-folder", folder, size=8)
    assert "\n" not in str(caught.value)


def test_tiny_imagenet_follows_the_same_rule(tmp_path):
    base = tmp_path / "tiny-imagenet-200"
    for name in ("n01", "n02"):
        picture(base / "train" / name / "images" / f"{name}_0.JPEG")
        written(base, f"train/{name}/{name}_boxes.txt", f"train/{name}/images/._{name}_0.JPEG")
    copied_to = base / "train" / ".ipynb_checkpoints" / "x.JPEG"
    picture(copied_to)
    picture(base / "val" / "images" / "val_0.JPEG")
    notes = base / "val" / "val_annotations.txt"
    notes.write_text("val_0.JPEG\tn02\t0\t0\t1\t1\n\n")
    tiny = data.load("tiny-imagenet", tmp_path)
    assert tiny.classes == ("n01", "n02") and tiny.train.labels.tolist() == [0, 1] and tiny.test.labels.tolist() == [1]
    notes.write_text("val_0.JPEG\tn03\n")
    with pytest.raises(DataError, match=r"val_annotations.txt: .*n03.* is no image with a class of train/"):
        data.load("tiny-imagenet", tmp_path)
