"""Several runs in one process, side by side: a batch is drawn once, augmented once, and shown to a teacher once.

Nothing else is shared. Each run has its own student, optimisers, random numbers, checkpoints and history, and all of
its numbers are those of the run alone.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch, Batches, Data, Source
from ..errors import Error, require
from ..nets import Net, Trace
from .checks import check_data
from .devices import device as find_device
from .history import History
from .loop import prepared
from .ranks import world
from .recipe import Recipe
from .relabelled import Relabelled
from .run import Progress, Run
from .streams import Made, RunStream, hand_over, made_here, stream_beside
from .trainable import Trainable


@dataclass(frozen=True)
class Entry:
    """One of the runs: what is trained, for how long, how, the folder that keeps it, and where its batches come from.
    See `fit`."""

    distiller: Trainable
    epochs: int = 8
    recipe: Recipe = field(default_factory=Recipe)
    out: str | Path | None = None
    source: Source | None = None


def together(
    entries: Sequence[Entry],
    data: Data,
    *,
    seed: int = 0,
    device: str | torch.device | None = None,
    precision: str = "float32",
    on_error: Callable[[int, Error], None] | None = None,
) -> Generator[tuple[int, Progress]]:
    """Train all `entries` in lockstep; yields the number of the entry that has just taken a step, and where it stands.

    The numbers are those of `steps` with the same arguments. Runs that ask for the same batches share them, and those
    of one teacher object share its pass; a teacher that learns is run by whoever trains it. Runs may have different
    lengths, and those that are continued may stand at different steps: the one that is behind goes first. An error of
    one ends all, and what is saved can be continued; `on_error(number, error)`, if given, hears of it instead, and the
    others go on. Raises `ConfigError` for a folder that is given twice, and for runs of which one
    trains a net that another one holds.

    >>> points, nets = kd.data.load("moons"), [kd.nets.build("mlp8", classes=2) for _ in "ab"]
    >>> entries = [Entry(kd.Alone(net), epochs=1) for net in nets]
    >>> [(number, at.step) for number, at in together(entries, points, device="cpu")][:4]
    [(0, 1), (1, 1), (0, 2), (1, 2)]
    """
    _check(entries)
    check_data(data)
    require(world() == 1, f"runs side by side cannot be shared by {world()} processes: start them without torchrun")
    where = find_device(device)
    data = replace(data, train=data.train.to(where))  # once for all
    runs = [prepared(e.distiller, data, e.epochs, e.recipe, seed, where, precision, e.out, e.source) for e in entries]
    _check_apart(runs)
    _share(runs)
    return _lockstep(runs, on_error)  # a call checks its arguments at once; the generator runs when it is drained


def fit_together(
    entries: Sequence[Entry],
    data: Data,
    *,
    seed: int = 0,
    device: str | torch.device | None = None,
    precision: str = "float32",
    progress: bool = True,
) -> list[History]:
    """Train all `entries` to their end, see `together`; the histories are in the order of the entries.

    >>> points, nets = kd.data.load("moons"), [kd.nets.build("mlp8", classes=2) for _ in "ab"]
    >>> entries = [Entry(kd.Alone(net), epochs=1) for net in nets]
    >>> len(fit_together(entries, points, device="cpu", progress=False))
    2
    """
    from tqdm import tqdm

    histories = [History() for _ in entries]
    run = together(entries, data, seed=seed, device=device, precision=precision)
    with closing(run), tqdm(disable=not progress, unit="step", dynamic_ncols=True) as bar:
        ends = [0] * len(entries)
        for number, at in run:
            histories[number], ends[number] = at.history, at.total_steps
            bar.total = sum(ends)
            bar.set_description(f"{len(entries)} runs, epoch {at.epoch}", refresh=False)
            bar.update()
    return histories


def _check(entries: Sequence[Entry]) -> None:
    told = "expected a list of kd.train.Entry, one a run, such as [kd.train.Entry(method, epochs=8)]"
    require(isinstance(entries, Sequence), f"the runs are a {type(entries).__name__}, {told}")
    for entry in entries:
        require(isinstance(entry, Entry), f"one of the runs is a {type(entry).__name__}, {told}")
    require(len(entries) > 0, "there is no run to train together with others; give at least one Entry")
    folders = [Path(e.out).resolve() for e in entries if e.out is not None]
    twice = [str(path) for path in folders if folders.count(path) > 1]
    require(not twice, f"two of the runs are to be kept in {twice[:1]}; give each a folder of its own")


def _check_apart(runs: Sequence[Run]) -> None:
    """No run may see what another one changes: its student, its generator, a teacher that learns, or the layout."""
    layouts: dict[int, set[bool]] = {}
    moved: list[set[nn.Parameter]] = []
    for run in runs:
        groups = [group for phase in run.phases for group in run.distiller.parameter_groups(phase).values()]
        moved.append({parameter for group in groups for parameter in group})
        layouts.setdefault(id(run.distiller.teacher), set()).add(run.recipe.channels_last)
    for i, run in enumerate(runs):
        others = set().union(*moved[:i], *moved[i + 1 :])
        require(
            others.isdisjoint(run.distiller.parameters()),
            "two of the runs hold a net that one of them trains (a student, a generator, a teacher that learns): "
            "build one for each",
        )
    layouts.pop(id(None), None)
    told = "runs that have one teacher object differ in channels_last, which is how its weights lie"
    require(all(len(each) == 1 for each in layouts.values()), f"{told}: give them one recipe, or each its own teacher")


def _share(runs: Sequence[Run]) -> None:
    """Give one source to all runs that would draw the same batches."""
    shared: list[tuple[bool, Shared]] = []
    for run in runs:
        told, layout = run.batches, run.recipe.channels_last
        source = told.source if isinstance(told, Relabelled) else told
        if type(source) is Batches:
            fits = [each for other, each in shared if other == layout and _alike(each.source, source)]
            if not fits:
                fits = [Shared(source)]
                shared.append((layout, fits[0]))
            run.batches = replace(told, source=fits[0]) if isinstance(told, Relabelled) else fits[0]


def _alike(a: Batches, b: Batches) -> bool:
    """Whether both draw the same batches. (An augmentation of one's own may have no hash.)"""
    drawn = [(source.augment, source.shares, source.steps) for source in (a, b)]
    return a.split.labels is b.split.labels and drawn[0] == drawn[1]


def _lockstep(runs: Sequence[Run], on_error: Callable[[int, Error], None] | None) -> Generator[tuple[int, Progress]]:
    """Always the run that is furthest behind takes a step, with the random numbers that it left."""
    streams = [RunStream(run.device) for run in runs]
    going = {number: run.steps() for number, run in enumerate(runs)}
    with ExitStack() as stack:
        for number, run in going.items():
            stack.callback(_close, run, streams[number])
        while going:
            number = min(going, key=lambda n: runs[n].done)
            try:
                with streams[number]:
                    at = next(going[number], None)
            except Error as error:
                if on_error is None:
                    raise
                on_error(number, error)
                at = None
            if at is None:
                del going[number]
            else:
                yield number, at


def _close(run: Generator[Progress], stream: RunStream) -> None:
    """Stop a run, which saves what it has of its own."""
    with stream:
        run.close()


class Shared:
    """A `Source` that draws each batch once for all who ask for it in turn, with the teachers' answers to it.

    The batches are those of `source`. What is kept is the last one. On a GPU they are drawn on a stream of their own,
    whoever asks: an epoch's order and draws lie there ahead of its batches.
    """

    def __init__(self, source: Batches) -> None:
        self.source = source
        self.steps = source.steps
        self._stream = stream_beside(source.split.device)
        self._drawn: Made | None = None
        self._last: tuple[tuple[int, int, int], Batch] | None = None
        self._next: tuple[tuple[int, int, int], Iterator[Batch]] | None = None

    def epoch(self, number: int, seed: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch `number` from batch `start` on."""
        for step in range(start, self.steps):
            yield self._batch(number, seed, step)

    def _batch(self, number: int, seed: int, step: int) -> Batch:
        key = (number, seed, step)
        if self._last is None or self._last[0] != key:
            if self._next is None or self._next[0] != key:
                self._next = key, iter(self.source.epoch(number, seed, start=step))
            iterator = self._next[1]
            with torch.cuda.stream(self._stream):
                self._last = key, replace(next(iterator), answer=Answers())
                self._drawn = made_here(self._last[1].images)
            self._next = (number, seed, step + 1), iterator
        batch = self._last[1]
        hand_over((batch.images, batch.labels, batch.indices), self._drawn)
        return batch


class Answers:
    """The traces of one batch by the teachers that have been asked, each run once.

    A teacher that may learn has none: it changes from one who asks to the next.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Net, Trace, Made | None]] = {}

    def __call__(self, teacher: Net, images: Float[Tensor, "B ..."]) -> Trace | None:
        if teacher.training or any(p.requires_grad for p in teacher.parameters()):
            return None
        if id(teacher) not in self._known:
            with torch.no_grad():
                trace = teacher.trace(images)
            if images.is_cuda:  # on this stream now, not on that of whoever reads it first
                _ = trace.taps
            self._known[id(teacher)] = teacher, trace, made_here(images)
        _, trace, made = self._known[id(teacher)]
        if made is not None:
            hand_over((*trace.tensors(), *trace.taps), made)
        return trace
