"""Folders of one's own images that are damaged, incomplete or no data at all."""

import errno
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from PIL import Image

from kdtutor import ConfigError, DataError, UnknownName, data, files
from kdtutor.data.stored_split import SPLIT

from .kinds import Bad, text


def picture(path: Path, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (24, 20), (200, 100, 50)).resize((48, 40)).save(path, **options)
    return path


def pets(folder: Path, count: int = 4, names: tuple[str, ...] = ("cat", "dog"), ending: str = "png") -> Path:
    for name in names:
        for i in range(count):
            picture(folder / name / f"{i}.{ending}")
    return folder


def cut(path: Path, share: float = 0.5) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


def load(folder: Path, *changes: Callable[[Path], object], **options: Any) -> data.Data:
    """Cats and dogs, changed, and loaded."""
    pets(folder)
    for change in changes:
        change(folder)
    return data.load(folder, **options)


def again(folder: Path, change: Callable[[Path], object]) -> data.Data:
    """Loaded, then changed, and loaded again."""
    data.load(pets(folder))
    change(folder / SPLIT)
    return data.load(folder)


def without_disk(folder: Path, number: int, *functions: str) -> data.Data:
    """Loaded where the system refuses to write: its error `number` comes from each of some functions of `files`."""

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with ExitStack() as patched:
        for function in functions:
            patched.enter_context(patch.object(files, function, refused))
        return load(folder)


def unreadable(folder: Path) -> data.Data:
    """A folder that may not be listed; the tests may be run by who may list all of them."""
    usual = Path.iterdir

    def refused(path: Path) -> Any:
        if path.name == "dog":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return usual(path)

    with patch.object(Path, "iterdir", refused):
        return load(folder)


BAD: dict[str, Bad] = {
    "a path with a slip": Bad(
        lambda tmp: data.load(pets(tmp / "my_images").with_name("my_imges")), DataError,
        ("there is no", "my_imges", "did you mean 'my_images'?"),
    ),
    "a folder's name with a slip": Bad(
        lambda tmp: data.load("foldr"), DataError, ("there is no", "foldr", "did you mean 'folder'?"),
    ),
    "a path that nothing is near": Bad(
        lambda tmp: data.load(tmp / "photographs"), DataError, ("there is no", "expected a folder of images or a CSV"),
    ),
    "a path below nothing": Bad(
        lambda tmp: data.load(tmp / "absent" / "images"), DataError, ("there is no", "/absent;"),
    ),
    "neither a set nor a path": Bad(
        lambda _: data.load("tulips"), UnknownName, ("'tulips' is not a known data set", "or name a folder or a CSV"),
    ),
    "a root beside a path": Bad(
        lambda tmp: data.load(tmp, root="data"), ConfigError, ("root='data'", "is a path by itself", "leave root out"),
    ),
    "an archive": Bad(
        lambda tmp: data.load(text(tmp / "pets.zip", "PK")), DataError,
        ("pets.zip is a file of type .zip", "expected a folder of class folders, or a CSV", "unpack it first"),
    ),
    "an image": Bad(lambda tmp: data.load(picture(tmp / "a.png")), DataError, ("a.png is a file of type .png",)),
    "an empty folder": Bad(
        lambda tmp: data.load(tmp), DataError,
        ("holds 0 class folders with images", "at least 2 are needed", "put the images of each class in a folder"),
    ),
    "images without class folders": Bad(
        lambda tmp: [picture(tmp / f"{i}.png") for i in range(3)] and data.load(tmp), DataError,
        ("holds 3 images and no class folder", "in a folder named after it"),
    ),
    "images beside a table": Bad(
        lambda tmp: text(tmp / "labels.csv", "") and picture(tmp / "a.png") and data.load(tmp), DataError,
        ("holds 1 images and no class folder", "name the table", "labels.csv"),
    ),
    "one class": Bad(
        lambda tmp: data.load(pets(tmp, names=("cat",))), DataError,
        ("holds 1 class folders with images", "at least 2"),
    ),
    "a folder in a folder, as archives unpack": Bad(
        lambda tmp: data.load(pets(tmp / "pets" / "pets").parent), DataError,
        ("holds 1 class folders", "name ", "pets/pets instead"),
    ),
    "one image a class": Bad(
        lambda tmp: data.load(pets(tmp, 1)), DataError,
        ("each of the 2 classes has a single image", "none is left for a test", "add some"),
    ),
    "classes that differ by case": Bad(
        lambda tmp: load(tmp, lambda root: picture(root / "Cat" / "9.png")), DataError,
        ("the classes 'Cat' and 'cat' differ by case alone", "rename one"),
    ),
    "one class in two spellings of Unicode": Bad(
        lambda tmp: data.load(pets(tmp, names=("\u00e9", "e\u0301"))), DataError,
        ("two folders named 'é'", "rename one"),
    ),
    "an empty image": Bad(
        lambda tmp: load(tmp, lambda root: (root / "cat/1.png").write_bytes(b"")), DataError,
        ("1 of 8 image files cannot be read: cat/1.png (it is empty)", "replace or remove"),
    ),
    "a page that is named as an image": Bad(
        lambda tmp: load(tmp, lambda root: text(root / "dog/2.png", "<html>404</html>")), DataError,
        ("1 of 8 image files cannot be read: dog/2.png (its content is of no format that is read)",),
    ),
    "truncated images": Bad(
        lambda tmp: load(tmp, lambda root: [cut(root / f"cat/{i}.png") for i in range(2)],
                         lambda root: cut(picture(root / "dog/9.jpg"))),
        DataError, ("3 of 9 image files cannot be read: cat/0.png (", "cat/1.png (", "dog/9.jpg (", "truncated"),
    ),
    "many damaged images": Bad(
        lambda tmp: load(tmp, lambda root: [cut(path, 0.2) for path in root.glob("*/*.png")]), DataError,
        ("8 of 8 image files cannot be read", "cat/2.png", "and 5 more"),
    ),
    "a link to nothing": Bad(
        lambda tmp: load(tmp, lambda root: (root / "cat/7.png").symlink_to(root / "absent.png")), DataError,
        ("cat/7.png (there is no such file)",),
    ),
    "photographs of a phone": Bad(
        lambda tmp: load(tmp, lambda root: text(root / "cat/a.heic", "x")), DataError,
        ("a.heic: .heic is not read", "convert it to PNG or JPEG"),
    ),
    "a folder that may not be listed": Bad(unreadable, DataError, ("dog cannot be listed (Permission denied)",)),
    "train without a test": Bad(
        lambda tmp: data.load(pets(tmp / "train").parent), DataError,
        ("has train/ but neither val/ nor test/", "train to have it split"),
    ),
    "two folders for one part": Bad(
        lambda tmp: [pets(tmp / part) for part in ("train", "val", "valid")] and data.load(tmp), DataError,
        ("has ['val', 'valid'] for one part", "keep one"),
    ),
    "a class that training lacks": Bad(
        lambda tmp: [pets(tmp / "train"), pets(tmp / "test", names=("cat", "elk"))] and data.load(tmp), DataError,
        ("test: class ['elk'] does not occur in train/",),
    ),
    "a part without an image": Bad(
        lambda tmp: [pets(tmp / "train"), (tmp / "test").mkdir()] and data.load(tmp), DataError,
        ("test holds no image file in its class folders",),
    ),
    "a damaged image in a part": Bad(
        lambda tmp: [cut(pets(tmp / part) / "cat/0.png") for part in ("train", "test")] and data.load(tmp), DataError,
        ("2 of 16 image files cannot be read: train/cat/0.png", "test/cat/0.png"),
    ),
    "another task for folders": Bad(
        lambda tmp: load(tmp, task="regression"), ConfigError,
        ("task='regression'", "is a folder, whose folders are classes", "name a CSV"),
    ),
    "an unknown task": Bad(
        lambda tmp: load(tmp, task="segmentation"), ConfigError,
        ("task='segmentation'", "classification, multi-label, regression, dense"),
    ),
    "a task for digits": Bad(
        lambda _: data.load("digits", task="dense"), ConfigError, ("task='dense'", "leave task out"),
    ),
    "a size of nothing": Bad(lambda tmp: load(tmp, size=0), ConfigError, ("size=0", "at least one pixel")),
    "fewer than no workers": Bad(lambda tmp: load(tmp, workers=-1), ConfigError, ("workers=-1", "how many threads")),
    "less than no memory": Bad(lambda tmp: load(tmp, memory=-1), ConfigError, ("memory=-1", "0 keeps none")),
    "a full disk": Bad(
        lambda tmp: without_disk(tmp, errno.ENOSPC, "_flush"), DataError,
        ("runs/splits/", "cannot be written (No space left on device)", "make room"),
    ),
    "a split that was edited": Bad(
        lambda tmp: again(tmp, lambda path: text(path, path.read_text().replace(",test", ",train", 1))), DataError,
        (SPLIT, "is no split as kdtutor stored it, or was changed since", "remove it to have another drawn"),
    ),
    "a split that is cut off": Bad(lambda tmp: again(tmp, cut), DataError, (SPLIT, "was changed since")),
    "a split that is empty": Bad(lambda tmp: again(tmp, lambda path: text(path, "")), DataError, ("is no split",)),
    "a split of other data": Bad(
        lambda tmp: again(tmp, lambda path: data.load(pets(tmp.parent / "other", names=("elk", "fox"))) and text(
            path, (tmp.parent / "other" / SPLIT).read_text())),
        DataError, ("names 8 files, and none of them is here", "the split of other data"),
    ),
}  # fmt: skip
