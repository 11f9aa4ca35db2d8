"""The first widget of the lesson on matching: channels as points on a circle that pair off."""

from collections.abc import Sequence
from typing import Any

import torch
from ipywidgets import Dropdown, IntSlider
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from ..figures.charts import array
from ..figures.style import BLUE, GREEN, VERMILION, bare
from ..papers.matching import assign, flow_cost
from .explorer import Explorer
from .live import LiveFigure

OWNERS = (BLUE, VERMILION, GREEN)
STUDENTS, MARKERS = "abc", "osD"
TEACHER = (20, 65, 115, 160, 235, 310)  # degrees, the six channels of the toy
BEST, GREEDY, POSITION = "best in total", "cheapest pair first", "by position"
PAIRINGS = (BEST, GREEDY, POSITION)


def directions(degrees: Sequence[float]) -> Float[Tensor, "1 C 1 2"]:
    """Channels whose map has two pixels and unit length: points on a circle."""
    angle = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    return torch.stack([angle.cos(), angle.sin()], dim=1).view(1, -1, 1, 2)


def greedy(cost: Float[Tensor, "C_s C_t"]) -> Float[Tensor, "C_s C_t"]:
    """Take the cheapest pair that is left, again and again; a student channel is full with C_t / C_s of them."""
    left, M = cost.clone(), torch.zeros_like(cost)
    for _ in range(cost.shape[1]):
        row, column = divmod(int(left.argmin()), cost.shape[1])
        M[row, column] = 1
        left[:, column] = torch.inf
        if M[row].sum() >= cost.shape[1] // len(cost):
            left[row] = torch.inf
    return M


def paired_off(cost: Float[Tensor, "C_s C_t"], pairing: str) -> Float[Tensor, "C_s C_t"]:
    """The flow matrix of one of `PAIRINGS`."""
    if pairing == GREEDY:
        return greedy(cost)
    return assign(cost if pairing == BEST else torch.zeros_like(cost))


class PairingExplorer(Explorer):
    """Three student channels and six teacher channels as points on a circle: who owns whom, and the table of costs."""

    def __init__(self, a: int = 40, b: int = 130, c: int = 270) -> None:
        live = LiveFigure(
            alt="Left, six teacher channels on a circle and three student channels on a smaller one, a line from each "
            "to the two that it owns. Right, the table of costs with the owned pairs framed.",
            size=(8.6, 3.7),
            width_ratios=(1, 1.7),
        )
        circle, table = live.axes
        self._markers, self._lines = _circle(circle)
        self._cells, self._numbers, self._frames = _table(table)
        live.live(self._lines, self._markers, self._cells, self._frames, self._numbers)
        angles = {
            name: IntSlider(value, min=0, max=355, step=5, description=f"channel {name}, degrees")
            for name, value in zip(STUDENTS, (a, b, c), strict=True)
        }
        super().__init__({**angles, "pairing": Dropdown(options=PAIRINGS, description="pairs are made")}, figure=live)

    def draw(self, a: int, b: int, c: int, pairing: str) -> str:
        """cost = 2 - 2 cos of the angle between two channels."""
        cost = flow_cost(directions((a, b, c)), directions(TEACHER))
        M = paired_off(cost, pairing)
        self._cells.set_data(array(cost))
        for number, value in zip(self._numbers, cost.flatten().tolist(), strict=True):
            number.set_text(f"{value:.1f}")
        for marker, angle in zip(self._markers, (a, b, c), strict=True):
            marker.set_data(*_point(angle, 0.6))
        owned = M.nonzero().tolist()
        for (row, column), line, frame in zip(owned, self._lines, self._frames, strict=True):
            start, end = _point((a, b, c)[row], 0.6), _point(TEACHER[column], 1.0)
            line.set_data([start[0][0], end[0][0]], [start[1][0], end[1][0]])
            line.set_color(OWNERS[row])
            frame.set_xy((column - 0.46, row - 0.46))
            frame.set_edgecolor(OWNERS[row])
        words = [f"{name} owns {_listed(M[row])}" for row, name in enumerate(STUDENTS)]
        total, least = ((part * cost).sum().item() for part in (M, assign(cost)))
        return f"{'; '.join(words)}. Total cost <b>{total:.2f}</b>, the least possible is {least:.2f}."


def _listed(row: Tensor) -> str:
    return " and ".join(str(k + 1) for k in row.nonzero().flatten().tolist())


def _point(degrees: float, radius: float) -> tuple[list[float], list[float]]:
    x, y = (radius * directions([degrees])).flatten().tolist()
    return [x], [y]


def _circle(ax: Axes) -> tuple[list[Any], list[Any]]:
    """The teacher's points, drawn once; the student's points and the lines between them."""
    bare(ax).set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    for radius in (0.6, 1.0):
        ax.add_patch(Circle((0, 0), radius, fill=False, edgecolor="0.8"))
    for k, degrees in enumerate(TEACHER):
        (x,), (y,) = _point(degrees, 1.0)
        ax.plot(x, y, "^", color="k", markersize=9)
        ax.text(1.17 * x, 1.17 * y, str(k + 1), ha="center", va="center", fontsize=11)
    ax.set_title("teacher ▲ outside, student inside", fontsize=10)
    lines = [ax.plot([0, 0], [0, 0], linewidth=2)[0] for _ in TEACHER]
    markers = [
        ax.plot(0, 0, marker, color=colour, markersize=11, markeredgecolor="k")[0]
        for marker, colour in zip(MARKERS, OWNERS, strict=True)
    ]
    return markers, lines


def _table(ax: Axes) -> tuple[Any, list[Any], list[Any]]:
    """The table of costs, its numbers, and the frames of the owned pairs."""
    rows, columns = len(STUDENTS), len(TEACHER)
    cells = bare(ax).imshow(torch.zeros(rows, columns).numpy(), cmap="Greys", vmin=0, vmax=6, aspect="auto")
    ax.set_xticks(range(columns), [str(k + 1) for k in range(columns)])
    ax.set_yticks(range(rows), [f"{name} {mark}" for name, mark in zip(STUDENTS, "●■◆", strict=True)])
    for label, colour in zip(ax.get_yticklabels(), OWNERS, strict=True):
        label.set(color=colour, fontsize=13)
    ax.set_xlabel("teacher channel ▲")
    ax.set_title("cost of each pair, 0 (alike) to 4 (opposite)", fontsize=10)
    places = [(row, column) for row in range(rows) for column in range(columns)]
    numbers = [ax.text(column, row, "", ha="center", va="center", fontsize=11) for row, column in places]
    frames = [ax.add_patch(Rectangle((0, 0), 0.92, 0.92, fill=False, linewidth=3)) for _ in TEACHER]
    return cells, numbers, frames
