"""How the teachers are trained, and where they are found. Those on sets that ship, ship too; the others need a GPU."""

from collections.abc import Callable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from .. import data as sets
from .. import nets
from ..data import Data
from ..data.parts import balanced
from ..errors import DataError, choose, require
from ..files import RUNS
from ..nets import Net
from ..train import Alone, Progress, environment, evaluate, fit, seed_everything
from ..train.devices import device as find_device
from .recipes import fitted
from .teacher_plans import TEACHER_PLANS, TeacherPlan

LISTED = "`kdtutor teachers` lists them all; or name the folder of a model of yours."


def find_teacher(name: str | Path, factory: str | None = None) -> Net:
    """A teacher that ships, one trained here with `kdtutor teach`, or one by its path: a .safetensors file or a folder.
    Several with commas between them are an ensemble.

    `factory` makes the net, where its card names a function of somebody's own, see `nets.teacher`. Raises `DataError`
    for a teacher that is known but not trained yet, `UnknownName` for any other name.

    >>> find_teacher("digits-resnet14").name
    'resnet14'
    """
    if len(parts := teacher_names(name)) > 1:
        return nets.Ensemble([find_teacher(part, factory) for part in parts])
    if Path(name).suffix == ".safetensors" or name in {card["name"] for card in nets.teachers()}:
        return nets.teacher(name, factory)
    places = [folder / f"{name}.safetensors" for folder in teacher_folders()]
    for path in (*places, *(folder / name for folder in teacher_folders()), Path(name)):
        if path.exists():
            return nets.teacher(path, factory)
    path = Path(name)
    told = f"there is no {path}: name a folder that `kdtutor teach --out` or `kdtutor distil --out` has made"
    require(len(path.parts) < 2, told, DataError)
    choose("teacher", str(name), {*TEACHER_PLANS, *(card["name"] for card in nets.teachers())}, LISTED)
    url = TEACHER_PLANS[str(name)].weights
    published = f", or take torchvision's weights, {url}, with --weights FILE" if url else ""
    raise DataError(
        f"the teacher {str(name)!r} is not in {places[0].parent}; train it first with `kdtutor teach {name}`{published}"
    )


def teacher_names(name: str | Path) -> list[str]:
    """The teachers that a name means: those between its commas; a file or folder of this name is one.

    >>> teacher_names("digits-resnet14,digits-lenet5")
    ['digits-resnet14', 'digits-lenet5']
    """
    parts = [part.strip() for part in str(name).split(",") if part.strip()]
    return parts if len(parts) > 1 and not Path(name).exists() else [str(name)]


def teacher_folders() -> tuple[Path, ...]:
    """Where teachers trained here are looked for: below the current folder, and below that of the course.

    >>> teacher_folders()[0].as_posix()
    'runs/teachers'
    """
    return RUNS / "teachers", sets.root().parent / RUNS / "teachers"


def reduced(name: str, epochs: int | None = None, images: int | None = None) -> str:
    """What the teacher `name` is called when it is trained in other epochs than its plan has, or on fewer images: it is
    another one, and must not be taken for it.

    >>> reduced("digits-resnet14", epochs=3, images=500), reduced("digits-resnet14", epochs=40)
    ('digits-resnet14-3epochs-500images', 'digits-resnet14')
    """
    plan = TEACHER_PLANS[choose("teacher", name, TEACHER_PLANS, LISTED)]
    parts = (
        "" if epochs in (None, plan.epochs) else f"{epochs}epochs",
        "" if images is None else f"{images}images",
    )
    return "-".join(filter(None, (name, *parts)))


def train_teacher(
    name: str,
    folder: str | Path,
    root: str | None = None,
    device: str | None = None,
    progress: bool = True,
    size: int | None = None,
    precision: str = "float32",
    *,
    epochs: int | None = None,
    images: int | None = None,
    on_epoch: Callable[[Progress], None] | None = None,
) -> Net:
    """Train the teacher `name` of `TEACHER_PLANS` and save its weights and card in `folder`.

    With other `epochs` than those of its plan, or on so many `images` (see `balanced`), it is saved under the name that
    `reduced` gives it. The run itself is kept in `folder/NAME.run`; interrupted, it continues. The card has the last
    epoch's accuracy. `size` is that of photographs, other than usual; `precision` and `on_epoch` as in `fit`.
    """
    plan, data, net = _begun(name, root, size)
    called, epochs, planned = reduced(name, epochs, images), epochs or plan.epochs, plan.epochs
    data = data if images is None else balanced(data, images)
    recipe = fitted(plan.recipe, data)
    history = fit(
        Alone(net), data, epochs, recipe=recipe, seed=plan.seed, device=device, precision=precision,
        progress=progress, out=Path(folder) / f"{called}.run", on_epoch=on_epoch,
    )  # fmt: skip
    shorter = f" --epochs {epochs}" * (epochs != planned) + (f" --images {images}" if images is not None else "")
    card = {
        **({} if images is None else {"train_images": images}),
        "recipe": {"epochs": epochs, **recipe.record()},
        "val_accuracy": history.last("val_accuracy") if data.val is not None else None,
        "protocol": "test split, weights of the last epoch",
        "command": f"kdtutor teach {name}" + _asked(size, precision) + shorter,
    }
    return _saved(net, name, card, data, folder, called)


def take_teacher(
    name: str,
    weights: str | Path,
    folder: str | Path,
    root: str | None = None,
    device: str | None = None,
    size: int | None = None,
) -> Net:
    """The teacher `name` with the published `weights`, a file of torchvision's, in place of a training.

    It is measured on the test split and saved with its card in `folder`. Raises `ConfigError` for a teacher without
    published weights, `DataError` for a file that does not hold them for the classes of the data.

    >>> take_teacher("digits-resnet14", "resnet34-b627a593.pth", folder)
    Traceback (most recent call last):
    kdtutor.errors.ConfigError: there are no published weights for digits-resnet14: train it, without --weights
    """
    plan = TEACHER_PLANS[choose("teacher", name, TEACHER_PLANS, LISTED)]
    require(plan.weights is not None, f"there are no published weights for {name}: train it, without --weights")
    path = Path(weights)
    theirs = _read(path)
    plan, data, net = _begun(name, root, size)
    try:
        net.load_state_dict(nets.from_torchvision(theirs))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise DataError(
            f"{path} does not hold the weights of {net.name} for the {data.num_classes} classes of {data.name} "
            f"({reason}); expected those of {plan.weights}, and a folder with its classes"
        ) from None
    net.to(find_device(device))
    card = {
        "recipe": {"weights": path.name},
        "protocol": "test split, published weights",
        "command": f"kdtutor teach {name} --weights {path.name}" + _asked(size),
    }
    return _saved(net, name, card, data, folder)


def _begun(name: str, root: str | None, size: int | None) -> tuple[TeacherPlan, Data, Net]:
    """The plan of `name`, its data, and its net with first weights."""
    plan = TEACHER_PLANS[choose("teacher", name, TEACHER_PLANS, LISTED)]
    data = sets.load(plan.data, root) if size is None else sets.load(plan.data, root, size=size)
    seed_everything(plan.seed)
    return plan, data, nets.build(**{"classes": data.num_classes, **plan.net})  # type: ignore[arg-type]


def _asked(size: int | None, precision: str = "float32") -> str:
    """The options of a command that are not as usual."""
    return (f" --size {size}" if size is not None else "") + (f" --precision {precision}" * (precision != "float32"))


def _read(path: Path) -> Mapping[str, Any]:
    """The tensors in a file that torch has saved."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, UnpicklingError, RuntimeError, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no file of weights"
        raise DataError(f"{path} cannot be read ({reason}); name a file of torchvision's weights, .pth") from None
    tensors = isinstance(found, Mapping) and all(isinstance(x, torch.Tensor) for x in found.values())
    require(tensors, f"{path} holds no weights by name, but a {type(found).__name__}; expected a state_dict", DataError)
    weights: Mapping[str, Any] = found
    return weights


def _saved(
    net: Net, name: str, card: Mapping[str, Any], data: Data, folder: str | Path, called: str | None = None
) -> Net:
    """Measure a teacher and write it with its card, under its name or another; then read it as everybody will."""
    plan = TEACHER_PLANS[name]
    answers = evaluate(net, data.test, data)
    told = {
        "data": plan.data,
        "recipe": card["recipe"],
        "seed": plan.seed,
        "accuracy": answers.accuracy,
        "correct": answers.correct,
        "total": len(data.test),
        **card,
        "environment": environment(),
    }
    path = nets.save_teacher(net, called or name, told, folder=folder, overwrite=True)
    return nets.teacher(path)
