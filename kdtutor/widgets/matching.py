"""What is touched in the lesson on matching: what is kept of a real group of maps, and the groups over the epochs."""

from collections.abc import Sequence
from typing import Any

import torch
from ipywidgets import Checkbox, Dropdown, IntSlider, SelectionSlider
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import array
from ..figures.style import BLUE, DIVERGING, PALETTE, VERMILION, bare
from ..papers.matching import How, groups, reduce, reduce_margin
from ..papers.overhaul import margin_relu
from .explorer import Explorer
from .live import LiveFigure

PIXELS = 14  # of a map in the mosaic, whatever its own size
GAP = 1  # between two maps
WAYS: dict[How, str] = {"max": "absolute max", "random": "random drop", "sparse": "sparse"}


class ReductionExplorer(Explorer):
    """A group of teacher channels and the one map that each of the three ways makes of it, beside the student's.

    images: (N, 1, H, W), bytes. f_s, f_t: the maps of one stage, (N, C_s, h, w) and (N, C_t, h, w). M: the flow matrix;
    S: the sparse one. margins: those of the teacher's channels.
    """

    def __init__(
        self,
        images: Tensor,
        f_s: Float[Tensor, "N C_s h w"],
        f_t: Float[Tensor, "N C_t h w"],
        M: Float[Tensor, "C_s C_t"],
        S: Float[Tensor, "C_s C_t"],
        margins: Float[Tensor, " C_t"],
        captions: Sequence[str],
    ) -> None:
        require(
            M.shape == S.shape == (f_s.shape[1], f_t.shape[1]),
            f"flow matrices {tuple(M.shape)} and {tuple(S.shape)} for {f_s.shape[1]} and {f_t.shape[1]} channels",
            ShapeError,
        )
        self._f_s, self._f_t, self._M, self._S = f_s.detach().cpu(), f_t.detach().cpu(), M.cpu(), S.cpu()
        self._margins, self._pixels = margins.detach().cpu(), array(images)[:, 0]
        G = groups(self._M)[0].shape[1]
        live = LiveFigure(
            alt="Top: an image, the student's map, and the teacher's maps in its group. Bottom: which one has the "
            "largest magnitude where, and what absolute max pooling, random drop and sparse matching leave of them.",
            size=(1.6 * (G + 2), 3.7),
            rows=2,
            columns=G + 2,
        )
        top, bottom = live.axes[: G + 2], live.axes[G + 2 :]
        self._image = bare(top[0]).imshow(self._pixels[0], cmap="gray", vmin=0, vmax=255)
        self._student = _panel(top[1], "student")
        self._group = [_panel(ax, f"member {k + 1}") for k, ax in enumerate(top[2:])]
        bottom[0].set_axis_off()
        colours = ListedColormap([PALETTE[k % len(PALETTE)] for k in range(G)])
        self._winner = bare(bottom[1]).imshow(
            torch.zeros(2, 2).numpy(), cmap=colours, vmin=-0.5, vmax=G - 0.5, extent=(0, 1, 1, 0)
        )
        bottom[1].set_title("largest magnitude", fontsize=10)
        for k, ax in enumerate(top[2:]):
            ax.title.set_color(colours(k))
        self._ways = {how: _panel(ax, title) for ax, (how, title) in zip(bottom[2:], WAYS.items(), strict=False)}
        for ax in bottom[5:]:
            ax.set_axis_off()
        live.live(self._image, self._student, self._group, self._winner, self._ways.values())
        super().__init__(
            {
                "image": SelectionSlider(options=[(c, i) for i, c in enumerate(captions)], description="image"),
                "channel": IntSlider(1, min=1, max=len(M), description="student channel"),
                "draw_": IntSlider(0, min=0, max=9, description="random draw"),
                "cut": Checkbox(False, description="after the margin ReLU"),
            },
            figure=live,
        )

    def draw(self, image: int, channel: int, draw_: int, cut: bool) -> str:
        """Colours: orange negative, purple positive, on one scale for the teacher's maps."""
        j, f = channel - 1, self._f_t[[image]]
        mine = self._M[j].nonzero().flatten()
        group, kept = f[0, mine], self._kept(f, j, draw_)
        if cut:
            group = margin_relu(group[None], self._margins[mine])[0]
        scale = f[0, mine].abs().max().item() or 1.0
        self._image.set_data(self._pixels[image])
        student = self._f_s[image, j]
        self._student.set_data(array(student / (student.abs().max().item() or 1.0)))
        for k, panel in enumerate(self._group):
            panel.set_data(array(group[min(k, len(group) - 1)] / scale * (k < len(group))))
        self._winner.set_data(array(f[0, mine].abs().argmax(0)))
        somewhere = (f[0, mine] > 0).any(0)
        for how, panel in self._ways.items():
            panel.set_data(array((self._above(kept[how], how, j, draw_) if cut else kept[how]) / scale))
        shares = {how: (values[somewhere] > 0).float().mean().item() for how, values in kept.items()}
        return (
            f"Student channel {channel} owns the teacher's {', '.join(str(k + 1) for k in mine.tolist())}. Of the "
            f"places where one of them is positive, a positive value is left at <b>{100 * shares['max']:.0f} %</b> by "
            f"absolute max, {100 * shares['random']:.0f} % by random drop, {100 * shares['sparse']:.0f} % by sparse "
            "matching."
        )

    def _above(self, kept: Tensor, how: How, j: int, seed: int) -> Tensor:
        """A reduced map after the margin ReLU, with the margin of its group."""
        M = self._S if how == "sparse" else self._M
        m = reduce_margin(self._margins, M[[j]], how, torch.Generator().manual_seed(seed))
        return margin_relu(kept[None, None], m)[0, 0]

    def _kept(self, f: Tensor, j: int, seed: int) -> dict[How, Tensor]:
        """What each way leaves of the group of student channel j, (h, w) each."""
        generator = torch.Generator().manual_seed(seed)
        return {
            "max": reduce(f, self._M[[j]])[0, 0],
            "random": reduce(f, self._M[[j]], "random", generator)[0, 0],
            "sparse": reduce(f, self._S[[j]], "sparse")[0, 0],
        }


class MatchingsExplorer(Explorer):
    """The groups of the first student channels while the student learns, drawn on the maps of one image.

    flows: for each epoch the flow matrices of every stage. maps_s: for each epoch the student's maps of one image at
    every stage, (C_s, h, w). maps_t: those of the teacher, (C_t, h, w). names: of the stages.
    """

    SHOWN = 4  # student channels

    def __init__(
        self,
        flows: Sequence[Sequence[Float[Tensor, "_C_s _C_t"]]],
        maps_s: Sequence[Sequence[Float[Tensor, "_C_s _h _w"]]],
        maps_t: Sequence[Float[Tensor, "_C_t _h _w"]],
        names: Sequence[str],
    ) -> None:
        require(
            len(flows) == len(maps_s) > 0,
            f"{len(flows)} epochs of flow matrices and {len(maps_s)} of maps: give one of each for every epoch",
            ShapeError,
        )
        self._flows, self._maps_s, self._maps_t = flows, maps_s, [x.detach().cpu() for x in maps_t]
        self.names = tuple(names)
        self._width = 1 + max(int(M.sum(1).max()) for stages in flows for M in stages)
        live = LiveFigure(
            alt="Left: in each row a student channel and the teacher channels that it owns; those that are new are "
            "framed. Right: how many teacher channels changed their owner in each epoch.",
            size=(8.8, 4.2),
            width_ratios=(1.25, 1),
        )
        mosaic, chart = live.axes
        bare(mosaic).set(xlim=(-0.45, self._width + 0.3), ylim=(self.SHOWN, -0.25))
        self._mosaic = mosaic.imshow(
            torch.zeros(2, 2).numpy(), cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto", interpolation="nearest",
            extent=(0, self._width, self.SHOWN, 0),
        )  # fmt: skip
        mosaic.text(0.5, -0.06, "student", ha="center", va="bottom", fontsize=10)
        mosaic.text(
            1 + (self._width - 1) / 2, -0.06, "the teacher's channels it owns", ha="center", va="bottom", fontsize=10
        )
        places = [(row, column) for row in range(self.SHOWN) for column in range(self._width)]
        self._labels = [
            mosaic.text(x + 0.04, y + 0.06, "", fontsize=8.5, va="top", bbox={"color": "w", "pad": 0.8, "alpha": 0.75})
            for y, x in places
        ]
        self._frames = [
            mosaic.add_patch(Rectangle((x, y), 0.95, 0.95, fill=False, edgecolor=VERMILION, linewidth=2.5))
            for y, x in places
        ]
        self._bars = chart.bar(range(1, len(flows) + 1), [0] * len(flows), color=BLUE)
        chart.set(xlabel="epoch", ylabel="new owner, % of the channels", ylim=(0, 100))
        live.live(self._mosaic, self._labels, self._frames, self._bars)
        super().__init__(
            {
                "epoch": SelectionSlider(
                    options=[(str(i + 1), i) for i in range(len(flows))],
                    value=min(2, len(flows) - 1),
                    description="epoch",
                ),
                "stage": Dropdown(options=[(name, n) for n, name in enumerate(self.names)], description="stage"),
            },
            figure=live,
        )

    def moved(self, epoch: int, stage: int) -> Tensor:
        """Which teacher channels have another owner than in the epoch before, (C_t,)."""
        before, now = self._flows[max(epoch - 1, 0)][stage], self._flows[epoch][stage]
        return (before != now).any(0)

    def draw(self, epoch: int, stage: int) -> str:
        """One row a student channel, one column a member of its group."""
        M, moved = self._flows[epoch][stage], self.moved(epoch, stage)
        student, teacher = self._maps_s[epoch][stage].detach().cpu(), self._maps_t[stage]
        side = PIXELS + GAP
        canvas = torch.full((self.SHOWN * side, self._width * side), torch.nan)
        for artist in (*self._labels, *self._frames):
            artist.set_visible(False)
        for row in range(min(self.SHOWN, len(M))):
            owned = M[row].nonzero().flatten().tolist()
            members = [student[row], *(teacher[k] for k in owned)]
            for column, values in enumerate(members):
                y, x = row * side, column * side
                canvas[y : y + PIXELS, x : x + PIXELS] = _enlarged(values / (values.abs().max().item() or 1.0))
                place = row * self._width + column
                self._labels[place].set_text(str(row + 1) if column == 0 else str(owned[column - 1] + 1))
                self._labels[place].set_visible(True)
                self._frames[place].set_visible(column > 0 and bool(moved[owned[column - 1]]))
        self._mosaic.set_data(array(canvas))
        for i, bar in enumerate(self._bars):
            bar.set_height(100 * self.moved(i, stage).float().mean().item())
            bar.set_color(VERMILION if i == epoch else BLUE)
        return (
            f"Epoch {epoch + 1}, {self.names[stage]}: <b>{int(moved.sum())} of {M.shape[1]}</b> teacher channels have "
            "an owner that they did not have in the epoch before."
        )


def _enlarged(values: Float[Tensor, "h w"]) -> Float[Tensor, "PIXELS PIXELS"]:
    """A map of any size as one of PIXELS × PIXELS, every value drawn as a rectangle."""
    y, x = ((torch.arange(PIXELS) * n) // PIXELS for n in values.shape)
    return values[y][:, x]


def _panel(ax: Axes, title: str) -> Any:
    bare(ax).set_title(title, fontsize=10)
    zeros = torch.zeros(2, 2).numpy()
    return ax.imshow(zeros, cmap=DIVERGING, vmin=-1, vmax=1, extent=(0, 1, 1, 0), interpolation="nearest")
