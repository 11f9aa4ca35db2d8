"""`RouteFilm`: one sample's way through a tiny routing network with two spots, number by number, there and back."""

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from ipywidgets import Dropdown
from matplotlib.patches import Ellipse, FancyArrowPatch
from matplotlib.text import Text
from torch import Tensor

from ..figures.style import BLUE, VERMILION, bare
from ..papers.decisions import TAU, decide
from .film import Film
from .live import LiveFigure

WAYS = {
    "student, then teacher": (False, True),
    "teacher, then teacher": (True, True),
    "teacher, then student": (True, False),
    "student, then student": (False, False),
}
POINT, LABEL = (1.0, 0.5), 1
WEIGHTS = {  # of two nets with two segments each, of the adapters between them and of the policy; chosen to be legible
    "T₁": [[1.0, -0.5], [0.5, 1.0]], "T₂": [[1.0, -1.0], [-1.0, 2.0]],
    "S₁": [[0.4, 0.2], [-0.2, 0.6]], "S₂": [[1.0, 0.5], [0.2, -0.4]],
    "A": [[1.0, 0.3], [-0.3, 1.2]], "Ā": [[0.8, 0.0], [0.2, 0.7]],
    "policy": [[0.2, 0.4, 0.1, 0.0], [0.1, 0.0, 0.3, 0.2], [0.3, 0.2, 0.0, 0.1], [0.0, 0.1, 0.2, 0.0]],
}  # fmt: skip
NOISE = 0.8, -0.4  # of what the coin says and of what it does not


@dataclass
class Worked:
    """A route worked out: `values` by name, and what autograd says of both losses by name; None: nothing arrives."""

    values: dict[str, Tensor] = field(default_factory=dict)
    route: dict[str, Tensor | None] = field(default_factory=dict)
    student: dict[str, Tensor | None] = field(default_factory=dict)


def worked(first: bool, second: bool, tau: float = TAU) -> Worked:
    """The route of `POINT` if the coins say so (True: the teacher's segment), with all gradients."""
    w = {name: torch.tensor(rows, requires_grad=True) for name, rows in WEIGHTS.items()}
    x, y = torch.tensor([POINT]), torch.tensor([LABEL])
    e_t, e_s = F.relu(x @ w["T₁"].T), F.relu(x @ w["S₁"].T)
    said = (torch.cat([e_t.detach(), e_s.detach()], 1) @ w["policy"].T).unflatten(1, (2, 2))  # 1 spots 2
    noise = torch.tensor([[NOISE if coin else NOISE[::-1] for coin in (first, second)]])
    a = decide(said, tau, noise)  # 1 spots
    a1, a2 = a[:, :1], a[:, 1:]
    g_t, g_s = e_t.detach(), e_s.detach()  # no gradient is needed before the first coin
    h_t = a1 * g_t + (1 - a1) * F.relu(g_s @ w["A"].T)
    h_s = (1 - a1) * g_s + a1 * F.relu(g_t @ w["Ā"].T)
    z_t, z_s = h_t @ w["T₂"].detach().T, h_s @ w["S₂"].detach().T
    z = a2 * z_t + (1 - a2) * z_s
    loss = F.cross_entropy(z, y)
    own, theirs = e_s @ w["S₂"].T, (e_t @ w["T₂"].T).detach()
    chosen = a > 0.5
    learnt = F.cross_entropy(own, y)
    learnt = learnt + chosen[0, 0] * F.mse_loss(e_s, g_t) + chosen[0, 1] * F.mse_loss(own, theirs)
    values = {
        "x": x, "T₁": e_t, "S₁": e_s, "policy": said, "a₁": a1, "a₂": a2, "T₂": z_t, "S₂": z_s, "z": z,
        "h_t": h_t, "h_s": h_s, "loss": loss, "learnt": learnt,
    }  # fmt: skip
    of = {"z": z, "a₂": a2, "h_t": h_t, "h_s": h_s, "a₁": a1, **w}
    return Worked(
        {name: value.detach() for name, value in values.items()},
        dict(zip(of, torch.autograd.grad(loss, list(of.values()), retain_graph=True, allow_unused=True), strict=True)),
        dict(zip(w, torch.autograd.grad(learnt, list(w.values()), allow_unused=True), strict=True)),
    )


PLACES = {
    "x": (0.0, 1.0), "T₁": (1.6, 2.0), "S₁": (1.6, 0.0), "policy": (3.1, -1.7), "A": (3.4, 0.5), "Ā": (3.4, 1.5),
    "a₁": (4.6, -0.8), "T₂": (5.8, 2.0), "S₂": (5.8, 0.0), "a₂": (7.5, -0.95), "z": (8.2, 1.0),
}  # fmt: skip
APPEARS = {"x": 0, "T₁": 0, "S₁": 0, "policy": 1, "a₁": 2, "a₂": 2, "A": 3, "Ā": 3, "T₂": 4, "S₂": 4, "z": 4}
ROUTE_GRADIENT = {"z": 5, "a₂": 5, "A": 6, "Ā": 6, "a₁": 6, "policy": 7}  # from which frame it is shown
LAST = 8  # frame: the other loss, the student's
CUT = {"T₁": 7, "S₁": 7, "T₂": 7, "S₂": 7}
DATA = (  # from, to, whether the first and the second coin let it pass (None: they have no say), first frame
    ("x", "T₁", None, None, 0), ("x", "S₁", None, None, 0), ("T₁", "T₂", True, None, 3), ("S₁", "S₂", False, None, 3),
    ("S₁", "A", False, None, 3), ("A", "T₂", False, None, 3), ("T₁", "Ā", True, None, 3), ("Ā", "S₂", True, None, 3),
    ("T₂", "z", None, True, 4), ("S₂", "z", None, False, 4),
)  # fmt: skip
SAID = (("T₁", "policy", 1), ("S₁", "policy", 1), ("policy", "a₁", 2), ("policy", "a₂", 2))
PALE, DARK = "0.88", "0.35"


class RouteFilm(Film):
    """A tiny teacher and a tiny student, cut at two spots: forward, and back to where each gradient stops.

    Frames: segments 1, policy, coins, crossing, segments 2 and z; then the gradient of the routing loss at z, at the
    first spot, at the policy; last the student's own loss. All numbers are autograd's, of the nets in `WEIGHTS`.
    """

    def __init__(self, way: str = "student, then teacher") -> None:
        self.worked = {name: worked(*coins) for name, coins in WAYS.items()}
        live = LiveFigure(
            alt="Two rows of boxes, teacher above and student below, joined by adapters; two coins say which segment "
            "a sample takes. Black numbers are values on the way to z, orange ones gradients on the way back; "
            "the word nothing stands where none arrives.",
            size=(9.2, 4.4),
        )
        self._ax = bare(live.axes[0])
        self._ax.set(xlim=(-0.6, 9.0), ylim=(-2.3, 2.75))
        self._boxes: dict[str, Ellipse] = {}
        self._values: dict[str, Text] = {}
        self._gradients: dict[str, Text] = {}
        self._names: list[Text] = []
        for name, (x, y) in PLACES.items():
            self._box(name, x, y)
        self._arrows = {(a, b): self._arrow(a, b) for a, b, *_ in (*DATA, *SAID)}
        for words, y in (("teacher", 2.0), ("student", 0.0)):
            self._ax.text(0.9, y, words, fontsize=10.5, color="0.3", ha="right", va="center")
        parts = (self._arrows, self._boxes, self._values, self._gradients)
        live.live(*(part.values() for part in parts), self._names)
        super().__init__(range(1, LAST + 2), {"way": Dropdown(options=list(WAYS), value=way, description="the coins")},
                         live, moment=7, interval=2500)  # fmt: skip

    def draw(self, moment: int, way: str) -> str:
        """One frame of one way."""
        now, coins = self.worked[way], WAYS[way]
        back = now.student if moment == LAST else now.route
        for name in PLACES:
            shown = moment >= APPEARS[name]
            self._boxes[name].set(edgecolor=self._colour(name) if shown else PALE, linewidth=1.8 if shown else 1.0)
            self._values[name].set_text(_value(now, name) if shown else "")
            self._gradients[name].set_text(_arrives(back, name, moment))
        for a, b, first, second, since in DATA:
            open_ = first in (None, coins[0]) and second in (None, coins[1])
            self._arrows[a, b].set(color=DARK if moment >= since and open_ else PALE, zorder=2 if open_ else 1)
        for a, b, since in SAID:
            self._arrows[a, b].set(color=BLUE if moment >= since else PALE)
        return SENTENCES[moment](now, coins)

    def _box(self, name: str, x: float, y: float) -> None:
        small = name in ("a₁", "a₂", "A", "Ā", "x", "z")
        shape = Ellipse((x, y), 0.62 if small else 0.95, 0.5 if small else 0.6, facecolor="w", zorder=4)
        self._ax.add_patch(shape)
        self._boxes[name] = shape
        style: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 6}
        self._names.append(self._ax.text(x, y, name, fontsize=10.5, **style))
        paper = {"facecolor": "w", "edgecolor": "none", "alpha": 0.85, "pad": 0.6}
        self._values[name] = self._ax.text(x, y - 0.47, "", fontsize=8.5, bbox=paper, **style)
        self._gradients[name] = self._ax.text(x, y + 0.45, "", fontsize=8.5, color=VERMILION, bbox=paper, **style)

    def _arrow(self, start: str, goal: str) -> FancyArrowPatch:
        said = (start, goal) in {(a, b) for a, b, _ in SAID}
        arrow = FancyArrowPatch(
            PLACES[start], PLACES[goal], arrowstyle="-|>", mutation_scale=10, shrinkA=20, shrinkB=20,
            linestyle="--" if said else "-", linewidth=1.2 if said else 1.8, color=PALE,
        )  # fmt: skip
        self._ax.add_patch(arrow)
        return arrow

    def _colour(self, name: str) -> str:
        return {"T": "0.25", "S": BLUE}.get(name[0], "0.45")


def _numbers(x: Tensor) -> str:
    return ", ".join(f"{value:.2f}" for value in (x.flatten() + 0.0).tolist())


def _value(now: Worked, name: str) -> str:
    if name not in now.values:
        return ""
    if name == "policy":
        said = now.values["policy"][0, :, 0] - now.values["policy"][0, :, 1]
        return f"ℓ₀ − ℓ₁: {_numbers(said)}"
    if name in ("a₁", "a₂"):
        return f"{now.values[name].item():.0f}"
    return _numbers(now.values[name])


def _arrives(back: dict[str, Tensor | None], name: str, moment: int) -> str:
    """What a frame shows of a gradient: a coin's with its sign, of weights the length, and where none arrives."""
    since = {**ROUTE_GRADIENT, **CUT}
    if name not in back or (moment < since.get(name, LAST) and moment != LAST):
        return ""
    gradient = back[name]
    if gradient is None:
        return "nothing"
    if name == "z":
        return f"∂ {_numbers(gradient)}"
    return f"∂ {gradient.item():+.2f}" if gradient.numel() == 1 else f"‖∂‖ {gradient.norm().item():.3f}"


def _who(coin: bool) -> str:
    return "teacher" if coin else "student"


def _reached(now: Worked, name: str) -> Tensor:
    gradient = now.route[name]
    assert gradient is not None  # of z, the coins and the policy
    return gradient


def _wish(now: Worked, coin: str) -> str:
    gradient = _reached(now, coin).item()
    return f"<b>{gradient:+.2f}</b>: descent asks for more of the {_who(gradient < 0)}'s segment"


def _segments(now: Worked, coins: tuple[bool, bool]) -> str:
    return "<b>Segments 1.</b> Both nets read the same two numbers x, and each makes two of its own."


def _asked(now: Worked, coins: tuple[bool, bool]) -> str:
    return (
        "<b>The policy</b> reads both, cut off from their gradients. For each spot it says how much it leans towards "
        "the teacher."
    )


def _tossed(now: Worked, coins: tuple[bool, bool]) -> str:
    first, second = map(_who, coins)
    return f"<b>The coins.</b> Noise is added, and the larger side wins: first the {first}, then the {second}."


def _crossed(now: Worked, coins: tuple[bool, bool]) -> str:
    kept, moved, adapter = ("T₂", "S₂", "Ā") if coins[0] else ("S₂", "T₂", "A")
    return (
        f"<b>Spot 1.</b> The first coin says {_who(coins[0])}. So {kept} goes on with what its own net made, and "
        f"{moved} gets the same through the adapter {adapter}."
    )


def _arrived(now: Worked, coins: tuple[bool, bool]) -> str:
    loss = now.values["loss"].item()
    return f"<b>z</b> is what the {_who(coins[1])}'s second segment made. Routing loss: <b>{loss:.3f}</b>."


def _back_at_two(now: Worked, coins: tuple[bool, bool]) -> str:
    return f"<b>Back, spot 2.</b> The second coin gets {_wish(now, 'a₂')}."


def _back_at_one(now: Worked, coins: tuple[bool, bool]) -> str:
    return (
        "<b>Back, spot 1.</b> The gradient passes <i>through</i> segment 2 but leaves its weights alone. The first "
        f"coin gets {_wish(now, 'a₁')}. An adapter off the way gets 0."
    )


def _back_at_policy(now: Worked, coins: tuple[bool, bool]) -> str:
    length = _reached(now, "policy").norm().item()
    return (
        "<b>The end of the way back.</b> A coin passes its gradient on times y(1 − y)/τ, so the policy gets "
        f"<b>{length:.3f}</b>. Here it stops: the policy's inputs are cut off, and both nets get nothing."
    )


def _other_loss(now: Worked, coins: tuple[bool, bool]) -> str:
    spots = [f"spot {i}" for i, coin in enumerate(coins, 1) if coin]
    taught = f"The teacher is copied at {' and '.join(spots)}." if spots else "No spot is copied; the label is all."
    return (
        f"<b>The student's own loss: {now.values['learnt'].item():.3f}.</b> {taught} Its gradient reaches the "
        "student's weights alone; at the policy nothing arrives."
    )


SENTENCES = (
    _segments, _asked, _tossed, _crossed, _arrived, _back_at_two, _back_at_one, _back_at_policy, _other_loss,
)  # fmt: skip
