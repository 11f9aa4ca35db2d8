"""A folder to try things on: flowers as photographs in class folders, and lists of what else is known of them."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from ..errors import require
from ..files import new_folder, write_whole
from . import flowers

HELD_OUT = 0.15
"""Share of the images of a class that become val/, and that become test/."""
QUALITY = 90  # of the JPEGs
LEAST = 3 * len(flowers.KINDS)


def write_flowers(
    folder: str | Path,
    images: int = 600,
    size: int = 96,
    seed: int = 0,
    told: Callable[[int], None] = lambda _: None,
) -> Path:
    """Draw flowers of five classes into a new folder, and return it.

    `train/`, `val/` and `test/` hold a folder for each class, of `size` × `size` JPEGs. Beside them lie lists for other
    tasks, of the same files and parts: tags.csv (several labels an image), size.csv (a number: the diameter in pixels),
    and masks.csv with masks/ (PNGs whose pixels are numbers of the lines of classes.txt). Equal numbers draw equal
    flowers.
    `told` is called after each image with how many there are.

    Raises `ConfigError` for a number out of range or a folder that is not empty, `DataError` where nothing can be
    written; the folder is whole or absent.

    >>> made = write_flowers(folder / "flowers", images=15, size=32)
    >>> [path.name for path in sorted(made.iterdir())]
    ['classes.txt', 'masks', 'masks.csv', 'size.csv', 'tags.csv', 'test', 'train', 'val']
    """
    require(images >= LEAST, f"images={images}: at least {LEAST} are needed, one of each class in train, val and test")
    require(16 <= size <= 1024, f"size={size}: a flower needs 16 to 1,024 pixels on a side")
    require(seed >= 0, f"seed={seed}: expected a whole number of at least 0")
    with new_folder(folder) as place:
        tags, diameters, masks = [], [], []
        for number, (kind, part) in enumerate(_plan(images)):
            drawn, file = flowers.draw(kind, size, (seed, number)), f"{part}/{kind}/{number:04}.jpg"
            mask = f"masks/{number:04}.png"
            _save(drawn.image, place / file, quality=QUALITY)
            _save(drawn.mask, place / mask, optimize=True)
            tags.append([file, ";".join(drawn.tags), part])
            diameters.append([file, str(drawn.diameter), part])
            masks.append([file, mask, part])
            told(number + 1)
        write_whole(place / "tags.csv", _table(["file", "tags", "split"], tags))
        write_whole(place / "size.csv", _table(["file", "diameter", "split"], diameters))
        write_whole(place / "masks.csv", _table(["file", "mask", "split"], masks))
        write_whole(place / "classes.txt", "".join(f"{part}\n" for part in flowers.PARTS))
    return Path(folder)


def _plan(images: int) -> Iterator[tuple[str, str]]:
    """Class and part of each image: the classes in turn, of each the first images held out."""
    kinds = list(flowers.KINDS)
    for number in range(images):
        kind, turn = number % len(kinds), number // len(kinds)
        held = max(1, round(HELD_OUT * len(range(kind, images, len(kinds)))))
        yield kinds[kind], "test" if turn < held else "val" if turn < 2 * held else "train"


def _save(image: Image.Image, path: Path, **options: int) -> None:
    buffer = io.BytesIO()
    image.save(buffer, {".jpg": "JPEG", ".png": "PNG"}[path.suffix], **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())


def _table(header: list[str], rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()
