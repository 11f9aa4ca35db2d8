"""The headless main job: one run from a preset, with its report folder."""

import json
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .. import data as sets
from .. import nets
from ..data import Data
from ..errors import choose, require
from ..figures.history import words_of
from ..files import write_whole
from ..papers import METHODS, method
from ..papers.adversarial import Adversarial
from ..papers.data_free import DataFree
from ..papers.generated import Generated
from ..papers.spot_adaptive import STRATEGIES, SpotAdaptive
from ..settings import PAIRS, RUNS, Preset, find_teacher, preset
from ..train import Alone, Distiller, History, Recipe, environment, fit, seed_everything
from ..train.checkpoint import holds_run, require_free, teacher_of
from ..train.identity import teacher_digest
from ..train.lineage import strange_data
from .tables import percent, plain_table

ALONE = "alone"
DATA = "data"
BATCHES: Mapping[str, type[Generated] | None] = {DATA: None, "adversarial": Adversarial, "data-free": DataFree}
"""Where the batches come from: the training split, or a generator that learns as one of the two papers has it."""
ACCURACY = "accuracy"


@dataclass(frozen=True)
class Job:
    """What one run is asked to do, as on the command line; None leaves the choice to the preset."""

    method: str
    data: str | None = None
    teacher: str | None = None
    student: str | None = None
    preset: str = "minute"
    pair: str | None = None
    epochs: int | None = None
    seed: int = 0
    device: str | None = None
    precision: str = "float32"
    root: str | None = None
    out: str | None = None
    spots: str | None = None
    batches: str = DATA
    teacher_of_other_data: bool = False

    @property
    def folder(self) -> Path:
        """Where the run is kept: `out`, or a name below runs/ that tells what it is."""
        if self.out is not None:
            return Path(self.out)
        teacher = Path(self.teacher).stem if self.teacher else None
        epochs = f"{self.epochs}epochs" if self.epochs else None
        spots = f"{self.spots}_spots" if self.spots else None
        batches = f"{self.batches.replace('-', '_')}_batches" if self.batches != DATA else None
        setting = (self.preset, self.pair, self.data, teacher, self.student, epochs)
        parts = (self.method, spots, batches, *setting, f"seed{self.seed}")
        return RUNS / "-".join(part for part in parts if part)

    @property
    def composition(self) -> str:
        """What is added to the method, in words: its spots, its batches."""
        spots = f", {self.spots} spots" if self.spots else ""
        return spots + (f", {self.batches} batches" if self.batches != DATA else "")

    @property
    def begun(self) -> bool:
        """Whether the folder holds a run that can be continued."""
        return holds_run(self.folder)

    @property
    def command(self) -> str:
        """The command that asks for this job."""
        usual = asdict(Job(self.method))
        options = [
            f"--{name.replace('_', '-')}" + ("" if value is True else f" {shlex.quote(str(value))}")
            for name, value in asdict(self).items()
            if value != usual[name] and name != "method"
        ]
        return " ".join(["kdtutor distil", self.method, *options])


@dataclass(frozen=True)
class Setup:
    """What a job comes down to."""

    distiller: Distiller
    data: Data
    epochs: int
    recipe: Recipe


def prepare(job: Job) -> Setup:
    """Load the data, find the teacher, build the student: equal seeds give every method the same first weights."""
    choose("method", job.method, (ALONE, *METHODS))
    if job.spots is not None:
        choose("choice of spots", job.spots, STRATEGIES)
        require(
            job.method != ALONE, "the student alone has no spots to choose from: leave --spots out, or name a method"
        )
    made_by = BATCHES[choose("source of batches", job.batches, BATCHES)]
    require(
        job.method != ALONE or made_by is None,
        f"the student alone learns from labels, and --batches {job.batches} has none: name a method that has a teacher",
    )
    chosen = preset(job.preset, job.pair or next(iter(PAIRS)))
    require(job.pair is None or job.preset == "paper", f"--pair {job.pair} belongs to --preset paper, not {job.preset}")
    epochs = chosen.epochs_for(job.method) if job.epochs is None else job.epochs
    require(epochs >= 1, f"epochs={epochs}: at least one epoch is needed")
    data = sets.load(job.data or chosen.data_name, job.root)
    teacher = _teacher(job, chosen, data)
    student = _student(chosen, job.student, data, job.seed)
    if teacher is None:
        distiller: Distiller = Alone(student)
    else:
        hosted = chosen.hosts.get(job.method, {}) if job.spots else {}
        distiller = method(job.method)(student, teacher, **{**chosen.options_for(job.method, epochs), **hosted})
    if job.spots is not None:
        distiller = SpotAdaptive(distiller, **{**chosen.spots_for(job.method), "strategy": job.spots})
        if job.epochs is None and not distiller.preparation(epochs):
            epochs = chosen.epochs  # of the method's own phases only a preparation is left
    if made_by is not None:
        distiller = made_by(distiller, _generator(data))
    augment = chosen.recipe.augment if data.size else None  # points cannot be shifted like images
    return Setup(distiller, data, epochs, replace(chosen.recipe, augment=augment))


def _teacher(job: Job, chosen: Preset, data: Data) -> nets.Net | None:
    """The teacher that the job names, or the preset's; refused if its card names other data. None for `ALONE`."""
    if job.method == ALONE:
        return None
    teacher = find_teacher(job.teacher or chosen.teacher_name)
    strange = strange_data(teacher, data.name, job.data or chosen.data_name)
    whose = f"the teacher {job.teacher}" if job.teacher else f"the preset's teacher {chosen.teacher_name}"
    require(
        job.teacher_of_other_data or not strange,
        f"{whose} was trained on {strange} ({teacher.num_classes} classes), not on {job.data or chosen.data_name} "
        f"({data.num_classes} classes): name a teacher of these data with --teacher, or allow this one with "
        "--teacher-of-other-data",
    )
    return teacher


def _student(chosen: Preset, name: str | None, data: Data, seed: int) -> nets.Net:
    """The preset's student, or another one, for the classes and channels of `data`."""
    options = {**chosen.net_options, "classes": data.num_classes, "channels": data.channels}
    if name is not None and nets.build(name).stem_width is None:
        options.pop("stem_stride", None)  # a net without a stem has no stride to set
    seed_everything(seed)
    return nets.build(name or chosen.student_name, **options)


def _generator(data: Data) -> nets.Generator:
    """A fresh generator of images (or points) like those of `data`."""
    if not data.size:
        return nets.generator("points", channels=data.channels, size=1)
    height, width = data.size
    require(height == width, f"{data.name} has images of {height} × {width} pixels; a generator makes square ones only")
    return nets.generator("deconvolution", channels=data.channels, size=height)


@dataclass(frozen=True)
class Report:
    """A finished run: its history, and what a reader wants to know beside it."""

    job: Job
    history: History
    teacher: Mapping[str, Any] | None  # its card
    parameters: int  # of the student
    test_images: int
    seconds: float

    @property
    def held_out(self) -> str:
        """The term that was measured after each epoch: on the validation split, or on the test split without one."""
        return "val_accuracy" if "val_accuracy" in self.history.terms else "test_accuracy"

    @property
    def best_epoch(self) -> int:
        """The first epoch with the highest held-out accuracy, whose weights are in best.safetensors."""
        epochs, values = self.history.curve(self.held_out)
        return epochs[values.index(max(values))]

    @property
    def test_accuracy(self) -> float:
        return self.history.last("test_accuracy")

    def table(self) -> str:
        """Every term at the end of each phase, and at the best epoch; test accuracy below."""
        terms = sorted(self.history.terms, key=lambda term: (term.endswith(ACCURACY), term == "loss"))
        if self.held_out == "val_accuracy":
            terms.remove("test_accuracy")
        phase_of = {row.epoch: row.phase for row in self.history.rows}
        ends = {phase: epoch for epoch, phase in phase_of.items()}
        names = {max(phase_of): ["last"]}
        names.setdefault(self.best_epoch, []).append("best")
        lines = [
            [
                phase_of[epoch],
                f"{epoch}, {' and '.join(names[epoch])}" if epoch in names else str(epoch),
                *(self._cell(term, epoch) for term in terms),
            ]
            for epoch in sorted({*ends.values(), *names})
        ]
        return f"{plain_table(['phase', 'epoch', *map(words_of, terms)], lines)}\n\n{self._result()}"

    def _cell(self, term: str, epoch: int) -> str:
        value = next((r.value for r in self.history.rows if (r.term, r.epoch) == (term, epoch)), None)
        if value is None:
            return "-"
        return percent(value) if term.endswith(ACCURACY) else f"{value:.4f}"

    def _result(self) -> str:
        chosen = "" if self.held_out == "val_accuracy" else " (the best epoch was found on them, so do not report it)"
        images = f"{self.test_images:,} images{chosen}"
        return f"test accuracy {percent(self.test_accuracy)}: weights of the last epoch, {images}, seed {self.job.seed}"

    def summary(self) -> dict[str, Any]:
        """The same for a machine."""
        config = self.history.config
        return {
            "method": self.job.method,
            "spots": self.job.spots,
            "batches": self.job.batches,
            "preset": self.job.preset,
            "data": config["data"],
            "teacher": self.teacher and {key: self.teacher[key] for key in ("name", "accuracy", "parameters")},
            "student": {"name": config["student"]["name"], "parameters": self.parameters},
            "seed": self.job.seed,
            "phases": [{"name": name, "epochs": epochs} for name, epochs in config["phases"]],
            "last": {term: self.history.last(term) for term in self.history.terms},
            "best": {"epoch": self.best_epoch, self.held_out: self.history.best(self.held_out)},
            "test_accuracy": self.test_accuracy,
            "test_images": self.test_images,
            "seconds": round(self.seconds, 1),
            "folder": str(self.job.folder),
            "command": self.job.command,
        }

    def save(self) -> Path:
        """Write config.json, history.csv, curves.png and report.md beside the weights and history.json of the run."""
        folder = self.job.folder
        picture = self.history.plot()
        config = {"command": self.job.command, **self.history.config, "environment": environment()}
        write_whole(folder / "config.json", json.dumps(config, indent=2) + "\n")
        write_whole(folder / "history.csv", self.history.frame().to_csv(index=False))
        write_whole(folder / "curves.png", picture.png())
        return write_whole(folder / "report.md", self._markdown(picture.alt))

    def _markdown(self, alt: str) -> str:
        config = self.history.config
        teacher = f"{self.teacher['name']} ({percent(self.teacher['accuracy'])})" if self.teacher else "none"
        return (
            f"# {self.job.method}{self.job.composition}, preset {self.job.preset}, seed {self.job.seed}\n\n"
            f"    {self.job.command}\n\n"
            f"Data {config['data']}, teacher {teacher}, student {config['student']['name']} "
            f"({self.parameters:,} parameters).\n\n"
            f"```text\n{self.table()}\n```\n\n"
            f"![{alt}](curves.png)\n\n"
            "The student again, with the weights of the last epoch (best.safetensors has those of the best one):\n\n"
            "```python\n"
            "import kdtutor as kd\n"
            "from safetensors.torch import load_file\n\n"
            f"student = kd.nets.build(**{config['student']!r})\n"
            'student.load_state_dict(load_file("last.safetensors"))\n'
            "```\n"
        )


def placed(job: Job) -> Job:
    """`job` as it is, or in a folder named after its teacher's weights where the usual one holds another teacher's run.

    Two teachers can have the same file name, and a teacher can be trained again under its name.
    """
    if job.out is not None or job.method == ALONE or not job.begun:
        return job
    chosen = preset(job.preset, job.pair or next(iter(PAIRS)))
    weights, held = teacher_digest(find_teacher(job.teacher or chosen.teacher_name)), teacher_of(job.folder)
    if held in (None, weights):
        return job
    return replace(job, out=str(job.folder.with_name(f"{job.folder.name}-teacher{weights[:8]}")))


def distil(job: Job, progress: bool = True) -> Report:
    """Run `job` to its end and write its report folder. A run that was interrupted is continued."""
    job = placed(job)
    require_free(job.folder)  # a report would overwrite somebody else's files of the same names
    setup = prepare(job)
    started = time.perf_counter()
    history = fit(
        setup.distiller, setup.data, setup.epochs, recipe=setup.recipe, seed=job.seed, device=job.device,
        precision=job.precision, out=job.folder, progress=progress,
    )  # fmt: skip
    teacher, student = setup.distiller.teacher, setup.distiller.student
    card = teacher.card if teacher is not None else None
    parameters, seconds = nets.count_parameters(student), time.perf_counter() - started
    report = Report(job, history, card, parameters, len(setup.data.test), seconds)
    report.save()
    return report


def require_sound(job: Job) -> None:
    """Raise now what `distil` would raise before it trains."""
    job = placed(job)
    require_free(job.folder)  # a report would overwrite somebody else's files of the same names
    setup = prepare(job)
    setup.distiller.check(setup.data)
    setup.distiller.phases(setup.epochs)
