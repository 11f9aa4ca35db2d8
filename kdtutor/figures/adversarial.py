"""Pictures of the lesson on data-free adversarial distillation: a chase in the plane, images as they harden, sources,
gradients."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from contourpy import contour_generator
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from ..nets import Generator, Net
from ..nets.generators import REACH
from ..papers.adapters import batch_statistics
from ..train import evaluating
from .charts import Array, array
from .picture import Picture
from .style import BLACK, BLUE, GREEN, PURPLE, SKY, VERMILION, Look, bare

if TYPE_CHECKING:
    import pandas as pd

SIDE = 48  # columns and rows of the grid on which nets are asked
EXTENT = (-REACH, REACH, -REACH, REACH)
GREYS = 0.5  # between two greys of a made image, in standard deviations of its pixels: few keep a file small
WORST = 6.0  # the mean difference of the logits from which on a place is drawn in the darkest colour
GAPS: dict[str, Any] = {"cmap": "Oranges", "vmin": 0, "vmax": WORST, "extent": EXTENT, "origin": "lower"}

LOOKS: dict[str, Look] = {
    "real": {"color": BLACK, "linestyle": "-.", "marker": "^"},
    "dfad": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "dfad, longer": {"color": SKY, "linestyle": (0, (8, 2)), "marker": "P"},
    "unrelated": {"color": GREEN, "linestyle": "--", "marker": "D"},
    "noise": {"color": VERMILION, "linestyle": ":", "marker": "s"},
    "l1": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "log": {"color": PURPLE, "linestyle": "--", "marker": "v"},
    "kl": {"color": VERMILION, "linestyle": "-.", "marker": "s"},
}
"""How the sources of images look, and the distances of the generator."""


class Frame(NamedTuple):
    """A moment of a chase in the plane: the step, how far the logits are apart everywhere, and the points made."""

    step: int
    gap: Float[Tensor, "rows columns"]
    points: Float[Tensor, "N 2"]
    answers: Float[Tensor, "rows columns"]
    """The student's probability of the second class."""


class Still(NamedTuple):
    """A moment of a run on images: the step, the images that the same latents become, and what both nets answer."""

    step: int
    images: Float[Tensor, "N C H W"]
    p_t: Float[Tensor, "N K"]
    p_s: Float[Tensor, "N K"]


def places() -> Float[Tensor, "places 2"]:
    """The points of the grid, row by row from below."""
    axis = torch.linspace(-REACH, REACH, SIDE)
    return torch.cartesian_prod(axis, axis).flip(1)


def frame(step: int, student: Net, teacher: Net, generator: Generator, z: Float[Tensor, "N Z"]) -> Frame:
    """What is to be seen after `step`; `z` are the latents of the points, the same in all frames."""
    with evaluating(student), evaluating(generator):
        z_s, z_t = student(places()), teacher(places())
        gap, answers = (z_s - z_t).abs().mean(1), z_s.softmax(1)[:, 1]
        return Frame(step, gap.view(SIDE, SIDE), generator(z).flatten(1), answers.view(SIDE, SIDE))


def apart(gap: Float[Tensor, "rows columns"], points: Float[Tensor, "N 2"]) -> float:
    """How far the logits are apart where the points are, on average; read at the nearest place of the grid."""
    column, row = ((points + REACH) / (2 * REACH) * (SIDE - 1)).round().long().clamp(0, SIDE - 1).T
    return gap[row, column].mean().item()


def still(step: int, student: Net, teacher: Net, generator: Generator, z: Float[Tensor, "N Z"]) -> Still:
    """The images of the latents `z` as they look during training (batch norms see the batch), and the answers."""
    with evaluating(student), batch_statistics(generator), torch.no_grad():
        images = generator(z)
        return Still(step, images, teacher(images).softmax(1), student(images).softmax(1))


def border(teacher: Net) -> list[Array]:
    """The lines (n, 2) where a teacher of two classes changes its answer."""
    with torch.no_grad():
        z_t = teacher(places())
    axis = np.linspace(-REACH, REACH, SIDE)
    values = array((z_t[:, 1] - z_t[:, 0]).view(SIDE, SIDE))
    found: Any = contour_generator(axis, axis, values, line_type="Separate").lines(0.0)
    return list(found)


def square(ax: Any, title: str = "") -> None:
    """Turn axes into a window on the plane."""
    bare(ax).set(xlim=EXTENT[:2], ylim=EXTENT[2:], aspect="equal")
    ax.set_title(title, fontsize=11)
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("0.7")


def chase(frames: Sequence[Frame], lines: Sequence[Array], *, alt: str, columns: int = 5) -> Picture:
    """A panel for each frame: dark where the logits are far apart, dots where the generator puts its points, and the
    teacher's border."""
    rows = -(-len(frames) // columns)
    picture = Picture(alt=alt, size=(1.95 * min(columns, len(frames)), 2.2 * rows))
    axes = picture.subplots(rows, min(columns, len(frames)), squeeze=False).ravel()
    for ax, one in zip(axes, frames, strict=False):
        ax.imshow(array(one.gap), zorder=0, interpolation="nearest", **GAPS)
        for line in lines:
            ax.plot(*line.T, color="k", linewidth=1.2, zorder=1)
        ax.plot(*array(one.points).T, "o", color=BLUE, markersize=2.2, zorder=2)
        square(ax, f"step {one.step}")
    for ax in axes[len(frames) :]:
        ax.set_visible(False)
    return picture


def hardening(stills: Sequence[Still], *, alt: str, columns: int = 8, classes: Sequence[str] = ()) -> Picture:
    """A row for each moment, a column for each latent; above each image the teacher's answer and the student's."""
    names = classes or [str(k) for k in range(stills[0].p_t.shape[1])]
    picture = Picture(alt=alt, size=(0.72 * columns + 0.6, 0.98 * len(stills)))
    axes = picture.subplots(len(stills), columns, squeeze=False)
    for row, one in zip(axes, stills, strict=True):
        for ax, image, p_t, p_s in zip(row, one.images, one.p_t, one.p_s, strict=False):
            few_greys = np.round(array(image)[0] / GREYS) * GREYS
            bare(ax).imshow(few_greys, cmap="gray", vmin=-2.5, vmax=2.5, interpolation="nearest")
            ax.set_title(f"{names[int(p_t.argmax())]} → {names[int(p_s.argmax())]}", fontsize=9.5, pad=2)
        row[0].set_ylabel(f"step {one.step}", fontsize=10)
    return picture


def class_shares(
    shares: Mapping[str, Float[Tensor, " K"] | Sequence[float]], *, alt: str, size: tuple[float, float] | None = None
) -> Picture:
    """The share of each class among images, a panel for each source, and the line where all classes are alike."""
    picture = Picture(alt=alt, size=size or (2.6 * len(shares), 2.4))
    axes = picture.subplots(1, len(shares), sharey=True, squeeze=False)[0]
    for ax, (title, values) in zip(axes, shares.items(), strict=True):
        numbers = 100 * array(torch.as_tensor(values, dtype=torch.float64))
        ax.bar(range(len(numbers)), numbers, color=SKY, edgecolor="0.3")
        ax.axhline(100 / len(numbers), color="0.3", linestyle=":")
        ax.grid(False, axis="x")
        ax.set_xticks(range(len(numbers)))
        ax.set_title(title, fontsize=11)
        ax.set_xlabel("class")
    picture.axes[0].set_ylabel("% of the images")
    return picture


def over_steps(
    frame: "pd.DataFrame",
    case: str,
    value: str,
    *,
    alt: str,
    ylabel: str,
    steps: int = 100,
    percent: bool = False,
    names: Mapping[str, str] | None = None,
    size: tuple[float, float] = (7.0, 3.2),
) -> Picture:
    """`value` over the student's steps, a line for each value of the column `case`: the mean over the seeds, in a band
    from the smallest to the largest. steps: of an epoch."""
    picture = Picture(alt=alt, size=size)
    ax = picture.subplots()
    factor = 100 if percent else 1
    for name, rows in frame.dropna(subset=[value]).groupby(case, sort=False):
        by_epoch = factor * rows.groupby("epoch")[value].agg(["mean", "min", "max"])
        x = steps * by_epoch.index.to_numpy()
        look = LOOKS[str(name)]
        ax.plot(x, by_epoch["mean"], label=(names or {}).get(str(name), str(name)), markersize=5, **look)
        ax.fill_between(x, by_epoch["min"], by_epoch["max"], color=look["color"], alpha=0.13, linewidth=0)
    ax.set(xlabel="steps of the student", ylabel=ylabel)
    picture.legend(loc="outside right center", fontsize=9.5, edgecolor="none")
    return picture


def slopes(
    x: Sequence[float] | Array,
    curves: Mapping[str, Sequence[float]],
    *,
    alt: str,
    ylabel: str,
    xlabel: str,
    even: bool = False,
) -> Picture:
    """The lengths of gradients, a line for each distance, on logarithmic axes; `even` leaves the one of `x` linear."""
    picture = Picture(alt=alt, size=(5.6, 3.0))
    ax = picture.subplots()
    for name, values in curves.items():
        require(len(values) == len(x), f"{name}: {len(values)} values for {len(x)} places", ShapeError)
        ax.loglog(list(x), list(values), label=name, markersize=5, markevery=max(1, len(x) // 8), **LOOKS[name])
    if even:
        ax.set_xscale("linear")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    picture.legend(loc="outside right center", fontsize=9.5, edgecolor="none")
    return picture
