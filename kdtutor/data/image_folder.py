"""Any folder of images, one sub-folder a class; what does not fit in memory streams from disk."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int, Shaped, UInt8
from torch import Tensor

from ..errors import DataError, require
from .folders import holder
from .listing import class_folders
from .pinned import onto
from .pixels import read, square
from .splits import Data, Split

IN_MEMORY = 2**30
"""Bytes up to which the images of a folder are held in memory (1 GiB)."""
WORKERS = 2
"""Threads that read the images of a set that streams."""
AHEAD = 2  # batches that are being read while one is used
TOGETHER = 8  # images that a thread reads before it is asked again: to ask for each costs as much as a tenth of it
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, the custom for photographs
TINY_IMAGENET = "tiny-imagenet-200"


@dataclass(frozen=True)
class Files:
    """Image files by row: each as a square of `size` pixels, cut from its middle as `pixels.square` does."""

    paths: list[Path]
    size: int
    middle: float = 1.0

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> UInt8[Tensor, "3 size size"]:
        return square(read(self.paths[row]), self.size, self.middle)


@dataclass(frozen=True)
class FileSplit(Split):
    """A split whose images stay on disk; `images` holds one example, and `chunks` reads ahead in `workers` threads.

    Threads, not processes: Pillow decodes outside of Python's lock, an error keeps its sentence, and where processes
    are spawned a script would need `if __name__ == "__main__":`. `workers=0` reads each chunk when it is asked for.
    """

    images: Shaped[Tensor, "1 ..."]  # an example
    files: Files = field(default=None, repr=False)  # type: ignore[assignment]  # always given
    workers: int = WORKERS

    def __post_init__(self) -> None:
        require(len(self.files) == len(self.labels), "a folder needs one label per file")
        object.__setattr__(self, "labels", self.task.read(self.labels))

    def __getitem__(self, rows: Any) -> "FileSplit":
        chosen = torch.arange(len(self))[rows]
        files = replace(self.files, paths=[self.files.paths[i] for i in chosen.tolist()])
        return replace(self, labels=self.labels[rows], files=files)

    @property
    def device(self) -> torch.device:
        return self.labels.device

    def chunks(self, rows: Iterable[Int[Tensor, " b"]]) -> Iterator[UInt8[Tensor, "b 3 size size"]]:
        for images in _read_ahead(self.files, (chunk.tolist() for chunk in rows), self.workers):
            yield onto(torch.stack(images), self.device)

    def to(self, device: torch.device | str) -> "FileSplit":
        """The labels on a device; the images stay in their files."""
        return replace(self, labels=self.labels.to(device))


def _read_ahead(
    files: Files, chunks: Iterable[list[int]], workers: int
) -> Iterator[list[UInt8[Tensor, "3 size size"]]]:
    """The images of each chunk, in order; `workers` threads read those of the next chunks meanwhile."""
    if not workers:
        yield from ([files[row] for row in chunk] for chunk in chunks)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="kdtutor-images")
    try:
        coming = deque[list[Any]]()
        for chunk in chunks:
            parts = [chunk[first : first + TOGETHER] for first in range(0, len(chunk), TOGETHER)]
            coming.append([pool.submit(_some, files, part) for part in parts])
            if len(coming) > AHEAD:
                yield [image for part in coming.popleft() for image in part.result()]
        while coming:
            yield [image for part in coming.popleft() for image in part.result()]
    finally:  # also where an epoch is left before its end
        pool.shutdown(cancel_futures=True)


def _some(files: Files, rows: list[int]) -> list[UInt8[Tensor, "3 size size"]]:
    return [files[row] for row in rows]


def image_folder(
    root: str | Path | None,
    size: int = 64,
    in_memory: int = IN_MEMORY,
    workers: int = WORKERS,
    train_size: int | None = None,
    middle: float = 1.0,
) -> Data:
    """`root/train/<class>/*` and `root/test/<class>/*` (or `val`): square colour images of `size` pixels.

    With both `val` and `test` present, each becomes the split of its name. Sets larger than `in_memory` bytes stream.
    Training images may be larger, `train_size` pixels, for `ResizedCrop` to cut from; of the others only the share
    `middle` of the largest square is shown.
    What counts as a class and as an image: `listing.class_folders`; how pixels are read: `pixels.rgb`. A class without
    an image in `test` is allowed, one without an image in `train` is none.

    >>> from PIL import Image
    >>> for place in [folder / part / name for part in ("train", "test") for name in ("cats", "dogs")]:
    ...     _ = place.mkdir(parents=True), Image.new("L", (4, 2)).save(place / "a.png")
    >>> image_folder(folder, size=8).classes
    ('cats', 'dogs')
    """
    require(root is not None, 'load("image-folder") needs root=..., the folder with train/ and test/', DataError)
    base = Path(str(root))
    require((base / "train").is_dir(), f"{base / 'train'} is not a folder; expected train/<class>/<image>", DataError)
    held_out = [part for part in ("val", "test") if (base / part).is_dir()]
    require(bool(held_out), f"{base} has neither val/ nor test/; expected test/<class>/<image>", DataError)
    found = {part: class_folders(base / part) for part in ("train", *held_out)}
    classes = classes_of(found, {part: base / part for part in found})
    shown = dict.fromkeys(held_out, (size, middle)) | {"train": (train_size or size, 1.0)}
    parts = {
        part: file_split(_listed(files, classes), shown[part][0], in_memory, workers, shown[part][1])
        for part, files in found.items()
    }
    test = parts.get("test", parts[held_out[-1]])
    val = parts.get("val") if "test" in parts else None
    return Data(base.name, parts["train"], val, test, classes, MEAN, STD)


def classes_of(found: Mapping[str, dict[str, list[Path]]], places: Mapping[str, Path]) -> tuple[str, ...]:
    """The classes of the files that were found for each part, which are those of "train"; `places` are their folders.

    Raises `DataError` for a part without an image, for less than two classes, and for a class that "train" lacks.

    >>> classes_of({"train": {"cat": [folder], "dog": [folder]}}, {"train": folder})
    ('cat', 'dog')
    """
    classes = tuple(found["train"])
    for part, files in found.items():
        require(bool(files), f"{places[part]} holds no image file in its class folders", DataError)
    few = f"{places['train']} has {len(classes)} class folders with images; at least 2 are needed"
    require(len(classes) > 1, few, DataError)
    for part, files in found.items():
        strange = [name for name in files if name not in classes]
        unknown = f"{places[part]}: class {strange[:1]} does not occur in train/; the classes must agree"
        require(not strange, unknown, DataError)
    return classes


def tiny_imagenet(
    root: str | Path | None = None, size: int = 64, in_memory: int = 2 * IN_MEMORY, workers: int = WORKERS
) -> Data:
    """Tiny ImageNet (200 classes, 64×64) as its authors pack it: train/<id>/images and val/val_annotations.txt."""
    folder, looked = holder(TINY_IMAGENET, root)
    if folder is None:
        raise DataError(
            f"tiny-imagenet: no folder {looked}; unpack tiny-imagenet-200.zip there, "
            "or set KDTUTOR_DATA to the folder that holds it"
        )
    base = folder / TINY_IMAGENET
    notes = base / "val" / "val_annotations.txt"
    require((base / "train").is_dir() and notes.is_file(), f"{base} lacks train/ or val/val_annotations.txt", DataError)
    found = class_folders(base / "train")
    classes = tuple(found)
    train = _listed(found, classes)
    rows = [line.split("\t")[:2] for line in notes.read_text(encoding="utf-8").splitlines() if line.strip()]
    strange = [row for row in rows if len(row) < 2 or row[1] not in classes]
    require(bool(train and rows), f"{base} holds no image of train/ or names none of val/", DataError)
    require(not strange, f"{notes}: {strange[:1]} is no image with a class of train/", DataError)
    test = [(base / "val" / "images" / file, classes.index(name)) for file, name in rows]
    splits = [file_split(part, size, in_memory, workers) for part in (train, test)]
    return Data("tiny-imagenet", splits[0], None, splits[1], classes, MEAN, STD)


def _listed(files: dict[str, list[Path]], classes: tuple[str, ...]) -> list[tuple[Path, int]]:
    """The files of each class, with its number."""
    numbers = {name: k for k, name in enumerate(classes)}
    return [(path, numbers[name]) for name in files for path in files[name]]


def file_split(listed: list[tuple[Path, int]], size: int, in_memory: int, workers: int, middle: float = 1.0) -> Split:
    """Files and their classes as a split: in memory up to `in_memory` bytes, else streamed from disk.

    >>> from PIL import Image
    >>> Image.new("L", (4, 2)).save(folder / "tom.png")
    >>> file_split([(folder / "tom.png", 0)], size=8, in_memory=10**6, workers=1).images.shape
    torch.Size([1, 3, 8, 8])
    """
    require(size >= 1, f"size={size}: an image needs at least one pixel")
    require(workers >= 0, f"workers={workers}: how many threads read images; 0 reads them when they are asked for")
    labels = torch.tensor([k for _, k in listed])
    files = Files([path for path, _ in listed], size, middle)
    if len(files) * 3 * size * size <= in_memory:
        return Split(torch.stack([files[i] for i in range(len(files))]), labels)
    return FileSplit(files[0].unsqueeze(0), labels, files, workers)
