"""What is kept of a teacher's trace on disk, and the trace that a method is given of it."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NoReturn

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..errors import ConfigError
from ..nets import Trace

Kept = dict[str, Tensor]
"""What is kept of the traces of N images: "logits" (N, K, …) and "embedding" (N, D), or what `strongest` gives."""


def strongest(logits: Float[Tensor, "B K *size"], k: int) -> Kept:
    """The k largest logits of each row, "top" (B, k), their "classes" (B, k), and "rest" (B,), the logarithm of the
    summed exponentials of all others. Of pixels the same for each: (B, k, H, W) and (B, H, W).

    >>> kept = strongest(torch.tensor([[0.0, 5.0, 0.0]]), k=1)
    >>> kept["top"].item(), kept["classes"].item(), round(kept["rest"].item(), 4)  # log(1 + 1)
    (5.0, 1, 0.6931)
    """
    top, classes = logits.topk(k, dim=1)
    rest = logits.scatter(1, classes, -torch.inf).logsumexp(1)
    return {"top": top, "classes": classes.int(), "rest": rest}


def spread(
    top: Float[Tensor, "B k *size"], classes: Int[Tensor, "B k *size"], rest: Float[Tensor, "B *size"], K: int
) -> Float[Tensor, "B K *size"]:
    """Logits of all K classes from what `strongest` kept: each of the K - k others gets rest - log(K - k).

    At T = 1 the probabilities of the k are exact, and so is the sum of the others, which share it evenly. At a higher
    temperature the others get a little too much together, because an even share is the flattest.

    >>> spread(torch.tensor([[5.0]]), torch.tensor([[1]]), torch.tensor([2.0]).log(), K=3)
    tensor([[0., 5., 0.]])
    """
    others = (rest - math.log(K - top.shape[1]))[:, None].expand(-1, K, *rest.shape[1:])
    return others.scatter(1, classes.long(), top)


def kept_of(trace: Trace, top_k: int | None) -> Kept:
    """What is kept of a trace: logits and embedding, or the `strongest` logits alone.

    >>> trace = kd.nets.build("resnet8", classes=10).eval().trace(torch.zeros(2, 3, 32, 32))
    >>> {name: tuple(x.shape) for name, x in kept_of(trace, top_k=3).items()}
    {'top': (2, 3), 'classes': (2, 3), 'rest': (2,)}
    """
    return {"logits": trace.logits, "embedding": trace.embedding} if top_k is None else strongest(trace.logits, top_k)


def _not_kept(what: str, holds: str) -> NoReturn:
    """Raise the sentence for what a method reads and a cache does not hold."""
    raise ConfigError(
        f"the method reads {what}, and the cache holds {holds} alone; train it without the cache, or with one of "
        "views=math.inf, for which the teacher runs"
    )


class StoredTrace(Trace):
    """The trace of some images out of what was `kept` of all; each part is looked up when it is first read.

    `maps` is the number of stages that the teacher has. To read one of them raises `ConfigError`: none was kept.
    """

    def __init__(
        self, kept: Kept, rows: Int[Tensor, " B"], num_classes: int, maps: int, device: torch.device | str
    ) -> None:
        vars(self).update(kept=kept, rows=rows, num_classes=num_classes, maps=maps, device=device)  # a trace is frozen

    kept: Kept
    rows: Int[Tensor, " B"]
    num_classes: int
    maps: int
    device: torch.device | str

    @property
    def holds(self) -> str:
        """What was kept, in words."""
        return "its logits and its embedding" if "logits" in self.kept else "its largest logits"

    @cached_property
    def logits(self) -> Float[Tensor, "B K *size"]:
        if "logits" in self.kept:
            return self._rows_of("logits")
        return spread(self._rows_of("top"), self._rows_of("classes"), self._rows_of("rest"), self.num_classes)

    @cached_property
    def embedding(self) -> Float[Tensor, "B D"]:
        if "embedding" not in self.kept:
            _not_kept("the teacher's embedding", self.holds)
        return self._rows_of("embedding")

    @property
    def stem(self) -> Any:
        """Was not kept: raises `ConfigError`."""
        return _not_kept("the teacher's stem", self.holds)

    @property
    def stages(self) -> Sequence[Any]:
        """As many as the teacher has; to read one raises `ConfigError`."""
        return _Absent(self.maps, self.holds)

    @property
    def active(self) -> Sequence[Any]:
        """As `stages`."""
        return _Absent(self.maps, self.holds)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"StoredTrace({len(self)} samples: {self.holds})"

    def detach(self) -> Trace:
        """Itself: nothing in it carries a gradient."""
        return self

    def copy(self) -> Trace:
        """The same values in memory of its own."""
        made = StoredTrace(self.kept, self.rows, self.num_classes, self.maps, self.device)
        names = ("logits", "embedding") if "embedding" in self.kept else ("logits",)
        vars(made).update({name: getattr(self, name).clone() for name in names})  # where a part goes that was read
        return made

    def tensors(self) -> tuple[Float[Tensor, "B ..."], ...]:
        """All that was kept."""
        return (self.logits, self.embedding) if "embedding" in self.kept else (self.logits,)

    def _rows_of(self, name: str) -> Tensor:
        return self.kept[name][self.rows].to(self.device)


class _Absent(Sequence[Any]):
    """As many maps as the teacher has stages, none of which was kept."""

    def __init__(self, number: int, holds: str) -> None:
        self.number, self.holds = number, holds

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, i: Any) -> Any:
        range(self.number)[i]  # what lies outside is refused as a tuple refuses it
        _not_kept("the teacher's stages", self.holds)

    def __iter__(self) -> Iterator[Any]:
        _not_kept("the teacher's stages", self.holds)
