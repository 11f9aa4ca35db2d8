"""One's own data: a folder of class folders, one with train/, val/ and test/, or a table of files and labels."""

import os
from collections.abc import Callable, Collection
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from tqdm.auto import tqdm

from ..errors import DataError, require
from .faults import faults, look
from .image_folder import IN_MEMORY, FileSplit
from .listing import image_files, names_image
from .own_files import as_data
from .own_folders import folder_data
from .own_table import table_data
from .pixels import picture
from .splits import Data
from .table import ENDINGS
from .task import Classification
from .tasks import TASKS

THREADS = min(8, os.cpu_count() or 1)  # more of them wait for one another


def own(
    path: str | Path,
    size: int | None = None,
    workers: int | None = None,
    task: str | None = None,
    memory: int | None = None,
) -> Data:
    """One's own images: a folder of class folders, one with `train/`, `val/` and `test/` of class folders, or a table.

    Images are shown as squares of `size` pixels (`kept.decoded`), by default the largest of 32, 64, 96, 128, 160, 192
    and 224 that is not above the shorter side of the median image. Those of a small set are decoded at once; of a
    larger one each when it is first asked for, by `workers` threads (as many as cores, at most 8), and kept until what
    is kept takes `memory` bytes (1 GiB). The split of a folder of classes is made once and stored, see
    `stored_split.stored`. Raises `DataError`.

    >>> found = own(kd.data.write_flowers(folder / "flowers", images=30, size=40) / "train")
    >>> len(found.train), len(found.test), found.size
    (14, 3, (32, 32))
    """
    source = Path(os.path.abspath(Path(path).expanduser()))
    require(size is None or size >= 1, f"size={size}: an image needs at least one pixel")
    require(workers is None or workers >= 0, f"workers={workers}: how many threads read images; 0 reads when asked")
    require(memory is None or memory >= 0, f"memory={memory}: how many bytes of images are kept; 0 keeps none")
    require(source.exists(), absent(source), DataError)
    require(task is None or task in TASKS, f"task={task!r}: expected one of {', '.join(TASKS)}")
    if source.is_dir():
        told = f"task={task!r}: {source.name} is a folder, whose folders are classes; name a CSV for other labels"
        require(task in (None, Classification.name), told)
        found = folder_data(source)
    else:
        kind = f"{source} is a file of type {source.suffix or 'none'}; expected a folder of class folders, or a CSV"
        require(source.suffix.lower() in ENDINGS, f"{kind} of file and label (an archive: unpack it first)", DataError)
        found = table_data(source, task)
    return as_data(found, size, THREADS if workers is None else workers, IN_MEMORY if memory is None else memory)


def damaged(where: str | Path | Data, progress: bool = True) -> dict[str, str]:
    """Every image file that cannot be read, and why, found by decoding them all: those of a data set, which keeps what
    was decoded, or those below a folder, also where `load` refuses it. `progress` shows how far it is.

    >>> _ = (folder / "tom.png").write_bytes(b"")
    >>> list(damaged(folder, progress=False).values())
    ['it is empty']
    """
    files: dict[Path, Callable[[], object]] = {}
    if isinstance(where, Data):
        for split in where.splits().values():
            if isinstance(split, FileSplit):
                files |= {path: partial(split.files.__getitem__, row) for row, path in enumerate(split.files.paths)}
    else:
        require(Path(where).is_dir(), f"{where} is no folder; expected one with images, or loaded data", DataError)
        files = {path: partial(picture, path) for path in image_files(Path(where), names_image)}
    found = faults(list(files), lambda path: look(path, files[path]))
    shown = tqdm(found, "looking at images", len(files), unit=" images", disable=not progress, leave=False)
    return {str(path): fault for path, fault in zip(files, shown, strict=True) if fault}


def is_own(name: str | Path, known: Collection[str]) -> bool:
    """Whether a path is meant, and not one of the `known` names of data sets.

    >>> is_own("digits", ["digits"]), is_own("my_images/", ["digits"]), is_own("labels.csv", ["digits"])
    (False, True, True)
    """
    if isinstance(name, Path):
        return True
    if not isinstance(name, str) or name in known:
        return False
    path = Path(name)
    if len(path.parts) > 1 or name.endswith(("/", os.sep)) or path.suffix.lower() in ENDINGS or path.exists():
        return True
    return not get_close_matches(name, known) and _nearest(path) is not None  # a folder's name with a slip


def absent(path: Path) -> str:
    """The sentence for a path at which nothing is, with the nearest name that is there.

    >>> (folder / "my_images").mkdir()
    >>> absent(folder / "my_imags").partition("; ")[2]
    "did you mean 'my_images'?"
    """
    above = path.parent
    if not above.is_dir():
        return absent(above)
    near = _nearest(path)
    return f"there is no {path}; " + (f"did you mean {near!r}?" if near else "expected a folder of images or a CSV")


def _nearest(path: Path) -> str | None:
    near = (
        get_close_matches(path.name, [each.name for each in path.parent.iterdir()], n=1) if path.parent.is_dir() else []
    )
    return near[0] if near else None
