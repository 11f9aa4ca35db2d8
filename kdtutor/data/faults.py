"""Image files that cannot be read, all of them named at once: before a training meets them one by one."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image

from ..errors import DataError
from .pixels import FORMATS, picture, reason
from .words import SHOWN, listed

THREADS = 8  # they wait for a disk or a network more than for a processor
ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
"""The last bytes of a whole file, by format."""


def glance(path: Path) -> str:
    """Why a file cannot be read as an image, as far as its first and last bytes show; nothing where they are well.

    Where its end is not the usual one it is decoded, for some programs write something behind it.

    >>> glance(folder / "absent.png")
    'there is no such file'
    """
    try:
        with path.open("rb") as file:
            kind = Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN]).format or ""
            end = ENDS.get(kind, b"")
            file.seek(-len(end), 2)
            whole = file.read() == end
    except Exception:  # Pillow's readers raise errors of every kind
        whole = False
    return "" if whole else look(path)


def look(path: Path, decode: Callable[[], object] | None = None) -> str:
    """Why a file cannot be read as an image, found by decoding all of it (by `decode`); nothing if it can.

    >>> _ = (folder / "tom.png").write_bytes(b"")
    >>> look(folder / "tom.png")
    'it is empty'
    """
    try:
        if path.stat().st_size == 0:
            return "it is empty"
        (decode or partial(picture, path))()
    except FileNotFoundError:
        return "there is no such file"
    except Exception as error:  # as above
        return getattr(error, "strerror", None) or reason(error)
    return ""


def faults(paths: Sequence[Path], find: Callable[[Path], str] = glance) -> Iterator[str]:
    """What `find` says of each file, in order; several are looked at meanwhile.

    >>> list(faults([folder / "absent.png"]))
    ['there is no such file']
    """
    Image.init()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="kdtutor-look") as pool:
        yield from pool.map(find, paths)


def require_whole(paths: Sequence[Path], names: Sequence[str], where: str) -> None:
    """Raise one `DataError` for all the files that a `glance` finds damaged.

    >>> require_whole([], [], "my_images")  # silent: none is
    """
    found = list(zip(names, faults(paths), strict=True))
    bad = [f"{name} ({fault})" for name, fault in found if fault]
    if bad:
        many = f"{len(bad):,} of {len(paths):,} image files"
        tell = " (kd.data.damaged lists all)" if len(bad) > SHOWN else ""
        raise DataError(f"{where}: {many} cannot be read: {listed(bad)}{tell}; replace or remove what is damaged")
