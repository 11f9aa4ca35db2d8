"""Pictures of the lesson on FitNets: what depth destroys, how runs start, where a hint sits, attention maps."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from ..train.seeds import mean_and_error
from .charts import array, mean_line
from .picture import Picture
from .style import BLACK, GREEN, ORANGE, PURPLE, ROLES, SEQUENTIAL, SKY, Look, bare, looks

if TYPE_CHECKING:
    import pandas as pd

LOOKS: dict[str, Look] = {
    "alone": ROLES["alone"],
    "hint": ROLES["taught"],
    "two phases": {"color": GREEN, "linestyle": "-.", "marker": "v"},
    "after phase 1": {"color": GREEN, "linestyle": ":", "marker": "^"},
    "attention": {"color": PURPLE, "linestyle": ":", "marker": "D"},
    "logits": {"color": ORANGE, "linestyle": "--", "marker": "P"},
    "shortcuts": {"color": BLACK, "linestyle": "-", "marker": "^"},
    "with shortcuts": {"color": BLACK, "linestyle": "-", "marker": "^"},
    "plain": {"color": PURPLE, "linestyle": "-.", "marker": "D"},
    "untrained": {"color": "0.6", "linestyle": ":", "marker": "X"},
}
"""How the methods of the study fitnets_start look, and nets that were never trained."""


def looks_of(names: Sequence[str]) -> dict[str, Look]:
    """The look of each name, where the lesson has one."""
    return {name: LOOKS.get(name, look) for name, look in looks(list(names)).items()}


def over_depth(
    shares: Mapping[str, Sequence[float]], *, alt: str, ylabel: str = "", chance: float | None = None, log: bool = False
) -> Picture:
    """A number for each convolution of a net, {net: numbers}; a block has two convolutions, the stem one."""
    appearance = looks_of(list(shares))
    picture = Picture(alt=alt, size=(6.4, 3.1))
    ax = picture.subplots()
    for name, numbers in shares.items():
        ax.plot([1 + 2 * i for i in range(len(numbers))], list(numbers), label=name, markersize=4, **appearance[name])
    if chance is not None:
        ax.axhline(chance, color="0.6", linewidth=1, linestyle=":")
    ax.set(xlabel="convolutions passed", ylabel=ylabel, yscale="log" if log else "linear")
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture


def starts(frame: "pd.DataFrame", methods: Sequence[str], *, alt: str) -> Picture:
    """Validation accuracy over the steps of both phases, mean ± standard error over the seeds: fitnets_start."""
    picture = Picture(alt=alt, size=(7.0, 3.6))
    ax = picture.subplots()
    for method, look in looks_of(methods).items():
        mean_line(ax, frame[frame["method"] == method], "steps", "val", method, look)
    ax.set(xlabel="steps, both phases", ylabel="validation accuracy, %", ylim=(0, 100))
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="center left", bbox_to_anchor=(1, 0.5))
    return picture


def over_layers(frame: "pd.DataFrame", *, alt: str) -> Picture:
    """Test accuracy over the layer where the hint sits, every seed a dot; the student alone as a band."""
    picture = Picture(alt=alt, size=(5.2, 3.2))
    ax = picture.subplots()
    hints = frame[frame["method"] == "hint"]
    ax.plot(hints["layer"], 100 * hints["test"], "o", color=SKY, markersize=4, label="hint, each seed")
    mean_line(ax, hints, "layer", "test", "hint", LOOKS["hint"])
    mean, error = map(float, mean_and_error(100 * frame[frame["method"] == "alone"]["test"]))
    ax.axhspan(mean - error, mean + error, color=ROLES["alone"]["color"], alpha=0.25, label="alone")
    ax.set(xlabel="layer of the hint", ylabel="test accuracy, %", ylim=(0, 100))
    layers = sorted(hints["layer"].unique())
    ax.set_xticks(layers, [f"{layer:g}" for layer in layers])
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="lower center", ncols=3)
    return picture


def side_by_side(image: Tensor, maps: Mapping[str, Float[Tensor, "h w"]], *, alt: str) -> Picture:
    """An image and maps of it (h, w), each on its own scale from 0 to its maximum."""
    picture = Picture(alt=alt, size=(1.35 * (len(maps) + 1), 1.7))
    first, *others = picture.subplots(1, len(maps) + 1, squeeze=False)[0]
    bare(first).imshow(array(image).squeeze(), cmap="gray")
    first.set_title("image", fontsize=10)
    for ax, (title, values) in zip(others, maps.items(), strict=True):
        table = array(values)
        bare(ax).imshow(table, cmap=SEQUENTIAL, vmin=0, vmax=table.max() or 1)
        ax.set_title(title, fontsize=10)
    return picture
