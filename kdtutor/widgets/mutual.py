"""What is touched in the lesson on mutual learning: two students in a triangle, a cohort's losses, shaken weights."""

from collections.abc import Mapping

import numpy as np
import torch
from ipywidgets import Dropdown, FloatSlider, IntSlider
from jaxtyping import Float
from torch import Tensor

from ..figures.charts import array
from ..figures.mutual import METHODS, NETS, in_triangle, triangle
from ..figures.style import BLUE, GREEN, VERMILION, look
from ..papers.hinton import entropy
from ..papers.mutual import mutual_loss
from ..papers.tensors import relative_entropy
from .explorer import Explorer
from .live import LiveFigure

CLASSES = ("shirt", "coat", "dress")
STARTS = torch.tensor([[2.4, 0.0, 1.2], [-0.6, 1.4, 0.4]])
"""The logits with which the two students of the triangle begin."""
RATE, MOST = 0.2, 60  # of a step, and steps
WHO = ("both teach each other", "2 teaches 1", "1 teaches 2", "nobody teaches")


def walk(label: float, weight: float, who: str, steps: int = MOST) -> Float[Tensor, "n 2 3"]:
    """The logits of two students after each gradient step on one image of class 0, from `STARTS`: label · cross-entropy
    + weight · the mutual loss of whoever is taught."""
    z = STARTS.clone()
    way = [z]
    learns = {"both teach each other": (True, True), "2 teaches 1": (True, False), "1 teaches 2": (False, True)}
    goal = torch.eye(3)[0]
    for _ in range(steps):
        p = z.softmax(1)
        pulls = torch.tensor(learns.get(who, (False, False))).float()[:, None]
        z = z - RATE * (label * (p - goal) + weight * pulls * (p - p.flip(0)))
        way.append(z)
    return torch.stack(way)


class TriangleExplorer(Explorer):
    """Two students look at one image of a shirt; every point of the triangle is an opinion about it. Their ways, step
    by step, under the pull of the label and that of each other."""

    def __init__(self, label: float = 0.0, weight: float = 1.0) -> None:
        live = LiveFigure(
            alt="Left: a triangle whose corners are shirt, coat and dress, with the ways of two students. "
            "Right: the probability that each gives to the shirt, over the steps.",
            size=(7.6, 3.3),
            width_ratios=(1, 1.15),
        )
        left, right = live.axes
        triangle(left, CLASSES)
        self._ways = [
            left.plot([], [], label=f"student {i}", **{**style, "marker": ""})[0] for i, style in self._nets()
        ]
        self._now = [left.plot([], [], linestyle="", **self._dot(i, style))[0] for i, style in self._nets()]
        self._curves = [
            right.plot([], [], label=f"student {i}", **{**style, "marker": ""})[0] for i, style in self._nets()
        ]
        self._line = right.axvline(0, color="0.4", linewidth=1)
        right.set(xlim=(0, MOST), ylim=(0, 1.02), xlabel="steps", ylabel="probability of the shirt")
        right.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="lower right")
        live.live(self._ways, self._now, self._curves, self._line)
        super().__init__(
            {
                "label": FloatSlider(label, min=0, max=1, step=0.1, description="pull of label"),
                "weight": FloatSlider(weight, min=0, max=4, step=0.25, description="of each other"),
                "who": Dropdown(options=WHO, value=WHO[0], description="who teaches"),
                "steps": IntSlider(MOST, min=0, max=MOST, description="steps"),
            },
            figure=live,
        )

    @staticmethod
    def _nets() -> list[tuple[int, dict]]:
        return [(number, dict(style)) for number, style in enumerate(NETS, 1)]

    @staticmethod
    def _dot(number: int, style: dict) -> dict:
        """The first is larger, so that both are seen where they meet."""
        size = 13 if number == 1 else 7
        return {"color": style["color"], "marker": style["marker"], "markersize": size, "markeredgecolor": "k"}

    def draw(self, label: float, weight: float, who: str, steps: int) -> str:
        """z_i ← z_i − rate · (label · (p_i − y) + weight · (p_i − p_other))."""
        z = walk(label, weight, who)
        p = z.softmax(2)
        self._line.set_xdata([steps, steps])
        for i in range(2):
            points = in_triangle(p[: steps + 1, i])
            self._ways[i].set_data(*points.T)
            self._now[i].set_data(*points[-1:].T)
            self._curves[i].set_data(np.arange(MOST + 1), array(p[:, i, 0]))
        here = p[steps]
        apart = max(0.0, mutual_loss(z[steps, :1], [z[steps, 1:]]).item())  # rounding may bring it below
        certain = ", ".join(f"{value:.2f}" for value in entropy(here).tolist())
        return (
            f"After {steps} steps the students give the shirt <b>{here[0, 0]:.0%}</b> and <b>{here[1, 0]:.0%}</b>; "
            f"KL(p_2 ‖ p_1) = {apart:.3f}, entropies {certain} nats. Sum of their logits for the shirt: "
            f"<b>{z[steps, :, 0].sum().item():.2f}</b>."
        )


class CohortExplorer(Explorer):
    """What a net with K − 1 peers minimises over its own logit of two: the mean of the KLs, the KL from the mean of
    their probabilities, and the KL from the mean of their logits, which is another thing."""

    def __init__(self, nets: int = 3, spread: float = 5.0) -> None:
        live = LiveFigure(
            alt="Three curves over the net's logit. Two run in parallel with one lowest place; the third, of mean "
            "logits, has another.",
            size=(6.8, 3.2),
        )
        (ax,) = live.axes
        self._z = torch.linspace(-5, 5, 201)
        names = {"mean of the KLs": BLUE, "KL from mean probabilities": GREEN, "KL from mean logits": VERMILION}
        self._curves = {
            name: ax.plot([], [], label=name, color=color, linestyle=look("", i)["linestyle"])[0]
            for i, (name, color) in enumerate(names.items())
        }
        self._lowest = {name: ax.plot([], [], "o", color=curve.get_color())[0] for name, curve in self._curves.items()}
        (self._peers,) = ax.plot([], [], "|", color="0.2", markersize=16, label="peers")
        ax.set(xlim=(-5, 5), ylim=(-0.1, 3.2), xlabel="the net's logit of the first class", ylabel="nats")
        ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="upper center", ncols=2)
        live.live(self._curves.values(), self._lowest.values(), self._peers)
        super().__init__(
            {
                "nets": IntSlider(nets, min=2, max=8, description="nets"),
                "spread": FloatSlider(spread, min=0, max=6, step=0.5, description="spread"),
            },
            figure=live,
        )

    def draw(self, nets: int, spread: float) -> str:
        """The peers' logits lie evenly from −1 to −1 + spread, or at −1 where there is one."""
        at = -1 + spread * torch.linspace(0, 1, nets - 1)
        log_p, log_q = _two(self._z)[:, None], _two(at)  # positions 1 2, peers 2
        voices = {
            "mean of the KLs": log_q,
            "KL from mean probabilities": log_q.logsumexp(0, keepdim=True) - np.log(nets - 1),
            "KL from mean logits": _two(at.mean(0, keepdim=True)),
        }
        curves = {
            name: relative_entropy(*torch.broadcast_tensors(voice, log_p)).sum(2).mean(1)
            for name, voice in voices.items()
        }
        lowest = {}
        for name, curve in curves.items():
            i = int(curve.argmin())
            lowest[name] = f"<b>{self._z[i].item():.1f}</b>"
            self._curves[name].set_data(array(self._z), array(curve))
            self._lowest[name].set_data([self._z[i].item()], [curve[i].item()])
        self._peers.set_data(array(at), np.zeros(len(at)))
        each, mean, logits = lowest.values()
        gap = (curves["mean of the KLs"] - curves["KL from mean probabilities"]).mean().item()
        return (
            f"Peers: {nets - 1}. The mean of the KLs is lowest at {each}, the KL from the mean at {mean}; they are "
            f"<b>{abs(gap):.3f}</b> nats apart everywhere. From the mean of the logits it is lowest at {logits}."
        )


def _two(z: Float[Tensor, " n"]) -> Float[Tensor, "n 2"]:
    """Logarithms of the probabilities of two classes, of which the first has these logits."""
    return torch.stack([z, torch.zeros_like(z)], 1).log_softmax(1)


class NoiseExplorer(Explorer):
    """The training loss of several nets over the noise in their weights, and where the slider stands.

    losses: {"absolute" or "relative": (σ, {name: losses at each σ, draw by draw})}.
    """

    def __init__(
        self,
        losses: Mapping[str, tuple[Float[Tensor, " sigmas"], Mapping[str, Float[Tensor, "sigmas draws"]]]],
    ) -> None:
        self._losses = {kind: (array(s), {n: array(x) for n, x in nets.items()}) for kind, (s, nets) in losses.items()}
        first = next(iter(self._losses.values()))
        live = LiveFigure(
            alt="Training loss over the noise in the weights, a curve for each net, every draw as a dot; "
            "a line marks the noise of the slider.",
            size=(6.6, 3.2),
        )
        (ax,) = live.axes
        looks = {name: METHODS.get(name) or look(name, i) for i, name in enumerate(first[1])}
        self._means = {n: ax.plot([], [], label=n, markersize=5, **style)[0] for n, style in looks.items()}
        self._dots = {n: ax.plot([], [], ".", color=style["color"], alpha=0.5)[0] for n, style in looks.items()}
        self._line = ax.axvline(0, color="0.4", linewidth=1)
        self._ax, self._shown = ax, ""
        ax.set(xlim=(-0.03, 1.03), xlabel="σ, as a share of the largest", ylabel="training loss, nats")
        ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="upper left")
        live.live(self._means.values(), self._dots.values(), self._line)
        steps = min(len(s) for s, _ in self._losses.values())
        super().__init__(
            {
                "noise": Dropdown(options=list(self._losses), description="noise"),
                "strength": IntSlider(steps // 2, min=0, max=steps - 1, description="strength"),
            },
            figure=live,
        )

    def draw(self, noise: str, strength: int) -> str:
        sigmas, nets = self._losses[noise]
        share = sigmas / sigmas.max()
        if noise != self._shown:  # a scale of its own: then everything is drawn again
            self._shown = noise
            self._ax.set_ylim(0, 1.05 * max(losses.max() for losses in nets.values()))
        for name, losses in nets.items():
            self._means[name].set_data(share, losses.mean(1))
            self._dots[name].set_data(np.repeat(share, losses.shape[1]), losses.ravel())
        self._line.set_xdata([share[strength]] * 2)
        told = ", ".join(f"{name} <b>{losses[strength].mean():.2f}</b>" for name, losses in nets.items())
        unit = "of the length of each filter" if noise == "relative" else "in every parameter"
        return (
            f"σ = {sigmas[strength]:.2g} {unit}: the training loss is {told} nats, the mean of {losses.shape[1]} draws."
        )
