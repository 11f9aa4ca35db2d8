"""Which teachers there are, and how one is trained from the command line."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import data as sets
from .. import nets
from ..errors import choose, require
from ..files import held
from ..nets import Generator, LanguageModel, Net
from ..settings import GENERATOR_PLANS, LANGUAGE_PLANS, RUNS, TEACHER_PLANS, teacher_folders, train_generator
from ..settings.language import train_language_model
from ..settings.teachers import LISTED, reduced, take_teacher, train_teacher
from ..train import Progress
from .tables import percent, plain_table

MEASURES = ("map", "r2", "mae", "miou")  # of tasks without an accuracy


def cards() -> list[dict[str, Any]]:
    """The cards of the teachers that ship and of those trained here, by name."""
    folders = (*reversed(teacher_folders()), None)  # the last one that has a name counts: what ships
    found = {card["name"]: card for folder in folders for card in nets.teachers(folder)}
    return [found[name] for name in sorted(found)]


def generator_cards() -> list[dict[str, Any]]:
    """The cards of the generators that can be trained again by name, and of their likes trained here."""
    return [card for card in nets.teachers(sets.root() / "generators") if card["name"] in GENERATOR_PLANS]


def language_cards() -> list[dict[str, Any]]:
    """The cards of the language models that ship."""
    return nets.teachers(sets.root() / "language_models")


def untrained() -> list[str]:
    """The teachers that are planned for, but not trained yet."""
    return sorted(TEACHER_PLANS.keys() - {card["name"] for card in cards()})


def table(
    trained: Sequence[Mapping[str, Any]],
    planned: Sequence[str],
    generating: Sequence[Mapping[str, Any]] = (),
    writing: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Accuracy (of a generator its distance, of a language model its bits per character) and size of each trained
    teacher, and the command that trains it."""
    rows = [[c["name"], c["data"], percent(c["accuracy"]), f"{c['parameters']:,}", c["command"]] for c in trained]
    rows += [[name, TEACHER_PLANS[name].data, "not trained here", "", f"kdtutor teach {name}"] for name in planned]
    rows += [
        [c["name"], c["data"], f"distance {c['quality']['distance']:.2f}", f"{c['parameters']:,}", c["command"]]
        for c in generating
    ]
    rows += [[c["name"], c["data"], f"{c['bits']:.2f} bits", f"{c['parameters']:,}", c["command"]] for c in writing]
    return plain_table(["teacher", "data", "test accuracy", "parameters", "command"], rows)


def teach(
    name: str,
    out: str | None = None,
    device: str | None = None,
    root: str | None = None,
    overwrite: bool = False,
    progress: bool = True,
    weights: str | None = None,
    size: int | None = None,
    precision: str = "float32",
    *,
    epochs: int | None = None,
    images: int | None = None,
    on_epoch: Callable[[Progress], None] | None = None,
) -> Net | Generator | LanguageModel:
    """Train the teacher `name`; those on a set that ships belong to it, the others to what this machine has made.

    A generator's name is one of `GENERATOR_PLANS`, a language model's one of `LANGUAGE_PLANS`. `weights` is a file of
    published weights to take instead. Other `epochs` than planned, or only so many training `images`, make another
    teacher, with a name of its own: see `reduced`.
    """
    choose("teacher", name, {*TEACHER_PLANS, *GENERATOR_PLANS, *LANGUAGE_PLANS}, LISTED)
    require(epochs is None or epochs >= 1, f"epochs={epochs}: at least one epoch is needed")
    kind = "generator" if name in GENERATOR_PLANS else "language model" if name in LANGUAGE_PLANS else "teacher"
    generates, called = kind != "teacher", name
    if generates:
        told = f"{name} is a {kind}, and trained as planned: no --epochs, --images"
        require((epochs, images) == (None, None), told)
    else:
        called = reduced(name, epochs, images)
    ships = generates or (TEACHER_PLANS[name].data in (*sets.SHIPPED, *sets.SMALL) and called == name)
    home = sets.root() / f"{kind.replace(' ', '_')}s" if ships else RUNS / "teachers"
    folder = Path(out) if out else home
    sized = size is None or (not generates and TEACHER_PLANS[name].data in sets.SIZED)
    require(sized, f"--size {size}: the images of {name} have a size of their own")
    require(not generates or precision == "float32", f"--precision {precision}: a {kind} is trained in float32")
    require(weights is None or not generates, f"--weights {weights}: there are no published weights for {name}")
    taken = weights is not None and (epochs, images) != (None, None)
    require(not taken, f"--weights {weights}: nothing is trained then; leave --epochs and --images out")
    exists = (folder / f"{called}.safetensors").exists()
    require(overwrite or not exists, f"{called} is in {folder} already; pass --overwrite to train it again")
    with held(folder / f"{called}.run", ".teach.lock"):
        if generates:
            train = train_generator if kind == "generator" else train_language_model
            return train(name, folder, device, progress)
        if weights is not None:
            return take_teacher(name, weights, folder, root, device, size)
        return train_teacher(
            name, folder, root, device, progress, size, precision, epochs=epochs, images=images, on_epoch=on_epoch
        )


def outcome(card: Mapping[str, Any]) -> str:
    """What came of it, from the card: a classifier's accuracy, what else measures a task, a generator's distance to
    real images, or a language model's bits per character."""
    if "bits" in card:
        return f"{card['name']}: {card['bits']:.3f} bits per character on the test part"
    if "quality" in card:
        return f"{card['name']}: distance {card['quality']['distance']:.2f} to the test images ({card['protocol']})"
    if "accuracy" not in card:
        measured = [f"{measure} {card[measure]:.3f}" for measure in MEASURES if card.get(measure) is not None]
        return f"{card['name']}: test {', '.join(measured)}"
    return f"{card['name']}: test accuracy {100 * card['accuracy']:.2f} % ({card['correct']} of {card['total']})"
