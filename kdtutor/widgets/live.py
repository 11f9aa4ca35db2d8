"""`LiveFigure`: a picture that moves without flicker; `Board`: a widget whose picture outlives its kernel."""

import html
import io
import sys
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from IPython.display import DisplayHandle, display
from ipywidgets import HTML, Image, Layout, VBox, Widget
from matplotlib.artist import Artist
from PIL import Image as Pixels

from ..errors import ConfigError, require
from ..figures.picture import DPI, NO_ALT, Picture, bundle, card, compact, quick
from .cells import take_place
from .controls import FITS


class LiveFigure:
    """A figure whose axes, ticks and labels are drawn once; `update()` draws only what moves.

        live = LiveFigure(alt="A bar per class.")
        bars = live.axes[0].bar(range(10), [0.1] * 10)
        live.live(bars)                     # these move …
        bars[3].set_height(0.4)
        live.update()                       # … and appear in live.image, an ipywidgets Image

    A change of anything else (limits, titles, ticks, new lines) is noticed, and the next update draws the whole figure
    again; `invalidate()` asks for that where matplotlib notices nothing (a text of a legend).
    Live artists lie above all others. Several threads may call `update`; one that also moves artists while another
    may be drawing holds `lock` meanwhile.
    """

    def __init__(
        self,
        *,
        alt: str,
        size: tuple[float, float] = (6.4, 3.4),
        dpi: float = DPI,
        rows: int = 1,
        columns: int = 1,
        width_ratios: Sequence[float] = (),
        **subplots: Any,
    ) -> None:
        """width_ratios: how wide the columns are beside each other; where they are given, there are as many columns."""
        self.figure = Picture(alt=alt, size=size, dpi=dpi)
        columns, ratios = len(width_ratios) or columns, tuple(width_ratios) or None
        grid = self.figure.subplots(rows, columns, squeeze=False, width_ratios=ratios, **subplots)
        self.axes = tuple(grid.ravel())
        self.image = still_image(*self.figure.canvas.get_width_height())
        self.lock = threading.RLock()
        self._artists: list[Artist] = []
        self._background: Any = None

    @property
    def alt(self) -> str:
        """The alternative text of the figure."""
        return self.figure.alt

    def live(self, *artists: Artist | Iterable[Artist]) -> None:
        """Let these artists (or containers of artists, as `Axes.bar` returns) move with every update."""
        for artist in artists:
            if isinstance(artist, Artist):
                artist.set_animated(True)
                self._artists.append(artist)
            else:
                self.live(*artist)
        self._artists.sort(key=lambda artist: artist.get_zorder())
        self.invalidate()

    def invalidate(self) -> None:
        """Draw everything again at the next update."""
        self._background = None

    def update(self) -> None:
        """Draw the live artists where they are now and send the picture to the page."""
        with self.lock:
            canvas: Any = self.figure.canvas
            # Live artists are animated, and those do not make the figure stale: only what was drawn once does.
            if self._background is None or self.figure.stale:
                canvas.draw()
                self._background = canvas.copy_from_bbox(self.figure.bbox)
            canvas.restore_region(self._background)
            for artist in self._artists:
                if artist.axes is None:
                    self.figure.draw_artist(artist)
                else:
                    artist.axes.draw_artist(artist)
            self.image.value = quick(card(canvas))

    def png(self) -> bytes:
        """The picture as it is now, as a small PNG."""
        if not self.image.value:
            self.update()
        return recompact(self.image)


def recompact(image: Image) -> bytes:
    """The picture in an image widget as a small PNG."""
    return compact(Pixels.open(io.BytesIO(bytes(image.value))))


def still_image(width: int, height: int) -> Image:
    """An image widget of fixed size (a box stretches it otherwise) that shrinks in proportion on a narrow page.

    ipywidgets' Image has no alternative text, and its page breaks if it is given a tooltip: `Board` says the text.
    """
    layout = Layout(width=f"{width}px", max_width=FITS, align_self="flex-start", flex="0 0 auto")
    return Image(format="png", width=str(width), height=str(height), layout=layout)


def spoken(text: str) -> HTML:
    """Text for screen readers, of no size on the page."""
    layout = Layout(width="1px", height="1px", min_height="1px", margin="-1px 0 0 0", overflow="hidden")
    return HTML(f"<span class='kd-alt'>{html.escape(text)}</span>", layout=layout)


class Board(VBox):
    """A box with a name, one picture and its alternative text: the base of the course's widgets.

    The page's class is `kd-<name>`. A stored notebook shows the picture where no kernel answers; the text beside it is
    `repr`, which holds nothing that depends on training, because stored outputs are compared. When the cell that made
    it runs again, it is closed: the new one takes its place.
    """

    def __init__(self, children: Iterable[Widget], *, name: str, alt: str) -> None:
        require(bool(alt.strip()), NO_ALT.format(alt), ConfigError)
        self.name = name
        self.alt = " ".join(alt.split())
        self._outputs: DisplayHandle | None = None  # where the page shows it
        super().__init__((*children, spoken(self.alt)))
        self.add_class(f"kd-{name}")
        take_place(self)

    def png(self) -> bytes:
        """The current picture."""
        raise NotImplementedError

    def keep(self) -> None:
        """Let the stored notebook show the picture as it is now, and not as it was when the cell showed it."""
        if self._outputs is not None:
            data, metadata = self._repr_mimebundle_()
            self._outputs.update(data, metadata=metadata, raw=True)

    def show_where_nothing_moves(self) -> None:
        """Show the picture once more below the running cell, on a page that brings no widget up to date meanwhile.

        Colab's is one, and its kernel takes no click while a cell waits: there a run is seen only once it has ended.
        """
        if "google.colab" in sys.modules:
            data, metadata = bundle(self.png(), self.alt, self.alt)
            display(data, metadata=metadata, raw=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.alt}>"

    def _repr_mimebundle_(self, **keywords: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = bundle(self.png(), self.alt, repr(self))
        return {**super()._repr_mimebundle_(**keywords), **data}, metadata

    def _ipython_display_(self) -> None:
        """Unlike the value of a cell, an output that has a name can be brought up to date later."""
        self._outputs = self._outputs or DisplayHandle()
        data, metadata = self._repr_mimebundle_()
        self._outputs.display(data, metadata=metadata, raw=True)
