"""A net whose outputs are put in another order: a teacher that knows the classes of some data in its own order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..data.words import listed
from ..errors import ConfigError, require
from .trace import Net, Trace


class Ordered(Net):
    """`net` with output `order[k]` in place k; stages and embedding are as they are. Made by `in_order`."""

    order: Int[Tensor, " K"]

    def __init__(self, net: Net, order: Sequence[int], classes: Sequence[str]) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("order", torch.tensor(list(order)), persistent=False)
        self.name, self.config, self.card = net.name, net.config, {**net.card, "classes": list(classes)}
        self.widths, self.stem_width = net.widths, net.stem_width
        self.embedding_dim, self.num_classes = net.embedding_dim, len(order)
        self.per_pixel = net.per_pixel
        self.head_names = frozenset(f"net.{name}" for name in net.head_names)
        self.train(net.training)

    def trace(self, x: Float[Tensor, "B ..."]) -> Trace:
        whole = self.net.trace(x)
        return replace(whole, logits=whole.logits[:, self.order])

    def run(self, h: Float[Tensor, "B ..."], i: int) -> Float[Tensor, "B ..."]:
        made = self.net.run(h, i)
        return made[:, self.order] if i == len(self.widths) else made

    def embed(self, h: Float[Tensor, "B ..."]) -> Float[Tensor, "B D"]:
        return self.net.embed(h)

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        return self.net.classify(e)[:, self.order]

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        return self.net.norms


def in_order(net: Net, classes: Sequence[str], data: str) -> Net:
    """A trained net whose outputs are these classes, those of the data set `data`, in their order.

    Its card names its classes. It is the net as it is where they are in this order, or where the card names none and
    they are equally many.

    Raises:
        ConfigError: the net knows other classes, which are named, or another number of them.

    >>> net = kd.nets.build("mlp8", classes=2)
    >>> net.card = {"name": "pets", "classes": ["dog", "cat"]}
    >>> x = torch.zeros(1, 2)
    >>> bool((in_order(net, ["cat", "dog"], "my_images")(x) == net(x).flip(1)).all())
    True
    """
    name, known = net.card.get("name", net.name), net.card.get("classes")
    wanted = list(classes)
    if known is None:
        numbers = f"{name} tells {net.num_classes} classes apart, {data} has {len(wanted)}"
        require(net.num_classes == len(wanted), f"{numbers}, and its card does not name them; take a net of these data")
        return net
    if list(known) == wanted:
        return net
    place = {each: number for number, each in enumerate(known)}
    missing = [each for each in wanted if each not in place]
    strange = [each for each in known if each not in set(wanted)]
    if missing or strange:
        lacks = f"does not know {listed(missing)} of {data}" if missing else ""
        more = f"knows {listed(strange)}, which {data} does not have" if strange else ""
        told = " and ".join(filter(None, (lacks, more)))
        raise ConfigError(f"{name} {told}; take a net of the same classes, or rename those that are meant to be one")
    return Ordered(net, [place[each] for each in wanted], wanted)
