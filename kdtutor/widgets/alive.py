"""`Alive`: the smallest widget, to see whether widgets work here at all."""

import numpy as np
from ipywidgets import IntSlider

from ..figures.style import BLUE
from .explorer import Explorer
from .live import LiveFigure


class Alive(Explorer):
    """A slider; a flower with as many petals as it says; a sentence. If all three change together, widgets work."""

    def __init__(self, petals: int = 5) -> None:
        live = LiveFigure(
            alt="A flower; the slider sets the number of its petals.", size=(2.6, 2.6), subplot_kw={"aspect": "equal"}
        )
        (ax,) = live.axes
        ax.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
        ax.set_axis_off()
        self._angle = np.linspace(0, 2 * np.pi, 721)
        (self._flower,) = ax.plot([], [], color=BLUE, linewidth=2)
        live.live(self._flower)
        super().__init__({"petals": IntSlider(petals, min=3, max=12, description="petals")}, figure=live)

    def draw(self, petals: int) -> str:
        """r(φ) = 0.6 + 0.4 · cos(n φ): n petals."""
        radius = 0.6 + 0.4 * np.cos(petals * self._angle)
        self._flower.set_data(radius * np.cos(self._angle), radius * np.sin(self._angle))
        return f"The slider says {petals}, and the flower has {petals} petals: widgets work here."
