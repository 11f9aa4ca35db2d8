"""What goes between data, teacher and student: images as the teacher knows them, its classes in their order."""

import warnings
from dataclasses import replace
from typing import Any

from .. import data as sets
from .. import nets
from ..data import Data
from ..data.tasks import task_of
from ..data.words import listed
from ..errors import ConfigError, ShapeError, UnknownName, require
from ..nets.build import is_own
from ..settings import Preset
from ..train import seed_everything
from ..train.ready import strange_data
from .job import Job

MIB = 2**20
FOR_PIXELS = "masks want a net that answers for each pixel: unet8, unet16, or a function of yours, module:function"


def in_bytes(memory: int | None) -> int | None:
    """The MiB that an option names, in bytes."""
    return None if memory is None else memory * MIB


def own_data(job: Job, teacher: nets.Net | None) -> Data:
    """Images of one's own, in the size and with the statistics of the teacher's card, unless the job says otherwise."""
    assert job.data is not None
    size = job.size if job.size is not None or teacher is None else shown_size(teacher)
    data = sets.load(job.data, job.root, size=size, task=job.task, memory=in_bytes(job.memory))
    return data if teacher is None else as_known(data, teacher)


def shown_size(net: nets.Net) -> int | None:
    """Pixels on a side of the images that a net was trained on, by its card; None where it does not say."""
    size = net.card.get("size")
    return int(size[0]) if isinstance(size, list | tuple) and size else None


def as_known(data: Data, net: nets.Net) -> Data:
    """`data` as a net knows them, by its card: with the means and standard deviations of the pixels that it was trained
    on, and in its unit of the numbers. What the card does not tell stays, and so does all of another task."""
    mean, std, task = net.card.get("mean"), net.card.get("std"), task_of(net.card)
    if mean and std and len(mean) == data.channels:
        data = replace(data, mean=tuple(mean), std=tuple(std))
    if type(task) is not type(data.task):
        return data
    splits: dict[str, Any] = {part: replace(split, task=task) for part, split in data.splits().items()}
    return replace(data, **splits)


def fitting(teacher: nets.Net, job: Job, data: Data, chosen: Preset) -> nets.Net:
    """The teacher for `data`: refused if its card names other data, another task or other classes; its outputs in the
    order of the classes."""
    named = job.data or chosen.data_name
    whose = f"the teacher {job.teacher}" if job.teacher else f"the preset's teacher {teacher.card.get('name', '')}"
    told = str(teacher.card.get("task", data.task.name))
    require(told == data.task.name, f"{whose} was trained for {told}; {named} is a set for {data.task}")
    if job.teacher_of_other_data:
        return teacher
    strange = "" if job.own else strange_data(teacher, data.name, named)  # one's own are told by their classes
    if strange:
        raise ConfigError(
            f"{whose} was trained on {strange} ({teacher.num_classes} classes), not on {named} ({data.num_classes} "
            "classes): name a teacher of these data with --teacher, or allow this one with --teacher-of-other-data"
        )
    known = teacher.card.get("classes")
    if known is None and not job.own:
        return teacher
    fits = nets.in_order(teacher, data.classes, data.name)
    if known is None:
        order = f"its outputs are taken for {listed(data.classes)}, in this order"
        warnings.warn(f"the card of {whose} does not name its classes: {order}", stacklevel=3)
    return fits


def new_student(chosen: Preset, job: Job, data: Data) -> nets.Net:
    """The preset's student, or another one, for the outputs and channels of `data`; with first weights from a file, if
    one is named."""
    if job.student is None and chosen.published is not None:
        seed_everything(job.seed)
        return chosen.student()
    options: dict[str, Any] = {**chosen.net_options, "classes": data.num_classes, "channels": data.channels}
    name = job.student or chosen.student_name
    if job.own or not is_own(name):
        name = _full_name(name, data)
    elsewhere = not is_own(name)
    if elsewhere or nets.build(name).stem_width is None:
        options.pop("stem_stride", None)  # a net without a stem has no stride to set, one from elsewhere has its own
    if elsewhere:
        options |= {"size": data.size[0] if data.size else None, "stages": stages_of(job.stages)}
    seed_everything(job.seed)
    net = nets.build(name, **options)
    whole = f"{name} answers for whole images, and {data.name} is a set for {data.task}: {FOR_PIXELS}"
    require(net.per_pixel or not data.task.per_pixel, whole)
    if job.weights is not None:
        _begin_from(net, job.weights)
    return net


def _full_name(name: str, data: Data) -> str:
    """`nets.full_name`; of data with masks an unknown name is answered with the nets for them, too."""
    try:
        return nets.full_name(name)
    except UnknownName as error:
        raise UnknownName(f"{error} {FOR_PIXELS.capitalize()}." if data.task.per_pixel else str(error)) from None


def _begin_from(net: nets.Net, weights: str) -> None:
    """Load weights into a net; the layer of the logits stays fresh, with a warning, where theirs has other classes."""
    try:
        nets.load_weights(net, weights)
    except ShapeError:
        fresh = nets.load_weights(net, weights, head="anew")  # refused again where more than the classes is other
        warnings.warn(
            f"{weights} classifies other classes: {', '.join(fresh)} of {net.name} are drawn anew", stacklevel=4
        )


def stages_of(text: str | None) -> str | list[str] | None:
    """The stages that an option names, as `wrap` takes them; None leaves the choice to it."""
    if text in (None, "auto"):
        return text
    return [part.strip() for part in str(text).split(",") if part.strip()]
