"""Pictures of the lesson on activation boundaries: neurons as lines in the plane, sides in maps, shares a layer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from contourpy import contour_generator
from jaxtyping import Float
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba_array
from torch import Tensor

from ..data import Split
from ..errors import ShapeError, require
from ..nets import Net
from ..train.seeds import mean_and_error
from .charts import Array, array
from .picture import Picture
from .style import BLACK, BLUE, GREEN, ORANGE, PURPLE, ROLES, SKY, VERMILION, Look, bare

WIDE, TALL = 4.0, 3.0  # the part of the plane that is drawn, around the origin
EXTENT = (-WIDE / 2, WIDE / 2, -TALL / 2, TALL / 2)
COLUMNS, ROWS = 64, 48  # of the grid on which a net is asked
NEURONS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK, "#8C510A")  # a colour for each; yellow is too pale here
MARGIN_OF_SHADE = 1.4  # the grey of a place where every neuron is on the other side stays light enough for lines

LOOKS: dict[str, Look] = {
    "untrained": {"color": "0.6", "linestyle": ":", "marker": "x"},
    "alone": ROLES["alone"],
    "magnitudes": {"color": GREEN, "linestyle": "-.", "marker": "v"},
    "boundaries": ROLES["taught"],
}
"""How the kinds of student look: untrained, alone, started by magnitudes, started by boundaries."""


def grid() -> tuple[Array, Array]:
    """The coordinates of the columns and the rows of the grid."""
    return np.linspace(EXTENT[0], EXTENT[1], COLUMNS), np.linspace(EXTENT[2], EXTENT[3], ROWS)


def over_the_plane(net: Net) -> Float[Tensor, "layers width rows columns"]:
    """The pre-activation of every neuron of a net on points of the plane, at every place of the grid."""
    x, y = (torch.tensor(axis, dtype=torch.float32) for axis in grid())
    points = torch.cartesian_prod(y, x).flip(1)
    device = next(net.parameters()).device
    with torch.no_grad():
        stages = net.trace(points.to(device)).stages
    return torch.stack([stage.flatten(1).T.unflatten(1, (ROWS, COLUMNS)).cpu() for stage in stages])


def zero_lines(values: Float[Tensor, "rows columns"] | Array) -> list[Array]:
    """Where a neuron changes sides: the lines (n, 2) along which its pre-activation is 0."""
    x, y = grid()
    found: Any = contour_generator(x, y, array(values), line_type="Separate").lines(0.0)  # what it is, the type decides
    return list(found)


def bundles(layer: Float[Tensor, "width rows columns"], chosen: Sequence[int]) -> tuple[list[Array], list[str]]:
    """The zero lines of some neurons of a layer, and the colour of each."""
    found = [(line, NEURONS[k % len(NEURONS)]) for k in chosen for line in zero_lines(layer[k])]
    return [line for line, _ in found], [colour for _, colour in found]


def pale(colours: Sequence[str]) -> Array:
    """The colours mixed with white: pale without being transparent, which keeps a picture's file small."""
    return 0.35 * to_rgba_array(list(colours))[:, :3] + 0.65


def other_side(
    layer: Float[Tensor, "width rows columns"], teacher: Float[Tensor, "width rows columns"]
) -> Float[Tensor, "rows columns"]:
    """At every place the share of the neurons that are active in one net and not in the other."""
    return ((layer > 0) ^ (teacher > 0)).float().mean(0)


def neurons(
    panels: Mapping[str, Float[Tensor, "width rows columns"]],
    *,
    alt: str,
    teacher: Mapping[str, Tensor] | Float[Tensor, "width rows columns"] | None = None,
    points: Split | None = None,
    columns: int = 3,
) -> Picture:
    """A panel for each layer: its neurons as lines where they change sides.

    teacher: a layer to compare with, for all panels or {title: layer}: its lines are drawn broad and pale below, and
    places where neurons are on the other side are grey. points: drawn small.
    """
    rows = -(-len(panels) // columns)
    picture = Picture(alt=alt, size=(3.1 * min(columns, len(panels)), 2.65 * rows))
    axes = picture.subplots(rows, min(columns, len(panels)), squeeze=False).ravel()
    for ax, (title, layer) in zip(axes, panels.items(), strict=False):
        roads = teacher.get(title) if isinstance(teacher, Mapping) else teacher
        chosen = range(len(layer))
        if roads is not None:
            shade = array(other_side(layer, roads))
            look: dict[str, Any] = {"vmin": 0, "vmax": MARGIN_OF_SHADE, "extent": EXTENT, "origin": "lower"}
            ax.imshow(shade, cmap="Greys", interpolation="nearest", zorder=0, **look)
            lines, colours = bundles(roads, chosen)
            ax.add_collection(LineCollection(lines, colors=pale(colours), linewidths=6, zorder=1))
        if points is not None:
            _dots(ax, points)
        lines, colours = bundles(layer, chosen)
        ax.add_collection(LineCollection(lines, colors=colours, linewidths=1.6, zorder=3))
        plane(ax, title)
    return picture


def plane(ax: Any, title: str = "") -> None:
    """Turn axes into a window on the plane."""
    bare(ax).set(xlim=EXTENT[:2], ylim=EXTENT[2:], aspect="equal")
    ax.set_title(title, fontsize=11)
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("0.7")


def _dots(ax: Any, points: Split) -> None:
    for k, marker in enumerate(("o", "^")):
        x = array(points.images[points.labels == k])
        ax.plot(x[:, 0], x[:, 1], marker, color="0.45" if k else "0.75", markersize=2.5, zorder=2)


def answers(
    nets: Mapping[str, Net], points: Split, *, alt: str, labelled: Split | None = None, columns: int = 3
) -> Picture:
    """Which of two classes each net gives to each place of the plane; labelled points are drawn large."""
    picture = Picture(alt=alt, size=(3.1 * len(nets), 2.65))
    x, y = (torch.tensor(axis, dtype=torch.float32) for axis in grid())
    places = torch.cartesian_prod(y, x).flip(1)
    for ax, (title, net) in zip(picture.subplots(1, len(nets), squeeze=False)[0], nets.items(), strict=True):
        with torch.no_grad():
            sure = net(places.to(next(net.parameters()).device)).softmax(1)[:, 1].view(ROWS, COLUMNS)
        ax.imshow(array(sure), cmap="PuOr", vmin=-0.3, vmax=1.3, extent=EXTENT, origin="lower", zorder=0)
        _dots(ax, points)
        if labelled is not None:
            for k, marker in enumerate(("o", "^")):
                at = array(labelled.images[labelled.labels == k])
                ax.plot(at[:, 0], at[:, 1], marker, color="k", markeredgecolor="w", markersize=8, zorder=4)
        plane(ax, title)
    return picture


def falling(
    curves: Mapping[str, Sequence[Sequence[float]]], steps: Sequence[int], *, alt: str, names: Sequence[str]
) -> Picture:
    """The share on the other side over the steps, a panel for each layer, a line for each kind of student.

    curves: {kind: for every step noted the share of each layer}; of a run that was stopped there may be fewer.
    """
    picture = Picture(alt=alt, size=(2.9 * len(names) + 0.4, 2.9))
    axes = picture.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for kind, noted in curves.items():
        require(len(noted) <= len(steps), f"{kind}: {len(noted)} notes for {len(steps)} steps", ShapeError)
        for ax, values in zip(axes, zip(*noted, strict=True), strict=True):
            ax.plot(
                steps[: len(noted)],
                100 * np.asarray(values),
                label=kind,
                markevery=max(1, len(steps) // 6),
                **LOOKS[kind],
            )
    for ax, name in zip(axes, names, strict=True):
        ax.set_title(name, fontsize=11)
        ax.set(xlabel="step", ylim=(0, None))
    axes[0].set_ylabel("other side, %")
    lines, labels = axes[0].get_legend_handles_labels()
    picture.legend(lines, labels, loc="outside upper right", ncols=len(curves), fontsize=9, edgecolor="none")
    return picture


def layer_bars(
    shares: Mapping[str, Sequence[float] | Array], names: Sequence[str], *, alt: str, size: tuple[float, float] = (6, 3)
) -> Picture:
    """The share on the other side for each layer, a bar for each kind of student.

    shares: {kind: one number a layer, or (seeds, layers)}; with seeds, the bar is their mean and carries its standard
    error.
    """
    picture = Picture(alt=alt, size=size)
    ax = picture.subplots()
    width = 0.8 / len(shares)
    for i, (kind, numbers) in enumerate(shares.items()):
        values = 100 * np.atleast_2d(np.asarray(numbers, dtype=np.float64))
        require(values.shape[1] == len(names), f"{kind}: {values.shape[1]} layers, {len(names)} names", ShapeError)
        places = np.arange(len(names)) + (i - (len(shares) - 1) / 2) * width
        mean, error = mean_and_error(values)
        hatch = {"untrained": "...", "alone": "//", "magnitudes": "\\\\"}.get(kind)
        look: dict[str, Any] = {"color": LOOKS[kind]["color"], "hatch": hatch, "edgecolor": "white"}
        ax.bar(places, mean, width * 0.92, yerr=error if len(values) > 1 else None, label=kind, capsize=3, **look)
        for place, value in zip(places, mean, strict=True):
            ax.annotate(f"{value:.0f}", (place, value), xytext=(0, 5), textcoords="offset points", ha="center")
    ax.grid(False, axis="x")
    ax.margins(y=0.12)
    ax.set_xticks(range(len(names)), list(names))
    ax.set_ylabel("other side, %")
    picture.legend(loc="outside upper right", ncols=len(shares), fontsize=9, edgecolor="none")
    return picture


def sides(
    image: Tensor, maps: Mapping[str, Float[Tensor, "C H W"]], *, alt: str, teacher: str = "teacher", channels: int = 8
) -> Picture:
    """An image, and for each net a row of maps: dark where a neuron is active. Of the other nets the positions where
    they are not on the teacher's side are orange-red: full where they are active, pale where they are silent.
    """
    channels = min(channels, *(len(values) for values in maps.values()))
    picture = Picture(alt=alt, size=(0.95 * (channels + 2.4), 1.02 * len(maps)))
    outline = picture.add_gridspec(len(maps), channels + 2)
    left = bare(picture.add_subplot(outline[:, :2]))
    left.imshow(array(image)[0], cmap="gray")
    right = array(maps[teacher] > 0)[:channels]
    for row, (name, values) in enumerate(maps.items()):
        active = array(values > 0)[:channels]
        for column in range(channels):
            ax = bare(picture.add_subplot(outline[row, column + 2]))
            ax.imshow(_coloured(active[column], right[column]), interpolation="nearest")
            if column == 0:
                ax.set_ylabel(name, fontsize=10, rotation=0, ha="right", va="center")
    return picture


def _coloured(active: Array, right: Array) -> Array:
    """(H, W) booleans as colours: on the right side dark or light grey, on the wrong one two oranges."""
    colours = np.full((*active.shape, 3), 0.93)
    colours[active & right] = (0.25, 0.25, 0.25)
    colours[active & ~right] = (0.84, 0.37, 0.0)  # vermilion
    colours[~active & right] = (0.98, 0.75, 0.5)
    return colours
