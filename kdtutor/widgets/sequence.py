"""What is touched in the lesson on language models: how a text is drawn, a divergence of two characters, and which of
two peaks a student takes."""

import html
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from ipywidgets import Dropdown, FloatSlider, IntSlider
from jaxtyping import Float
from torch import Tensor

from ..data import decode, encode
from ..errors import require
from ..figures.style import BLUE, ORANGE, VERMILION
from ..nets.language import LanguageModel
from ..nets.modes import evaluating
from ..nets.sampling import continued, probabilities
from ..papers.on_policy import divergences
from .explorer import Explorer
from .live import LiveFigure

SHOWN = 12  # of the most probable next characters
WRITTEN = 40  # characters a redraw: as many as a tenth of a second allows
NAMES = {" ": "space", "\n": "line"}  # of characters that cannot be seen


class SamplingExplorer(Explorer):
    """A model's probabilities of the next character after a prompt, and a text that is drawn from them.

    models: {name: model}; characters: those that they know. `T` divides the logits; `top_k` leaves the most probable.
    Equal seeds draw by equal numbers, whoever writes.
    """

    def __init__(self, models: Mapping[str, LanguageModel], characters: Sequence[str], prompts: Sequence[str]) -> None:
        require(len(models) > 0 and len(prompts) > 0, "nobody to write, or nothing to begin with: give one of each")
        self.models, self.characters = dict(models), tuple(characters)
        live = LiveFigure(
            alt=f"Bars: the {SHOWN} most probable next characters after the prompt, at this temperature.",
            size=(7.0, 2.4),
        )
        (ax,) = live.axes
        self._bars = ax.bar(range(SHOWN), [0.0] * SHOWN, color=BLUE, width=0.7)
        self._names = [ax.text(i, 0, "", ha="center", va="bottom", fontsize=9) for i in range(SHOWN)]
        ax.set(ylim=(0, 1.15), ylabel="probability", xlabel="next character, the most probable first", xticks=[])
        ax.grid(False, axis="x")
        live.live(self._bars, self._names)
        super().__init__(
            {
                "writer": Dropdown(options=list(models), description="writer"),
                "prompt": Dropdown(options=list(prompts), description="prompt"),
                "T": FloatSlider(1.0, min=0, max=2, step=0.1, description="temperature T"),
                "top_k": IntSlider(len(characters), min=1, max=len(characters), description="top k"),
                "seed": IntSlider(0, min=0, max=9, description="seed"),
            },
            figure=live,
        )

    def draw(self, writer: str, prompt: str, T: float, top_k: int, seed: int) -> str:
        model = self.models[writer]
        start = encode(prompt, self.characters)[None]
        u = torch.rand(1, WRITTEN, generator=torch.Generator().manual_seed(seed))
        where = next(model.parameters()).device
        with evaluating(model):
            p = probabilities(model(start.to(where))[0, -1], T, top_k).cpu()
        text = decode(continued(model, start.to(where), u.to(where), T, top_k)[0], self.characters)
        values, order = p.topk(SHOWN)
        for bar, name, value, k in zip(self._bars, self._names, values.tolist(), order.tolist(), strict=True):
            bar.set_height(value)
            name.set_y(value + 0.02)
            name.set_text(NAMES.get(self.characters[k], self.characters[k]))
        bits = float(torch.special.entr(p).sum()) / np.log(2)
        told = html.escape(text[len(prompt) :]).replace("\n", "↵")
        even = np.log2(len(self.characters))
        return (
            f"<b>{html.escape(prompt)}</b>{told}<br>Entropy of the next character: <b>{bits:.2f}</b> bits; if all "
            f"{len(self.characters)} were equally probable it would be {even:.2f}."
        )


class DivergenceExplorer(Explorer):
    """A teacher's probability of the first of two characters, and the generalised divergence over the student's: its
    value, and the slope at the student's logit, which is what a step of gradient descent feels."""

    def __init__(self, p_t: float = 0.9, beta: float = 0.5) -> None:
        live = LiveFigure(
            alt="Left: the divergence over the student's probability, 0 where it is the teacher's. Right: its slope. "
            "Dotted: forward and reverse KL.",
            size=(7.4, 3.0),
            columns=2,
        )
        left, right = live.axes
        self._z = torch.linspace(-7, 7, 141, dtype=torch.float64)
        p_s = self._z.sigmoid().numpy()
        self._lines, self._ends = [], []
        for ax, ylabel in ((left, "divergence, nats"), (right, "slope at the student's logit")):
            self._ends.append([ax.plot(p_s, p_s, ":", color=colour)[0] for colour in (ORANGE, VERMILION)])
            self._lines.append(ax.plot(p_s, p_s, color=BLUE, linewidth=2)[0])
            ax.set(xlim=(0, 1), xlabel="student's probability", ylabel=ylabel)
        left.set_ylim(0, 2)
        right.set_ylim(-1.4, 0.8)
        for line, name in zip((*self._ends[1], self._lines[1]), ("forward KL", "reverse KL", "this β"), strict=True):
            line.set_label(name)
        right.legend(fontsize=8.5, loc="upper left", framealpha=0.8, edgecolor="none")  # no slope rises there
        live.live(self._lines, *self._ends)
        super().__init__(
            {
                "p_t": FloatSlider(p_t, min=0.5, max=0.99, step=0.01, description="teacher's p"),
                "beta": FloatSlider(beta, min=0, max=1, step=0.01, description="β"),
            },
            figure=live,
        )

    def draw(self, p_t: float, beta: float) -> str:
        values, slopes = self._curve(p_t, beta)
        for axis, (line, shown) in enumerate(zip(self._lines, (values, slopes), strict=True)):
            line.set_ydata(shown.numpy())
            for end, other in zip(self._ends[axis], (0.0, 1.0), strict=True):
                end.set_ydata(self._curve(p_t, other)[axis].numpy())
        return (
            f"Where the student gives the teacher's choice almost nothing, the divergence is <b>{values[0]:.2f}</b> "
            f"nats and its slope <b>{slopes[0]:.3f}</b>."
        )

    def _curve(self, p_t: float, beta: float) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """The divergence at each logit of the student, and its slope there."""
        z = self._z.clone().requires_grad_()
        z_t = torch.tensor([p_t, 1 - p_t], dtype=z.dtype).log().expand(len(z), 2)
        values = divergences(torch.stack([z, torch.zeros_like(z)], 1), z_t, beta)
        (slopes,) = torch.autograd.grad(values.sum(), z)
        return values.detach(), slopes


class ModeExplorer(Explorer):
    """A teacher with two peaks and a student that can only have one: the one with the smallest divergence, found among
    all centres and widths of a grid."""

    PLACES = torch.linspace(-6, 6, 97, dtype=torch.float64)

    def __init__(self, beta: float = 0.0, distance: float = 5.0, share: float = 0.6) -> None:
        live = LiveFigure(
            alt="Left two grey peaks, the teacher, and a blue one, the student with the smallest divergence from it. "
            "Right the divergence over the student's centre: its valleys are what a student may fall into.",
            size=(8.4, 3.0),
            columns=2,
        )
        ax, valleys = live.axes
        x = self.PLACES.numpy()
        (self._teacher,) = ax.plot(x, x, color="0.35", linewidth=2, label="teacher")
        (self._student,) = ax.plot(x, x, color=BLUE, linewidth=2, linestyle="--", label="student")
        ax.set(xlim=(-6, 6), ylim=(0, 0.1), xlabel="what might be said", ylabel="probability", yticks=[])
        ax.legend(fontsize=9, loc="upper right", framealpha=0.8, edgecolor="none")
        along = torch.linspace(-4, 4, 65, dtype=torch.float64)
        (self._valleys,) = valleys.plot(along, along, color=BLUE, linewidth=2)
        (self._lowest,) = valleys.plot([0], [0], "o", color=VERMILION, markersize=8)
        valleys.set(xlim=(-4, 4), ylim=(0, 1.05), xlabel="centre of the student", ylabel="divergence, the largest = 1")
        live.live(self._teacher, self._student, self._valleys, self._lowest)
        centres, widths = torch.meshgrid(along, torch.linspace(0.5, 4, 36, dtype=torch.float64), indexing="ij")
        self._shape = centres.shape
        self._centres, self._widths = centres.flatten(), widths.flatten()
        self._z_s = peak(self._centres[:, None], self._widths[:, None])
        super().__init__(
            {
                "beta": FloatSlider(beta, min=0, max=1, step=0.02, description="β"),
                "distance": FloatSlider(distance, min=0, max=7, step=0.5, description="distance"),
                "share": FloatSlider(share, min=0.5, max=0.9, step=0.05, description="left peak's share"),
            },
            figure=live,
        )

    def draw(self, beta: float, distance: float, share: float) -> str:
        z_t = two_peaks(distance, share)
        values = divergences(self._z_s, z_t.expand_as(self._z_s), beta)
        best = self.nearest(values)
        p_s, p_t = self._z_s[best].softmax(0), z_t.softmax(0)
        self._teacher.set_ydata(p_t.numpy())
        self._student.set_ydata(p_s.numpy())
        valleys = values.reshape(self._shape).min(dim=1).values
        self._valleys.set_ydata((valleys / valleys.max()).numpy())
        self._lowest.set_data([float(self._centres[best])], [float(valleys.min() / valleys.max())])
        never = float(p_s[p_t < 0.1 * p_t.max()].sum())
        left = self.PLACES < 0
        return (
            f"Centre <b>{self._centres[best]:.2f}</b>, width <b>{self._widths[best]:.1f}</b>: <b>{never:.0%}</b> of "
            f"what it says the teacher would hardly say; {p_s[left].sum():.0%} of it is on the left, where the "
            f"teacher has {p_t[left].sum():.0%}."
        )

    @staticmethod
    def nearest(values: Float[Tensor, " students"]) -> int:
        """The student with the smallest divergence; the first of those that rounding alone tells apart, as where both
        peaks are alike."""
        return int((values <= values.min() + 1e-12).int().argmax())


def peak(centre: Float[Tensor, "..."] | float, width: Float[Tensor, "..."] | float) -> Float[Tensor, "... n"]:
    """Logits of a bell over the places of `ModeExplorer`."""
    return -(((ModeExplorer.PLACES - centre) / width) ** 2) / 2


def two_peaks(distance: float, share: float, width: float = 0.7) -> Float[Tensor, " n"]:
    """Logits of two bells, the left one with `share` of the probability."""
    bells = [peak(centre, width).log_softmax(-1) for centre in (-distance / 2, distance / 2)]
    return torch.logaddexp(bells[0] + np.log(share), bells[1] + np.log(1 - share))
