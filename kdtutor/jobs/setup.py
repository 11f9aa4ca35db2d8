"""What a job comes down to: data, teacher, student, what teaches it, and with which recipe."""

from dataclasses import dataclass, replace
from typing import Any

from .. import data as sets
from .. import nets, papers
from ..data import Data
from ..data.parts import balanced
from ..errors import ConfigError, choose, require
from ..methods import ALONE, find
from ..papers.spot_adaptive import STRATEGIES, SpotAdaptive
from ..settings import OWN, PAIRED, PAIRS, Preset, find_teacher, fitted, preset
from ..settings.chosen import USUAL
from ..settings.data_free import IMITATION, SETTINGS
from ..train import Alone, Distiller, Recipe, device
from ..train.checkpoint import another_teacher, holds_run, require_free
from ..train.ranks import from_first
from ..train.relabelled import relabelled
from ..train.shares import synchronised
from .between import MIB, fitting, new_student, own_data
from .job import Job, label

LOGITS = "logits"  # what the student of a data-free paper learns; `IMITATION` says how


@dataclass(frozen=True)
class Setup:
    """What a job comes down to: everything that a run takes. `job` has the folder in which the run is kept."""

    job: Job
    distiller: Distiller
    data: Data
    epochs: int
    recipe: Recipe
    generator: str = ""  # which one makes the images, in words

    @property
    def begun(self) -> bool:
        """Whether the folder holds a run that can be continued."""
        return holds_run(self.job.folder)

    def check(self) -> None:
        """Raise now what a run would raise before it trains."""
        self.distiller.check(self.data)
        self.distiller.phases(self.epochs)
        relabelled(self.distiller.source(self.data, self.recipe), self.distiller, self.data, self.recipe)


def prepare(job: Job, data: Data | None = None, teachers: dict[str, nets.Net] | None = None) -> Setup:
    """Load the data, unless they are given, find the teacher, choose the folder, build the student and what teaches it.

    Equal seeds give every method the same first weights. Jobs that are set up with the same `teachers`, a dict that is
    filled here, have one teacher object in common. What cannot be asked for is refused in a sentence.
    """
    _require_sense(job)
    chosen = _preset(job)
    known = {} if teachers is None else teachers
    first = job.own and (job.method != ALONE or job.teacher)  # images of one's own have the size of the teacher's
    seen = _found(job, known) if first else None
    data = data or load(job, chosen, seen)
    _require_admitted(job, data)
    teacher = None
    if job.method != ALONE:
        teacher = known[teacher_name(job)] = fitting(seen or _found(job, known), job, data, chosen)
    job = from_first(lambda: _placed(job, teacher))
    student = new_student(chosen, job, data)
    if job.sync_batch_norm:
        student = synchronised(student, device(job.device))
    distiller, epochs = _distiller(job, chosen, student, teacher)
    distiller, generator = (distiller, "") if job.maker is None else _data_free(job.maker, chosen, data, distiller)
    return Setup(job, distiller, data, epochs, fitted(chosen.recipe, data), generator)


def _found(job: Job, known: dict[str, nets.Net]) -> nets.Net:
    """The teacher of `job`, one of those that are `known`, or from where it lies."""
    name = teacher_name(job)
    if name not in known:
        known[name] = find_teacher(name, *(() if job.factory is None else (job.factory,)))
    return known[name]


def load(job: Job, chosen: Preset, teacher: nets.Net | None = None) -> Data:
    """The data of the job, or the preset's, in the size that it asks for; of images and labels only as many.

    Images of one's own are shown as those that the teacher was trained on, by its card.
    """
    data = _part(own_data(job, teacher) if job.own else _data(job, chosen), job, chosen)
    return data if job.labels is None else data.few_labels(job.labels, seed=job.seed)


def _part(data: Data, job: Job, chosen: Preset) -> Data:
    """As many of the training images as the job asks for."""
    if job.images is None:
        return data
    least = min(chosen.recipe.batch_size, len(data.train))
    require(
        least <= job.images <= len(data.train),
        f"--images {job.images}: a batch of {data.name} has {least} images, and there are {len(data.train):,} for "
        f"training; choose {least}…{len(data.train)}",
    )
    return balanced(data, job.images)


def _require_sense(job: Job) -> None:
    """Refuse options that no run can have, or that do not go together."""
    require(job.epochs is None or job.epochs >= 1, f"epochs={job.epochs}: at least one epoch is needed")
    belongs = f"--pair {job.pair} belongs to --preset {' or '.join(PAIRED)}, not {job.preset}"
    require(job.pair is None or job.preset in PAIRED, belongs)
    images = f"the preset {job.preset} is for images of your own: name their folder or CSV with --data, not {job.data}"
    require(job.own or job.preset != OWN, images)
    if job.spots is not None:
        choose("choice of spots", job.spots, STRATEGIES)
    require(
        job.method != ALONE or job.spots is None,
        "the student alone has no spots to choose from: leave --spots out, or name a method",
    )
    require(
        job.method != ALONE or job.data_free is None,
        f"the student alone learns from labels, and --data-free {job.data_free} has none: name a method that has a "
        "teacher",
    )
    told = "--labels says how many labels of the training split are kept, and made images have none: leave it out, or"
    instead = "--data-free" if job.data_free else "name a method that learns from the training split"
    require(job.labels is None or job.maker is None, f"{told} {instead}")
    if job.data_free is not None and job.method == job.maker:
        raise ConfigError(
            f"{label(job.method)} makes its images already: leave --data-free out, or name a method that learns from "
            "them"
        )


def _require_admitted(job: Job, data: Data) -> None:
    """Refuse what does not admit the task of `data`: a method with the names of those that do, an option by its name.

    The method itself would refuse it later, to a reader who calls it from Python.
    """
    if job.method == ALONE:
        return
    others = ", ".join(label(name) for name in papers.admitting(data.task.name))
    asked: list[tuple[str, Any, str]] = [(label(job.method), papers.get(job.method), f"take one of {others}")]
    if job.spots is not None:
        asked.append((f"--spots {job.spots}", SpotAdaptive, "leave it out"))
    if job.data_free is not None:
        asked.append((f"--data-free {job.data_free}", papers.get(job.data_free), "leave it out"))
    for name, kind, advice in asked:
        admitted = " and ".join(task.name for task in kind.tasks)
        told = f"{name} admits {admitted}; {data.name} is a set for {data.task}: {advice}"
        require(isinstance(data.task, kind.tasks), told)


def _preset(job: Job) -> Preset:
    """The preset, with the recipe that the job asks for."""
    chosen = _chosen(job)
    return replace(chosen, recipe=job.of(chosen.recipe))


def _chosen(job: Job) -> Preset:
    """The preset as it is; "paper" without data in the setting of the data-free paper, where it has one for them."""
    name = job.preset or job.usual_preset
    if name == "minute":  # what a reader has chosen is in `job.data` by now
        return preset(name, data=job.data if job.data in sets.SHIPPED else USUAL)
    chosen = preset(name, job.pair or next(iter(PAIRS)))
    data = job.data or chosen.data_name
    if job.maker is None or job.preset != "paper" or data not in SETTINGS[job.maker]:
        return chosen
    published = chosen.data_free(job.maker, data)
    if job.pair is not None:
        raise ConfigError(
            f"--pair {job.pair}: with the published generator for {data} {published.teacher_name} teaches "
            f"{published.student_name}; leave --pair out, or name other nets with --teacher and --student"
        )
    return published


def _data(job: Job, chosen: Preset) -> Data:
    """The data that the job names, or the preset's, in the size that it asks for."""
    name = job.data or chosen.data_name
    sized = name not in sets.names() or name in sets.SIZED  # `load` says what to choose instead of an unknown name
    told = f"--size {job.size}: {name} has a size of its own; only photographs from folders are resized"
    require(job.size is None or sized, told)
    memory = None if job.memory is None else job.memory * MIB
    asked: dict[str, Any] = {"size": job.size, "task": job.task, "memory": memory}
    return sets.load(name, job.root, **{option: value for option, value in asked.items() if value is not None})


def teacher_name(job: Job) -> str:
    """The name, the file or the folder of the teacher of `job`."""
    name = job.teacher or _preset(job).teacher_name
    told = f"{label(job.method)} needs a teacher: name the folder of one with --teacher, as `kdtutor teach --data "
    require(bool(name), f"{told}{job.data} --arch resnet18 --out teacher` makes it")
    return name


def _placed(job: Job, teacher: nets.Net | None) -> Job:
    """`job` as it is, or in a folder named after its teacher's weights where the usual one holds another teacher's run.

    Two teachers can have the same file name, and a teacher can be trained again under its name.
    """
    if job.out is None and teacher is not None and (weights := another_teacher(job.folder, teacher)):
        job = replace(job, out=str(job.folder.with_name(f"{job.folder.name}-teacher{weights[:8]}")))
    require_free(job.folder)  # a report would overwrite somebody else's files of the same names
    return job


def _distiller(job: Job, chosen: Preset, student: nets.Net, teacher: nets.Net | None) -> tuple[Distiller, int]:
    """What is matched, and where; and for how many epochs."""
    matched = LOGITS if job.method == job.maker else job.method
    epochs = job.epochs or chosen.epochs_for(matched)
    if teacher is None:
        return Alone(student), epochs
    options = chosen.options_for(matched, epochs) if job.spots is None else chosen.host_for(matched, epochs)
    kind: Any = papers.get(matched)
    host = kind(student, teacher, **{**options, **IMITATION.get(job.method, {})})
    if job.spots is None:
        return host, epochs
    distiller = SpotAdaptive(host, **{**chosen.spots_for(matched), "strategy": job.spots})
    if job.epochs is None and not distiller.preparation(epochs):
        epochs = chosen.epochs  # of the method's own phases only a preparation is left
    return distiller, epochs


def _data_free(maker: str, chosen: Preset, data: Data, inner: Distiller) -> tuple[Distiller, str]:
    """`inner` on images (or points) like those of `data` that a fresh generator makes; and which one, in words."""
    paper = find(maker).acronym
    if setting := chosen.published:
        options = ", ".join(f"{name} {value:g}" for name, value in setting.options.items())
        return setting.around(inner), f"of the generator that {paper} was published with for {setting.data} ({options})"
    net = _generator(data)
    lacks = f"; {paper} has no published setting for {data.name}" if chosen.name == "paper" else ""
    around: Any = papers.get(maker)
    return around(inner, net), f"of the course's generator ({net.config['name']}){lacks}"


def _generator(data: Data) -> nets.Generator:
    """A fresh generator of what `data` consists of."""
    if not data.size:
        return nets.generator("points", channels=data.channels, size=1)
    height, width = data.size
    require(height == width, f"{data.name} has images of {height} × {width} pixels; a generator makes square ones only")
    return nets.generator("deconvolution", channels=data.channels, size=height)
