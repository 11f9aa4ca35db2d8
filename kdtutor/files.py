"""Files that are whole or absent, that tell when they were changed, and that one process writes at a time."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

from .errors import BusyError, ConfigError, DataError, require

RUNS = Path("runs")
"""What training writes, below the folder in which a command is given."""
SEAL = "digest"  # the key under which a JSON file holds the digest of everything else in it
LOCK = ".lock"
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # not names of files on Windows


def write_whole(path: str | Path, content: bytes | str) -> Path:
    """Write `content` so that a reader, a kill or a power cut finds the old file or the new one, never a part.

    It is written under a hidden name beside the target, flushed to the disk, and renamed. Raises `DataError` where
    that fails (disk full, folder read-only); the old file is then as it was, and nothing is left beside it.

    >>> write_whole(folder / "a.txt", "one").read_text()
    'one'
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            _flush(file.fileno(), file)
        os.replace(partial, path)
        _flush_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            cannot_write(path, error)
        raise
    return path


@contextmanager
def new_folder(folder: str | Path) -> Iterator[Path]:
    """A folder beside `folder` to write into: it takes its place when all is written, and vanishes otherwise.

    Raises `ConfigError` where `folder` is a file or not empty, `DataError` where it cannot be written.

    >>> with new_folder(folder / "made") as place:
    ...     _ = (place / "a.txt").write_text("one")
    >>> [path.name for path in folder.iterdir()]
    ['made']
    """
    folder = Path(folder).absolute()
    require(not folder.is_file(), f"{folder} is a file; name a new folder")
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        require(not folder.is_dir() or not any(folder.iterdir()), f"{folder} is not empty; name a new folder")
        partial.mkdir(parents=True)
        yield partial
        if folder.is_dir():
            folder.rmdir()  # not every system lets a folder take the place of an empty one
        partial.rename(folder)
    except OSError as error:
        if isinstance(error, DataError):  # a sentence already, which should name the folder that was asked for
            raise DataError(str(error).replace(str(partial), str(folder))) from None
        cannot_write(folder, error)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def require_folder(folder: str | Path) -> None:
    """Raise `ConfigError` where a folder is asked for and a file lies: before the work whose results go there.

    >>> require_folder(folder)  # silent
    """
    require(not Path(folder).is_file(), f"{folder} is a file; name a folder")


def append_line(path: Path, line: str) -> None:
    """Add a line at the end of a file and flush it to the disk; raises `DataError` where that fails.

    >>> append_line(folder / "log.txt", "one")
    >>> append_line(folder / "log.txt", "two")
    >>> (folder / "log.txt").read_text().split()
    ['one', 'two']
    """
    try:
        with path.open("ab") as file:
            file.write(f"{line}\n".encode())
            _flush(file.fileno(), file)
    except OSError as error:
        cannot_write(path, error)


def move(path: Path, target: Path) -> None:
    """Rename a file over another one; raises `DataError` where that fails.

    >>> move(write_whole(folder / "a.txt", "one"), folder / "b.txt")
    >>> visible(folder) == [folder / "b.txt"]
    True
    """
    try:
        os.replace(path, target)
        _flush_folder(target.parent)
    except OSError as error:
        cannot_write(target, error)


def cannot_write(path: Path, error: OSError) -> NoReturn:
    """Raise the sentence for a file that the system does not let us write."""
    raise DataError(
        f"{path} cannot be written ({error.strerror or error}); make room, or choose a folder where you may write"
    ) from None


def _flush(number: int, file: Any) -> None:
    file.flush()
    os.fsync(number)


def _flush_folder(folder: Path) -> None:
    """Bring a rename to the disk. Windows cannot open folders, and some network file systems cannot flush them."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, without hidden files: locks, and what a killed process was writing.

    >>> _ = write_whole(folder / ".hidden", ""), write_whole(folder / "a.txt", "")
    >>> [path.name for path in visible(folder)]
    ['a.txt']
    """
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []


def remove_partial(folder: Path) -> None:
    """Remove what killed processes were writing into `folder`; only for who holds it."""
    for partial in folder.glob(".*.part"):
        with suppress(OSError):
            partial.unlink()


@contextmanager
def held(folder: str | Path, name: str = LOCK) -> Iterator[Path]:
    """Hold `folder` for this process alone; the system lets go of it when the process ends, however it ends.

    Raises `BusyError` while another run holds it, and `DataError` for a folder that cannot be written.
    """
    from filelock import FileLock, Timeout

    folder = Path(folder)
    require_folder(folder)
    lock = FileLock(folder / name, timeout=0, thread_local=False)  # a run may be closed from another thread
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"{folder} is in use by another run; wait until that run has ended, or choose another folder"
        ) from None
    except OSError as error:
        cannot_write(folder / name, error)
    try:
        yield folder
    finally:
        with suppress(OSError):  # Windows removes it by itself, after the release
            os.unlink(folder / name)
        lock.release()


def file_name(kind: str, name: str) -> str:
    """`name`, if it can be the name of a file in the folder that is meant; else raises `ConfigError`.

    >>> file_name("study", "fsp_race")
    'fsp_race'
    """
    plain = isinstance(name, str) and bool(name) and name == name.strip() and name.isprintable()
    plain = plain and not name.startswith(".") and not name.endswith(".") and not set(name) & set('/\\:*?"<>|')
    if not plain or _RESERVED.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a {kind}: it becomes a file, so use letters, digits, - and _, "
            "and name the folder by itself"
        )
    return name


def digest_of(content: Mapping[str, Any]) -> str:
    """The sha256 of what JSON holds of `content`, whatever its layout; its own seal does not count.

    >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    True
    """
    rest = {key: value for key, value in json.loads(json.dumps(content)).items() if key != SEAL}
    return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """`content` with its digest, for a JSON file.

    >>> sorted(sealed({"a": 1}))
    ['a', 'digest']
    """
    return {**content, SEAL: digest_of(content)}


def require_sealed(content: Mapping[str, Any]) -> None:
    """Raise `ValueError` if `content` has been changed since it was `sealed`; what never was, counts as it is.

    >>> require_sealed(sealed({"a": 1}))  # silent: nothing has changed
    """
    if SEAL in content and content[SEAL] != digest_of(content):
        raise ValueError("it was changed after it was written: its digest is another")


def read_json(text: str | bytes) -> dict[str, Any]:
    """The object that a JSON text holds; raises `ValueError` for anything else.

    >>> read_json('{"a": 1}')
    {'a': 1}
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError(f"it holds {json.dumps(content)[:20]}, expected an object {{…}}")
    return content
