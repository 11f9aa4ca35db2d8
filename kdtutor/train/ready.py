"""Whether a run can begin: everything that can be refused is refused here, before the first step; one run at a time for
each student."""

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from torch import nn

from ..data import Classification, Data, names
from ..errors import BusyError, DivergedError, Error, ShapeError, require
from ..nets import Net
from ..nets.modes import evaluating
from .checks import check_data, check_number, warn_of_probabilities
from .ranks import world
from .recipe import Recipe
from .trainable import Phase, Trainable

FEW = 4  # images that both nets are shown before a run
SAME = {"digits": "mnist", "fashion": "fashion-mnist"}  # what ships is a part of the larger set

_held: WeakSet[nn.Module] = WeakSet()  # beside the nets, not in them: a lock in a net cannot be copied or saved
_guard = threading.Lock()


def ready(
    distiller: Trainable, data: Data, epochs: int, recipe: Recipe, seed: int, out: str | Path | None, source: Any
) -> tuple[Phase, ...]:
    """The phases of a run with these arguments of `fit`. Raises a sentence where there can be none.

    >>> method = kd.Alone(kd.nets.build("mlp8", classes=2))
    >>> [phase.name for phase in ready(method, kd.data.load("moons"), 2, kd.Recipe(), 0, None, None)]
    ['alone']
    """
    _check_kinds(distiller, data, epochs, recipe, seed, out, source)
    distiller.check(data)
    _check_ranks(distiller)
    phases = distiller.phases(epochs)
    _check_trainable("student", list(distiller.student.parameters()))
    for phase in phases:
        for name, parameters in distiller.parameter_groups(phase).items():
            _check_trainable(name, parameters)
    for role, net in (("student", distiller.student), ("teacher", distiller.teacher)):
        if net is not None:
            check_role(net, role, data)
    if hasattr(source, "check"):  # one that answers for a teacher: for which one, and on which data
        source.check(distiller, data, recipe)
    _warn_of_strange_data(distiller.teacher, data)
    return phases


def _check_kinds(distiller: Any, data: Any, epochs: Any, recipe: Any, seed: Any, out: Any, source: Any) -> None:
    kind = f"the class {distiller.__name__}" if isinstance(distiller, type) else f"a {type(distiller).__name__}"
    told = f"what is to be trained is {kind}; expected a method around it, such as kd.Alone(student)"
    require(isinstance(distiller, Trainable), told)
    check_data(data)
    check_number("epochs", epochs, whole=True)
    require(epochs >= 1, f"epochs={epochs}: at least one epoch is needed")
    told = f"the recipe is a {type(recipe).__name__}; expected a kd.Recipe"
    require(isinstance(recipe, Recipe), f"{told}: kd.Recipe(**recipe)" if isinstance(recipe, dict) else told)
    check_number("seed", seed, whole=True)
    require(seed >= 0, f"seed={seed}: expected a whole number of at least 0")
    require(out is None or isinstance(out, str | Path), f"out={out!r:.60}: expected the path of a folder")
    told = f"the source is a {type(source).__name__}; expected one with `steps` and `epoch`, such as kd.data.Batches"
    require(source is None or all(hasattr(source, part) for part in ("steps", "epoch")), told)


def _check_ranks(distiller: Trainable) -> None:
    """Raise `ConfigError` where several ranks would all do the whole work."""
    told = f"{type(distiller).__name__} takes steps that {world()} processes cannot share"
    require(world() == 1 or distiller.shares_batches, f"{told}: start it in one, without torchrun")


def _check_trainable(name: str, parameters: list[nn.Parameter]) -> None:
    """Something of the optimiser `name` may move. Raises `ConfigError`."""
    require(
        any(parameter.requires_grad for parameter in parameters),
        f"no parameter of the {name} may move: all are frozen (requires_grad=False), as those of a net are that has "
        f"been a teacher; thaw it: {name}.requires_grad_(True)",
    )


def check_role(net: nn.Module, role: str, data: Data) -> None:
    """The net's weights are numbers, and it reads the images. Raises `DivergedError` or `ShapeError`.

    >>> check_role(kd.nets.build("mlp8", classes=2), "student", kd.data.load("moons"))  # silent: all is well
    """
    _check_weights(net, role)
    if isinstance(net, Net) and len(data.test):
        _first_look(net, role, data)


def _check_weights(net: nn.Module, role: str) -> None:
    """The weights are numbers. Raises `DivergedError`. (A buffer may hold -∞, such as the mask of a transformer.)"""
    broken = [name for name, x in net.named_parameters() if not bool(x.isfinite().all())]
    broken += [name for name, x in net.named_buffers() if bool(x.isnan().any())]
    require(
        not broken,
        f"the {role}'s weights hold NaN or infinite numbers before the first step (first in {broken[:1]}); "
        "load or build it again, no recipe can mend it",
        DivergedError,
    )


def _first_look(net: Net, role: str, data: Data) -> None:
    """Show a net a few images: it has to read them, and to answer in logits. Raises `ShapeError`; warns of
    probabilities."""
    images = data.normalise(data.test.images[:FEW])
    try:
        with evaluating(net):
            logits = net(images.to(next(net.parameters()).device))
    except Error:
        raise
    except Exception as error:  # a wrapped model runs code of its own, which may raise anything
        reason = (str(error) or type(error).__name__).splitlines()[0][:100]
        raise ShapeError(
            f"the {role} {net.name} cannot read images {tuple(images.shape)} of {data.name} ({reason}); build it for "
            "such images, or bring them to its size"
        ) from error
    sizes = tuple(logits.shape[2:]), data.size
    told = f"the {role} {net.name} answers with maps of {sizes[0]} to images of {sizes[1]}"
    require(not net.per_pixel or sizes[0] == sizes[1], f"{told}; resize its logits within the model", ShapeError)
    if isinstance(data.task, Classification):  # numbers may lie in 0…1, and sum to 1
        warn_of_probabilities(logits, f"the {role}'s outputs")


def strange_data(teacher: nn.Module | None, *data: str) -> str:
    """The data on the teacher's card if it is none of `data`, the names of what it is to teach on; else "", as where
    the card says nothing that can be compared.

    >>> strange_data(kd.nets.teacher("digits-resnet14"), "digits")
    ''
    """
    told = getattr(teacher, "card", {}).get("data")
    return told if isinstance(told, str) and family(told) not in map(family, data) else ""


def family(name: str) -> str:
    """The data set that `name` is a form of: "digits-16" are small digits, and what ships is a part of a larger set.

    >>> family("digits-16"), family("cifar100")
    ('mnist', 'cifar100')
    """
    plain = re.sub(r"-\d+$", "", name)
    return SAME.get(plain, plain)


def _warn_of_strange_data(teacher: nn.Module | None, data: Data) -> None:
    """Warn of a teacher whose card names other data. Programs put data together and name them as they like, so only
    what is sure is said: both names are known, or the classes are not as many."""
    told = strange_data(teacher, data.name)
    known = told in names() and data.name in names()
    if told and (known or getattr(teacher, "num_classes", None) not in (None, data.num_classes)):
        sentence = f"the teacher was trained on {told}, by its card, and is to teach on {data.name}; is that meant?"
        warnings.warn(sentence, stacklevel=5)


@contextmanager
def alone(*students: nn.Module) -> Iterator[None]:
    """Hold the student, or all that learn together, for one run; a second run over one would mix two trainings.

    >>> with alone(kd.nets.build("mlp8", classes=2)):
    ...     pass  # a second run of the same net would be refused here
    """
    with _guard:
        if any(student in _held for student in students):
            raise BusyError(
                "this student is already being trained by another run; stop that run first, or build a new student"
            )
        _held.update(students)
    try:
        yield
    finally:
        with _guard:
            _held.difference_update(students)
