"""The only training loop. It is a generator: whoever drains it decides about progress bars, pauses and stops."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import torch

from ..data import Data, Source
from ..errors import choose, require
from .checkpoint import RunFolder
from .devices import device as find_device
from .history import History
from .logs import logged
from .ranks import rank
from .ready import ready
from .recipe import Recipe
from .relabelled import relabelled
from .run import Progress, Run
from .shares import read_by_all, require_even
from .trainable import Trainable

PRECISIONS = ("float32", "bf16")


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
    no run a sentence says so at once; `DivergedError` names the cause where a term becomes NaN or infinite. On CUDA the
    steps of a `graphable` method are replayed as graphs, unless KDTUTOR_GRAPHS=0.

    >>> student, teacher = (kd.nets.build("resnet8", classes=10) for _ in "st")
    >>> run = steps(kd.papers.get("KD")(student, teacher), kd.data.load("digits"), epochs=1, device="cpu")
    >>> next(run).step
    1
    """
    run = prepared(distiller, data, epochs, recipe, seed, find_device(device), precision, out, source)
    return run.steps()  # a call checks its arguments at once; the generator runs when it is drained


def prepared(
    distiller: Trainable,
    data: Data,
    epochs: int,
    recipe: Recipe,
    seed: int,
    device: torch.device,
    precision: str,
    out: str | Path | None,
    source: Source | None,
) -> Run:
    """The run that `steps` with these arguments makes; what cannot be run is refused here.

    >>> points, method = kd.data.load("moons"), kd.Alone(kd.nets.build("mlp8", classes=2))
    >>> prepared(method, points, 2, kd.Recipe(), 0, torch.device("cpu"), "float32", None, None).epochs
    2
    """
    choose("precision", precision, PRECISIONS)
    phases = ready(distiller, data, epochs, recipe, seed, out, source)
    batches = source or distiller.source(replace(data, train=read_by_all(data.train.to(device))), recipe)
    require_even(sum(getattr(batches, "shares", ())))  # of a source of the caller's the first batch tells
    batches = relabelled(batches, distiller, data, recipe)
    writes = out is not None and rank() == 0
    folder = RunFolder(Path(out), distiller, data, phases, batches, source) if writes else None  # type: ignore[arg-type]
    return Run(distiller, data, phases, batches, recipe, seed, device, precision, folder)


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
    log: str | None = None,
) -> History:
    """Train to the end and return the history; `steps` tells the rest. `on_epoch` is called after each epoch.

    With `out` the folder has a history.csv that grows from epoch to epoch; `log="tensorboard"` also writes curves there
    for TensorBoard (the extra `tensorboard`): `tensorboard --logdir OUT`.

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
    hidden = not progress or rank() > 0
    with closing(run), logged(log, out) as note, tqdm(disable=hidden, unit="step", dynamic_ncols=True) as bar:
        for at in run:
            history = at.history
            note(at)
            if bar.total is None:  # a run that is continued has not taken the steps before: time left is of the rest
                bar.initial = bar.n = bar.last_print_n = at.step - 1
            bar.total = at.total_steps
            bar.set_description(f"{at.phase}, epoch {at.epoch}/{at.epochs}", refresh=False)
            if at.epoch_ended:
                bar.set_postfix({"loss": f"{at.terms['loss']:.3f}"}, refresh=False)
                if on_epoch:
                    on_epoch(at)
            bar.update(at.step - bar.n)
    return history
