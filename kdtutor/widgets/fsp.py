"""What is touched in the lesson on FSP: two toy layers whose features move, and the matrices of real networks."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import torch
from ipywidgets import Dropdown, FloatSlider, IntSlider, SelectionSlider
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import array
from ..figures.style import BLUE, DIVERGING, ROLES, SEQUENTIAL, VERMILION, bare
from ..papers.adapters import Pool, same_size
from ..papers.fsp import fsp_matrix
from .explorer import Explorer
from .live import LiveFigure

SIDE = 4  # of a toy map
FARTHEST = 2.0  # distance that the bars can show
FIRST = ("moving bar", "row 2")
SECOND = ("column 2", "corner", "everywhere")

KEEP, BOTH, ONE, CHANNELS = (
    "nothing",
    "positions, both layers alike",
    "positions, first layer only",
    "channels, first layer",
)
SHUFFLES = (KEEP, BOTH, ONE, CHANNELS)


def shuffled(
    a: Float[Tensor, "B C h w"], b: Float[Tensor, "B D h w"], shuffle: str, seed: int = 0
) -> tuple[Float[Tensor, "B C h w"], Float[Tensor, "B D h w"]]:
    """Two maps of one size after one of `SHUFFLES`."""

    def moved(x: Tensor) -> Tensor:
        """The last dimension in another order: along a random cycle, so that nothing keeps its place."""
        cycle = torch.randperm(x.shape[-1], generator=torch.Generator().manual_seed(seed))
        order = torch.empty_like(cycle)
        order[cycle] = cycle.roll(1)
        return x[..., order]

    if shuffle in (BOTH, ONE):
        a = moved(a.flatten(2)).view_as(a)
    if shuffle == BOTH:
        b = moved(b.flatten(2)).view_as(b)
    if shuffle == CHANNELS:
        a = moved(a.transpose(1, 3)).transpose(1, 3)
    return a, b


def toy_layers(column: int, strength: float) -> tuple[Float[Tensor, "1 2 4 4"], Float[Tensor, "1 3 4 4"]]:
    """Two small layers. The first has a bar in a column of one's choice and a full second row; the second answers to
    the second column, to the lower right corner, and everywhere."""
    first, second = torch.zeros(1, 2, SIDE, SIDE), torch.zeros(1, 3, SIDE, SIDE)
    first[0, 0, :, column - 1] = strength
    first[0, 1, 1] = 1.0
    second[0, 0, :, 1] = 1.0
    second[0, 1, 2:, 2:] = 1.0
    second[0, 2] = 0.5
    return first, second


class FlowExplorer(Explorer):
    """A multiplication table of feature maps: each cell is the product of two maps, and its mean is one number of the
    FSP matrix. The whole table is one image, which is drawn in a third of the time that eleven images take."""

    def __init__(self, column: int = 2) -> None:
        live = LiveFigure(
            alt="A table of small feature maps: two channels of the first layer at the left, three of the second on "
            "top, in each cell their product, and below it its mean, a number of the FSP matrix.",
            size=(5.4, 4.9),
        )
        ax = bare(live.axes[0])
        rows, columns = _place(len(FIRST) + 1, len(SECOND) + 1)
        self._table = ax.imshow(array(torch.zeros(rows, columns)), cmap="Greys", vmin=0, vmax=2, aspect="equal")
        ax.set(xlim=(-1.6, columns - 0.4), ylim=(rows - 0.2, -1.6))
        for row, column_ in product(range(len(FIRST) + 1), range(len(SECOND) + 1)):
            y, x = _place(row, column_)
            header = (row == 0) != (column_ == 0)
            colour = (VERMILION if row == 0 else BLUE) if header else "0.7"
            if row or column_:
                side = SIDE + 0.2
                ax.add_patch(Rectangle((x - 0.6, y - 0.6), side, side, fill=False, edgecolor=colour, linewidth=1.5))
            if header:
                name = SECOND[column_ - 1] if row == 0 else FIRST[row - 1]
                ax.text(x + 1.5, y - 0.7, name, color=colour, fontsize=10, ha="center", va="bottom")
        ax.text(3.4, 0.8, "layer 2 →", color=VERMILION, ha="right", fontsize=11)
        ax.text(3.4, 3.2, "layer 1 ↓", color=BLUE, ha="right", fontsize=11)
        self._cells = [_place(row + 1, column_ + 1) for row in range(len(FIRST)) for column_ in range(len(SECOND))]
        style: dict[str, Any] = {"fontsize": 12, "ha": "center", "va": "top"}
        self._numbers = [ax.text(x + 1.5, y + SIDE - 0.25, "", **style) for y, x in self._cells]
        live.live(self._table, self._numbers)
        super().__init__(
            {
                "column": IntSlider(column, min=1, max=SIDE, description="column of the bar"),
                "strength": FloatSlider(1.0, min=0, max=2, step=0.1, description="its strength", readout_format=".1f"),
                "shuffle": Dropdown(options=SHUFFLES, value=KEEP, description="shuffle"),
            },
            figure=live,
        )

    def draw(self, column: int, strength: float, shuffle: str) -> str:
        """G_ij = Σ_xy a_ixy · b_jxy / 16."""
        a, b = shuffled(*toy_layers(column, strength), shuffle)
        table = torch.full(_place(len(FIRST) + 1, len(SECOND) + 1), torch.nan)  # nothing is drawn between the maps
        heads = [_place(i + 1, 0) for i in range(len(FIRST))] + [_place(0, j + 1) for j in range(len(SECOND))]
        maps = [*a[0], *b[0], *(a[0, :, None] * b[0]).flatten(0, 1)]
        for (y, x), values in zip([*heads, *self._cells], maps, strict=True):
            table[y : y + SIDE, x : x + SIDE] = values
        self._table.set_data(array(table))
        flow = fsp_matrix(a, b)[0]
        for number, value in zip(self._numbers, flow.flatten().tolist(), strict=True):
            number.set_text(f"{value:.3f}")
        rows = ", ".join("(" + ", ".join(f"{value:.3f}" for value in row) + ")" for row in flow.tolist())
        return f"The bar stands in column {column} with strength {strength:.1f}: the rows of the matrix are {rows}."


def _place(row: int, column: int) -> tuple[int, int]:
    """The upper left pixel of a map of the table; between maps there is room for a number."""
    return row * (SIDE + 2), column * (SIDE + 1)


class MatrixExplorer(Explorer):
    """The paper's own picture: FSP matrices of one image, teacher, student alone and student taught, on one scale.

    images: (N, 1, H, W), bytes. taps: {"teacher": …, "alone": …, "taught": …}, each a sequence of active maps
    (N, C_i, H_i, W_i), as `Trace.taps` gives them; all three need the same channels. names: of the taps.
    """

    def __init__(
        self,
        images: Tensor,
        taps: Mapping[str, Sequence[Float[Tensor, "N _C _H _W"]]],
        names: Sequence[str],
        captions: Sequence[str],
        pool: Pool = "max",
    ) -> None:
        require(list(taps) == ["teacher", "alone", "taught"], "taps: give teacher, alone and taught, in this order")
        widths = {who: tuple(x.shape[1] for x in maps) for who, maps in taps.items()}
        require(
            len(set(widths.values())) == 1,
            f"the channels differ, {widths}: only matrices of one shape can be laid side by side",
            ShapeError,
        )
        self.pool, self.names = pool, tuple(names)
        self._taps = {who: [x.detach().cpu() for x in maps] for who, maps in taps.items()}
        self._pixels = array(images)[:, 0]
        live = LiveFigure(
            alt="An image; the FSP matrices of teacher, student alone and student taught on one colour scale; below, "
            "the distance of both students to the teacher, and their differences to the teacher's matrix.",
            size=(9.2, 5.0),
            rows=2,
            width_ratios=(0.8, 1, 1, 1),
        )
        picture, *top, distances, legend, below_alone, below_taught = live.axes
        self._image = bare(picture).imshow(self._pixels[0], cmap="gray", vmin=0, vmax=255)
        self._flows = {who: _matrix(ax, who, SEQUENTIAL) for ax, who in zip(top, taps, strict=True)}
        self._differences = {
            "alone": _matrix(below_alone, "alone − teacher", DIVERGING),
            "taught": _matrix(below_taught, "taught − teacher", DIVERGING),
        }
        top[0].set_ylabel("channels of the first layer")
        for ax in (*top, below_alone, below_taught):
            ax.set_xlabel("channels of the second")  # not named here: a new label would cost a full drawing
        legend.set_axis_off()
        bars = live.figure.colorbar
        bars(self._flows["taught"], ax=top, ticks=[0, 1], pad=0.01).set_ticklabels(["0", "largest"])
        marks = bars(self._differences["taught"], ax=[below_alone, below_taught], ticks=[-1, 0, 1], pad=0.01)
        marks.set_ticklabels(["too little", "0", "too much"])
        self._bars = distances.bar(
            ["alone", "taught"], [0, 0], color=[ROLES[who]["color"] for who in ("alone", "taught")]
        )
        distances.set(ylim=(0, FARTHEST), title="distance")
        distances.title.set_fontsize(11)
        distances.grid(False, axis="x")
        live.live(self._image, self._flows.values(), self._differences.values(), self._bars)
        pairs = [(f"{a} → {b}", i) for i, (a, b) in enumerate(zip(self.names, self.names[1:], strict=False))]
        super().__init__(
            {
                "image": SelectionSlider(
                    options=[(c, i) for i, c in enumerate(captions)], value=0, description="image"
                ),
                "layers": Dropdown(options=pairs, value=len(pairs) - 1, description="layers"),
                "shuffle": Dropdown(options=SHUFFLES, value=KEEP, description="shuffle in taught"),
            },
            figure=live,
        )

    def draw(self, image: int, layers: int, shuffle: str) -> str:
        """‖G_s − G_t‖ / ‖G_t‖, the root of the sum of squares over the matrix, is the distance shown."""
        flows = {}
        for who, maps in self._taps.items():
            a, b = same_size(maps[layers][[image]], maps[layers + 1][[image]], self.pool)
            flows[who] = fsp_matrix(*shuffled(a, b, shuffle if who == "taught" else KEEP))[0]
        largest = max(flow.max().item() for flow in flows.values()) or 1.0
        self._image.set_data(self._pixels[image])
        for who, flow in flows.items():
            self._flows[who].set_data(array(flow / largest))
        errors = {who: flows[who] - flows["teacher"] for who in self._differences}
        strongest = max(error.abs().max().item() for error in errors.values()) or 1.0
        distance = {who: (error.norm() / flows["teacher"].norm()).item() for who, error in errors.items()}
        for (who, error), bar in zip(errors.items(), self._bars, strict=True):
            self._differences[who].set_data(array(error / strongest))
            bar.set_height(min(distance[who], FARTHEST))
        return (
            f"{self.names[layers]} → {self.names[layers + 1]}: {' × '.join(map(str, flows['teacher'].shape))} numbers, "
            f"the largest {largest:.2f}. Distance to the teacher's matrix, as a share of its size: alone "
            f"<b>{distance['alone']:.2f}</b>, taught <b>{distance['taught']:.2f}</b>."
        )


def _matrix(ax: Axes, title: str, colours: str) -> AxesImage:
    low = -1 if colours == DIVERGING else 0
    bare(ax).set_title(title, fontsize=11)
    return ax.imshow(
        array(torch.zeros(2, 2)),
        cmap=colours,
        vmin=low,
        vmax=1,
        aspect="auto",
        extent=(0, 1, 1, 0),
        interpolation="nearest",
    )
