"""One training run: its phases, epochs and steps, and what is saved and measured between them."""

import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

import torch

from ..data import Batch, Data, Source, derived_seed
from ..errors import DivergedError, LostError, require
from ..nets import Trace
from ..nets.digest import plain
from ..nets.layout import laid_out, lay_out
from .average import Average
from .checkpoint import RunFolder, Stored, restore
from .distiller import known_trace
from .diverged import cause
from .gathering import flush
from .graphs import GraphedStep, Step, replayable, wanted
from .history import History
from .objective import Terms
from .ranks import agree, from_all, from_first, opened_by_first, world
from .ready import alone
from .recipe import Recipe, resume, set_rate
from .record import Record
from .shares import own_statistics
from .trainable import Phase, Trainable


@dataclass(frozen=True)
class Progress:
    """Where a run stands after a step. `history` grows at the end of each epoch."""

    phase: str
    epoch: int  # from 1, over all phases
    epochs: int
    step: int  # steps done, over all phases
    total_steps: int
    terms: Mapping[str, float]  # read from the device when the first one is looked up
    history: History
    epoch_ended: bool
    lr: float = math.nan  # of the step; no number where none was taken

    @property
    def fraction(self) -> float:
        """How much of the run is done, 0 … 1."""
        return self.step / self.total_steps


@dataclass
class Run:
    """One training run: what it was asked to do, how far it is, and what it has recorded."""

    distiller: Trainable
    data: Data
    phases: tuple[Phase, ...]
    batches: Source
    recipe: Recipe
    seed: int
    device: torch.device
    precision: str
    folder: RunFolder | None
    done: int = 0  # steps, over all phases
    best: float = -math.inf  # of the held-out measurements
    record: Record = field(default_factory=Record)  # the terms of the epoch so far
    terms: Mapping[str, float] = field(default_factory=dict)  # of the last step that was taken
    average: Average | None = None  # of the student, if the recipe asks for one
    history: History = field(init=False)
    epochs: int = field(init=False)
    total_steps: int = field(init=False)

    def __post_init__(self) -> None:
        self.epochs = sum(phase.epochs for phase in self.phases)
        self.total_steps = self.epochs * self.batches.steps
        teacher = self.distiller.teacher
        self.history = History(
            {
                "method": type(self.distiller).__name__,
                "options": plain(self.distiller.options),
                "data": self.data.name,
                "train_images": len(self.data.train),
                "student": self.distiller.student.config,
                "teacher": teacher.config if teacher is not None else None,
                "phases": [[phase.name, phase.epochs] for phase in self.phases],
                "recipe": self.recipe.record(),
                "steps_per_epoch": self.batches.steps,
                "seed": self.seed,
                "precision": self.precision,
            }
        )
        if own_statistics(self.distiller.student):
            self.history.config["ranks with batch norms of their own"] = world()

    def at(self, phase: Phase, epoch: int, ended: bool, lr: float = math.nan) -> Progress:
        """Where the run stands now."""
        done, total = self.done, self.total_steps
        return Progress(phase.name, epoch, self.epochs, done, total, self.terms, self.history, ended, lr)

    def steps(self) -> Generator[Progress]:
        """Train, one step per iteration, see `loop.steps`; the student belongs to this run meanwhile."""
        opened: AbstractContextManager[Stored | None] = nullcontext()
        if self.folder:
            opened = self.folder.opened(self.history.config)
        with alone(*self.distiller.students), opened_by_first(opened) as stored:
            try:
                yield from self._steps(stored)
            finally:
                self.distiller.zero_grad(set_to_none=True)

    def _steps(self, stored: Stored | None) -> Iterator[Progress]:
        self._require_one_run()
        self.distiller.begin(self.data)
        self.distiller.to(self.device)
        lay_out(self.distiller, self.recipe.channels_last)
        if self.recipe.ema is not None:
            self.average = Average(self.distiller.student, self.recipe.ema)
        torch.manual_seed(derived_seed(self.seed, "run"))
        self.distiller.noise.manual_seed(derived_seed(self.seed, "noise"))
        if stored:
            self._restore(stored)
        else:
            from_first(lambda: self.folder.claim(self._progress()) if self.folder else None)
        agree(chain(self.distiller.parameters(), self.distiller.buffers()))
        first = 0  # step of the phase
        try:
            for phase in self.phases:
                last = first + phase.epochs * self.batches.steps
                if self.done < last:
                    yield from self._phase(phase, first, stored)
                    stored = None
                first = last
        except GeneratorExit:
            raise
        except BaseException as error:
            if self.folder:
                self.folder.rewind()
            if isinstance(error, LostError):
                told = f"{error}, in step {self.done + 1} of {self.total_steps}"
                raise LostError(f"{told}: the same command goes on from what is saved") from error
            raise
        self._finish()
        yield self.at(self.phases[-1], self.epochs, ended=False)

    def _require_one_run(self) -> None:
        """Raise `ConfigError`, on every rank, if one was asked for another run than rank 0: with its own seed, say."""
        first, *others = from_all(self.history.config)
        differ = sorted(key for other in others for key in first if first[key] != other.get(key))
        told = f"the processes of this run were asked for different ones ({', '.join(differ)})"
        require(not differ, f"{told}: start all of them with the same arguments")

    def _phase(self, phase: Phase, first: int, stored: Stored | None) -> Iterator[Progress]:
        recipe = replace(self.recipe, lr=phase.lr or self.recipe.lr, schedule=phase.schedule or self.recipe.schedule)
        groups = self.distiller.parameter_groups(phase)
        recipes = {name: self.distiller.recipe_for(name, recipe) for name in groups}
        replayed = replayable(self.distiller, self.device) and self.recipe.accumulate == 1  # else steps differ
        optimisers = {name: recipes[name].optimise(group, on_device=replayed) for name, group in groups.items()}
        if stored and self.done > first:  # in the middle of this phase
            for name, optimiser in optimisers.items():
                resume(optimiser, stored["optimisers"][name])
        step: Step = partial(self._step, phase=phase, optimisers=optimisers)
        if replayed and wanted():
            known = partial(self._known, phase=phase)
            step = GraphedStep(step, known, self.distiller, optimisers, self.device, phase.name)
        per_epoch, steps_here = self.batches.steps, phase.epochs * self.batches.steps
        try:
            while self.done < first + steps_here:
                epoch = self.done // per_epoch
                if self.done % per_epoch == 0:
                    self.distiller.start_epoch(epoch, self.batches, self.seed)
                self.distiller.train()
                for batch in self.batches.epoch(epoch, self.seed, start=self.done % per_epoch):
                    share = (self.done - first) / steps_here
                    for name, optimiser in optimisers.items():
                        set_rate(optimiser, recipes[name].rate(share))
                    self.terms = self.record.add(self.done + 1, self._taken(batch, phase, step))
                    self.done += 1
                    ended = self.done % per_epoch == 0
                    self._moved(optimisers, ended)
                    if ended or self.record.due:
                        self._read(phase)
                    if ended:
                        self._end_epoch(phase, epoch + 1, optimisers)
                    yield self.at(phase, epoch + 1, ended, recipe.rate(share))
                    if self.record.due:  # whoever looked at the terms has waited for them
                        self._read(phase)
        except GeneratorExit:  # stopped from outside, at a yield: between two steps
            if self.done % per_epoch and self.record.read() is None:  # no weights that are no numbers are kept
                self._save(optimisers)
            raise

    def _moved(self, optimisers: dict[str, torch.optim.Optimizer], ended: bool) -> None:
        """After a step: nothing is left over at the end of an epoch, and the average takes in a student that moved."""
        if ended:
            for optimiser in optimisers.values():
                flush(optimiser)
        if self.average and (ended or self.done % self.batches.steps % self.recipe.accumulate == 0):
            self.average.update()

    def _shown(self) -> AbstractContextManager[None]:
        """The student is what is measured and kept meanwhile: its average, if there is one."""
        return self.average.shown() if self.average else nullcontext()

    def _taken(self, batch: Batch, phase: Phase, step: Step) -> Terms:
        """The terms of a step. If it fails, the reason may be a number of an earlier one that nobody has read."""
        try:
            return step(self._prepared(batch))
        except Exception:
            self._read(phase)
            raise

    def _prepared(self, batch: Batch) -> Batch:
        """The batch on the device, in the layout of the run."""
        batch = batch.to(self.device)
        if batch.images.ndim == 4:
            return replace(batch, images=laid_out(batch.images, self.recipe.channels_last))
        return batch

    def _step(self, batch: Batch, phase: Phase, optimisers: dict[str, torch.optim.Optimizer]) -> Terms:
        with self._autocast():
            return self.distiller.step(batch, phase, optimisers)

    def _known(self, batch: Batch, phase: Phase) -> Trace | None:
        """What the batch itself knows of the teacher's trace, if the step asks for that."""
        with self._autocast():
            return known_trace(self.distiller, batch) if phase.needs_teacher else None

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def _read(self, phase: Phase) -> None:
        """Read what is still on the device. Raises `DivergedError` if one of the terms is not finite."""
        if (broken := self.record.read()) is None:
            return
        step, terms = broken
        bad = [name for name, value in terms.items() if not math.isfinite(value)]
        epoch, number = divmod(step - 1, self.batches.steps)
        batch = self._prepared(next(iter(self.batches.epoch(epoch, self.seed, start=number))))  # can be had again
        raise DivergedError(cause(bad, terms, batch, self.distiller, phase, step, self.recipe.lr))

    def _end_epoch(self, phase: Phase, epoch: int, optimisers: dict[str, torch.optim.Optimizer]) -> None:
        means = self.record.means()
        held_out, split = ("val", self.data.val) if self.data.val is not None else ("test", self.data.test)
        agree(chain(self.distiller.buffers(), self.average.values.values() if self.average else ()))
        with self._shown():
            measured = from_first(lambda: self.distiller.measure(split, self.data))
            self.history.add(phase.name, epoch, **means, **{f"{held_out}_{name}": x for name, x in measured.items()})
            first = next(iter(measured.values()))
            better, self.best = first > self.best, max(first, self.best)
            if self.folder and better:
                self.folder.save_best()
        self._save(optimisers)
        if self.folder:
            self.folder.save_table(self.history)

    def _finish(self) -> None:
        """What the test split says of the last weights, measured once. The student is left in eval mode."""
        self.distiller.eval()
        if self.average:
            self.average.leave()
        if self.data.val is not None and not any(term.startswith("test_") for term in self.history.terms):
            last = self.history.rows[-1]
            measured = from_first(lambda: self.distiller.measure(self.data.test, self.data))
            self.history.add(last.phase, last.epoch, **{f"test_{name}": x for name, x in measured.items()})
        if self.folder:
            self.folder.close(self.history)

    def _save(self, optimisers: dict[str, torch.optim.Optimizer]) -> None:
        if self.folder:
            self.folder.save(self._progress(), optimisers)

    def _progress(self) -> Stored:
        """What a run has to know of itself to go on."""
        rows = [list(row) for row in self.history.rows]
        return {
            "config": self.history.config,
            "rows": rows,
            "done": self.done,
            "sums": self.record.sums,
            "best": self.best,
            **({"average": self.average.values} if self.average else {}),
        }

    def _restore(self, stored: Stored) -> None:
        restore(self.distiller, stored)
        for row in stored["rows"]:
            self.history.add(row[0], row[1], **{row[2]: row[3]})
        if self.average:
            self.average.load(stored["average"])
        self.done, self.record, self.best = stored["done"], Record(dict(stored["sums"])), stored["best"]
