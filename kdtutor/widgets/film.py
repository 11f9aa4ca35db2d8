"""`Film`: an explorer whose first slider runs through the steps of a training, and can be played."""

from collections.abc import Sequence
from typing import Any

from ipywidgets import Play, SelectionSlider, jslink

from ..errors import ShapeError, require
from .explorer import Explorer
from .live import LiveFigure


class Film(Explorer):
    """Base of the films. `draw` gets the number of the frame as `moment`, and whatever other controls there are.

    steps: the training step of each frame, which the slider shows. moment: the frame to begin with, or the last one.
    interval: milliseconds for a frame when played. Raises `ShapeError` without a frame.
    """

    def __init__(
        self,
        steps: Sequence[int],
        controls: dict[str, Any],
        figure: LiveFigure,
        moment: int = 0,
        interval: int = 350,
    ) -> None:
        require(len(steps) > 0, "a film needs at least one frame", ShapeError)
        last = len(steps) - 1
        options = [(str(step), frame) for frame, step in enumerate(steps)]
        slider = SelectionSlider(options=options, value=min(moment, last), description="step")
        # Both begin with the same frame: as soon as the page shows them, the button's value moves the slider.
        self.play = Play(value=slider.index, min=0, max=last, interval=interval, description="play the film")
        self.links = (jslink((self.play, "value"), (slider, "index")),)
        super().__init__({"moment": slider, **controls}, figure=figure)
        boxes: Any = self.children  # type: ignore[has-type]
        self.children = (self.play, *boxes)
