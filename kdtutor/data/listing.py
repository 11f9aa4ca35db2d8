"""What in a folder is a class, and what is an image: one rule for every set that lies in folders."""

from collections.abc import Callable, Iterator
from pathlib import Path
from unicodedata import normalize

from PIL import Image, UnidentifiedImageError

from ..errors import DataError, require
from .pixels import FORMATS, opened

SYSTEM = {
    "__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", "__pycache__",
}  # fmt: skip
"""Folders that computers put among others, in small letters; names with a dot in front are hidden anyway."""
UNREAD = {".heic", ".heif", ".jxl", ".dcm"}
"""Photographs of phones and hospitals that are not read: passed over without a word they would be missed."""


def class_folders(folder: Path, admits: Callable[[Path], bool] | None = None) -> dict[str, list[Path]]:
    """The classes in a folder, in the order of their names, and the image files of each.

    A class is a visible folder with at least one image in it or in its own visible folders; links to other folders are
    followed where they are classes themselves. Files beside the classes, and folders without an image, are passed over.
    Names are compared in Unicode's composed form (NFC) and by code point, so that every system counts the same classes
    in the same order. Raises `DataError` for two folders of one name, and as `image_files` does.

    >>> _ = (folder / "cats").mkdir(), Image.new("L", (2, 2)).save(folder / "cats" / "tom.png")
    >>> {name: len(files) for name, files in class_folders(folder).items()}
    {'cats': 1}
    """
    around = {folder.resolve(), *folder.resolve().parents}  # a link up there would hold every class
    inside = [path for path in visible(folder) if path.is_dir() and path.resolve() not in around]
    classes: dict[str, list[Path]] = {}
    for path in inside:
        if files := list(image_files(path, admits)):
            twin = classes.setdefault(composed(path), files)
            require(twin is files, f"{folder} holds two folders named {composed(path)!r}; rename one", DataError)
    return classes


def image_files(folder: Path, admits: Callable[[Path], bool] | None = None) -> Iterator[Path]:
    """The image files in a folder and its visible folders, in the order of their names: those that `admits` (default:
    `is_image`) takes for one.

    Links to folders are not followed, for they may lead in a circle. Raises `DataError` for a file with an image's
    ending that is none (empty, a broken link), and for pictures of a kind that is not read.

    >>> Image.new("L", (2, 2)).save(folder / "tom.png")
    >>> [path.name for path in image_files(folder)]
    ['tom.png']
    """
    for path in visible(folder):
        if path.is_dir():
            if not path.is_symlink():
                yield from image_files(path, admits)
        elif (admits or is_image)(path):
            yield path


def is_image(path: Path) -> bool:
    """Whether a file is an image: by its ending, or without one by its content. Raises `DataError` for an empty one.

    >>> from kdtutor.data import root
    >>> is_image(root() / "digits" / "card.json")
    False
    """
    if not names_image(path):
        return False
    try:
        whole = path.is_file() and path.stat().st_size > 0
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from None
    require(whole, f"{path} cannot be read as an image (it is empty, or no file); replace or remove it", DataError)
    return True


def names_image(path: Path) -> bool:
    """Whether a file is to be an image: by its ending, or without one by its content. It may be damaged.

    >>> names_image(folder / "absent.png"), names_image(folder / "notes.txt")
    (True, False)
    """
    ending = path.suffix.lower()
    require(ending not in UNREAD, f"{path}: {ending} is not read; convert it to PNG or JPEG, or remove it", DataError)
    if ending:
        return Image.registered_extensions().get(ending) in FORMATS
    try:
        return path.is_file() and _looks_like_an_image(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from None


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, by name, without what is hidden or belongs to the system.

    >>> from kdtutor.data import root
    >>> "card.json" in [path.name for path in visible(root() / "digits")]
    True
    """
    try:
        found = [path for path in folder.iterdir() if not path.name.startswith(".") and path.name.lower() not in SYSTEM]
    except OSError as error:
        raise DataError(f"{folder} cannot be listed ({error.strerror})") from None
    return sorted(found, key=composed)


def composed(path: Path) -> str:
    """A file's name in one spelling: some systems store é as two characters.

    >>> len(composed(Path("cafe\u0301.png")))  # é as one character
    8
    """
    return normalize("NFC", path.name)


def _looks_like_an_image(path: Path) -> bool:
    try:
        opened(path).close()
    except UnidentifiedImageError:
        return False
    except Image.DecompressionBombError:  # one that will be refused when it is read
        return True
    return True
