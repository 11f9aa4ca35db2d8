"""The only training loop. It is a generator: whoever drains it decides about progress bars, pauses and stops."""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from ..data import Batch, Data, Source, derived_seed
from ..errors import DivergedError, choose, require
from ..nets.digest import plain
from ..nets.layout import laid_out, lay_out
from .checkpoint import RunFolder, Stored
from .devices import device as find_device
from .diverged import cause
from .history import History
from .ready import alone, ready
from .recipe import Recipe
from .trainable import Phase, Trainable

PRECISIONS = ("float32", "bf16")


@dataclass(frozen=True)
class Progress:
    """Where a run stands after a step. `history` grows at the end of each epoch."""

    phase: str
    epoch: int  # from 1, over all phases
    epochs: int
    step: int  # steps done, over all phases
    total_steps: int
    terms: dict[str, float]
    history: History
    epoch_ended: bool

    @property
    def fraction(self) -> float:
        """How much of the run is done, 0 … 1."""
        return self.step / self.total_steps


def steps(
    distiller: Trainable,
    data: Data,
    epochs: int = 8,
    *,
    recipe: Recipe = Recipe(),  # noqa: B008 (frozen: sharing the default is safe)
    seed: int = 0,
    device: str | torch.device | None = None,
    precision: str = "float32",
    out: str | Path | None = None,
    source: Source | None = None,
) -> Generator[Progress]:
    """Train, one step per iteration. Closing the generator stops the run.

    Held-out accuracy (or what `Trainable.measure` tells) is taken after each epoch, on the validation split, or on the
    test split where there is none; that of the last weights on the test split comes at the end. With `out`, a folder,
    the run is saved after each epoch and when it is stopped, and the same call continues it to the same numbers. Any
    other call is refused: digests of nets, data and settings tell which run a folder holds. One process at a time may
    write it. An error or an interrupt puts the nets back to what was saved last.
    Batches come from `source`, or from where the distiller takes them: the training split, mostly. `seed` fixes order,
    augmentation and noise (also torch's global generator); the first weights are the caller's. Where there can be
    no run a sentence says so at once; `DivergedError` names the cause where a term becomes NaN or infinite.

    >>> student, teacher = (kd.nets.build("resnet8", classes=10) for _ in "st")
    >>> run = steps(kd.papers.get("KD")(student, teacher), kd.data.load("digits"), epochs=1, device="cpu")
    >>> next(run).step
    1
    """
    where = find_device(device)
    choose("precision", precision, PRECISIONS)
    phases = ready(distiller, data, epochs, recipe, seed, out, source)
    batches = source or distiller.source(replace(data, train=data.train.to(where)), recipe)
    folder = RunFolder(Path(out), distiller, data, phases, batches, source) if out is not None else None
    run = _Run(distiller, data, phases, batches, recipe, seed, where, precision, folder)
    return run.steps()  # a call checks its arguments at once; the generator runs when it is drained


def fit(
    distiller: Trainable,
    data: Data,
    epochs: int = 8,
    *,
    recipe: Recipe = Recipe(),  # noqa: B008
    seed: int = 0,
    device: str | torch.device | None = None,
    precision: str = "float32",
    out: str | Path | None = None,
    source: Source | None = None,
    progress: bool = True,
    on_epoch: Callable[[Progress], None] | None = None,
) -> History:
    """Train to the end and return the history; `steps` tells the rest. `on_epoch` is called after each epoch.

    Afterwards the student is in eval mode, ready to answer, and nothing of the run is left in it. What was frozen of
    it has stayed as it was, see `Trainable`, and stays so in further runs until `student.train()` thaws what was in
    eval mode, or `requires_grad_(True)` what did not require a gradient.

    >>> points = kd.data.load("moons")
    >>> history = fit(kd.Alone(kd.nets.build("mlp8", classes=2)), points, epochs=1, device="cpu", progress=False)
    >>> history.phases
    ('alone',)
    """
    from tqdm import tqdm

    require(on_epoch is None or callable(on_epoch), f"on_epoch={on_epoch!r:.60}: expected a function of Progress")
    run = steps(
        distiller, data, epochs, recipe=recipe, seed=seed, device=device, precision=precision, out=out, source=source
    )
    history = History()
    with closing(run), tqdm(disable=not progress, unit="step", dynamic_ncols=True) as bar:
        for at in run:
            history = at.history
            bar.total = at.total_steps
            bar.set_description(f"{at.phase}, epoch {at.epoch}/{at.epochs}", refresh=False)
            if at.epoch_ended:
                bar.set_postfix({"loss": f"{at.terms['loss']:.3f}"}, refresh=False)
                if on_epoch:
                    on_epoch(at)
            bar.update(at.step - bar.n)
    return history


@dataclass
class _Run:
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
    sums: dict[str, tuple[float, int]] = field(default_factory=dict)  # terms summed over the epoch so far, how many
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
                "recipe": asdict(self.recipe),
                "steps_per_epoch": self.batches.steps,
                "seed": self.seed,
                "precision": self.precision,
            }
        )

    def at(self, phase: Phase, epoch: int, terms: dict[str, float], epoch_ended: bool) -> Progress:
        return Progress(phase.name, epoch, self.epochs, self.done, self.total_steps, terms, self.history, epoch_ended)

    def steps(self) -> Generator[Progress]:
        opened: AbstractContextManager[Stored | None] = nullcontext()
        if self.folder:
            opened = self.folder.opened(self.history.config)
        with alone(self.distiller.student), opened as stored:
            try:
                yield from self._steps(stored)
            finally:
                self.distiller.zero_grad(set_to_none=True)

    def _steps(self, stored: Stored | None) -> Iterator[Progress]:
        self.distiller.begin(self.data)
        self.distiller.to(self.device)
        lay_out(self.distiller, self.recipe.channels_last)
        torch.manual_seed(derived_seed(self.seed, "run"))
        self.distiller.noise.manual_seed(derived_seed(self.seed, "noise"))
        if stored:
            self._restore(stored)
        elif self.folder:
            self.folder.claim(self._progress())
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
        except BaseException:
            if self.folder:
                self.folder.rewind()
            raise
        self._finish()
        yield self.at(self.phases[-1], self.epochs, {}, epoch_ended=False)

    def _phase(self, phase: Phase, first: int, stored: Stored | None) -> Iterator[Progress]:
        recipe = replace(self.recipe, lr=phase.lr or self.recipe.lr, schedule=phase.schedule or self.recipe.schedule)
        groups = self.distiller.parameter_groups(phase)
        recipes = {name: self.distiller.recipe_for(name, recipe) for name in groups}
        optimisers = {name: recipes[name].optimise(group) for name, group in groups.items()}
        if stored and self.done > first:  # in the middle of this phase
            for name, optimiser in optimisers.items():
                optimiser.load_state_dict(stored["optimisers"][name])
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
                        for group in optimiser.param_groups:
                            group["lr"] = recipes[name].rate(share)
                    terms = self._step(batch, phase, optimisers)
                    self.done += 1
                    ended = self.done % per_epoch == 0
                    if ended:
                        self._end_epoch(phase, epoch + 1, optimisers)
                    yield self.at(phase, epoch + 1, terms, ended)
        except GeneratorExit:  # stopped from outside, at a yield: between two steps
            if self.done % per_epoch:
                self._save(optimisers)
            raise

    def _step(self, batch: Batch, phase: Phase, optimisers: dict[str, torch.optim.Optimizer]) -> dict[str, float]:
        batch = batch.to(self.device)
        if batch.images.ndim == 4:
            batch = Batch(laid_out(batch.images, self.recipe.channels_last), batch.labels, batch.indices)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            values = self.distiller.step(batch, phase, optimisers)
        numbers: list[float] = torch.stack(
            [v.detach().float() for v in values.values()]
        ).tolist()  # one wait for the GPU
        terms = dict(zip(values, numbers, strict=True))
        if bad := [name for name, value in terms.items() if not math.isfinite(value)]:
            raise DivergedError(cause(bad, terms, batch, self.distiller, phase, self.done + 1, self.recipe.lr))
        for name, value in terms.items():
            total, count = self.sums.get(name, (0.0, 0))
            self.sums[name] = (total + value, count + 1)
        return terms

    def _end_epoch(self, phase: Phase, epoch: int, optimisers: dict[str, torch.optim.Optimizer]) -> None:
        means = {name: total / count for name, (total, count) in self.sums.items()}
        self.sums = {}
        held_out, split = ("val", self.data.val) if self.data.val is not None else ("test", self.data.test)
        measured = self.distiller.measure(split, self.data)
        self.history.add(phase.name, epoch, **means, **{f"{held_out}_{name}": x for name, x in measured.items()})
        first = next(iter(measured.values()))
        better, self.best = first > self.best, max(first, self.best)
        if self.folder and better:
            self.folder.save_best()
        self._save(optimisers)

    def _finish(self) -> None:
        """What the test split says of the last weights, measured once. The student is left in eval mode."""
        self.distiller.eval()
        if self.data.val is not None and not any(term.startswith("test_") for term in self.history.terms):
            last = self.history.rows[-1]
            measured = self.distiller.measure(self.data.test, self.data)
            self.history.add(last.phase, last.epoch, **{f"test_{name}": x for name, x in measured.items()})
        if self.folder:
            self.folder.close(self.history)

    def _save(self, optimisers: dict[str, torch.optim.Optimizer]) -> None:
        if self.folder:
            self.folder.save(self._progress(), optimisers)

    def _progress(self) -> Stored:
        """What a run has to know of itself to go on."""
        rows = [list(row) for row in self.history.rows]
        return {"config": self.history.config, "rows": rows, "done": self.done, "sums": self.sums, "best": self.best}

    def _restore(self, stored: Stored) -> None:
        assert self.folder is not None
        self.folder.restore(stored)
        for row in stored["rows"]:
            self.history.add(row[0], row[1], **{row[2]: row[3]})
        self.done, self.sums, self.best = stored["done"], dict(stored["sums"]), stored["best"]
