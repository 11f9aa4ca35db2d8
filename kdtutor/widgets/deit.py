"""What is touched in the lesson on DeiT: where tokens look, what a shifted image teaches, and two heads as one."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from ipywidgets import Dropdown, FloatSlider, IntSlider, SelectionSlider
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import array
from ..figures.style import BLUE, ORANGE, SEQUENTIAL, VERMILION, bare
from ..papers.deit import fused
from ..papers.hinton import entropy, soften
from .explorer import Explorer
from .live import LiveFigure

FARTHEST = 14  # pixels, half of an image
Answer = Callable[[UInt8[Tensor, "B 1 H W"]], Float[Tensor, "B K"]]
"""A net that is asked about bytes."""


def shifted(image: UInt8[Tensor, "1 H W"], right: int, down: int) -> UInt8[Tensor, "1 H W"]:
    """The image moved by whole pixels; what comes in from outside is black, what goes out is lost."""
    moved = torch.roll(image, (down, right), (1, 2))
    moved[:, : max(down, 0)] = moved[:, image.shape[1] + min(down, 0) :] = 0
    moved[:, :, : max(right, 0)] = moved[:, :, image.shape[2] + min(right, 0) :] = 0
    return moved


class AttentionExplorer(Explorer):
    """An image in patches; one of its tokens asks, and the picture beside it says how much it takes of each patch.

    images: (N, 1, H, W), bytes; layers: the attention of each block to them (N, heads, T, T), see
    `nets.rollout.attentions`; extra: the names of the tokens before the patches.
    """

    def __init__(
        self,
        images: UInt8[Tensor, "N 1 H W"],
        layers: Sequence[Float[Tensor, "N h T T"]],
        extra: Sequence[str],
        captions: Sequence[str],
    ) -> None:
        require(len(images) == len(captions) == len(layers[0]), "give an image and a caption for each map", ShapeError)
        self._layers = [array(weights) for weights in layers]
        self._extra, heads = tuple(extra), self._layers[0].shape[1]
        self._grid = round((self._layers[0].shape[-1] - len(self._extra)) ** 0.5)
        self._pixels = array(images)[:, 0]
        self._patch = self._pixels.shape[1] // self._grid
        live = LiveFigure(
            alt="Left: an image cut into patches, the asking patch framed. Right: a square for each patch, "
            "the brighter the more of it the asking token takes.",
            size=(6.8, 3.3),
            columns=2,
        )
        left, right = live.axes
        size = self._pixels.shape[1]
        self._image = bare(left).imshow(self._pixels[0], cmap="gray", vmin=0, vmax=255)
        cuts = np.arange(1, self._grid) * self._patch - 0.5
        rims = [line(at, color="0.55", linewidth=0.7) for at in cuts for line in (left.axhline, left.axvline)]
        (self._frame,) = left.plot([], [], color=ORANGE, linewidth=2.5)
        self._map = bare(right).imshow(np.zeros((self._grid, self._grid)), cmap=SEQUENTIAL, vmin=0, vmax=1)
        left.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
        live.live(self._image, *rims, self._frame, self._map)
        patches = [(f"patch {i + 1}", len(self._extra) + i) for i in range(self._grid**2)]
        tokens = [*((name, i) for i, name in enumerate(self._extra)), *patches]
        heads_menu = [("mean of all", -1), *((str(i + 1), i) for i in range(heads))]
        super().__init__(
            {
                "image": Dropdown(options=[(name, i) for i, name in enumerate(captions)], value=0, description="image"),
                "token": SelectionSlider(options=tokens, value=0, description="who asks"),
                "block": IntSlider(len(layers), min=1, max=len(layers), description="block"),
                "head": Dropdown(options=heads_menu, value=-1, description="head"),
            },
            figure=live,
        )

    def draw(self, image: int, token: int, block: int, head: int) -> str:
        weights = self._layers[block - 1][image]
        asked = (weights.mean(0) if head < 0 else weights[head])[token]
        before = len(self._extra)
        places = asked[before:].reshape(self._grid, self._grid)
        self._image.set_data(self._pixels[image])
        self._map.set_data(places / max(places.max(), 1e-12))
        self._frame.set_data(*self._rim(token - before) if token >= before else ([], []))
        row, column = np.unravel_index(places.argmax(), places.shape)
        own = ", ".join(f"{name} {asked[i]:.0%}" for i, name in enumerate(self._extra))
        return (
            f"Most is taken of the patch in row {row + 1}, column {column + 1}: <b>{places.max():.0%}</b> (evenly "
            f"spread it would be {1 / len(asked):.0%}). Of tokens: {own}."
        )

    def _rim(self, patch: int) -> tuple[list[float], list[float]]:
        """The corners of a patch, in pixels."""
        top, left = (self._patch * place - 0.5 for place in divmod(patch, self._grid))
        bottom, right = top + self._patch, left + self._patch
        return [left, right, right, left, left], [top, top, bottom, bottom, top]


class ShiftExplorer(Explorer):
    """An image that is shifted, as augmentation does it, and three answers to it: its label, the teacher's soft answer
    at τ, and the teacher's hard one; with λ, what the student is told by each way of teaching.

    answer: normalises a batch of bytes and gives the teacher's logits.
    """

    def __init__(
        self,
        images: UInt8[Tensor, "N 1 H W"],
        labels: Int[Tensor, " N"],
        classes: Sequence[str],
        answer: Answer,
        T: float = 3.0,
    ) -> None:
        require(len(images) == len(labels) > 0, f"{len(images)} images and {len(labels)} labels", ShapeError)
        self._images, self._labels, self._classes, self._answer = images, labels.tolist(), tuple(classes), answer
        K = len(self._classes)
        live = LiveFigure(
            alt="Left: an image, shifted. Right: for each class three bars, what the label says, the teacher's soft "
            "answer and its hard one.",
            size=(8.2, 3.3),
            width_ratios=(1, 2.4),
        )
        left, right = live.axes
        self._image = bare(left).imshow(array(images)[0, 0], cmap="gray", vmin=0, vmax=255)
        self._bars = [
            right.bar(np.arange(K) + 0.27 * (i - 1), [0.0] * K, width=0.25, color=colour, label=name)
            for i, (name, colour) in enumerate(
                (("label", VERMILION), ("label and soft answer", BLUE), ("label and hard answer", ORANGE))
            )
        ]
        right.set(ylim=(0, 1.05), ylabel="what the student is told")
        upright = max(map(len, self._classes)) > 2
        right.set_xticks(range(K), self._classes, rotation=90 if upright else 0)
        right.grid(False, axis="x")
        right.legend(fontsize=9, framealpha=0.8, edgecolor="none")
        live.live(self._image, *self._bars)
        menu = [(f"{i + 1}: {self._classes[label]}", i) for i, label in enumerate(self._labels)]
        super().__init__(
            {
                "image": Dropdown(options=menu, value=0, description="image"),
                "right": IntSlider(0, min=-FARTHEST, max=FARTHEST, description="shifted to the right by"),
                "down": IntSlider(0, min=-FARTHEST, max=FARTHEST, description="shifted down by"),
                "T": FloatSlider(T, min=0.5, max=10, step=0.5, description="τ of the soft answer"),
                "share": FloatSlider(0.5, min=0, max=1, step=0.05, description="λ, the teacher's share"),
            },
            figure=live,
        )

    def draw(self, image: int, right: int, down: int, T: float, share: float) -> str:
        shown = shifted(self._images[image], right, down)
        z_t = self._answer(shown[None])[0]
        label, K = self._labels[image], len(self._classes)
        soft, told = soften(z_t, T), int(z_t.argmax())
        one, hard = torch.eye(K)[label], torch.eye(K)[told]
        self._image.set_data(array(shown)[0])
        for bars, target in zip(
            self._bars, (one, (1 - share) * one + share * soft, (1 - share) * one + share * hard), strict=True
        ):
            for bar, height in zip(bars, target.tolist(), strict=True):
                bar.set_height(height)
        agree = "The teacher agrees with the label" if told == label else "The teacher now contradicts the label"
        return (
            f"Label {self._classes[label]}; the teacher sees <b>{self._classes[told]}</b>, {z_t.softmax(0)[told]:.0%}. "
            f"{agree}. Entropy of its soft answer: {entropy(soft).item():.2f} nats, of its hard one: 0."
        )


class FusionExplorer(Explorer):
    """Two heads and a share of each: the accuracy of the mean over the share, and one image's answers.

    z_class, z_distillation: the logits of both heads to N images, labels: (N,).
    """

    SHARES = np.linspace(0, 1, 21)

    def __init__(
        self,
        z_class: Float[Tensor, "N K"],
        z_distillation: Float[Tensor, "N K"],
        labels: Int[Tensor, " N"],
        classes: Sequence[str],
    ) -> None:
        require(len(z_class) == len(labels) > 0, f"{len(z_class)} answers and {len(labels)} labels", ShapeError)
        self._heads = z_class.detach().float().cpu(), z_distillation.detach().float().cpu()
        self._labels, self._classes = labels.cpu(), tuple(classes)
        apart = (self._heads[0].argmax(1) != self._heads[1].argmax(1)).nonzero().flatten()
        self._asked = (apart if len(apart) else torch.arange(len(labels)))[:12].tolist()
        self._curves = {of: [self._accuracy(share, of) for share in self.SHARES] for of in ("probabilities", "logits")}
        K = len(self._classes)
        live = LiveFigure(
            alt="Left: accuracy over the share of the distillation head, a point where the slider stands. Right: the "
            "probabilities of one image's classes, of both heads and of their mean.",
            size=(8.6, 3.3),
            columns=2,
        )
        left, right = live.axes
        (self._curve,) = left.plot(self.SHARES, 0 * self.SHARES, color=BLUE)
        (self._point,) = left.plot([0], [0], "o", color=VERMILION, markersize=8)
        low, high = (f(min(c) if f is min else max(c) for c in self._curves.values()) for f in (min, max))
        pad = max(0.2, 10 * (high - low)) / 100
        left.set(
            ylim=(100 * (low - pad), 100 * (high + pad)), xlabel="share of the distillation head", ylabel="accuracy, %"
        )
        self._bars = [
            right.bar(np.arange(K) + 0.27 * (i - 1), [0.0] * K, width=0.25, color=colour, label=name)
            for i, (name, colour) in enumerate(
                (("class head", VERMILION), ("mean", "0.3"), ("distillation head", BLUE))
            )
        ]
        right.set(ylim=(0, 1.05), ylabel="probability")
        right.set_xticks(range(K), self._classes, rotation=90 if max(map(len, self._classes)) > 2 else 0)
        right.grid(False, axis="x")
        right.legend(fontsize=9, framealpha=0.8, edgecolor="none")
        live.live(self._curve, self._point, *self._bars)
        menu = [(f"no. {place}", i) for place, i in enumerate(self._asked, start=1)]
        super().__init__(
            {
                "share": FloatSlider(0.5, min=0, max=1, step=0.05, description="share"),
                "of": Dropdown(options=["probabilities", "logits"], value="probabilities", description="mean of"),
                "image": Dropdown(options=menu, value=self._asked[0], description="image over which they differ"),
            },
            figure=live,
        )

    def draw(self, share: float, of: str, image: int) -> str:
        accuracy = self._accuracy(share, of)
        self._curve.set_ydata(100 * np.array(self._curves[of]))
        self._point.set_data([share], [100 * accuracy])
        one, other = (z[image : image + 1] for z in self._heads)
        answers = [one, fused(one, other, share, of), other]  # type: ignore[arg-type]  # from a menu of both
        for bars, z in zip(self._bars, answers, strict=True):
            for bar, height in zip(bars, z.softmax(1)[0].tolist(), strict=True):
                bar.set_height(height)
        names = [self._classes[int(z.argmax())] for z in answers]
        label = self._classes[int(self._labels[image])]
        return (
            f"Accuracy <b>{accuracy:.1%}</b>. This image is {label}: the class head says {names[0]}, the distillation "
            f"head {names[2]}, their mean <b>{names[1]}</b>."
        )

    def _accuracy(self, share: float, of: str) -> float:
        answers = fused(*self._heads, float(share), of).argmax(1)  # type: ignore[arg-type]
        return (answers == self._labels).float().mean().item()
