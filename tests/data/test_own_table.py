"""Tables of one's own: what the columns mean, in whichever way people write them."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import kdtutor as kd
from kdtutor import data
from kdtutor.data import CLASSIFICATION, Dense, MultiLabel, Regression

SHADES = range(0, 200, 10)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty images, each of a shade of its own, in the folder images/ of the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    for i, shade in enumerate(SHADES):
        Image.new("L", (40, 36), shade).save(tmp_path / "images" / f"{i}.png")
    return tmp_path


def table(header: str, cells: list[str], between: str = ",", end: str = "\n", encoding: str = "utf-8") -> Path:
    """A table with a row for each image, or for as many as there are cells."""
    rows = [f"images/{i}.png{between}{cell}" for i, cell in enumerate(cells)]
    path = Path("things.csv")
    path.write_bytes((end.join([header, *rows]) + end).encode(encoding))
    return path


def by_image(found: data.Data) -> dict[int, list[float]]:
    """The labels of each image, which is known by its shade."""
    known = {}
    for split in found.splits().values():
        for image, label in zip(split.images, split.labels, strict=True):
            known[int(image[0, 0, 0]) // 10] = label.flatten().tolist()
    return dict(sorted(known.items()))


def test_one_column_holds_classes():
    found = data.load(table("file,label", ["dog", "cat"] * 10))
    assert found.name == "things" and found.task == CLASSIFICATION and found.classes == ("cat", "dog")
    assert list(by_image(found).values()) == [[1], [0]] * 10
    assert [len(split) for split in found.splits().values()] == [14, 3, 3]


WRITTEN = {
    "by a spreadsheet": ("Image;Class", ";", "\r\n", "utf-8-sig"),
    "with tabs": ("path\tlabel", "\t", "\n", "utf-8"),
    "with old ends of lines": ("FileName,tags", ",", "\r", "utf-8"),
    "with spaces": (" file , label ", " , ", "\n", "utf-8"),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_a_table_is_read_however_it_is_written(how):
    header, between, end, encoding = WRITTEN[how]
    found = data.load(table(header, ["chien", "été"] * 10, between, end, encoding))
    assert found.classes == ("chien", "été") and list(by_image(found).values()) == [[0], [1]] * 10


def test_whole_numbers_are_classes_in_their_order_unless_a_number_is_asked_for():
    path = table("file,grade", ["10", "9"] * 10)
    found = data.load(path)
    assert found.classes == ("9", "10") and list(by_image(found).values()) == [[1], [0]] * 10
    found = data.load(path, task="regression")
    assert isinstance(found.task, Regression) and list(by_image(found).values()) == [[10.0], [9.0]] * 10


@pytest.mark.parametrize("mark", [";", "|", " ; "])
def test_several_labels_in_a_cell(mark):
    cells = [mark.join(["red", "round"]), "red", "", mark.join(["round", "red", ""])] * 5
    found = data.load(table("file,labels", cells))
    assert found.task == MultiLabel() and found.classes == ("red", "round")
    assert list(by_image(found).values()) == [[1, 1], [1, 0], [0, 0], [1, 1]] * 5


def test_several_labels_in_columns_of_which_an_empty_cell_is_not_known():
    found = data.load(table("file,red,round", ["1,0", "1,1", "0,", "1.0,0.0"] * 5))
    assert found.task == MultiLabel() and found.classes == ("red", "round")
    known = torch.tensor(list(by_image(found).values()))
    expected = torch.tensor([[1, 0], [1, 1], [0, torch.nan], [1, 0]] * 5)
    torch.testing.assert_close(known, expected, equal_nan=True)


def test_several_labels_in_rows():
    path = table("file,label", ["red", "round"] * 10)
    path.write_text(path.read_text() + "images/0.png,round\n./images/1.png,round\n")
    with pytest.warns(UserWarning, match="things.csv: 2 rows name a file again, and count once"):
        found = data.load(path, task="multi-label")
    assert list(by_image(found).values())[:3] == [[1, 1], [0, 1], [1, 0]]


def test_a_number_is_measured_in_training_units():
    sizes = [f"{i},5" for i in range(20)]
    found = data.load(table("file;cm", sizes, ";"))
    assert isinstance(found.task, Regression) and found.classes == ("cm",)
    assert by_image(found) == {i: [i + 0.5] for i in range(20)}
    numbers = found.train.labels.double()
    assert found.task.mean == pytest.approx((numbers.mean().item(),))
    assert found.task.std == pytest.approx((numbers.std(correction=0).item(),))
    assert 5 < found.test.labels.mean() < 15  # every part has small and large ones


def test_several_numbers_of_which_some_are_not_known():
    found = data.load(table("file,width,height", ["1.5,2", "2.5,NaN", "3,"] + ["0,7.5"] * 17))
    known = torch.tensor(list(by_image(found).values()))
    assert found.classes == ("width", "height") and torch.equal(known[:, 0], torch.tensor([1.5, 2.5, 3] + [0] * 17))
    assert known[:, 1].isnan().tolist() == [False, True, True] + [False] * 17


def test_a_number_that_does_not_vary_is_refused():
    with pytest.raises(
        kd.ConfigError, match=r"numbers of all training images are equal \(2.5\), so there is nothing to"
    ):
        data.load(table("file,cm", ["2.5"] * 20))
    with pytest.raises(kd.ConfigError, match="look at the labels, and at which images are for training"):
        data.load(table("file,cm,split", ["2.5,train"] * 10 + ["3.5,test"] * 10))


def test_a_label_that_no_training_image_has_is_told():
    rows = ["red;round,train"] * 5 + ["round,train"] * 5 + ["red;rare,test"] * 10
    with pytest.warns(UserWarning, match="no training image has the label, so it cannot be learnt: rare$"):
        found = data.load(table("file,tags,split", rows))
    assert found.classes == ("rare", "red", "round") and found.task == MultiLabel()


def test_images_without_a_label_are_for_training():
    found = data.load(table("file,label", ["cat", "dog"] * 6 + [""] * 8))
    assert int((~found.train.labelled).sum()) == 8 and all(split.labelled.all() for split in (found.val, found.test))
    stored = Path("things.kdtutor-split.csv").read_text()
    assert "images/11.png" in stored and "images/12.png" not in stored  # which is dealt out once it has a label


def test_a_column_tells_the_split():
    cells = ["cat,train", "dog,train", "cat,valid", "dog,Test", "dog,validation"]
    found = data.load(table("file,label,split", cells))
    assert [split.labels.tolist() for split in (found.train, found.val, found.test)] == [[0, 1], [0, 1], [1]]
    assert not Path("things.kdtutor-split.csv").exists()


def test_a_column_that_is_named_label_counts_alone():
    found = data.load(table("file,id,label,remark", [f"{i},{'cat' if i % 2 else 'dog'},seen" for i in range(20)]))
    assert found.classes == ("cat", "dog")


def test_files_are_found_from_the_table_on_absolute_or_with_backslashes(folder, monkeypatch):
    cells = [str(folder / "images/0.png"), "images\\1.png", "./images/2.png", "images/../images/3.png"]
    rows = [
        f"{cell},{'cat' if i % 2 else 'dog'}"
        for i, cell in enumerate([*cells, *(f"images/{i}.png" for i in range(4, 20))])
    ]
    (folder / "a.csv").write_text("\n".join(["file,label", *rows]))
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert list(by_image(data.load("../a.csv")).values()) == [[1], [0]] * 10
    stored = (folder / "a.kdtutor-split.csv").read_text()
    assert str(folder) not in stored  # so that the folder can be moved
    shutil.move(folder / "images", folder / "elsewhere")
    shutil.move(folder / "a.kdtutor-split.csv", folder / "elsewhere")
    (folder / "elsewhere" / "a.csv").write_text("\n".join(["file,label", *rows[4:]]))
    with pytest.warns(UserWarning, match="a: not there any more|a.csv: not there any more"):
        data.load("a.csv")


def masks(folder: Path, **changes: Image.Image) -> Path:
    """Masks of two classes, of which the right half of each is 1 and a corner is ignored."""
    pixels = np.zeros((36, 40), np.uint8)
    pixels[:, 20:] = 1
    pixels[:6, :6] = 255
    (folder / "masks").mkdir(exist_ok=True)
    for i in range(20):
        changes.get(f"mask{i}", Image.fromarray(pixels)).save(folder / "masks" / f"{i}.png")
    return table("image,mask", [f"masks/{i}.png" for i in range(20)])


def test_masks_are_cut_as_their_images_are(folder):
    palette = Image.open(masks(folder).parent / "masks/0.png").convert("P")
    palette.putpalette([9, 9, 9, 200, 0, 0])
    found = data.load(masks(folder, mask0=palette))
    assert found.task == Dense() and found.classes == ("0", "1")
    labels = found.train.labels
    assert labels.shape == (14, 32, 32) and labels.dtype == torch.int16
    assert (labels[:, :, :16] != 1).all() and (labels[:, :, 16:] == 1).all()  # the middle 36 of 40 columns, as 32
    assert (labels[:, :5, :3] == -1).all() and (labels[:, 6:, :16] == 0).all()
    assert sum(map(len, found.splits().values())) == 20


def test_classes_of_masks_have_names_where_a_list_tells_them(folder):
    (folder / "classes.txt").write_text("ground\nflower\nsky\n")
    assert data.load(masks(folder)).classes == ("ground", "flower", "sky")


def test_a_corrected_label_keeps_its_image_where_it_is():
    first = data.load(table("file,label", ["cat", "dog"] * 10))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = data.load(table("file,label", ["dog", "dog"] + ["cat", "dog"] * 9))
    assert torch.equal(first.test.images, second.test.images)
