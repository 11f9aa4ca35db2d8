"""A trained model that the command line names, and the images it is asked about."""

from pathlib import Path
from typing import Any

from ... import data as sets
from ...data import Data, Split
from ...errors import ConfigError, DataError, choose, require
from ...jobs.between import as_known, shown_size
from ...nets import Net
from ...settings import find_teacher

PARTS = ("test", "val", "train")


def model_at(name: str, factory: str | None = None) -> Net:
    """The model in a folder, in a .safetensors file with its card, or of a teacher's name; `factory` makes its net,
    where its card names a function of somebody's own."""
    path = Path(name)
    other = f"{path} is no folder of a model and no .safetensors file; name what `kdtutor teach` or `distil` has made"
    require(not path.is_file() or path.suffix == ".safetensors", other, DataError)
    try:
        return find_teacher(name)
    except ConfigError:
        if factory is None:
            raise
        return find_teacher(name, factory)


def called(net: Net, name: str) -> str:
    """What a report calls the model."""
    return str(net.card.get("name") or Path(name).stem)


def learnt_from(net: Net) -> str | None:
    """The data of the model's card: where one's own lie, else their name."""
    return net.card.get("source") or net.card.get("data")


def data_for(net: Net, data: str | None, root: str | None = None, size: int | None = None) -> Data:
    """The images that are named, else those of the model's card, in the size and with the statistics of its card."""
    card = net.card
    named = data or learnt_from(net)
    require(named is not None, f"the card of {card.get('name')} names no data; pass --data")
    known = sets.names()
    own = sets.is_own(str(named), known)
    absent = data is None and not own and named not in known
    require(not absent, f"the data of the card, {named!r}, are not here; pass --data PATH", DataError)
    asked: dict[str, Any] = {"root": root}
    if own or named in sets.SIZED:
        asked["size"] = size or shown_size(net)
    else:
        require(
            size is None, f"--size {size}: {named} has a size of its own; only photographs from folders are resized"
        )
    if own and Path(str(named)).is_file() and card.get("task"):
        asked["task"] = card["task"]
    found = sets.load(str(named), **{key: value for key, value in asked.items() if value is not None})
    _require_channels(net, found)
    _require_task(net, found)
    return as_known(found, net)


def shape_for(net: Net, root: str | None = None) -> tuple[int, ...]:
    """Channels, height and width of the images of a net, by its card; of points their numbers."""
    size, channels = net.card.get("size"), net.card.get("channels")
    if isinstance(size, list | tuple) and channels:
        return (int(channels), *map(int, size))
    data = data_for(net, None, root)
    return (data.channels, *data.size)


def split_of(data: Data, name: str) -> Split:
    """The part of the data that is named."""
    split = data.splits().get(choose("split", name, PARTS))
    require(split is not None, f"{data.name} has no {name} split; choose from: {', '.join(data.splits())}")
    assert split is not None
    return split


def _require_task(net: Net, data: Data) -> None:
    told = str(net.card.get("task", data.task.name))
    other = f"{net.card.get('name')} was trained for {told}; {data.name} is a set for {data.task}"
    require(told == data.task.name, other)


def _require_channels(net: Net, data: Data) -> None:
    reads = net.config.get("channels") or net.card.get("channels")
    told = (
        f"{net.card.get('name', net.name)} reads images of {reads} channels, those of {data.name} have {data.channels}"
    )
    require(reads is None or data.channels in (1, reads), f"{told}; name data of the same kind")
