"""Pictures of the lesson on GAN compression: networks side by side on the same z, the ladder of sizes, the classes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from ..nets import Generator
from ..train import evaluating
from .charts import Array, array
from .picture import Picture
from .style import GREEN, ORANGE, PURPLE, ROLES, SKY, Look, bare, look

if TYPE_CHECKING:
    import pandas as pd

LOOKS: dict[str, Look] = {
    "teacher": ROLES["teacher"],
    "scratch": ROLES["alone"],
    "black box": {"color": GREEN, "linestyle": "-.", "marker": "v"},
    "joint": ROLES["taught"],
    "small": {"color": PURPLE, "linestyle": ":", "marker": "D"},
    "tiny": {"color": SKY, "linestyle": ":", "marker": "P"},
    "crowded": {"color": ORANGE, "linestyle": ":", "marker": "X"},
}
"""How the three ways to train a small generator look, and its teachers."""
STEP = 1e-2  # of the derivative of a picture by z


def make(net: Generator, z: Float[Tensor, "N Z"]) -> Float[Tensor, "N C H W"]:
    """The images of z, in eval mode and without gradients."""
    with evaluating(net):
        return net(z)


def grey(images: Float[Tensor, "*N 1 H W"]) -> Array:
    """Pixels from -1…1 as numbers 0…1, (*N, H, W)."""
    return array((images[..., 0, :, :] + 1) / 2).clip(0, 1)


def directions(net: Generator, z: Float[Tensor, "N Z"], count: int = 2) -> Float[Tensor, "count Z"]:
    """The orthogonal directions of latent space in which the images of `z` change most, of length 1.

    They are the first eigenvectors of E_z[Jᵀ J] with J(z) the derivative of the pixels by z, taken by small steps. The
    sign is chosen so that the largest entry is positive.
    """
    steps = STEP * torch.eye(net.latent_dim)
    J = torch.stack([make(net, z + step) - make(net, z - step) for step in steps]).flatten(2).double()  # Z N P
    vectors = torch.linalg.eigh(torch.einsum("inp,jnp->ij", J, J)).eigenvectors.flip(1)[:, :count].T
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return (vectors * largest.sign()).float()


def rows(
    images: Mapping[str, Float[Tensor, "N 1 H W"]], captions: Sequence[str] = (), *, alt: str, width: float = 0.8
) -> Picture:
    """A row of images for each network: equal columns belong to equal z. captions: one above each column."""
    count = len(next(iter(images.values())))
    for name, made in images.items():
        require(len(made) == count, f"{name} has {len(made)} images, the first row {count}", ShapeError)
    require(len(captions) in (0, count), f"{len(captions)} captions for {count} columns", ShapeError)
    picture = Picture(alt=alt, size=(width * (count + 1.4), width * len(images) + (0.3 if captions else 0.1)))
    axes = picture.subplots(len(images), count, squeeze=False)
    for line, (name, made) in zip(axes, images.items(), strict=True):
        for ax, pixels in zip(line, grey(made), strict=True):
            bare(ax).imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10.5)
    for ax, caption in zip(axes[0], captions, strict=False):
        ax.set_title(caption, fontsize=9.5, pad=3)
    return picture


def lines(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    alt: str,
    size: tuple[float, float] = (5, 3),
    **labels: Any,
) -> Picture:
    """{label: (x, y)} as lines on one pair of axes; `labels` go to the axes (xlabel, ylabel, xscale …)."""  # fmt: skip
    picture = Picture(alt=alt, size=size)
    ax = picture.subplots()
    for i, (label, (x, y)) in enumerate(curves.items()):
        ax.plot(x, y, label=label, markevery=max(1, len(x) // 8), **LOOKS.get(label, look(label, i)))
    ax.set(**labels)
    if len(curves) > 1:
        ax.legend(fontsize=9.5, edgecolor="none", framealpha=0.8)
    return picture


def ladder(
    frame: "pd.DataFrame",
    values: Mapping[str, str],
    *,
    alt: str,
    levels: Mapping[str, Mapping[str, float]] | None = None,
    log: Sequence[str] = (),
) -> Picture:
    """A column of the study over the number of parameters, a panel for each: dots are seeds, lines their means.

    frame: rows with "way", "parameters" and the columns named. values: {column: label of its axis}. levels: {column:
    {name: number}}, drawn as horizontal lines. log: the columns with a logarithmic axis.
    """
    picture = Picture(alt=alt, size=(0.4 + 3.9 * len(values), 3.5))
    axes = picture.subplots(1, len(values), squeeze=False)[0]
    for ax, (column, label) in zip(axes, values.items(), strict=True):
        for way, part in frame.groupby("way", sort=False):
            style = LOOKS[str(way)]
            ax.plot(part["parameters"], part[column], ".", color=style["color"], alpha=0.35, markersize=6)
            means = part.groupby("parameters")[column].mean()
            ax.plot(means.index, means.to_numpy(), label=str(way), **style)
        for name, level in (levels or {}).get(column, {}).items():
            ax.axhline(level, color="0.25", linestyle="-." if name == "teacher" else ":", linewidth=1.2)
            ax.annotate(
                name, (0.3, level), xycoords=("axes fraction", "data"), xytext=(0, 2), textcoords="offset points",
                ha="center", fontsize=9, color="0.25",
            )  # fmt: skip
        ax.set(xscale="log", xlabel="parameters", ylabel=label, yscale="log" if column in log else "linear")
        counts = sorted(frame["parameters"].unique())
        ax.set_xticks(counts, [f"{int(count):,}" for count in counts])
        ax.minorticks_off()
    handles, labels = axes[0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside upper right", ncols=len(labels), fontsize=9.5, edgecolor="none")
    return picture


def classes(shares: Mapping[str, Sequence[float]], *, alt: str) -> Picture:
    """Which classes a judge sees, in percent: a panel for each network. A class that is missing is marked."""
    picture = Picture(alt=alt, size=(0.4 + 2.3 * len(shares), 2.5))
    axes = picture.subplots(1, len(shares), sharey=True, squeeze=False)[0]
    for ax, (name, part) in zip(axes, shares.items(), strict=True):
        percent = 100 * np.asarray(part)
        ax.bar(range(len(percent)), percent, color=LOOKS.get(name, look(name))["color"], width=0.75)
        ax.axhline(100 / len(percent), color="0.3", linestyle=":", linewidth=1)
        for k in np.flatnonzero(percent < 1):
            ax.annotate("×", (k, 1), ha="center", color="#D55E00", fontsize=13, fontweight="bold")
        ax.set_xticks(range(len(percent)))
        ax.set_title(name, fontsize=11)
        ax.set_xlabel("class")
        ax.grid(False, axis="x")
    axes[0].set_ylabel("share, %")
    return picture


def bars(values: Mapping[str, float], *, alt: str, ylabel: str, size: tuple[float, float] = (4.5, 3)) -> Picture:
    """A bar for each network, in its own colour, with the number above it."""
    picture = Picture(alt=alt, size=size)
    ax = picture.subplots()
    colours = [LOOKS.get(name, look(name))["color"] for name in values]
    ax.bar_label(ax.bar(list(values), list(values.values()), color=colours, width=0.6), fmt="%.0f", padding=2)
    ax.grid(False, axis="x")
    ax.margins(y=0.12)
    ax.set_ylabel(ylabel)
    return picture
