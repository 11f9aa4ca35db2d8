"""The explorers of the first lesson: a digit and its shifts, and what a net thinks of a digit."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from ipywidgets import Dropdown, IntSlider
from jaxtyping import Float
from torch import Tensor

from ..data import Augment, Data, Split
from ..figures.charts import array
from ..figures.style import BLACK, BLUE, ORANGE, bare, class_ticks, one_of
from .explorer import Explorer
from .live import LiveFigure


class ShiftExplorer(Explorer):
    """One training image and five random shifts of it: what augmentation does before the student sees a batch."""

    SHOWN = 6

    def __init__(self, data: Data) -> None:
        self.data = data
        live = LiveFigure(
            alt="One image as it is stored, and five copies that are each shifted by a few pixels.",
            size=(7.2, 1.5),
            columns=self.SHOWN,
        )
        height, width = data.size
        self._shown = [
            bare(ax).imshow(np.zeros((height, width)), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            for ax in live.axes
        ]
        for i, ax in enumerate(live.axes):
            ax.set_title("stored" if i == 0 else f"shift {i}", fontsize=9.5, pad=3)
        live.live(self._shown)
        controls = {
            "digit": Dropdown(options=[(name, k) for k, name in enumerate(data.classes)], value=4, description="class"),
            "pad": IntSlider(2, min=0, max=6, description="pixels"),
        }
        super().__init__(controls, figure=live)

    def draw(self, digit: int, pad: int) -> str:
        row = int((self.data.train.labels == digit).nonzero()[0])
        image = self.data.train.images[row : row + 1]
        copies = image.repeat(self.SHOWN - 1, 1, 1, 1)
        shifted = Augment(pad=pad)(copies, torch.Generator().manual_seed(0))
        for shown, pixels in zip(self._shown, torch.cat([image, shifted]), strict=True):
            shown.set_data(array(pixels[0]))
        places = (2 * pad + 1) ** 2
        return f"Shifts of up to {pad} pixels: {places} possible place{'s' if places > 1 else ''} for every image."


class OpinionExplorer(Explorer):
    """A net's ten probabilities for one image; the images come in the order of how little the net is sure of them."""

    def __init__(self, split: Split, logits: Float[Tensor, "N K"], classes: Sequence[str], shown: int = 60) -> None:
        probabilities = F.softmax(logits, 1)
        entropy = torch.special.entr(probabilities).sum(1)
        order = entropy.argsort(descending=True)[:shown]
        self.images, self.labels = split.images[order], split.labels[order]
        self.probabilities, self.entropy, self.classes = probabilities[order], entropy[order], classes
        live = LiveFigure(
            alt="Left an image; right ten bars, the probability that the teacher gives to each class.",
            size=(6.4, 2.4),
            width_ratios=(1, 2.4),
        )
        left, right = live.axes
        self._shown = bare(left).imshow(
            array(self.images[0, 0]), cmap="gray", vmin=0, vmax=255, interpolation="nearest"
        )
        self._bars = right.bar(range(len(classes)), [0.0] * len(classes), width=0.7)
        class_ticks(right, classes)
        right.set(ylim=(0, 1), ylabel="probability", xlabel="class")
        live.live(self._shown, self._bars)
        super().__init__({"rank": IntSlider(1, min=1, max=len(order), description="image")}, figure=live)

    def draw(self, rank: int) -> str:
        p, label = self.probabilities[rank - 1], int(self.labels[rank - 1])
        self._shown.set_data(array(self.images[rank - 1, 0]))
        said = int(p.argmax())
        for k, (bar, height) in enumerate(zip(self._bars, p.tolist(), strict=True)):
            bar.set_height(height)
            bar.set_color(BLUE if k == label else ORANGE if k == said else BLACK)
        verdict = "right" if said == label else "wrong"
        return (
            f"Image {rank} in the order of doubt: {one_of(self.classes, label)} (blue bar). The teacher says "
            f"{self.classes[said]}, which is {verdict}; entropy {self.entropy[rank - 1]:.2f} nats."
        )
