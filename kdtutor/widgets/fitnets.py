"""What is touched in the lesson on FitNets: what depth destroys, where a hint sits, and where a layer looks."""

from collections.abc import Mapping, Sequence

import torch
from ipywidgets import FloatSlider, IntSlider, SelectionSlider
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import array
from ..figures.fitnets import looks_of
from ..figures.style import BLUE, GREEN, ORANGE, ROLES, SEQUENTIAL, VERMILION, bare
from ..nets import Net, count_parameters
from ..papers.attention import attention_map
from .explorer import Explorer
from .live import LiveFigure

Maps = Sequence[Float[Tensor, "N _C _H _W"]]


class DepthExplorer(Explorer):
    """What is left of an image, layer by layer, in nets of one depth.

    images: (N, 1, H, W), bytes. maps: {net: its active maps (N, C, h, w) after the stem and after each block}.
    accuracies: {net: one number for each of its maps}, drawn as lines.
    """

    def __init__(self, images: Tensor, maps: Mapping[str, Maps], accuracies: Mapping[str, Sequence[float]]) -> None:
        require(list(maps) == list(accuracies), "give maps and accuracies of the same nets, in one order", ShapeError)
        counts = {len(layers) for layers in maps.values()}
        require(len(counts) == 1, f"the nets have {counts} maps: they need equally many", ShapeError)
        self._means = {name: [x.detach().cpu().mean(1) for x in layers] for name, layers in maps.items()}
        self._accuracies = {name: [float(value) for value in values] for name, values in accuracies.items()}
        self._pixels = array(images)[:, 0]
        live = LiveFigure(
            alt="An image, the mean map of each net at the chosen depth, and below how many images can still be told "
            "apart there, over the depth.",
            size=(7.2, 4.6),
            rows=2,
            columns=len(maps) + 1,
            height_ratios=(1, 1.1),
        )
        top, below = live.axes[: len(maps) + 1], live.axes[len(maps) + 1 :]
        self._image = bare(top[0]).imshow(self._pixels[0], cmap="gray", vmin=0, vmax=255)
        top[0].set_title("image", fontsize=11)
        self._shown = {name: _map(ax, name) for ax, name in zip(top[1:], maps, strict=True)}
        ax = _across(live, below)
        appearance = looks_of(list(maps))
        for name, values in self._accuracies.items():
            depths = [1 + 2 * i for i in range(len(values))]
            ax.plot(depths, [100 * value for value in values], label=name, markersize=4, **appearance[name])
        ax.axhline(10, color="0.6", linewidth=1, linestyle=":")
        ax.set(xlabel="convolutions passed", ylabel="nearest mean, %", ylim=(0, 100))
        ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="upper right")
        self._here = ax.axvline(1, color="0.3", linewidth=1.5)
        live.live(self._image, self._shown.values(), self._here)
        blocks = counts.pop() - 1
        super().__init__(
            {
                "block": IntSlider(0, min=0, max=blocks, description="blocks passed"),
                "image": IntSlider(0, min=0, max=len(self._pixels) - 1, description="image"),
            },
            figure=live,
        )

    def draw(self, block: int, image: int) -> str:
        """The mean over channels, each picture from its own smallest to its largest number."""
        self._image.set_data(self._pixels[image])
        for name, layers in self._means.items():
            values = layers[block][image]
            low, high = values.min().item(), values.max().item()
            self._shown[name].set_data(array((values - low) / (high - low or 1)))
        self._here.set_xdata([1 + 2 * block] * 2)
        found = ", ".join(f"{name} <b>{100 * values[block]:.0f} %</b>" for name, values in self._accuracies.items())
        passed = f"{1 + 2 * block} convolution{'s' if block else ''}"
        return f"After {passed} an image goes to the nearest class mean correctly: {found}."


class HintExplorer(Explorer):
    """Where the hint sits: which part of the student it trains, and what the translation costs.

    sizes: (height, width) of both nets' maps, stem first. accuracies: {layer: test accuracy with the hint there}.
    """

    COUNTS = ("guided layers", "1×1, weights", "fully connected, weights")

    def __init__(
        self, student: Net, teacher: Net, sizes: Sequence[tuple[int, int]], accuracies: Mapping[int, float]
    ) -> None:
        self._nets = {"teacher": teacher, "student": student}
        self._sizes, self._accuracies = tuple(sizes), dict(accuracies)
        live = LiveFigure(
            alt="Two nets as chains of boxes; the student's boxes up to the hint are coloured, a regressor connects "
            "them with the teacher's. Beside it, parameters of the guided layers and of two kinds of regressor.",
            size=(8.2, 3.0),
            width_ratios=(1.35, 1),
        )
        chain, bars = live.axes
        bare(chain).set(xlim=(-0.2, 5.2), ylim=(-0.35, 2.75))
        self._boxes = {
            who: _boxes(chain, who, net, y) for (who, net), y in zip(self._nets.items(), (1.8, 0), strict=True)
        }
        (self._arrow,) = chain.plot([0.4, 0.4], [0.84, 1.78], color=GREEN, linewidth=3, marker="^", markevery=[1])
        self._label = chain.text(0.5, 1.2, "", color=GREEN, fontsize=10, va="center")
        self._bars = bars.barh(range(3), [1] * 3, color=(BLUE, GREEN, ORANGE), height=0.6, left=0.1)
        bars.set(xscale="log", xlim=(10, 1e9), xlabel="parameters", yticks=range(3), yticklabels=self.COUNTS)
        bars.invert_yaxis()
        bars.grid(False, axis="y")
        self._numbers = [bars.text(1, y, "", va="center", fontsize=9.5) for y in range(3)]
        live.live(*self._boxes.values(), self._arrow, self._label, self._bars, self._numbers)
        super().__init__(
            {"layer": SelectionSlider(options=_LAYERS, value=2, description="hint after")},
            figure=live,
        )

    def draw(self, layer: int) -> str:
        """A 1×1 convolution has c_s · c_t weights, a fully connected regressor (c_s h w) · (c_t h w)."""
        widths = {who: (net.stem_width or 0, *net.widths)[layer] for who, net in self._nets.items()}
        for boxes in self._boxes.values():
            for i, box in enumerate(boxes):
                box.set_alpha(0.9 if i <= layer else 0.15)
        x = layer + 0.4
        self._arrow.set_xdata([x, x])
        right = layer < 3
        self._label.set(x=x + 0.12 if right else x - 0.12, y=1.26, ha="left" if right else "right")
        self._label.set_text(f"regressor {widths['student']} → {widths['teacher']}")
        h, w = self._sizes[layer]
        small = widths["student"] * widths["teacher"]
        guided = guided_parameters(self._nets["student"], layer)
        for bar, number, count in zip(self._bars, self._numbers, (guided, small, small * (h * w) ** 2), strict=True):
            bar.set_width(count)
            number.set_x(count * 1.3)
            number.set_text(f"{count:,}")
        total = count_parameters(self._nets["student"])
        accuracy = self._accuracies.get(layer)
        measured = "" if accuracy is None else f" Test accuracy with the hint here: <b>{100 * accuracy:.1f} %</b>."
        return (
            f"Maps of {h}×{w}: {widths['student']} channels of the student, {widths['teacher']} of the teacher. The "
            f"hint trains {100 * guided / total:.0f} % of the student's parameters."
            f"{measured}"
        )


class AttentionExplorer(Explorer):
    """Where teacher, student alone and student taught look: attention maps of one image.

    images: (N, 1, H, W), bytes. maps: {"teacher": …, "alone": …, "taught": …}, each the active maps (N, C_i, H_i, W_i)
    of the stages, of equal sizes; channels may differ.
    """

    def __init__(self, images: Tensor, maps: Mapping[str, Maps], names: Sequence[str]) -> None:
        require(list(maps) == ["teacher", "alone", "taught"], "maps: give teacher, alone and taught, in this order")
        sizes = {who: [tuple(x.shape[2:]) for x in layers] for who, layers in maps.items()}
        require(all(size == sizes["teacher"] for size in sizes.values()), f"the sizes differ, {sizes}", ShapeError)
        self._maps = {who: [x.detach().cpu() for x in layers] for who, layers in maps.items()}
        self._pixels, self.names = array(images)[:, 0], tuple(names)
        live = LiveFigure(
            alt="An image; the attention maps of teacher, student alone and student taught on one colour scale; bars "
            "show how far the students' maps are from the teacher's.",
            size=(8.6, 2.5),
            width_ratios=(1, 1, 1, 1, 0.7),
        )
        picture, *places, distances = live.axes
        self._image = bare(picture).imshow(self._pixels[0], cmap="gray", vmin=0, vmax=255)
        picture.set_title("image", fontsize=11)
        self._shown = {who: _map(ax, who) for ax, who in zip(places, maps, strict=True)}
        colours = [ROLES[who]["color"] for who in ("alone", "taught")]
        self._bars = distances.bar(range(2), [0, 0], color=colours, width=0.6)
        distances.set(ylim=(0, 2**0.5), title="distance")
        distances.title.set_fontsize(11)
        distances.set_xticks(range(2), ["alone", "taught"])
        live.live(self._image, self._shown.values(), self._bars)
        super().__init__(
            {
                "image": IntSlider(0, min=0, max=len(self._pixels) - 1, description="image"),
                "stage": SelectionSlider(
                    options=[(name, i) for i, name in enumerate(names)], value=len(names) // 2, description="stage"
                ),
                "p": FloatSlider(2.0, min=1, max=8, step=0.5, description="p", readout_format=".1f"),
            },
            figure=live,
        )

    def draw(self, image: int, stage: int, p: float) -> str:
        """‖A_s − A_t‖₂ of two unit vectors without negative numbers lies between 0 and √2."""
        flat = {who: attention_map(layers[stage][[image]], p)[0] for who, layers in self._maps.items()}
        largest = max(values.max().item() for values in flat.values()) or 1.0
        size = self._maps["teacher"][stage].shape[2:]
        self._image.set_data(self._pixels[image])
        for who, values in flat.items():
            self._shown[who].set_data(array(values.view(size) / largest))
        distance = {who: (flat[who] - flat["teacher"]).norm().item() for who in ("alone", "taught")}
        for bar, value in zip(self._bars, distance.values(), strict=True):
            bar.set_height(value)
        peak = flat["teacher"].square().max().item()
        return (
            f"{self.names[stage]}, {size[0]}×{size[1]} positions, p = {p:g}. The brightest position holds "
            f"{100 * peak:.0f} % of the teacher's squared length. Distance to the teacher: alone "
            f"<b>{distance['alone']:.2f}</b>, taught <b>{distance['taught']:.2f}</b> (at most 1.41)."
        )


_LAYERS = [("0: stem", 0), ("1: stage 1", 1), ("2: stage 2", 2), ("3: stage 3", 3)]


def guided_parameters(net: Net, layer: int) -> int:
    """Parameters of `net` up to layer (0: the stem, 1: the first stage, …): those that a hint there trains."""
    return count_parameters(net.stem) + sum(map(count_parameters, list(net.stages)[:layer]))  # type: ignore[arg-type]


def _across(live: LiveFigure, axes: Sequence[Axes]) -> Axes:
    """One pair of axes in the place of a row of them."""
    place = axes[0].get_subplotspec()
    assert place is not None
    for ax in axes:
        ax.remove()
    return live.figure.add_subplot(place.get_gridspec()[place.rowspan.start, :])


def _map(ax: Axes, title: str) -> AxesImage:
    bare(ax).set_title(title, fontsize=11)
    empty = array(torch.zeros(2, 2))
    return ax.imshow(empty, cmap=SEQUENTIAL, vmin=0, vmax=1, extent=(0, 1, 1, 0), interpolation="nearest")


def _boxes(ax: Axes, who: str, net: Net, y: float) -> list[Rectangle]:
    """Stem, stages and classifier of a net as boxes, as high as they are wide in channels."""
    widths = (net.stem_width or 0, *net.widths)
    colour = ROLES["teacher"]["color"] if who == "teacher" else BLUE
    ax.text(-0.1, y + 0.88, f"{who}: {net.name}", fontsize=10, color=colour if who == "student" else VERMILION)
    boxes = []
    for i, width in enumerate(widths):
        height = 0.2 + 0.6 * width / 64
        box = Rectangle((i, y + 0.4 - height / 2), 0.8, height, facecolor=BLUE if who == "student" else VERMILION)
        ax.text(i + 0.02, y - 0.12, f"{width}", ha="left", va="center", fontsize=9, color="0.3")
        ax.add_patch(box)
        boxes.append(box)
    ax.text(4.1, y + 0.4, "classifier", fontsize=9, color="0.3", va="center")
    return boxes
