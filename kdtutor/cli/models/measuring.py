"""`kdtutor measure`: what models cost, against the last one."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import options
from ..answers import print_json
from ..tables import plain_table

if TYPE_CHECKING:
    from ...nets.costs import Cost, Latency


def measure(
    models: Annotated[list[str], typer.Argument(help="Students, and last the teacher that they are held against.")],
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
    threads: Annotated[int | None, typer.Option(help="Of the CPU.", min=1, show_default="as torch has")] = None,
    seconds: Annotated[float, typer.Option(help="At least so long for each batch size.")] = 1.0,
    root: options.Root = None,
    factory: options.Factory = None,
    as_json: options.Json = False,
) -> None:
    """Measure what models cost.

    Parameters, multiply-adds, size on disk, time of a pass for batches of 1 and 32, and peak memory; against the last
    of them, the teacher.
    """
    from ... import train
    from ...nets.costs import measure as cost_of
    from .reading import called, model_at, shape_for

    nets = [model_at(name, factory) for name in models]
    shapes = [shape_for(net, root) for net in nets]
    where = train.device(device)
    costs = [
        cost_of(net, shape, device=where, threads=threads, seconds=seconds)
        for net, shape in zip(nets, shapes, strict=True)
    ]
    names = [called(net, name) for net, name in zip(nets, models, strict=True)]
    if as_json:
        print_json({"memory is": memory_is(costs[0]), "models": as_dicts(names, shapes, costs)})
    else:
        typer.echo(costs_table(names, costs))


def as_dicts(names: Sequence[str], shapes: Sequence[Sequence[int]], costs: "Sequence[Cost]") -> list[dict[str, Any]]:
    """What each model costs, with its ratio to the last."""
    rows = _rows(costs[0])
    return [
        {
            "model": name, "images": list(shape), **asdict(cost),
            "ratio": {what: _ratio(read(cost), read(costs[-1])) for what, read, _ in rows},
        }
        for name, shape, cost in zip(names, shapes, costs, strict=True)
    ]  # fmt: skip


def costs_table(names: Sequence[str], costs: "Sequence[Cost]") -> str:
    """A row for each quantity, a column for each model, then the ratios to the last one."""
    others = range(len(costs) - 1)
    heads = ["", *names, *("ratio" if len(costs) == 2 else f"{names[i]} / {names[-1]}" for i in others)]

    def row(what: str, read: "Callable[[Cost], float | None]", show: "Callable[[Cost], str]") -> list[str]:
        ratios = [_ratio(read(costs[i]), read(costs[-1])) for i in others]
        return [what, *map(show, costs), *("-" if ratio is None else f"{ratio:.3g}" for ratio in ratios)]

    cost = costs[0]
    passes = f"of a pass: median ± interquartile range, on {cost.device}, threads: {cost.threads}"
    table = plain_table(heads, [row(*each) for each in _rows(cost)])
    return f"{table}\n\nTimes are {passes}.\nMemory is {memory_is(cost)}."


def memory_is(cost: "Cost") -> str:
    """What the number of the memory tells."""
    batch = cost.latencies[-1].batch
    if cost.memory is None:
        return "not told by this system"
    if cost.device.startswith("cuda"):
        return f"what torch has allocated at the peak of a pass of {batch}, beyond the loaded net"
    return f"how far the resident set of a fresh process grows at the peak of a pass of {batch}, beyond the loaded net"


def _rows(first: "Cost") -> "list[tuple[str, Callable[[Cost], float | None], Callable[[Cost], str]]]":
    def time_of(i: int) -> "Callable[[Cost], Latency]":
        return lambda cost: cost.latencies[i]

    def shown(found: "Latency") -> str:
        return f"{1e3 * found.median:.3g} ± {1e3 * found.iqr:.2g} ms"

    times = [
        (f"time, batch of {each.batch}", lambda c, i=i: time_of(i)(c).median, lambda c, i=i: shown(time_of(i)(c)))
        for i, each in enumerate(first.latencies)
    ]
    return [
        ("parameters", lambda c: c.parameters, lambda c: f"{c.parameters:,}"),
        ("multiply-adds", lambda c: c.multiply_adds, lambda c: f"{c.multiply_adds / 1e6:,.2f} M"),
        ("size on disk", lambda c: c.size, lambda c: f"{c.size / 1e6:,.2f} MB"),
        *times,
        ("peak memory", lambda c: c.memory, lambda c: "-" if c.memory is None else f"{c.memory / 1e6:,.1f} MB"),
    ]


def _ratio(value: float | None, whole: float | None) -> float | None:
    return None if value is None or not whole else value / whole
