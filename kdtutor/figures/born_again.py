"""Pictures of the lesson on self-distillation: refitting, what generations believe, and what exits cost."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..errors import require
from ..train.seeds import mean_and_error
from .charts import array
from .picture import Picture
from .style import BLUE, GREEN, VERMILION, look

if TYPE_CHECKING:
    import pandas as pd


def rounds(
    x: Float[Tensor, " N"],
    y: Float[Tensor, " N"],
    curves: Mapping[str, Float[Tensor, " M"]],
    truth: Float[Tensor, " M"],
    *,
    alt: str,
) -> Picture:
    """A panel for each curve, drawn over 0…1, beside the labels and the truth."""
    require(len(curves) > 0, "no curves: rounds needs at least one")
    picture = Picture(alt=alt, size=(2.3 * len(curves) + 0.5, 2.4))
    axes = picture.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    at = np.linspace(0, 1, len(truth))
    for ax, (title, line) in zip(axes, curves.items(), strict=True):
        ax.plot(at, array(truth), color="0.5", linestyle="--")
        ax.plot(array(x), array(y), "o", color=VERMILION, markersize=3.5)
        ax.plot(at, array(line), color=BLUE, linewidth=2)
        ax.set_title(title, fontsize=11)
        ax.set_xticks([0, 1])
    return picture


def shrinking(lines: Mapping[str, Float[Tensor, " M"]], d: Float[Tensor, " M"], *, alt: str) -> Picture:
    """What is left of a coefficient over its eigenvalue, on logarithmic axes: a line for each way to fit."""
    picture = Picture(alt=alt, size=(5.4, 3.0))
    ax = picture.subplots()
    for index, (label, left) in enumerate(lines.items()):
        style = look(label, index)
        ax.plot(array(d), array(left), color=style["color"], linestyle=style["linestyle"], label=label)
    ax.set(xscale="log", yscale="log", xlabel="eigenvalue d", ylabel="left of the coefficient", ylim=(1e-8, 3))
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture


def over_rounds(errors: Mapping[str, Sequence[float]], *, alt: str, ylabel: str) -> Picture:
    """A line for each label over rounds 1, 2, …, upwards on a logarithmic axis; the round with the least is marked."""
    picture = Picture(alt=alt, size=(5.4, 3.0))
    ax = picture.subplots()
    for index, (label, values) in enumerate(errors.items()):
        style, numbers = look(label, index), array(values)
        ax.plot(range(1, len(numbers) + 1), numbers, color=style["color"], linestyle=style["linestyle"], label=label)
        best = int(numbers.argmin())
        ax.plot(best + 1, numbers[best], "o", color=style["color"], markersize=8)
    ax.set(xlabel="round", ylabel=ylabel, yscale="log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("{x:g}")
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture


def believed(shares: Mapping[str, Sequence[float]], names: Sequence[str], *, alt: str) -> Picture:
    """A group of bars for each of `shares`, such as a generation; a bar for each of `names`, such as whose label."""
    picture = Picture(alt=alt, size=(1.5 * len(shares) + 2.2, 3.0))
    ax = picture.subplots()
    width = 0.8 / len(names)
    for index, (name, colour) in enumerate(zip(names, (VERMILION, BLUE, GREEN), strict=False)):
        at = np.arange(len(shares)) + (index - (len(names) - 1) / 2) * width
        heights = [values[index] for values in shares.values()]
        ax.bar(at, heights, width=0.92 * width, color=colour, alpha=0.8, label=name, hatch="//" if index else None)
        for place, height in zip(at, heights, strict=True):
            ax.annotate(f"{height:.0%}", (place, height), xytext=(0, 2), textcoords="offset points", ha="center")
    ax.set_xticks(range(len(shares)), list(shares))
    ax.set(ylabel="probability", ylim=(0, 1.1))
    ax.grid(False, axis="x")
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="upper right")
    return picture


def generations(studies: Mapping[str, "pd.DataFrame"], *, alt: str, value: str = "test") -> Picture:
    """A panel for each study: accuracy of generation 0, 1, …, mean over seeds ± standard error, each seed as a thin
    line; the other methods as level lines."""
    picture = Picture(alt=alt, size=(4.0 * len(studies) + 0.4, 3.8))
    axes = picture.subplots(1, len(studies), squeeze=False)[0]
    for ax, (title, frame) in zip(axes, studies.items(), strict=True):
        wide = 100 * frame.pivot_table(index="seed", columns="method", values=value)
        born = [name for name in wide.columns if name.startswith("generation ")]
        ax.plot(range(len(born)), wide[born].T, color="0.8", linewidth=1)
        means, errors = zip(*(mean_and_error(wide[name]) for name in born), strict=True)
        ax.errorbar(range(len(born)), means, errors, color=BLUE, marker="o", capsize=3, label="generations")
        for index, name in enumerate(name for name in wide.columns if name not in born):
            style = look(name, index + 1)
            ax.axhline(wide[name].mean(), color=style["color"], linestyle=style["linestyle"], label=name)
        ax.set_xticks(range(len(born)), [name.removeprefix("generation ") for name in born])
        ax.set(xlabel="generation", title=title)
    axes[0].set_ylabel("test accuracy, %")
    named = axes[0].get_legend_handles_labels()  # below: lines cross every corner of the panels
    picture.legend(*named, loc="outside lower center", ncols=3, fontsize=9, edgecolor="none")
    return picture


def over_cost(studies: Mapping[str, "pd.DataFrame"], costs: Sequence[float], *, alt: str) -> Picture:
    """A panel for each study: test accuracy of exits, and of nets of their size, over multiply-adds."""
    picture = Picture(alt=alt, size=(4.0 * len(studies) + 0.4, 3.2))
    axes = picture.subplots(1, len(studies), squeeze=False)[0]
    for ax, (title, frame) in zip(axes, studies.items(), strict=True):
        single = frame[frame["exit"].notna()]
        for index, (name, rows) in enumerate(single.groupby("method", sort=False)):
            style = look(str(name), index)
            numbers = [mean_and_error(100 * part["test"]) for _, part in rows.groupby("exit")]
            means, errors = zip(*numbers, strict=True)
            ax.errorbar(array(costs) / 1e3, means, errors, capsize=3, label=name, **style)
        ax.set(xlabel="thousand multiply-adds an image", title=title)
    axes[0].set_ylabel("test accuracy, %")
    axes[0].legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="lower right")
    return picture
