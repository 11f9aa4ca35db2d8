"""The choice of a set: what lessons run on from now on, stored beside the runs of this folder."""

import os

from ipywidgets import ToggleButtons

from ..data import SHIPPED, load
from ..figures.charts import array
from ..figures.style import bare
from ..settings.chosen import CALLED, SET_VARIABLE, choose_set, chosen_set
from .explorer import Explorer
from .live import LiveFigure

PALE = 0.25  # opacity of the set that is not chosen


class SetChooser(Explorer):
    """An image of every class of both sets; the one that is chosen is what lessons run on.

    Where KDTUTOR_SET names a set, nothing is stored, and the sentence says so.
    """

    def __init__(self) -> None:
        sets = [load(name) for name in SHIPPED]
        columns = max(data.num_classes for data in sets)
        live = LiveFigure(
            alt="Two rows of ten images: the digits 0 to 9, and ten pieces of clothing; the set not chosen is pale.",
            size=(8.6, 2.1), rows=len(sets), columns=columns,
        )  # fmt: skip
        self._shown = {}
        for i, data in enumerate(sets):
            axes = live.axes[i * columns : (i + 1) * columns]
            rows = [int((data.train.labels == k).nonzero()[0]) for k in range(data.num_classes)]
            self._shown[data.name] = [
                bare(ax).imshow(array(data.train.images[row, 0]), cmap="gray", vmin=0, vmax=255)
                for ax, row in zip(axes, rows, strict=True)
            ]
            for ax, name in zip(axes, data.classes, strict=True):
                ax.set_title(name, fontsize=8, pad=2)
        live.live(*self._shown.values())
        options = [(CALLED[name], name) for name in SHIPPED]
        super().__init__({"set": ToggleButtons(options=options, value=chosen_set(), description="set")}, figure=live)

    def draw(self, set: str) -> str:
        named = os.environ.get(SET_VARIABLE)
        if not named and set != chosen_set():
            choose_set(set)
        for name, images in self._shown.items():
            for image in images:
                image.set_alpha(1.0 if name == set else PALE)
        if named:
            return (
                f"Lessons run on the {CALLED[named]}, whatever is chosen here: this page was started with "
                f"{SET_VARIABLE}={named}."
            )
        return (
            f"Lessons run on the <b>{CALLED[set]}</b>: each one that you open from now on, and one that is open "
            "already (this one, too) once you take Kernel → Restart Kernel and Run All Cells…"
        )
