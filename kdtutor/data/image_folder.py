"""Any folder of images, one sub-folder a class; what does not fit in memory streams from disk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..errors import DataError, require
from .folders import search_roots
from .splits import Data, Split

IN_MEMORY = 2**30
"""Bytes up to which the images of a folder are held in memory (1 GiB)."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, the custom for photographs
TINY_IMAGENET = "tiny-imagenet-200"


def square(image: Image.Image, size: int) -> Tensor:
    """The middle of a picture as uint8 `(3, size, size)`."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    cut = image.resize((size, size), box=(left, top, left + side, top + side))
    return torch.from_numpy(np.array(cut)).permute(2, 0, 1)


class _Files(Dataset[Tensor]):
    """Decoded images by row: uint8 `(3, size, size)`, centre-cropped to a square."""

    def __init__(self, paths: list[Path], size: int) -> None:
        self.paths, self.size = paths, size

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> Tensor:
        try:
            with Image.open(self.paths[row]) as opened:
                image = opened.convert("RGB")
        except OSError as error:
            raise DataError(f"{self.paths[row]} cannot be read as an image ({error}); replace or remove it") from None
        return square(image, self.size)


@dataclass(frozen=True)
class FileSplit(Split):
    """A split whose images stay on disk; `images` holds one example, and `chunks` streams through a DataLoader."""

    files: _Files = field(default=None, repr=False)  # type: ignore[assignment]
    workers: int = 2

    def __post_init__(self) -> None:
        require(len(self.files) == len(self.labels), "a folder needs one label per file")

    def __getitem__(self, rows: Any) -> "FileSplit":
        chosen = torch.arange(len(self))[rows]
        files = _Files([self.files.paths[i] for i in chosen.tolist()], self.files.size)
        return FileSplit(self.images, self.labels[rows], files, self.workers)

    def chunks(self, rows: Iterable[Int[Tensor, " b"]]) -> Iterator[Tensor]:
        batches = [chunk.tolist() for chunk in rows]
        quiet = torch.Generator().manual_seed(0)  # without it the loader draws from the run's random state
        loader = DataLoader(self.files, batch_sampler=batches, num_workers=self.workers, generator=quiet)
        device = self.labels.device
        yield from (images.to(device, non_blocking=True) for images in loader)

    def to(self, device: torch.device | str) -> "FileSplit":
        return FileSplit(self.images, self.labels.to(device), self.files, self.workers)


def image_folder(root: str | Path | None, size: int = 64, in_memory: int = IN_MEMORY, workers: int = 2) -> Data:
    """`root/train/<class>/*` and `root/test/<class>/*` (or `val`): square colour images of `size` pixels.

    With both `val` and `test` present, each becomes the split of its name. Sets larger than `in_memory` bytes stream.
    """
    require(root is not None, 'load("image-folder") needs root=..., the folder with train/ and test/', DataError)
    base = Path(str(root))
    require((base / "train").is_dir(), f"{base / 'train'} is not a folder; expected train/<class>/<image>", DataError)
    held_out = [part for part in ("val", "test") if (base / part).is_dir()]
    require(bool(held_out), f"{base} has neither val/ nor test/; expected test/<class>/<image>", DataError)
    classes = tuple(sorted(p.name for p in (base / "train").iterdir() if p.is_dir()))
    require(len(classes) > 1, f"{base / 'train'} has {len(classes)} class folders; at least 2 are needed", DataError)
    parts = {part: file_split(_listed(base / part, classes), size, in_memory, workers) for part in ("train", *held_out)}
    test = parts.get("test", parts[held_out[-1]])
    val = parts.get("val") if "test" in parts else None
    return Data(base.name, parts["train"], val, test, classes, MEAN, STD)


def tiny_imagenet(root: str | Path | None = None, size: int = 64, in_memory: int = 2 * IN_MEMORY) -> Data:
    """Tiny ImageNet (200 classes, 64×64) as its authors pack it: train/<id>/images and val/val_annotations.txt."""
    places = [folder / TINY_IMAGENET for folder in search_roots(root)]
    base = next((place for place in places if place.is_dir()), None)
    if base is None:
        raise DataError(
            f"tiny-imagenet: no folder {' or '.join(map(str, places))}; unpack tiny-imagenet-200.zip there, "
            "or set KDTUTOR_DATA to the folder that holds it"
        )
    notes = base / "val" / "val_annotations.txt"
    require((base / "train").is_dir() and notes.is_file(), f"{base} lacks train/ or val/val_annotations.txt", DataError)
    classes = tuple(sorted(p.name for p in (base / "train").iterdir() if p.is_dir()))
    train = [(path, k) for k, name in enumerate(classes) for path in sorted((base / "train" / name).rglob("*.JPEG"))]
    rows = [line.split("\t")[:2] for line in notes.read_text(encoding="utf-8").splitlines()]
    test = [(base / "val" / "images" / file, classes.index(name)) for file, name in rows]
    splits = [file_split(part, size, in_memory, workers=2) for part in (train, test)]
    return Data("tiny-imagenet", splits[0], None, splits[1], classes, MEAN, STD)


def _listed(folder: Path, classes: tuple[str, ...]) -> list[tuple[Path, int]]:
    endings = set(Image.registered_extensions())
    strange = sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name not in classes)
    require(not strange, f"{folder}: class {strange[:1]} does not occur in train/; the classes must agree", DataError)
    files = [
        (path, k)
        for k, name in enumerate(classes)
        for path in sorted((folder / name).rglob("*"))
        if path.suffix.lower() in endings
    ]
    require(bool(files), f"{folder} holds no image file in its class folders", DataError)
    return files


def file_split(listed: list[tuple[Path, int]], size: int, in_memory: int, workers: int) -> Split:
    """Files and their classes as a split: in memory up to `in_memory` bytes, else streamed from disk."""
    labels = torch.tensor([k for _, k in listed])
    files = _Files([path for path, _ in listed], size)
    if len(files) * 3 * size * size <= in_memory:
        return Split(torch.stack([files[i] for i in range(len(files))]), labels)
    return FileSplit(files[0].unsqueeze(0), labels, files, workers)
