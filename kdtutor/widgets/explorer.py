"""`Explorer`: controls, a picture that follows them, and a sentence that says what is seen."""

import html
import re
from collections.abc import Iterator
from typing import Any

from ipywidgets import HTML, VBox

from ..errors import ConfigError, Error
from ..figures.picture import Picture, quick
from .controls import Controls, Settings, apply, corners, in_words, labelled, settings_of
from .live import Board, LiveFigure, recompact, still_image


class Explorer(Board):
    """Base of the explorers. A subclass builds its controls and its figure, and says in `draw` what they show.

    `draw(**settings)` gets the value of each control by name. With a `LiveFigure` it moves the artists and returns the
    sentence; without one it returns a `Picture` and the sentence.

        class TemperatureExplorer(Explorer):
            def __init__(self, logits):
                self.logits = logits
                live = LiveFigure(alt="Ten bars, the probability of each class.")
                self.bars = live.axes[0].bar(range(10), 0)
                live.live(self.bars)
                super().__init__({"T": FloatSlider(4.0, min=1, max=20, description="T")}, figure=live)

            def draw(self, T):
                ...
                return f"T = {T:g}: …"
    """

    def __init__(
        self, controls: Controls, *, figure: LiveFigure | None = None, alt: str = "", name: str | None = None
    ) -> None:
        """controls: {name: ipywidgets control with a description}. alt: that of `figure` if not given.

        name: the page's class is kd-<name>; by default the class name without "Explorer", TemperatureExplorer →
        "temperature". Raises `ConfigError` without alternative text or for a control without a label.
        """
        self.controls = labelled(controls)
        self.figure = figure
        self.image = figure.image if figure else still_image(0, 0)
        self.text = HTML()
        self.error: Exception | None = None
        self._held = False
        children = (VBox(tuple(controls.values())), self.image, self.text)
        super().__init__(children, name=name or _name(type(self)), alt=alt or (figure.alt if figure else ""))
        for control in controls.values():
            control.observe(self._follow, "value")
        self.render()

    def draw(self, *_: Any, **settings: Any) -> str | tuple[Picture, str]:
        """Show these settings; return the sentence, after the `Picture` where there is no live figure."""
        raise NotImplementedError(f"{type(self).__name__} needs a method draw with an argument for each control")

    def render(self) -> None:
        """Draw the current settings. Raises what `draw` raises, or raised after a control was moved on the page."""
        error, self.error = self.error, None
        if error is not None:
            raise error
        self._render()

    def set(self, **settings: Any) -> "Explorer":
        """Move several controls at once and draw once; unlike a move on the page, errors are raised."""
        self._held = True
        try:
            apply(self.controls, settings)
        finally:
            self._held = False
        self._render()
        return self

    @property
    def settings(self) -> Settings:
        """The value of each control."""
        return settings_of(self.controls)

    def corners(self) -> Iterator[Settings]:
        """Settings for tests, each to be passed to `set`: smallest, middle and largest of every control."""
        return corners(self.controls)

    def png(self) -> bytes:
        return self.figure.png() if self.figure else recompact(self.image)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {in_words(self.controls)}: {self.alt}>"

    def _render(self) -> None:
        shown = self.draw(**self.settings)
        if self.figure is not None:
            self.figure.update()
            self._say(str(shown))
            return
        if not (isinstance(shown, tuple) and len(shown) == 2 and isinstance(shown[0], Picture)):
            raise ConfigError(
                f"{type(self).__name__}.draw returned {type(shown).__name__}: without a live figure it has to return "
                "a Picture and a sentence."
            )
        picture, sentence = shown
        pixels = picture.pixels()
        self.image.width, self.image.height = map(str, pixels.size)
        self.image.layout.width = f"{pixels.width}px"
        self.image.value = quick(pixels)
        self._say(str(sentence))

    def _follow(self, _: Any) -> None:
        """A control was moved. Jupyter hides what a callback raises, so it is shown here and kept for `render`."""
        if self._held:
            return
        try:
            self._render()
        except Exception as error:
            self.error = self.error or error
            self._say(f"<b>This setting does not work.</b> {html.escape(sentence_of(error))}")

    def _say(self, sentence: str) -> None:
        self.text.value = f"<span class='kd-out'>{sentence}</span>"


def sentence_of(error: BaseException) -> str:
    """An exception in one sentence; kdtutor's own errors are sentences already."""
    first = (str(error).strip().splitlines() or [""])[0]
    return first if isinstance(error, Error) and first else f"{type(error).__name__}: {first}".rstrip(": ")


def _name(cls: type) -> str:
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__.removesuffix("Explorer") or cls.__name__)
    return words.lower()
