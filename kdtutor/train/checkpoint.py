"""A run on disk: its folder is claimed before the first step and saved after each epoch, with enough to continue it to
the same numbers; a kill at any moment leaves whole files."""

import io
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from ..data import Data, Source
from ..errors import ConfigError, DataError, Error, require
from ..files import held, move, remove_partial, visible, write_whole
from ..nets.digest import digest
from .history import History
from .identity import STUDENT, TEACHER, Identity, difference, identity
from .ranks import world
from .trainable import Phase, Trainable

CHECKPOINT = "checkpoint.pt"
BEFORE = "checkpoint.before.pt"  # the last one but one, while a run goes on
BEST, LAST, HISTORY = "best.safetensors", "last.safetensors", "history.json"
TABLE = "history.csv"  # to look at while the run goes on; nothing reads it
ELSEWHERE = "choose another folder for `out`, or move the old run away"
SEAL = 64  # hexadecimal digits of a sha256: the comment at the end of the zip archive that torch writes
NO_COMMENT = b"PK\5\6"  # where such an archive ends without a comment

Stored = dict[str, Any]


@dataclass
class RunFolder:
    """Files are written in an order of which every beginning can be continued: a checkpoint before the first step,
    then after each epoch the best weights, a checkpoint and the table, at the end the last weights and the history."""

    path: Path
    distiller: Trainable
    data: Data
    phases: tuple[Phase, ...]
    batches: Source
    source: Source | None  # the batches, if the caller gave them
    identity: Identity = field(default_factory=dict)  # of the run as it began

    @contextmanager
    def opened(self, config: dict[str, Any]) -> Iterator[Stored | None]:
        """Hold the folder, and give the checkpoint in it, if it is of this run; None for an empty folder, and for one
        whose run, another, has not kept a step: it diverged, say, and this is the next try.

        Raises `BusyError` while another process holds it, `ConfigError` if it is another run's, `DataError` if it
        cannot be written or its checkpoints are damaged.
        """
        with held(self.path):
            remove_partial(self.path)
            require_free(self.path, {BEST, LAST, HISTORY, TABLE})
            self.identity = identity(self.distiller, self.data, self.phases, self.batches, self.source)
            stored = newest_checkpoint(self.path)
            if stored is not None and (told := self._differs(stored, config)):
                require(not stored["done"], f"{self.path} holds another run: {told}; {ELSEWHERE}")
                stored = None  # nothing is lost
            if stored is not None:
                self.identity = stored["identity"]
            yield stored

    def _differs(self, stored: Stored, config: dict[str, Any]) -> str:
        """What of the run that was stored is not as in this one; "" for the same run."""
        then = stored["config"]
        different = {key for key in config.keys() | then.keys() if config.get(key) != then.get(key)}
        if different:
            key = min(different)
            before, here = _apart(then.get(key), config.get(key))
            return f"its {key} is {before!r}, this run's is {here!r}"
        averaged = {f"{STUDENT}.{name}": x for name, x in stored.get("average", {}).items()}
        states = (stored["distiller"], {**stored["distiller"], **averaged})  # a run leaves the average in the student
        told = [difference(stored["identity"], self.identity, self.distiller, state) for state in states]
        return told[0] and told[1]

    def claim(self, progress: Stored) -> None:
        """Make the folder this run's; a disk that is full or read-only is noticed here, before the first step."""
        self.save(progress, {})
        # three as large as this first one are the least that a run needs
        needed, free = 3 * (self.path / CHECKPOINT).stat().st_size, shutil.disk_usage(self.path).free
        require(
            free >= needed,
            f"{self.path} has {free / 1e6:.0f} MB of free space, a run needs at least {needed / 1e6:.0f} MB; "
            "make room, or choose a folder on another disk",
            DataError,
        )

    def save(self, progress: Stored, optimisers: dict[str, Optimizer]) -> None:
        """Write what is needed to continue: `progress` is what the loop itself has to know again. The checkpoint before
        stays until the next, if a step was done then."""
        content = {
            **progress,
            "identity": self.identity,
            "distiller": learnt(self.distiller),
            "optimisers": {name: optimiser.state_dict() for name, optimiser in optimisers.items()},
            "random": random_state(self.distiller),
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        archive = bytes(buffer.getbuffer())[:-2] + SEAL.to_bytes(2, "little")  # the length of the comment that follows
        seal = sha256(archive).hexdigest().encode()
        new = write_whole(self.path / f".{CHECKPOINT}.part", archive + seal)
        newest = self.path / CHECKPOINT
        try:
            if progress["done"] and newest.exists():
                move(newest, self.path / BEFORE)
            move(new, newest)
        finally:
            new.unlink(missing_ok=True)

    def save_table(self, history: History) -> None:
        """Write the rows so far, for whoever looks on."""
        write_whole(self.path / TABLE, history.csv())

    def save_best(self) -> None:
        """Keep the student as it is now as the best one."""
        write_tensors(self.path / BEST, self.distiller.student)

    def rewind(self) -> None:
        """Put the nets back to what was saved last: who calls again with the same objects is then recognised."""
        with suppress(Exception):  # what ended the run is raised, and says more than what may happen here
            if stored := newest_checkpoint(self.path):
                self.distiller.load_state_dict(stored["distiller"], strict=False)

    def close(self, history: History) -> None:
        """Write what a finished run leaves; once the last checkpoint has been read back whole, the one before goes."""
        write_tensors(self.path / LAST, self.distiller.student)
        self.save_table(history)
        history.save(self.path / HISTORY)
        read_checkpoint(self.path / CHECKPOINT)
        (self.path / BEFORE).unlink(missing_ok=True)


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


def restore(distiller: Trainable, stored: Stored) -> None:
    """Put nets and random numbers where they were; a frozen teacher is not among what was stored.

    >>> method = kd.Alone(kd.nets.build("mlp8", classes=2))
    >>> before = {"distiller": learnt(method), "random": random_state(method)}
    >>> restore(method, before)
    """
    distiller.load_state_dict(stored["distiller"], strict=False)
    restore_random_state(distiller, stored["random"])


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
        here = torch.cuda.device_count()  # there may have been more where it was saved
        states = state["cuda"] if world() == 1 else state["cuda"][:1] * here  # rank 0 saved, and all draw as it does
        torch.cuda.set_rng_state_all(states[:here])


def _apart(then: Any, now: Any) -> tuple[Any, Any]:
    """Two settings that are not equal; of settings with names only those that differ."""
    if not (isinstance(then, Mapping) and isinstance(now, Mapping)):
        return then, now
    apart = {
        key: _apart(then.get(key), now.get(key))
        for key in sorted(then.keys() | now.keys())
        if then.get(key) != now.get(key)
    }
    return {key: pair[0] for key, pair in apart.items()}, {key: pair[1] for key, pair in apart.items()}


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
    foreign = [] if holds_run(folder) else visible(folder)
    require(not folder.is_file(), f"{folder} is a file; name a folder for the run with --out")
    clash = [path for path in foreign if written is None or path.name in written]
    require(not clash, f"{folder} holds other files and no run; name an empty or new folder with --out")


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What `RunFolder.save` wrote. Raises `DataError` if it is damaged, `ConfigError` if an old kdtutor wrote it.

    >>> points, method = kd.data.load("moons"), kd.Alone(kd.nets.build("mlp8", classes=2))
    >>> history = kd.fit(method, points, 1, out=folder, progress=False)
    >>> read_checkpoint(folder / "checkpoint.pt")["config"]["data"]
    'moons'
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


def another_teacher(folder: Path, teacher: nn.Module) -> str:
    """The digest of `teacher`, if the run in `folder` has another one; else "", as where that run cannot be read.

    >>> another_teacher(folder, kd.nets.build("mlp8", classes=2))  # no run, so no other teacher
    ''
    """
    try:
        stored = newest_checkpoint(folder)
    except Error:  # whoever continues the run is told
        return ""
    held_there = stored["identity"].get(TEACHER) if stored else None
    here = digest(teacher.state_dict()) if held_there else ""
    return here if here != held_there else ""
