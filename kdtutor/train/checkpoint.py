"""A run on disk: enough to continue it to the same numbers; a kill at any moment leaves a whole file."""

import io
import shutil
import warnings
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from ..errors import ConfigError, DataError, Error, require
from ..files import move, visible, write_whole
from .identity import TEACHER, Identity, difference
from .trainable import Trainable

CHECKPOINT = "checkpoint.pt"
BEFORE = "checkpoint.before.pt"  # the last one but one, while a run goes on
BEST, LAST, HISTORY = "best.safetensors", "last.safetensors", "history.json"
ELSEWHERE = "choose another folder for `out`, or move the old run away"
SEAL = 64  # hexadecimal digits of a sha256: the comment at the end of the zip archive that torch writes
NO_COMMENT = b"PK\5\6"  # where such an archive ends without a comment


def write_tensors(path: Path, net: nn.Module) -> None:
    """The state of `net` as safetensors, whole or not at all.

    >>> write_tensors(folder / "net.safetensors", torch.nn.Linear(2, 1))
    >>> [path.name for path in folder.iterdir()]
    ['net.safetensors']
    """
    write_whole(path, save({name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}))


def learnt(distiller: Trainable) -> dict[str, Tensor]:
    """The state of everything that training changes, each thing once: a frozen teacher is left out.

    >>> sorted(learnt(kd.Alone(kd.nets.build("mlp8", classes=2))))[0]
    'student.classifier.bias'
    """
    frozen = distiller.teacher is not None and not any(p.requires_grad for p in distiller.teacher.parameters())
    seen: set[nn.Module | None] = {distiller.teacher} if frozen else set()
    left_out: list[str] = []  # a distiller around another one holds the nets under two names
    for name, module in distiller.named_modules(remove_duplicate=False):
        if module in seen:
            left_out.append(f"{name}.")
        seen.add(module)
    return {name: x for name, x in distiller.state_dict().items() if not name.startswith(tuple(left_out))}


def random_state(distiller: Trainable) -> dict[str, Any]:
    """Where torch's generators and the method's own stand.

    >>> sorted(random_state(kd.Alone(kd.nets.build("mlp8", classes=2))))[:2]
    ['noise', 'torch']
    """
    state: dict[str, Any] = {"torch": torch.get_rng_state(), "noise": distiller.noise.get_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def restore_random_state(distiller: Trainable, state: dict[str, Any]) -> None:
    """Put the generators back to where `random_state` found them.

    >>> method = kd.Alone(kd.nets.build("mlp8", classes=2))
    >>> before = random_state(method)
    >>> first = torch.rand(1)
    >>> restore_random_state(method, before); bool(torch.rand(1) == first)
    True
    """
    torch.set_rng_state(state["torch"])
    distiller.noise.set_state(state["noise"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])


def holds_run(folder: Path) -> bool:
    """Whether a run has begun in `folder`.

    >>> from pathlib import Path
    >>> holds_run(Path("no-such-folder"))
    False
    """
    return any((folder / name).is_file() for name in (CHECKPOINT, BEFORE))


def require_free(folder: Path, written: set[str] | None = None) -> None:
    """Refuse a folder that holds no run but files named as those that are `written`; by default any files.

    >>> from pathlib import Path
    >>> require_free(Path("no-such-folder"))  # silent: nothing would be overwritten
    """
    require(not folder.is_file(), f"{folder} is a file; name a folder for the run with --out")
    foreign = [] if holds_run(folder) else visible(folder)
    clash = [path for path in foreign if written is None or path.name in written]
    require(not clash, f"{folder} holds other files and no run; name an empty or new folder with --out")


def save_checkpoint(folder: Path, content: dict[str, Any]) -> None:
    """Write the checkpoint; the one before stays until the next, if a step was done then.

    >>> save_checkpoint(folder, {"done": 3})
    >>> newest_checkpoint(folder)["done"]
    3
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    archive = bytes(buffer.getbuffer())[:-2] + SEAL.to_bytes(2, "little")  # the length of the comment that follows
    new = write_whole(folder / f".{CHECKPOINT}.part", archive + sha256(archive).hexdigest().encode())
    try:
        if content["done"] and (folder / CHECKPOINT).exists():
            move(folder / CHECKPOINT, folder / BEFORE)
        move(new, folder / CHECKPOINT)
    finally:
        new.unlink(missing_ok=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What `save_checkpoint` wrote. Raises `DataError` if it is damaged, `ConfigError` if an old kdtutor wrote it.

    >>> save_checkpoint(folder, {"done": 3})
    >>> read_checkpoint(next(folder.glob("checkpoint*")))["done"]
    3
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from None
    archive, seal = content[:-SEAL], content[-SEAL:]
    if content[-22:-18] == NO_COMMENT and content.startswith(b"PK"):
        raise ConfigError(
            f"{path.parent} holds a run of an earlier kdtutor, which did not note the weights of teacher and student: "
            f"whether it is this run cannot be told; {ELSEWHERE}"
        )
    if sha256(archive).hexdigest().encode() != seal:
        raise DataError(f"{path} is damaged (its digest is another)")
    found: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return found


def newest_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The checkpoint in `folder`, or the one before if that is damaged, which is said; None if there is none.

    >>> from pathlib import Path
    >>> newest_checkpoint(Path("no-such-folder")) is None
    True
    """
    paths = [path for path in (folder / CHECKPOINT, folder / BEFORE) if path.is_file()]
    for path in paths:
        try:
            return read_checkpoint(path)
        except DataError as error:
            if path == paths[-1]:
                raise DataError(f"{error}; move it away to start the run anew") from None
            warnings.warn(f"{error}; the run goes on from the checkpoint before it, {BEFORE}", stacklevel=2)
    return None


def load_checkpoint(folder: Path, config: dict[str, Any], now: Identity, distiller: Trainable) -> dict[str, Any] | None:
    """The newest checkpoint in `folder`, or None if there is none. It must belong to the run that is asked for.

    >>> load_checkpoint(folder, {}, {}, kd.Alone(kd.nets.build("mlp8", classes=2))) is None  # nothing there yet
    True
    """
    content = newest_checkpoint(folder)
    if content is None:
        return None
    stored = content["config"]
    different = {key for key in config.keys() | stored.keys() if config.get(key) != stored.get(key)}
    if different:
        key = min(different)
        told = f"its {key} is {stored.get(key)!r}, this run's is {config.get(key)!r}"
    else:
        told = difference(content["identity"], now, distiller, content["distiller"])
    require(not told, f"{folder} holds another run: {told}; {ELSEWHERE}", ConfigError)
    return content


def teacher_of(folder: Path) -> str | None:
    """The digest of the teacher of the run in `folder`; None if it has none, or if the run cannot be read.

    >>> teacher_of(folder) is None
    True
    """
    try:
        stored = newest_checkpoint(folder)
    except Error:  # whoever continues the run is told
        return None
    return stored["identity"].get(TEACHER) if stored else None


def drop_before(folder: Path) -> None:
    """Remove the checkpoint before the last one of a finished run, once the last one has been read back whole.

    >>> save_checkpoint(folder, {"done": 3})
    >>> drop_before(folder)
    >>> read_checkpoint(folder / "checkpoint.pt")["done"]
    3
    """
    read_checkpoint(folder / CHECKPOINT)
    (folder / BEFORE).unlink(missing_ok=True)


def require_room(folder: Path) -> None:
    """Raise `DataError` if the disk cannot hold three checkpoints as large as the first: the least that a run needs.

    >>> save_checkpoint(folder, {"done": 3})
    >>> require_room(folder)  # silent: there is room
    """
    needed, free = 3 * (folder / CHECKPOINT).stat().st_size, shutil.disk_usage(folder).free
    require(
        free >= needed,
        f"{folder} has {free / 1e6:.0f} MB of free space, a run needs at least {needed / 1e6:.0f} MB; make room, or "
        "choose a folder on another disk",
        DataError,
    )
