"""What is touched in the lesson on RKD: six samples in the plane, and the neighbours of an image."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import torch
from ipywidgets import Dropdown, FloatSlider, IntSlider
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import Array, array
from ..figures.style import BLACK, BLUE, GREEN, VERMILION, bare
from ..papers.relational import angle_loss, angles, distance_loss, distances
from .explorer import Explorer
from .live import LiveFigure

NAMES = "ABCDEF"
HOME = ((-1.2, 0.8), (-0.9, -0.5), (-0.2, 1.2), (0.5, -1.0), (1.1, 0.2), (0.9, 1.3))
"""Six samples in the teacher's plane."""
EDGE = 3.6  # of the student's plane
PAIRS = tuple(combinations(range(len(HOME)), 2))


def student_space(
    sample: str = "F", x: float = HOME[5][0], y: float = HOME[5][1], turn: float = 0.0, scale: float = 1.0,
    shift: float = 0.0,
) -> Float[Tensor, "6 2"]:  # fmt: skip
    """The teacher's six samples, one of them at (x, y); then all are turned by degrees, scaled, and shifted."""
    e = torch.tensor(HOME, dtype=torch.float64)
    e[NAMES.index(sample)] = torch.tensor([x, y], dtype=torch.float64)
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    turned = e @ torch.tensor([[c, s], [-s, c]], dtype=torch.float64)
    return scale * turned + torch.tensor([shift, 0.0], dtype=torch.float64)


class StructureExplorer(Explorer):
    """Six samples, one of which the student may put elsewhere; the student's whole space turns, grows and moves.

    Below, every distance and every cosine of the student over that of the teacher: equal ones lie on the diagonal.
    """

    def __init__(self) -> None:
        live = LiveFigure(
            alt="Two planes with six samples A to F, the teacher's and the student's, joined by lines; below them the "
            "student's 15 distances and 60 cosines over the teacher's, with the diagonal on which both agree.",
            size=(6.8, 6.6), rows=2, columns=2,
        )  # fmt: skip
        teacher, student, pairs, triples = live.axes
        self._teacher = torch.tensor(HOME, dtype=torch.float64)
        _plane(teacher, "teacher", EDGE)
        _plane(student, "student", EDGE)
        _edges(teacher, array(self._teacher), "0.75")
        teacher.plot(*array(self._teacher).T, "o", color=BLACK, markersize=5)
        for name, place in zip(NAMES, HOME, strict=True):
            teacher.annotate(name, place, xytext=(4, 4), textcoords="offset points", fontsize=10)
        self._lines = [student.plot([], [], color="0.75", linewidth=0.9)[0] for _ in PAIRS]
        (self._dots,) = student.plot([], [], "o", color=BLUE, markersize=5)
        (self._chosen,) = student.plot([], [], "o", color=VERMILION, markersize=9)
        self._names = [student.text(0, 0, name, fontsize=10) for name in NAMES]
        self._distances = _relation(pairs, "distances ψ", (0, 2.4), BLUE)
        self._angles = _relation(triples, "cosines ψ", (-1.1, 1.1), GREEN)
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85}
        self._losses = [
            ax.text(0.04, 0.96, "", transform=ax.transAxes, va="top", fontsize=10, bbox=box) for ax in (pairs, triples)
        ]
        live.live(self._lines, self._dots, self._chosen, self._names, self._distances, self._angles, self._losses)
        step = {"step": 0.1, "readout_format": ".1f"}
        super().__init__(
            {
                "sample": Dropdown(options=list(NAMES), value="F", description="sample"),
                "x": FloatSlider(0.2, min=-2, max=2, description="its x", **step),
                "y": FloatSlider(-0.2, min=-2, max=2, description="its y", **step),
                "turn": IntSlider(0, min=0, max=360, step=5, description="turn the space, °"),
                "scale": FloatSlider(1.0, min=0.2, max=1.6, description="scale it", **step),
                "shift": FloatSlider(0.0, min=-1.5, max=1.5, description="shift it", **step),
            },
            figure=live,
        )

    def draw(self, sample: str, x: float, y: float, turn: float, scale: float, shift: float) -> str:
        e = student_space(sample, x, y, turn, scale, shift)
        places = array(e)
        for line, (i, j) in zip(self._lines, PAIRS, strict=True):
            line.set_data(*places[[i, j]].T)
        self._dots.set_data(*places.T)
        self._chosen.set_data(*places[[NAMES.index(sample)]].T)
        for name, (a, b) in zip(self._names, places, strict=True):
            name.set_position((a + 0.12, b + 0.12))
        first, second = zip(*PAIRS, strict=True)
        self._distances.set_data(array(distances(self._teacher)[first, second]), array(distances(e)[first, second]))
        self._angles.set_data(_cosines(self._teacher), _cosines(e))
        L_D, L_A = distance_loss(e, self._teacher).item(), angle_loss(e, self._teacher).item()
        for text, loss, name in zip(self._losses, (L_D, L_A), ("distance", "angle"), strict=True):
            text.set_text(f"{name} loss {loss:.4f}")
        verdict = "The student has the teacher's structure." if max(L_D, L_A) < 1e-9 else "The structures differ."
        return f"Distance loss {L_D:.4f}, angle loss {L_A:.4f}. {verdict}"


def _cosines(e: Float[Tensor, "B D"]) -> Array:
    """Each angle once: at every vertex, the pairs of two other samples."""
    psi = angles(e)
    return array(torch.stack([psi[i, j, k] for i in range(len(e)) for j, k in PAIRS if i not in (j, k)]))


def _plane(ax: Axes, title: str, edge: float) -> None:
    bare(ax).set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")
    ax.set_title(title, fontsize=11)
    ax.spines[:].set_visible(True)


def _edges(ax: Axes, places: Array, colour: str) -> None:
    for i, j in PAIRS:
        ax.plot(*places[[i, j]].T, color=colour, linewidth=0.9)


def _relation(ax: Axes, name: str, limits: tuple[float, float], colour: str) -> Line2D:
    """The diagonal, and the dots that move about it."""
    ax.plot(limits, limits, color="0.6", linewidth=1)
    ax.set(xlim=limits, ylim=limits, xlabel=f"{name}, teacher", ylabel=f"{name}, student")
    (dots,) = ax.plot([], [], "o", color=colour, markersize=4.5, alpha=0.7)
    return dots


class NeighbourExplorer(Explorer):
    """An image, and the nearest others in several embeddings, a row each; a frame tells right classes from wrong ones.

    images: (N, 1, H, W), bytes. embeddings: {name: (N, D)}. queries: rows that can be asked for.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Int[Tensor, " N"],
        embeddings: Mapping[str, Float[Tensor, "N D"]],
        queries: Sequence[int],
        neighbours: int = 7,
    ) -> None:
        for name, e in embeddings.items():
            require(
                len(e) == len(images) == len(labels),
                f"{name}: {len(e)} embeddings, {len(images)} images, {len(labels)} labels; one each is needed",
                ShapeError,
            )
        self._pixels, self._labels, self._queries = array(images)[:, 0], labels.tolist(), list(queries)
        self._nearest = {name: _nearest(e, self._queries, neighbours) for name, e in embeddings.items()}
        rows, columns = len(embeddings), neighbours + 1
        live = LiveFigure(
            alt="An image and its nearest neighbours, a row for each embedding; neighbours of the same class have a "
            "green frame, others an orange one.",
            size=(0.85 * columns + 0.9, 1.0 * rows + 0.2), rows=rows, columns=columns,
        )  # fmt: skip
        grid = [live.axes[row * columns : (row + 1) * columns] for row in range(rows)]
        self._images = [[bare(ax).imshow(self._pixels[0], cmap="gray", vmin=0, vmax=255) for ax in row] for row in grid]
        side = self._pixels.shape[1]
        frame = [-0.5, side - 0.5, side - 0.5, -0.5, -0.5], [-0.5, -0.5, side - 0.5, side - 0.5, -0.5]
        self._frames = [[ax.plot(*frame, linewidth=5, solid_joinstyle="miter")[0] for ax in row[1:]] for row in grid]
        for row, name in zip(grid, embeddings, strict=True):
            row[0].set_ylabel(name, fontsize=9.5)
        live.live(*self._images, *self._frames)
        super().__init__({"query": IntSlider(0, min=0, max=len(self._queries) - 1, description="image")}, figure=live)

    def draw(self, query: int) -> str:
        asked = self._queries[query]
        label, words = self._labels[asked], []
        for (name, nearest), images, frames in zip(self._nearest.items(), self._images, self._frames, strict=True):
            found = nearest[query].tolist()
            images[0].set_data(self._pixels[asked])
            right = 0
            for image, frame, row in zip(images[1:], frames, found, strict=True):
                image.set_data(self._pixels[row])
                frame.set_color(GREEN if self._labels[row] == label else VERMILION)
                right += self._labels[row] == label
            words.append(f"{name} {right}")
        return f"Of {len(found)} neighbours of this {label}, the right class has: {', '.join(words)}."


def _nearest(e: Float[Tensor, "N D"], queries: list[int], count: int) -> Int[Tensor, "Q count"]:
    """The rows nearest to each query, without itself."""
    d = torch.cdist(e[queries], e)
    d[torch.arange(len(queries)), queries] = torch.inf
    return d.topk(count, largest=False).indices
