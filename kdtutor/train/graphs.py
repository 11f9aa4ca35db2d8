"""Graphed steps: on CUDA a step is recorded once and then replayed by one call, in place of hundreds of launches.

A graph repeats the same kernels on the same memory, so batches are copied to where the recorded step reads them, and
the terms are read from where it leaves them. Nothing is taken on trust. The first `WARM_UP` steps of a phase are eager;
a step that waits for the GPU is not recorded; the first replay, of another batch and another rate than the recorded
ones, is compared with the eager step from the same state, and that one counts. Whatever goes wrong, the run goes on
eagerly and says so in one warning. KDTUTOR_GRAPHS=0 turns recording off; the kernels are the same ones then.

A step is recorded whole. Its rate lies on the device, since a number would be recorded as it is: torch's fused
optimisers read it there, and Adam lets itself be recorded if it is `capturable`. Gradients are set to None inside the
recording, so that they lie in the graph's memory. Autocast is entered and left inside it, so that no cast of a weight
outlives the step. What this could not be tried on is told in `capture`.
"""

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from ..data import Batch
from ..errors import require
from ..nets import Trace
from .capture import CAPTURES, Replay, first_cause
from .moment import Moment, difference, state
from .objective import Terms
from .trainable import Trainable

GRAPHS_VARIABLE = "KDTUTOR_GRAPHS"
"""The environment variable that turns the recording of steps off, if it is 0."""
WARM_UP = 2  # eager steps before one is recorded: optimisers make their state, libraries choose their kernels

Step = Callable[[Batch], Terms]


def replayable(distiller: Trainable, device: torch.device) -> bool:
    """Whether steps of this method can be replayed on this device: they are `graphable`, and no other process has a
    part in them.

    >>> replayable(kd.Alone(kd.nets.build("mlp8", classes=2)), torch.device("cpu"))
    False
    """
    alone = not (torch.distributed.is_available() and torch.distributed.is_initialized())
    return device.type in CAPTURES and distiller.graphable and alone


def wanted() -> bool:
    """Whether steps are to be replayed: the environment variable KDTUTOR_GRAPHS is not 0.
    Raises `ConfigError` unless it is 0 or 1.

    >>> wanted()
    True
    """
    setting = os.environ.get(GRAPHS_VARIABLE) or "1"
    require(setting in ("0", "1"), f"{GRAPHS_VARIABLE}={setting!r}: expected 1, or 0 for steps that are not replayed")
    return setting == "1"


class GraphedStep:
    """The steps of one phase: eager at first, then replayed. A batch of another shape than the recorded one's is taken
    eagerly.

    step: an eager step. known: what a batch itself knows of the teacher's trace. name: that of the phase.
    """

    def __init__(
        self,
        step: Step,
        known: Callable[[Batch], Trace | None],
        distiller: Trainable,
        optimisers: Mapping[str, torch.optim.Optimizer],
        device: torch.device,
        name: str,
    ) -> None:
        self.step, self.known, self.distiller, self.optimisers = step, known, distiller, optimisers
        self.device, self.name = device, name
        self.layout: list[object] = []
        self.alike = 0  # steps in a row whose inputs have this layout
        self.inputs: list[Tensor] = []  # what the recorded step reads
        self.replay: Replay | None = None
        self.trusted = self.given_up = False

    def __call__(self, batch: Batch) -> Terms:
        """The terms of a step, to be copied before the next one."""
        if self.given_up:
            return self.step(batch)
        known = self.known(batch)
        inputs = _inputs(batch, known)
        layout: list[object] = [(x.shape, x.stride(), x.dtype) for x in inputs]
        if self.replay is None:
            self.alike = self.alike + 1 if layout == self.layout else 1
            self.layout = layout
            if self.alike > WARM_UP:
                self._record(batch, known)
        elif layout == self.layout:
            for static, x in zip(self.inputs, inputs, strict=True):
                static.copy_(x)
            return self.replay() if self.trusted else self._compared(batch, self.replay)
        return self.step(batch)

    def _record(self, batch: Batch, known: Trace | None) -> None:
        """Record a step, which leaves nothing in the run."""
        trace = None if known is None else known.copy()
        static = replace(batch, images=batch.images.clone(), labels=batch.labels.clone(), indices=batch.indices.clone())
        self.inputs = _inputs(static, trace)
        # Each time a new trace of the same tensors: one keeps what was computed from its maps, and a rehearsal has
        # computed that outside of the recording.
        static = replace(static, answer=None if trace is None else lambda teacher, images: trace.detach())
        before = Moment(self.distiller, self.optimisers)

        def recorded() -> Terms:
            return {name: value.detach() for name, value in self.step(static).items()}

        try:
            self.replay = CAPTURES[self.device.type](recorded, self.device)
        except Exception as error:
            self._give_up(f"it could not be recorded ({first_cause(error)})")
        finally:
            before.restore()

    def _compared(self, batch: Batch, replay: Replay) -> Terms:
        """An eager step, and whether a replay would have done the same."""
        before = Moment(self.distiller, self.optimisers)
        terms_replayed = [value.clone() for value in replay().values()]
        replayed = Moment(self.distiller, self.optimisers).kept
        before.restore()
        terms = self.step(batch)
        made = [value.detach() for value in terms.values()]
        if all(value.isfinite() for value in made):  # else the run ends by itself, with its reason
            wrong = difference(
                {"terms": [torch.zeros_like(value) for value in made], **before.kept},
                {"terms": made, **state(self.distiller, self.optimisers)},
                {"terms": terms_replayed, **replayed},
            )
            self.trusted = not wrong
            if wrong:
                self._give_up(f"replayed it leaves other {wrong}")
        return terms

    def _give_up(self, why: str) -> None:
        self.given_up, self.replay, self.inputs = True, None, []
        told = f"a step of phase {self.name!r} is not replayed as a graph: {why}; the run goes on, with eager steps"
        warnings.warn(told, RuntimeWarning, stacklevel=2)


def _inputs(batch: Batch, known: Trace | None) -> list[Tensor]:
    """All that a step reads of a batch."""
    return [batch.images, batch.labels, batch.indices, *(() if known is None else known.tensors())]
