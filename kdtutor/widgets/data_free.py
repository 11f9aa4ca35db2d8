"""What is touched in the lesson on data-free learning: a walk through latent space, the losses, and their toggles."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from ipywidgets import Checkbox, FloatSlider, IntSlider
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import array
from ..figures.data_free import class_bars, mosaic
from ..figures.style import BLUE, GREEN, ORANGE, SEQUENTIAL, VERMILION, bare, class_ticks
from ..nets import Generator, Net
from ..papers.data_free import ACTIVATION, ENTROPY, ONE_HOT, activation_loss, entropy_loss, one_hot_loss
from ..papers.generated import class_balance
from .explorer import Explorer
from .film import Film
from .gan import between
from .live import LiveFigure

COLUMNS = 8  # of a page of generated images
Toggles = tuple[bool, bool, bool]  # one-hot, activation, entropy


def tour(stops: Float[Tensor, "N Z"], at: float) -> Float[Tensor, " Z"]:
    """A point of the round trip through the stops, `at` from 0 to N; of the length that a latent usually has, √Z."""
    here = int(at) % len(stops)
    a, b = stops[here], stops[(here + 1) % len(stops)]
    z = between(a / a.norm(), b / b.norm(), at - int(at))[0]
    return z * len(z) ** 0.5


class WalkExplorer(Explorer):
    """One generated image and the teacher's answer, on a walk through latent space."""

    def __init__(
        self, generator: Generator, teacher: Net, classes: Sequence[str], stops: int = 6, seed: int = 0
    ) -> None:
        self.generator, self.teacher, self.classes = generator.eval(), teacher, tuple(classes)
        random = torch.Generator().manual_seed(seed)
        self.stops = torch.randn(stops, generator.latent_dim, generator=random)
        live = LiveFigure(
            alt="Left a generated image, right a bar for each class: the teacher's probabilities.",
            size=(6.4, 2.9),
            width_ratios=(1, 1.6),
        )
        left, right = live.axes
        look: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
        self._image = bare(left).imshow(np.zeros(generator.shape[1:]), **look)
        self._bars = right.bar(range(len(self.classes)), [0] * len(self.classes), color=BLUE, width=0.75)
        class_ticks(right, self.classes)
        right.set(ylim=(0, 1.02), title="the teacher says")
        right.title.set_fontsize(11)
        live.live(self._image, self._bars)
        super().__init__(
            {
                "at": FloatSlider(0.0, min=0, max=stops, step=0.05, description="on the walk"),
                "length": FloatSlider(1.0, min=0, max=3, step=0.1, description="length of z"),
            },
            figure=live,
        )

    @torch.no_grad()
    def draw(self, at: float, length: float) -> str:
        """The image of one latent."""
        image = self.generator(length * tour(self.stops, at)[None])
        p_t = self.teacher(image).softmax(1)[0]
        self._image.set_data(mosaic(image, 1)[:-1, :-1])
        for bar, height in zip(self._bars, p_t.tolist(), strict=True):
            bar.set_height(height)
        best = int(p_t.argmax())
        return f"The teacher sees a <b>{self.classes[best]}</b>, with {p_t[best].item():.0%}."


class LossExplorer(Explorer):
    """A batch by hand: how sure the teacher is, how the classes are shared, how excited its features; three losses."""

    SAMPLES, CLASSES = 12, 4

    def __init__(self) -> None:
        live = LiveFigure(
            alt="Left the probabilities of twelve images over four classes; in the middle the mean of each class; "
            "right three bars, the one-hot, activation and entropy loss with their weights.",
            size=(8.8, 3.2),
            width_ratios=(0.8, 1, 1.5),
        )
        left, middle, right = live.axes
        look: dict[str, Any] = {"cmap": SEQUENTIAL, "vmin": 0, "vmax": 1, "aspect": "auto", "interpolation": "nearest"}
        self._table = left.imshow(np.zeros((self.SAMPLES, self.CLASSES)), **look)
        left.set(xlabel="class", ylabel="image", title="probabilities", xticks=range(self.CLASSES), yticks=())
        self._mean = class_bars(middle, [0.0] * self.CLASSES)
        middle.set(xlabel="class", title="their mean")
        weights = {"one-hot": ONE_HOT, "activation": ACTIVATION, "entropy": ENTROPY}
        names = [f"{name}\n× {weight:.3g}" for name, weight in weights.items()]
        self._bars = right.bar(names, [0, 0, 0], color=(BLUE, GREEN, ORANGE), width=0.6)
        right.axhline(0, color="0.4", linewidth=1)
        right.set(ylim=(-3.6, 2.2), title="losses with their weights: down is good")
        right.grid(False)
        self._numbers = [right.text(i, 0, "", ha="center", fontsize=11) for i in range(3)]
        for ax in live.axes:
            ax.title.set_fontsize(10.5)
        live.live(self._table, self._mean, self._bars, self._numbers)
        super().__init__(
            {
                "height": FloatSlider(3.0, min=0, max=20, step=0.5, description="height of a logit"),
                "first": IntSlider(3, min=0, max=self.SAMPLES, description="images of class 0"),
                "strength": FloatSlider(1.0, min=0, max=5, step=0.1, description="strength of features"),
            },
            figure=live,
        )

    def draw(self, height: float, first: int, strength: float) -> str:
        """`first` images of class 0, the others in turn of the rest."""
        others = 1 + torch.arange(self.SAMPLES - first) % (self.CLASSES - 1)
        answers = torch.cat([torch.zeros(first, dtype=torch.long), others])
        z_t = height * torch.eye(self.CLASSES)[answers]
        e_t = torch.full((self.SAMPLES, 5), strength)
        p_t = z_t.softmax(1)
        self._table.set_data(array(p_t))
        for bar, share in zip(self._mean, p_t.mean(0).tolist(), strict=True):
            bar.set_height(share)
        losses = (one_hot_loss(z_t).item(), activation_loss(e_t).item(), entropy_loss(z_t).item())
        for bar, text, loss, weight in zip(
            self._bars, self._numbers, losses, (ONE_HOT, ACTIVATION, ENTROPY), strict=True
        ):
            bar.set_height(weight * loss)
            text.set_y(weight * loss + (0.08 if loss > 0 else -0.38))
            text.set_text(f"{weight * loss:.2f}")
        said = zip(("one-hot", "activation", "entropy"), losses, strict=True)
        return "Without weights: " + ", ".join(f"{name} <b>{loss:.2f}</b>" for name, loss in said) + "."


class Frame(NamedTuple):
    """A moment of a generator's training: some of its images, and the teacher's logits on more of them."""

    images: Float[Tensor, "N 1 H W"]
    z_t: Float[Tensor, "M K"]


class TogglesExplorer(Film):
    """Three losses, each on or off: the images and the classes that a generator learns to make, step by step.

    films: {(one-hot, activation, entropy): its frames}. steps: the generator's step of each frame. A button plays.
    """

    def __init__(self, films: Mapping[Toggles, Sequence[Frame]], steps: Sequence[int]) -> None:
        require(
            {len(film) for film in films.values()} == {len(steps)},
            f"{len(steps)} steps for films of {sorted({len(film) for film in films.values()})} frames",
            ShapeError,
        )
        self.films, self.steps = dict(films), tuple(steps)
        first = next(iter(films.values()))[0]
        live = LiveFigure(
            alt="Left a page of generated images, right a bar for each class: its share of the teacher's answers.",
            size=(8.6, 3.1),
            width_ratios=(1.9, 1),
        )
        left, right = live.axes
        self._page = bare(left).imshow(
            mosaic(first.images, COLUMNS), cmap="gray", vmin=0, vmax=1, interpolation="nearest"
        )
        self._bars = class_bars(right, [0.0] * first.z_t.shape[1])
        right.set_title("the teacher's answers", fontsize=11)
        live.live(self._page, self._bars)
        losses = {
            "one_hot": Checkbox(True, description="one-hot loss", indent=False),
            "activation": Checkbox(True, description="activation loss", indent=False),
            "entropy": Checkbox(True, description="entropy loss", indent=False),
        }
        super().__init__(steps, losses, live, moment=len(steps) - 1, interval=400)

    def draw(self, moment: int, one_hot: bool, activation: bool, entropy: bool) -> str:
        """One frame of one film, and in words whether the generator has collapsed."""
        film = self.films.get((one_hot, activation, entropy))
        if film is None:
            return "Nobody tells the generator anything: it stays as it is. Switch a loss on."
        frame = film[moment]
        balance = class_balance(frame.z_t)
        self._page.set_data(mosaic(frame.images, COLUMNS))
        for bar, share in zip(self._bars, balance.shares, strict=True):
            bar.set_height(share)
            bar.set_color(VERMILION if balance.collapsed else BLUE)
        sure = frame.z_t.softmax(1).amax(1).mean().item()
        return f"Step {self.steps[moment]}: {balance.sentence}; the teacher is sure to <b>{sure:.0%}</b> on average."
