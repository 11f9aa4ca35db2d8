"""Stored answers of a teacher."""

import dataclasses
from pathlib import Path
from typing import Any

import kdtutor as kd
from kdtutor import ConfigError, DataError
from kdtutor.data import Augment
from kdtutor.papers import hinton

from .kinds import Bad, damaged, digits, net, text

RECIPE = kd.Recipe(batch_size=20)
SHIFTED = dataclasses.replace(RECIPE, augment=Augment(pad=1))


def few() -> kd.Data:
    whole = digits()
    return dataclasses.replace(whole, train=whole.train[::50], val=None, test=whole.test[::100])


def stored(folder: Path | None, recipe: kd.Recipe = RECIPE, **options: Any) -> kd.train.Cached:
    kd.seed_everything(0)
    return kd.cache(net(), few(), recipe=recipe, folder=folder, device="cpu", progress=False, **options)


def again(folder: Path, **options: Any) -> None:
    stored(folder)
    stored(folder, **options)


def learn(folder: Path, recipe: kd.Recipe = RECIPE, seed: int = 0) -> None:
    source = stored(folder)
    kd.seed_everything(seed)
    teacher = net()
    kd.fit(hinton.Hinton(net(), teacher), few(), 1, recipe=recipe, source=source, progress=False, device="cpu")


def damaged_view(folder: Path) -> None:
    source = stored(folder)
    (folder / "other").mkdir()
    damaged(folder / "view-0.safetensors", folder / "other").replace(folder / "view-0.safetensors")
    next(iter(source.epoch(0, 0)))


def changed_card(folder: Path) -> None:
    stored(folder)
    path = folder / "card.json"
    path.write_text(path.read_text().replace("few", "new").replace('"data": "digits"', '"data": "mine"'))
    stored(folder)


def removed_view(folder: Path) -> None:
    source = stored(folder)
    (folder / "view-0.safetensors").unlink()
    next(iter(source.epoch(0, 0)))


BAD: dict[str, Bad] = {
    "no view": Bad(lambda tmp: stored(tmp, views=0), ConfigError, ("views=0", "1 or more", "math.inf")),
    "half a view": Bad(lambda tmp: stored(tmp, views=1.5), ConfigError, ("views=1.5", "1 or more")),
    "equal views": Bad(
        lambda tmp: stored(tmp, views=3), ConfigError,
        ("views=3 without augmentation are all the same", "give a recipe with augment"),
    ),
    "all logits of some": Bad(
        lambda tmp: stored(tmp, top_k=10), ConfigError, ("top_k=10", "of the 10 logits", "1…9", "leave it out"),
    ),
    "a cache of a text": Bad(
        lambda _: kd.cache("resnet8", few()), ConfigError, ("the teacher is the text 'resnet8'", "nets.teacher"),
    ),
    "a cache without data": Bad(lambda _: kd.cache(net(), "digits"), ConfigError, ("digits",)),
    "a cache by a dict": Bad(
        lambda tmp: stored(tmp, recipe={"lr": 1}), ConfigError, ("the recipe is a dict", "expected a kd.Recipe"),
    ),
    "a cache in a file": Bad(
        lambda tmp: stored(text(tmp / "a.txt", "")), ConfigError, ("a.txt is a file", "name a folder"),
    ),
    "a cache among other files": Bad(
        lambda tmp: stored(text(tmp / "a.txt", "").parent), ConfigError,
        ("holds other files (['a.txt']) and no cache", "name an empty or new folder"),
    ),
    "a stale cache, another teacher": Bad(
        lambda tmp: (stored(tmp), kd.cache(net(), few(), recipe=RECIPE, folder=tmp, device="cpu")), ConfigError,
        ("is stale: its teacher is another resnet8x0.25", "name another folder, or remove this one"),
    ),
    "a stale cache, another augmentation": Bad(
        lambda tmp: again(tmp, recipe=SHIFTED), ConfigError,
        ("is stale: its augmentation is none, and Augment(pad=1", "is asked for"),
    ),
    "a stale cache, other logits": Bad(
        lambda tmp: again(tmp, top_k=2), ConfigError, ("is stale: its top_k is None, and 2 is asked for",),
    ),
    "a cache handed to another teacher": Bad(
        lambda tmp: learn(tmp, seed=1), ConfigError,
        ("the cache is stale: its teacher is resnet8x0.25, with other weights", "call kd.cache"),
    ),
    "a cache of another recipe": Bad(
        lambda tmp: learn(tmp, SHIFTED), ConfigError,
        ("augment=None in the recipe of the cache", "give both the same recipe"),
    ),
    "a damaged view": Bad(
        damaged_view, DataError, ("view-0.safetensors is damaged", "remove it", "call kd.cache again"),
    ),
    "a view that is gone": Bad(removed_view, DataError, ("view-0.safetensors is not there", "call kd.cache again")),
    "a changed card": Bad(changed_card, DataError, ("card.json is damaged", "its digest is another", "cache again")),
    "a card of nonsense": Bad(
        lambda tmp: stored(text(tmp / "card.json", "[]").parent), DataError, ("card.json is damaged", "cache again"),
    ),
}  # fmt: skip
