"""The sets of metric learning, in tiny imitations of their authors' layout."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from kdtutor import DataError, data
from kdtutor.data.image_folder import FileSplit
from kdtutor.data.metric_sets import FOLDERS, NAMES, metric_set

COUNTS = {"cub": 4, "cars196": 4, "sop": 4, "mini-imagenet": 6}


def picture(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((12, 16, 3), shade, np.uint8)).save(path)


def lay_out_cub(base: Path) -> None:
    names = [f"{k + 1:03d}.Bird{k}" for k in range(4)]
    files = [f"{name}/{name}_{i}.jpg" for name in names for i in range(3)]
    for i, file in enumerate(files):
        picture(base / "images" / file, 10 * i)
    (base / "images.txt").write_text("".join(f"{i + 1} {file}\n" for i, file in enumerate(files)))
    (base / "image_class_labels.txt").write_text("".join(f"{i + 1} {i // 3 + 1}\n" for i in range(12)))
    (base / "classes.txt").write_text("".join(f"{k + 1} {name}\n" for k, name in enumerate(names)))


def lay_out_cars(base: Path) -> None:
    base.mkdir()
    kind = [("relative_im_path", object), ("class", object), ("test", object)]
    rows = np.zeros(12, dtype=kind)
    for i in range(12):
        picture(base / "car_ims" / f"{i:06d}.jpg", 10 * i)
        rows[i] = (f"car_ims/{i:06d}.jpg", i // 3 + 1, 0)
    names = np.array([f"Car {k}" for k in range(4)], dtype=object)
    savemat(base / "cars_annos.mat", {"annotations": rows, "class_names": names})


def lay_out_products(base: Path) -> None:
    for side, labels in (("train", (1, 2)), ("test", (3, 4))):
        lines = ["image_id class_id super_class_id path"]
        for k in labels:
            for i in range(3):
                path = f"bicycle_final/{k}_{i}.JPG"
                picture(base / path, 40 * k + i)
                lines.append(f"{3 * k + i} {k} 1 {path}")
        (base / f"Ebay_{side}.txt").write_text("\n".join(lines) + "\n")


def lay_out_mini(base: Path) -> None:
    for number, side in enumerate(("train", "val", "test")):
        lines = ["filename,label"]
        for k in range(2):
            for i in range(3):
                name = f"n{number}{k}_{i}.jpg"
                picture(base / "images" / name, 30 * number + k)
                lines.append(f"{name},n{number}{k}")
        (base / f"{side}.csv").write_text("\n".join(lines) + "\n")


LAY_OUT = {"cub": lay_out_cub, "cars196": lay_out_cars, "sop": lay_out_products, "mini-imagenet": lay_out_mini}


def lay_out(name: str, root: Path) -> Path:
    base = root / FOLDERS[name][0]
    LAY_OUT[name](base)
    return base


def omniglot(root: Path, **changed: np.ndarray) -> Path:
    path = root / "Omniglot" / "omniglot_28.npz"
    path.parent.mkdir()
    stored = {
        "x": np.arange(6 * 28 * 28).reshape(6, 28, 28).astype(np.uint8),
        "char": np.array([0, 0, 1, 1, 2, 2], np.int16),
        "char_split": np.array([0, 1, 0], np.uint8),
        "char_names": np.array(["a", "b", "c"]),
    }
    np.savez(path, **{**stored, **changed})
    return path


@pytest.mark.parametrize("name", FOLDERS)
def test_training_and_test_have_no_class_in_common(name, tmp_path):
    lay_out(name, tmp_path)
    found = data.load(name, root=tmp_path, size=8)
    assert found.num_classes == COUNTS[name] and found.train.images.shape == (6, 3, 8, 8)
    sides = [set(split.labels.tolist()) for split in found.splits().values()]
    assert sum(map(len, sides)) == len(set().union(*sides)) == COUNTS[name]
    assert (found.val is not None) == (name == "mini-imagenet")
    assert [len(split) for split in found.splits().values()] == [6] * len(sides)


@pytest.mark.parametrize("name", FOLDERS)
def test_large_sets_stream(name, tmp_path):
    lay_out(name, tmp_path)
    found = metric_set(name, tmp_path, size=8, in_memory=100)
    assert isinstance(found.train, FileSplit) and isinstance(found.test, FileSplit)
    whole = metric_set(name, tmp_path, size=8)
    (pixels,) = found.train.chunks([torch.tensor([1, 5])])
    assert torch.equal(pixels, whole.train.images[[1, 5]])
    part = data.only(found, [int(found.train.labels[-1])])
    assert isinstance(part.train, FileSplit) and len(part.train) == 3
    batch = next(data.ClassBatches(found.train, found, classes=2, per_class=2, steps=1).epoch(0, seed=0))
    assert batch.images.shape == (4, 3, 8, 8)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_absent_is_said_in_one_sentence(name, tmp_path):
    with pytest.raises(DataError, match=f"^{name}: nothing at .*KDTUTOR_DATA") as caught:
        data.load(name, root=tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FOLDERS)
def test_an_absent_list_and_an_absent_image_are_named(name, tmp_path):
    base = lay_out(name, tmp_path)
    next(path for path in sorted(base.rglob("*")) if path.suffix.lower() == ".jpg").unlink()
    with pytest.raises(DataError, match="1 listed images are absent, such as"):
        data.load(name, root=tmp_path)
    (base / FOLDERS[name][1][0]).unlink()
    with pytest.raises(DataError, match=f"lacks {FOLDERS[name][1][0]}"):
        data.load(name, root=tmp_path)


@pytest.mark.parametrize(
    ("name", "file", "text", "sentence"),
    [
        ("cub", "images.txt", "one two three\n", "has not 2 fields"),
        ("cub", "image_class_labels.txt", "1 bird\n", "differ"),
        ("cub", "classes.txt", "1 001.Bird0\n", "no image of one side"),
        ("cars196", "cars_annos.mat", "nonsense", "not laid out as its authors do"),
        ("sop", "Ebay_train.txt", "header\n1 2 3\n", "has not 4 fields"),
        ("sop", "Ebay_train.txt", "header\n1 a 3 x\n", "not laid out"),
        ("sop", "Ebay_train.txt", "header\n1 3 1 bicycle_final/3_0.JPG\n", "1 classes of .* occur both"),
        ("mini-imagenet", "val.csv", "filename,label\nn.jpg\n", "has not 2 fields"),
        ("mini-imagenet", "val.csv", "filename,label\nn00_0.jpg,n00\n", "occur both in training and held out"),
    ],
)
def test_another_layout_is_refused(name, file, text, sentence, tmp_path):
    (lay_out(name, tmp_path) / file).write_text(text)
    with pytest.raises(DataError, match=sentence):
        data.load(name, root=tmp_path)


def test_omniglot_from_one_file(tmp_path):
    omniglot(tmp_path)
    found = data.load("omniglot-28", root=tmp_path)
    assert found.train.labels.tolist() == [0, 0, 2, 2] and found.test.labels.tolist() == [1, 1]
    assert found.classes == ("a", "b", "c") and found.test.images.shape == (2, 1, 28, 28)


def test_a_damaged_omniglot_is_named(tmp_path):
    omniglot(tmp_path).write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"omniglot-28: .* cannot be read"):
        data.load("omniglot-28", root=tmp_path)
