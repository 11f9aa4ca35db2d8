"""Pictures of dense prediction: an image, its mask, and what nets make of it."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int, UInt8
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from torch import Tensor

from ..data import UNLABELLED
from ..errors import ShapeError, require
from .charts import Array, array
from .picture import Picture
from .style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, YELLOW, bare

GREY, BLANK = "#BBBBBB", "#FFFFFF"
COLOURS = (GREY, BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW, BLACK)
"""Of the classes, from the first on, which often is the background; then they begin again."""
WIDTH = 1.3  # inches of one image


def side_by_side(
    images: UInt8[Tensor, "N C H W"],
    masks: Int[Tensor, "N H W"],
    predictions: Mapping[str, Int[Tensor, "N H W"]],
    classes: Sequence[str],
) -> Picture:
    """Row by row an image, its mask, and what each net tells, by the net's name; the classes' colours below.

    The colour-blind tell the colours apart; a pixel without a class is white. Raises `ShapeError` unless all are of as
    many images of one size.

    >>> import torch
    >>> data = kd.data.shapes(train=2, val=1, test=1)
    >>> images, masks = data.train.images, data.train.labels
    >>> side_by_side(images, masks, {"teacher": masks, "student": masks}, data.classes).alt[:52]
    '2 rows of 4 images: image, mask, teacher and student'
    """
    told = {"mask": masks, **predictions}
    for name, shown in told.items():
        wanted = (len(images), *images.shape[2:])
        wrong = f"{name}: the classes have shape {tuple(shown.shape)} for images {tuple(images.shape)}"
        require(tuple(shown.shape) == wanted, f"{wrong}; expected {wanted}, a class for each pixel", ShapeError)
    names = ["image", *told]
    picture = Picture(
        alt=f"{len(images)} rows of {len(names)} images: {', '.join(names[:-1])} and {names[-1]}; in all but the first "
        f"each pixel has the colour of its class: {', '.join(classes)}.",
        size=(WIDTH * len(names), WIDTH * len(images) + 0.6),
    )
    axes = picture.subplots(len(images), len(names), squeeze=False)
    for row in range(len(images)):
        pixels = [array(images[row]).transpose(1, 2, 0), *(coloured(array(x[row])) for x in told.values())]
        for ax, name, image in zip(axes[row], names, pixels, strict=True):
            bare(ax).imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            if row == 0:
                ax.set_title(name, fontsize=10, pad=3)
    handles = [Patch(facecolor=colour_of(k), edgecolor="0.5", label=name) for k, name in enumerate(classes)]
    picture.legend(handles=handles, loc="outside lower center", ncols=min(len(classes), 5), fontsize=9, frameon=False)
    return picture


def colour_of(k: int) -> str:
    """The colour of class `k`; white where there is none.

    >>> colour_of(1) == colour_of(10), colour_of(kd.data.UNLABELLED)
    (True, '#FFFFFF')
    """
    return BLANK if k == UNLABELLED else COLOURS[k % len(COLOURS)]


def coloured(classes: Array) -> Array:
    """(H, W) numbers of classes as (H, W, 3), each pixel in the colour of its class.

    >>> coloured(np.array([[0, 1]])).shape
    (1, 2, 3)
    """
    table = np.array([to_rgb(colour_of(k)) for k in range(UNLABELLED, int(classes.max(initial=0)) + 1)])
    return table[classes.astype(int) - UNLABELLED]
