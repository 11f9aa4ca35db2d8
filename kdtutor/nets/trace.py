"""What one forward pass leaves behind (`Trace`) and what every network offers (`Net`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import ConfigError, ShapeError, require

Map = Float[Tensor, "B _C _H _W"]
"""A map of some stage: all are of one batch, each has channels and a size of its own."""
Samples = Bool[Tensor, " B"] | Int[Tensor, " n"] | Sequence[int] | slice
"""Which samples of a batch: a mask, their numbers, or a slice."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What one forward pass leaves behind, for B samples.

    A stage ends *before* its last ReLU and its reader applies it: AB and OFD read `stages`, FitNets, AT and FSP read
    `active`. Where no ReLU follows, as after a GELU or in a linear bottleneck, the active map is the stage itself.

    Attributes:
        stem: (B, C_0, H_0, W_0) the map before the first stage, also before its ReLU; None if the net has no stem.
        stages: pre-activation maps (B, C_i, H_i, W_i), one per stage.
        embedding: (B, D) what the last linear layer reads; where logits are those of pixels, the mean over them of the
            map that the last convolution reads.
        logits: (B, K), or (B, K, H, W) of a net that answers for each pixel, as high and wide as the image.
        relus: whether a ReLU follows, for each of `taps`; None: after all of them.
    """

    stem: Float[Tensor, "B C0 H0 W0"] | None
    stages: Sequence[Map]
    embedding: Float[Tensor, "B D"]
    logits: Float[Tensor, "B K *size"]
    relus: tuple[bool, ...] | None = None

    @cached_property
    def active(self) -> Sequence[Map]:
        """The stages after their ReLU, or as they are where none follows; computed once, whoever asks."""
        relus = (True,) * len(self.stages) if self.relus is None else self.relus[len(self.relus) - len(self.stages) :]
        return tuple(F.relu(stage) if relu else stage for stage, relu in zip(self.stages, relus, strict=True))

    @cached_property
    def active_stem(self) -> Float[Tensor, "B C0 H0 W0"] | None:
        """The stem after its ReLU, or as it is where none follows; None if the net has no stem."""
        return self.stem if self.stem is None or (self.relus and not self.relus[0]) else F.relu(self.stem)

    @property
    def taps(self) -> Sequence[Map]:
        """Every active map in order: the stem's if there is one, then the stages'."""
        return self.active if self.active_stem is None else (self.active_stem, *self.active)

    def __len__(self) -> int:
        return self.logits.shape[0]

    def __getitem__(self, samples: Samples | int) -> Trace:
        """The trace of some samples: a boolean mask (B,), indices, a slice, or one index (which keeps the batch).

        A tensor is copied when it is read: a loss that looks at one stage does not pay for the others.
        """
        if isinstance(samples, int):
            samples = [samples]
        if isinstance(samples, Tensor) and samples.dtype == torch.bool:
            message = f"the mask has shape {tuple(samples.shape)}, but the trace holds {len(self)} samples"
            require(samples.shape == (len(self),), message, ShapeError)
        return self.when_read(lambda x: x[samples])

    def when_read(self, function: Callable[[Float[Tensor, "B *shape"]], Float[Tensor, "b *shape"]]) -> Trace:
        """The trace whose tensors are `function` of these. Each is computed when it is read, once."""
        return _WhenRead(self, function)

    def detach(self) -> Trace:
        """The same values, cut off from the graph: what a teacher's trace should be."""
        return self._each(Tensor.detach)

    def copy(self) -> Trace:
        """The same values in memory of its own."""
        return self._each(torch.clone)

    def tensors(self) -> tuple[Float[Tensor, "B ..."], ...]:
        """All that it holds, in an order that is the same for every trace of one net."""
        stem = () if self.stem is None else (self.stem,)
        return (*stem, *self.stages, self.embedding, self.logits)

    def _each(self, function: Callable[[Float[Tensor, "*shape"]], Float[Tensor, "*shape"]]) -> Trace:
        return Trace(
            stem=None if self.stem is None else function(self.stem),
            stages=tuple(function(stage) for stage in self.stages),
            embedding=function(self.embedding),
            logits=function(self.logits),
            relus=self.relus,
        )


class _WhenRead(Trace):
    """A function of every tensor of a whole trace."""

    def __init__(self, whole: Trace, function: Callable[[Tensor], Tensor]) -> None:
        vars(self).update(whole=whole, function=function, relus=whole.relus)  # a trace is frozen

    @cached_property
    def stem(self) -> Float[Tensor, "B C0 H0 W0"] | None:
        return None if self.whole.stem is None else self.function(self.whole.stem)

    @cached_property
    def stages(self) -> Sequence[Map]:
        return _Each(self.whole.stages, self.function)

    @cached_property
    def active(self) -> Sequence[Map]:
        return _Each(self.whole.active, self.function)

    @cached_property
    def taps(self) -> Sequence[Map]:  # read often, and each map is computed once
        return _Each(self.whole.taps, self.function)

    @cached_property
    def embedding(self) -> Float[Tensor, "B D"]:
        return self.function(self.whole.embedding)

    @cached_property
    def logits(self) -> Float[Tensor, "B K *size"]:
        return self.function(self.whole.logits)

    whole: Trace
    function: Callable[[Tensor], Tensor]


class _Each(Sequence[Map]):
    """A function of each map, computed when the map is first read."""

    def __init__(self, maps: Sequence[Map], function: Callable[[Tensor], Tensor]) -> None:
        self.maps, self.function = maps, function
        self.read: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self.maps)

    @overload
    def __getitem__(self, i: int) -> Map: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Map]: ...
    def __getitem__(self, i: int | slice) -> Map | Sequence[Map]:
        if isinstance(i, slice):
            return [self[j] for j in range(len(self))[i]]
        place = range(len(self))[i]  # refuses what lies outside, as a tuple does
        if place not in self.read:
            self.read[place] = self.function(self.maps[place])
        return self.read[place]


class Net(nn.Module):
    """A classifier that shows what happens inside it; make one with `build`, `wrap` or `teacher`.

    A 1-channel batch into a 3-channel net is repeated over the channels.

    Attributes:
        name: what it is called, such as "resnet20".
        config: the arguments that make the same architecture again, `build(**config)`.
        widths: channels of each stage. `stem_width`: channels of the stem, None if there is none.
        embedding_dim, num_classes: D and K.
        per_pixel: whether it answers for each pixel: its logits are maps (B, K, H, W).
        head_names: names of the layers, or of weights that belong to none, that compute the logits.
        card: how it was trained, for a teacher that ships; else empty.
    """

    name: str
    config: dict[str, Any]
    widths: tuple[int, ...]
    stem_width: int | None
    embedding_dim: int
    num_classes: int
    head_names: frozenset[str] = frozenset()
    per_pixel: bool = False
    card: dict[str, Any]

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K *size"]:
        """Images to logits."""
        return self.trace(x).logits

    def trace(self, x: Float[Tensor, "B ..."]) -> Trace:
        """Images to a `Trace`, in one pass: nothing is computed twice, every batch norm runs once."""
        raise NotImplementedError

    def run(self, h: Float[Tensor, "B ..."], i: int) -> Float[Tensor, "B ..."]:
        """Segment i alone, with S = len(widths) stages; spot-adaptive distillation routes maps through segments.

        i = 0: images to the pre-activation map of stage 1. 0 < i < S: the *active* map (after ReLU) of stage i to the
        pre-activation map of stage i + 1. i = S: the active map of stage S to the logits (to them from the images if
        there are no stages). So the chain of segments with a ReLU between them is `forward`.

        Raises:
            ConfigError: there is no segment i. ShapeError: h is not a map of stage i.
        """
        raise NotImplementedError

    def embed(self, h: Float[Tensor, "B ..."]) -> Float[Tensor, "B D"]:
        """The active map of the last stage to the embedding: the first half of the last segment."""
        raise NotImplementedError

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        """The embedding to the logits: the second half of the last segment."""
        raise NotImplementedError

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        """The last batch norm before each stage's tap, computed within that stage; None where there is none.

        In a ResNet it is the last norm of the residual branch, to which the shortcut is still added.
        """
        raise NotImplementedError

    def _check_embedding(self, e: Float[Tensor, "B D"]) -> None:
        message = f"{self.name} classifies embeddings (B, {self.embedding_dim}), got {tuple(e.shape)}"
        require(e.ndim == 2 and e.shape[1] == self.embedding_dim, message, ShapeError)

    def _check_segment(self, h: Float[Tensor, "B ..."], i: int) -> None:
        last = len(self.widths)
        require(0 <= i <= last, f"segment {i} does not exist: {self.name} has segments 0 to {last}", ConfigError)
        if i > 0:
            width = self.widths[i - 1]
            message = f"segment {i} of {self.name} reads maps (B, {width}, H, W), got {tuple(h.shape)}"
            require(h.ndim == 4 and h.shape[1] == width, message, ShapeError)
