"""A teacher's answers, computed once and kept: what a student then learns from costs no pass of the teacher."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any
from weakref import WeakSet

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..data import Batch, Batches, Classification, Data, Dense, Latents, Split, derived_seed
from ..data.image_folder import FileSplit
from ..errors import ConfigError, require
from ..files import RUNS, held
from ..nets import Net, Trace
from ..nets.digest import digest
from ..nets.modes import evaluating
from .around import Around
from .cache_folder import CacheFolder, Digests
from .checks import check_data, check_net
from .devices import device as find_device
from .distiller import Distiller
from .identity import content
from .ranks import from_first
from .ready import check_role
from .recipe import Recipe
from .stored_trace import Kept, StoredTrace, kept_of

CHUNK = 1000  # images that are augmented at once: what is drawn for a view depends on it
AGAIN = "call kd.cache with what the run is given"


def cache(
    teacher: Net,
    data: Data,
    *,
    views: float = 1,
    top_k: int | None = None,
    recipe: Recipe = Recipe(),  # noqa: B008 (frozen: sharing the default is safe)
    folder: str | Path | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> "Cached":
    """Run the teacher once over `views` augmented copies of the training images, and keep its answers: a source for
    `fit(method, data, recipe=recipe, source=kd.cache(teacher, data, recipe=recipe))`, with the same recipe.

    View v of an image is one augmentation of it, always the same; epoch e shows view e mod `views`, in the order of a
    run without the cache. Where nothing is augmented, one view is all there is, and the numbers are those of that run
    (on the CPU to the last bit). With `views=math.inf` nothing is kept: the teacher runs, and so do all its numbers.

    Kept are logits and embedding; with `top_k` the k largest logits alone and what the others sum to, see `spread`. A
    method that reads the teacher's maps is refused.

    `folder` (default: one below runs/cache, named after what it holds) keeps a file a view: caching that was stopped
    goes on, and the same call finds what is there, as does one with more views. Raises `ConfigError` for a folder with
    answers of another teacher or to other images, `DataError` for a damaged one.

    >>> teacher, points = kd.nets.build("mlp8", classes=2), kd.data.load("moons")
    >>> stored = cache(teacher, points, folder=folder, device="cpu", progress=False)
    >>> method = kd.papers.get("KD")(kd.nets.build("mlp8", classes=2), teacher)
    >>> history = kd.fit(method, points, 1, source=stored, device="cpu", progress=False)
    """
    check_net(teacher, "teacher")
    check_data(data)
    require(isinstance(recipe, Recipe), f"the recipe is a {type(recipe).__name__}; expected a kd.Recipe")
    _check_numbers(views, top_k, recipe, teacher)
    require(folder is None or isinstance(folder, str | Path), f"folder={folder!r:.60}: expected the path of a folder")
    plain = top_k is None or isinstance(data.task, Classification | Dense)
    require(plain, f"top_k={top_k} keeps the likeliest classes; {data.name} is a set for {data.task}: leave it out")
    in_files = isinstance(data.train, FileSplit) and recipe.augment is not None and views < math.inf
    told = f"the images of {data.name} stay in their files, and views of them are kept in memory"
    require(not in_files, f"{told}; decode them by kd.data.in_memory, or set views=math.inf or augment=None")
    check_role(teacher, "teacher", data)
    where = find_device(device)
    teacher.to(where)
    made = Cached(teacher, replace(data, train=data.train.to(where)), recipe, views, top_k, folder)
    from_first(lambda: made.fill(progress))  # of several ranks one asks the teacher, and all read what is kept
    return made


class Cached:
    """A `Source` whose batches bring the teacher's answers along; `cache` makes one. Its public attributes are what
    makes two of them the same."""

    def __init__(
        self, teacher: Net, data: Data, recipe: Recipe, views: float, top_k: int | None, folder: str | Path | None
    ) -> None:
        self.digests: Digests = {
            "teacher": digest(teacher),
            "data": _data_digest(data),
            "augmentation": digest(recipe.augment),
            "top_k": repr(top_k),
        }
        self.views, self.batch_size = views, recipe.batch_size
        self.steps = Batches(data.train, data, recipe.batch_size, recipe.augment, recipe.steps_per_epoch).steps
        self._teacher, self._data, self._recipe, self._top_k = teacher, data, recipe, top_k
        self._known: WeakSet[Net] = WeakSet({teacher})  # nets that are that teacher
        self._last: tuple[int, Batches, Kept] | None = None
        words = {"teacher": teacher.name, "data": data.name, "augmentation": _told(recipe), "top_k": str(top_k)}
        name = f"{data.name}-{digest(self.digests)[:12]}"
        self._folder = CacheFolder(Path(folder or RUNS / "cache" / name), self.digests, words)

    @property
    def folder(self) -> Path | None:
        """Where the answers are kept; None where none are."""
        return None if self.views == math.inf else self._folder.path

    def __repr__(self) -> str:
        kept = "the teacher runs" if self.folder is None else f"{self.views} views in {self.folder}"
        return f"Cached({self._teacher.name} on {self._data.name}, {kept})"

    def fill(self, progress: bool = True) -> None:
        """Let the teacher answer to every view that is not there yet."""
        from tqdm import tqdm

        views = range(0 if self.views == math.inf else int(self.views))
        if all(str(view) in self._folder.views() for view in views):
            return
        with held(self._folder.path):
            missing = [view for view in views if str(view) not in self._folder.views()]
            images = len(missing) * len(self._data.train)
            with tqdm(total=images, disable=not progress, unit="image", dynamic_ncols=True) as bar:
                for view in missing:
                    split = self._view(view)
                    kept = _answers(self._teacher, split, self._data, self.batch_size, self._top_k, bar.update)
                    self._folder.write(view, kept, _seen(split))

    def epoch(self, number: int, seed: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch `number` from batch `start` on, with the teacher's answers to them."""
        recipe = self._recipe
        if self.views == math.inf:
            live = Batches(self._data.train, self._data, recipe.batch_size, recipe.augment, recipe.steps_per_epoch)
            yield from live.epoch(number, seed, start)
            return
        batches, kept = self._drawn(number % int(self.views))
        for batch in batches.epoch(number, seed, start):
            yield replace(batch, answer=_Answer(self, kept, batch.indices))

    def _drawn(self, view: int) -> tuple[Batches, Kept]:
        """The batches of a view and what was kept of it; the last one stays in memory."""
        if self._last is None or self._last[0] != view:
            split = self._view(view)
            kept, seen = self._folder.read(view)
            require(
                _seen(split) == seen,
                f"the augmentation {_told(self._recipe)} draws other images than those the teacher has answered to; "
                "draw from its generator alone, and cache in a new folder",
            )
            where = self._data.train.labels.device
            kept = {name: x.to(where) for name, x in kept.items()}
            batches = Batches(split, self._data, self.batch_size, None, self._recipe.steps_per_epoch)
            self._last = view, batches, kept
        return self._last[1:]

    def _view(self, view: int) -> Split:
        """Every training image, augmented once."""
        split, augment = self._data.train, self._recipe.augment
        if augment is None:
            return split
        generator = torch.Generator().manual_seed(derived_seed("view", view))
        images, labels = [], []
        for rows in torch.arange(len(split)).split(CHUNK):
            same = generator.clone_state()
            images.append(augment(split.images[rows], generator))
            chosen = split.labels[rows]
            labels.append(augment.masks(chosen, same) if split.task.per_pixel else chosen)  # type: ignore[attr-defined]
        return replace(split, images=torch.cat(images), labels=torch.cat(labels))

    def knows(self, teacher: Net) -> bool:
        """Whether `teacher` is the net whose answers are kept, and stays it. A net is looked at once."""
        if teacher.training or any(p.requires_grad for p in teacher.parameters()):
            return False
        if teacher not in self._known and digest(teacher) == self.digests["teacher"]:
            self._known.add(teacher)
        return teacher in self._known

    def check(self, distiller: Any, data: Data, recipe: Recipe) -> None:
        """Called before a run begins. Raises `ConfigError` unless its batches and answers are those that are kept."""
        kind, told = type(distiller).__name__, "train it without the cache"
        require(isinstance(distiller, Distiller), f"{kind} has no classifier for a teacher, and so no cache; {told}")
        require(
            not isinstance(distiller.source(data, recipe), Latents),
            f"{kind} makes its images itself, so no answer to them can be kept; {told}",
        )
        here = {"data": _data_digest(data), "augmentation": digest(recipe.augment)}
        own, asked = self._recipe, recipe
        same = here["data"] == self.digests["data"]
        require(same, f"the cache is of other data ({self._data.name}) than the run's ({data.name}); {AGAIN}")
        for name, then, now in (
            ("augment", self.digests["augmentation"], here["augmentation"]),
            ("batch_size", own.batch_size, asked.batch_size),
            ("steps_per_epoch", own.steps_per_epoch, asked.steps_per_epoch),
        ):
            differ = f"{name}={getattr(own, name)} in the recipe of the cache, {getattr(asked, name)} in the run's"
            require(then == now, f"{differ}; give both the same recipe")
        if distiller.teacher is not None and self.views < math.inf:
            self._check_teacher(distiller)

    def _check_teacher(self, distiller: Distiller) -> None:
        kind, teacher, name = type(distiller).__name__, distiller.teacher, self._teacher.name
        assert teacher is not None
        learns = any(p.requires_grad for p in teacher.parameters())
        told = f"the teacher of {kind} learns, so what it said before is not what it says"
        require(not learns, f"{told}; train it without the cache, or freeze it: teacher.requires_grad_(False)")
        self._known.discard(teacher)  # it may have learnt since
        if digest(teacher) != self.digests["teacher"]:
            other = "with other weights" if teacher.name == name else f"and the run's is {teacher.name}"
            raise ConfigError(f"the cache is stale: its teacher is {name}, {other}; {AGAIN}")
        self._known.add(teacher)
        usual = (Distiller.teacher_trace, Around.teacher_trace)
        levels = [level for level in distiller.modules() if isinstance(level, Distiller)]
        own = [type(level).__name__ for level in levels if type(level).teacher_trace not in usual]
        live = "train it without the cache, or with one of views=math.inf, for which the teacher runs"
        require(not own, f"{own[:1]} runs its teacher in a way of its own, for which no answer is kept; {live}")
        layers = {layer for spot in distiller.spots() for layer in spot.layers}
        stages = sorted(layer for layer in layers if isinstance(layer, int))
        require(
            not stages,
            f"{kind} reads maps of the teacher (for stage {stages[:1]}), and a cache holds its logits and its "
            f"embedding alone; {live}",
        )
        short = "embedding" in layers and self._top_k is not None
        require(
            not short,
            f"{kind} reads the teacher's embedding, and with top_k={self._top_k} the cache holds logits alone; "
            "leave top_k out",
        )


class _Answer:
    """The teacher's trace of one batch, from what was kept."""

    def __init__(self, cached: Cached, kept: Kept, rows: Int[Tensor, " B"]) -> None:
        self.cached, self.kept, self.rows = cached, kept, rows

    def __call__(self, teacher: Net, images: Float[Tensor, "B ..."]) -> Trace | None:
        if not self.cached.knows(teacher):
            return None
        return StoredTrace(self.kept, self.rows, teacher.num_classes, len(teacher.widths), images.device)


def _answers(teacher: Net, split: Split, data: Data, size: int, top_k: int | None, done: Callable[[int], Any]) -> Kept:
    """What is kept of the teacher's traces of a split. Every pass has as many images as a step: equal numbers."""
    size, where = min(size, len(split)), split.labels.device
    rows = torch.arange(-(-len(split) // size) * size) % len(split)
    parts = []
    with evaluating(teacher):
        for images in split.chunks(iter(rows.split(size))):
            parts.append(kept_of(teacher.trace(data.normalise(images.to(where))), top_k))
            done(size)
    return {name: torch.cat([part[name] for part in parts])[: len(split)] for name in parts[0]}


def _seen(split: Split) -> str:
    """A digest of the first images of a view: whether it has been drawn again."""
    return digest(split.images[:CHUNK])


def _data_digest(data: Data) -> str:
    return digest([data.name, data.mean, data.std, content(data.train)])


def _told(recipe: Recipe) -> str:
    return "none" if recipe.augment is None else f"{recipe.augment!r:.80}"


def _check_numbers(views: Any, top_k: Any, recipe: Recipe, teacher: Net) -> None:
    whole = isinstance(views, Integral) and not isinstance(views, bool)
    told = f"views={views!r:.40}: expected how many augmented copies of each image the teacher answers to, 1 or more"
    require((whole and views >= 1) or views == math.inf, f"{told}, or math.inf, for which it runs at every step")
    told = f"views={views} without augmentation are all the same"
    require(views in (1, math.inf) or recipe.augment is not None, f"{told}; give a recipe with augment, or views=1")
    K = teacher.num_classes
    whole = isinstance(top_k, Integral) and not isinstance(top_k, bool)
    told = f"top_k={top_k!r:.40}: expected how many of the {K} logits are kept, 1…{K - 1}; leave it out to keep all"
    require(top_k is None or (whole and 1 <= top_k < K), told)
