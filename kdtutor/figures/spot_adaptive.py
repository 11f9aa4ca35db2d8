"""Pictures of the lesson on spot-adaptive distillation: the routing network, probabilities, samples, effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from torch import Tensor

from ..errors import ShapeError, require
from ..train.seeds import mean_and_error
from .charts import Array, array
from .picture import Picture
from .style import BLUE, DIVERGING, ROLES, VERMILION, bare, look

TEACHER, STUDENT = "#4D4D4D", BLUE  # whose segment, whose arrow
PALE = "0.85"
UP, DOWN = 1.0, 0.0  # the rows: teacher above, student below
HALF_WIDTH, HALF_HEIGHT = 0.32, 0.2


@dataclass
class Network:
    """The drawn routing network: a box for each segment, arrows along the rows and, through adapters, across."""

    places: tuple[str, ...]
    boxes: dict[tuple[int, bool], FancyBboxPatch] = field(default_factory=dict)  # (segment, whether the teacher's)
    arrows: dict[tuple[int, bool, bool], FancyArrowPatch] = field(default_factory=dict)  # (after segment, from, to)
    marks: list[Any] = field(default_factory=list)  # a text below each segment

    def artists(self) -> list[Artist]:
        """What moves with every picture."""
        return [*self.boxes.values(), *self.arrows.values(), *self.marks]

    def take(self, decisions: Sequence[bool] | None) -> None:
        """Show the way of one sample, `decisions[i]` saying whether segment i is the teacher's; None: all ways."""
        last = len(self.places) - 1
        for (i, teacher), box in self.boxes.items():
            taken = decisions is None or decisions[i] == teacher
            box.set(facecolor=_colour(teacher) if taken else "white", edgecolor=_colour(teacher) if taken else PALE)
        for (i, start, goal), arrow in self.arrows.items():
            after = None if decisions is None else bool(decisions[i])
            if i == last:
                used = after is None or after == start
            else:
                ahead = None if decisions is None else bool(decisions[i + 1])
                used = after is None or (after == start and ahead == goal)
            arrow.set(color=("0.45" if decisions is None else VERMILION) if used else PALE, zorder=2 if used else 1)
            arrow.set_linewidth(2.4 if used and decisions is not None else 1.2)


def network(ax: Axes, places: Sequence[str]) -> Network:
    """Draw the routing network on bare axes: segments up to each place, the teacher's above."""
    bare(ax).set(xlim=(-1.05, len(places) + 0.1), ylim=(-0.55, 1.5))
    drawn = Network(tuple(places))
    for i, place in enumerate(places):
        ax.text(i, 1.38, place, ha="center", va="center", fontsize=10.5)
        for teacher, y in ((True, UP), (False, DOWN)):
            corner = (i - HALF_WIDTH, y - HALF_HEIGHT)
            box = FancyBboxPatch(corner, 2 * HALF_WIDTH, 2 * HALF_HEIGHT, boxstyle="round,pad=0.01,rounding_size=0.06")
            ax.add_patch(box)
            drawn.boxes[i, teacher] = box
            box.set_linewidth(1.6)
            for goal in (True, False):
                if i < len(places) - 1:
                    drawn.arrows[i, teacher, goal] = _arrow(ax, i, y, i + 1, UP if goal else DOWN)
            if i == len(places) - 1:
                drawn.arrows[i, teacher, teacher] = _arrow(ax, i, y, i + 0.95, 0.5, end=0.0)
        drawn.marks.append(ax.text(i, -0.4, "", ha="center", va="center", fontsize=10))
    for name, y in (("teacher", UP), ("student", DOWN)):
        ax.text(-0.42, y, name, ha="right", va="center", fontsize=11)
    ax.text(len(places) - 0.02, 0.5, "z", ha="left", va="center", fontsize=13)
    drawn.take(None)
    return drawn


def _arrow(ax: Axes, x: float, y: float, x2: float, y2: float, end: float = HALF_WIDTH) -> FancyArrowPatch:
    start, goal = (x + HALF_WIDTH + 0.02, y), (x2 - end - 0.03, y2)
    arrow = FancyArrowPatch(start, goal, arrowstyle="-|>", mutation_scale=11)
    ax.add_patch(arrow)
    return arrow


def _colour(teacher: bool) -> str:
    return TEACHER if teacher else STUDENT


def routing_network(places: Sequence[str], *, alt: str, decisions: Sequence[bool] | None = None) -> Picture:
    """The two nets joined at `places`; with `decisions`, the way of one sample."""
    picture = Picture(alt=alt, size=(1.75 * len(places) + 1.2, 2.5))
    ax = picture.subplots()
    drawn = network(ax, places)
    drawn.take(decisions)
    if decisions is None:
        for i in range(len(places) - 1):
            ax.text(i + 0.5, 0.5, "adapters", ha="center", va="center", fontsize=8.5, bbox=_PAPER, zorder=5)
    return picture


_PAPER: dict[str, Any] = {"facecolor": "w", "edgecolor": "none", "alpha": 0.9, "pad": 1}


def over_epochs(
    panels: Mapping[str, Mapping[str, Float[Array, "seeds epochs"]]],
    *,
    alt: str,
    sampled: Mapping[str, Mapping[str, Float[Array, "seeds epochs"]]] | None = None,
) -> Picture:
    """A panel for each kind of run, a line for each spot: the mean probability over the seeds ± standard error.

    panels: {title: {spot: (seeds, epochs)}}. sampled: the rates of the decisions, drawn as crosses.
    """
    picture = Picture(alt=alt, size=(0.6 + 3.5 * len(panels), 3.2))
    axes = picture.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (title, spots) in zip(axes, panels.items(), strict=True):
        for i, (spot, numbers) in enumerate(spots.items()):
            mean, error = mean_and_error(np.atleast_2d(numbers))
            x = np.arange(1, len(mean) + 1)
            ax.plot(x, mean, label=spot, markersize=4, **look("", i))
            ax.fill_between(x, mean - error, mean + error, color=look("", i)["color"], alpha=0.15, linewidth=0)
            if sampled is not None:
                ax.plot(x, np.mean(sampled[title][spot], 0), "x", color="0.25", markersize=6, zorder=5)
        ax.set(xlabel="epoch", ylim=(-0.03, 1.05))
        ax.set_title(title, fontsize=11)
    axes[0].set_ylabel("share that is distilled")
    lines, labels = axes[0].get_legend_handles_labels()
    for ax in axes[1:]:
        for line, label in zip(*ax.get_legend_handles_labels(), strict=True):
            if label not in labels:
                lines, labels = [*lines, line], [*labels, label]
    picture.legend(lines, labels, loc="outside right upper", fontsize=9, edgecolor="none")
    return picture


def gallery(
    images: Float[Tensor, "N C H W"],
    probability: Float[Tensor, "N spots"],
    confidence: Float[Tensor, " N"],
    places: Sequence[str],
    *,
    alt: str,
    among: Bool[Tensor, " N"] | None = None,
    count: int = 6,
) -> Picture:
    """A row for each spot: the `count` samples distilled least, and those distilled most; below each the teacher's
    confidence. `among`: the samples to choose from."""
    require(
        probability.shape == (len(images), len(places)),
        f"{len(images)} images, probabilities {tuple(probability.shape)}, {len(places)} spots",
        ShapeError,
    )
    pixels = array(images)[:, 0]
    chosen = np.arange(len(images)) if among is None else array(among).nonzero()[0]
    picture = Picture(alt=alt, size=(0.62 * (2 * count + 1.6), 0.86 * len(places) + 0.3))
    widths = [1] * count + [0.4] + [1] * count
    grid = picture.subplots(len(places), 2 * count + 1, squeeze=False, gridspec_kw={"width_ratios": widths})
    for row, place in enumerate(places):
        order = chosen[np.argsort(array(probability)[chosen, row], kind="stable")]
        for ax in grid[row]:
            bare(ax)
        shown = [*order[:count], *order[: -count - 1 : -1]]
        for ax, n in zip([*grid[row, :count], *grid[row, count + 1 :]], shown, strict=True):
            ax.imshow(pixels[n], cmap="gray", interpolation="nearest")
            ax.set_xlabel(f"{100 * float(confidence[n]):.0f} %", fontsize=8.5, labelpad=1)
        grid[row, 0].set_ylabel(place, fontsize=10, rotation=0, ha="right", va="center")
    for column, words in ((0, "least"), (count + 1, "most")):
        grid[0, column].set_title(words, fontsize=11, loc="left")
    return picture


def differences(
    panels: Mapping[str, Mapping[str, tuple[Array, Array]]],
    names: Sequence[str],
    *,
    alt: str,
    ylabel: str,
    legend: bool = True,
) -> Picture:
    """Differences ± standard error around zero: a panel each, a group for each of `names`, a marker for each series.

    panels: {title: {series: (means, errors)}}, one number for each of `names`.
    """
    picture = Picture(alt=alt, size=(0.8 + 3.6 * len(panels), 3.2))
    axes = picture.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (title, series) in zip(axes, panels.items(), strict=True):
        ax.axhline(0, color="0.4", linewidth=1)
        for i, (label, (mean, error)) in enumerate(series.items()):
            require(len(mean) == len(names), f"{label}: {len(mean)} numbers, {len(names)} names", ShapeError)
            style = look("", i)
            x = np.arange(len(names)) + 0.6 * ((i + 0.5) / len(series) - 0.5)
            dots: dict[str, Any] = {"color": style["color"], "marker": style["marker"], "linestyle": "none"}
            ax.errorbar(x, mean, error, label=label, capsize=3, markersize=5.5, **dots)
        ax.set_title(title, fontsize=11)
        ax.set_xticks(range(len(names)), list(names))
        ax.grid(False, axis="x")
    axes[0].set_ylabel(ylabel)
    if legend:
        picture.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=9, edgecolor="none")
    return picture


def histogram_of_draws(shares: Sequence[float], softmax: Sequence[float], *, alt: str) -> Picture:
    """How often the maximum fell on each index, beside the softmax probabilities."""
    picture = Picture(alt=alt, size=(4.8, 2.7))
    ax = picture.subplots()
    x = np.arange(len(shares))
    ax.bar(x, list(shares), width=0.6, color=BLUE, alpha=0.75, label="share of the draws")
    ax.plot(x, list(softmax), "_", color=ROLES["alone"]["color"], markersize=34, markeredgewidth=3, label="softmax")
    ax.set_xticks(x, [str(i) for i in x])
    ax.set(xlabel="index", ylabel="probability")
    ax.legend(fontsize=9, edgecolor="none", markerscale=0.5)
    return picture


def number_map(
    numbers: Float[Array, "rows columns"],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    alt: str,
    xlabel: str = "",
    ylabel: str = "",
    label: str = "",
    centred: bool = False,
    errors: Float[Array, "rows columns"] | None = None,
) -> Picture:
    """A number for each pair of settings, also as a colour, with its standard error if given; `centred`: differences,
    with zero in the middle."""
    values = np.asarray(numbers, dtype=np.float64)
    fits = values.shape == (len(rows), len(columns))
    require(fits, f"{values.shape} numbers, {len(rows)} rows and {len(columns)} columns named", ShapeError)
    picture = Picture(alt=alt, size=((1.1 if errors is None else 1.5) * len(columns) + 2.4, 0.5 * len(rows) + 1.1))
    ax = picture.subplots()
    top = float(np.abs(values).max()) or 1.0
    colours: dict[str, Any] = (
        {"cmap": DIVERGING, "vmin": -top, "vmax": top} if centred else {"cmap": "Blues", "vmin": 0, "vmax": top}
    )
    shown = ax.imshow(values, aspect="auto", **colours)
    for (i, j), value in np.ndenumerate(values):
        colour = "white" if abs(value) > 0.65 * top else "black"
        words = f"{value:+.1f}" if centred else f"{value:.1f}"
        words += f" ± {errors[i, j]:.1f}" if errors is not None else ""
        ax.text(j, i, words, ha="center", va="center", fontsize=10.5, color=colour)
    ax.grid(False)
    ax.set_xticks(range(len(columns)), list(columns))
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    picture.colorbar(shown, ax=ax, label=label, pad=0.02)
    return picture
