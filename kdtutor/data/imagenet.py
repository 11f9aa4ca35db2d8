"""ImageNet (ILSVRC 2012) from its folders, in the custom by which its numbers are compared."""

import os
from dataclasses import replace
from pathlib import Path

from ..errors import DataError, require
from .folders import holder
from .image_folder import IN_MEMORY, image_folder
from .listing import visible
from .splits import Data

NAME = "imagenet"
MIDDLE = 224 / 256  # of a validation image: resized to 256 pixels, of which the middle 224 are shown
LARGER = 3 / 2  # side of a training image over that of a crop


def imagenet(
    root: str | Path | None = None, size: int = 224, in_memory: int = IN_MEMORY, workers: int | None = None
) -> Data:
    """`root/train/<class>/*` and `root/val/<class>/*`; without `root` in the folder imagenet/ of KDTUTOR_DATA or data/.

    Validation images, which are the test split, show the middle of the usual resizing to 256 pixels: 7/8 of the largest
    square in them, as `size` pixels. Training images are that whole square with half as many pixels again on a side, in
    which `ResizedCrop(size)` finds its boxes. So a small box has less detail than in the original file, and what lies
    beside the square is never seen; in exchange the images of a batch have one size, and are cut on the device.
    As many threads read as there are cores, unless `workers` says otherwise.
    The classes are those of the folder: a part of ILSVRC, or other photographs in its layout, do as well.

    >>> from PIL import Image
    >>> for place in [folder / part / name for part in ("train", "val") for name in ("n01440764", "n01443537")]:
    ...     _ = place.mkdir(parents=True), Image.new("L", (4, 2)).save(place / "a.png")
    >>> imagenet(folder, size=8).size
    (8, 8)
    """
    base = _folder(root)
    val = base / "val"
    require(
        not val.is_dir() or any(path.is_dir() for path in visible(val)),
        f"{val} has no class folders; ILSVRC packs its validation images flat: move each into the folder of its class, "
        "named as in train/",
        DataError,
    )
    threads = (os.cpu_count() or 1) if workers is None else workers
    data = image_folder(base, size, in_memory, threads, train_size=round(LARGER * size), middle=MIDDLE)
    return replace(data, name=NAME)


def _folder(root: str | Path | None) -> Path:
    if root is not None:
        return Path(root)
    found, looked = holder(NAME)
    if found is None:
        raise DataError(f"{NAME}: no folder {looked}; name the one that holds train/ and val/: root=…, or --root")
    return found / NAME
