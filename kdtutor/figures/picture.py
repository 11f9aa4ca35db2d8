"""`Picture`: a matplotlib figure that cannot exist without alternative text and is stored as a small PNG."""

import base64
import io
import sys
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from ..errors import ConfigError, require
from .style import dress

DPI = 96  # a CSS pixel is 1/96 inch, so that 10 pt text comes out at the size of the page's own text
PHOTOGRAPH = 2**14  # a picture of more colours than this is no drawing
INVISIBLE = 24  # of 255: the largest error of the palette that nobody sees; it falls on the rims of lines


class Picture(Figure):
    """A figure with alternative text: drawn without pyplot, shown by Jupyter as a PNG of `size` inches at `dpi`.

    >>> picture = Picture(alt="A falling line.", size=(4, 3))
    >>> ax = picture.subplots()
    >>> line = ax.plot([3, 2, 1])
    >>> picture
    <Picture: A falling line.>

    The alternative text says what is seen; a number that depends on training does not belong there, because stored
    outputs are compared. Raises `ConfigError` if it is empty.
    """

    def __init__(
        self,
        *,
        alt: str,
        size: tuple[float, float] = (6.0, 3.5),
        dpi: float = DPI,
        layout: Any = "constrained",
        **keywords: Any,
    ) -> None:
        require(isinstance(alt, str) and bool(alt.strip()), NO_ALT.format(alt), ConfigError)
        super().__init__(figsize=size, dpi=dpi, layout=layout, facecolor="white", **keywords)
        FigureCanvasAgg(self)
        self.alt = " ".join(alt.split())

    def add_subplot(self, *args: Any, **keywords: Any) -> Axes:
        """As in matplotlib, in the course's look."""
        return dress(super().add_subplot(*args, **keywords))

    def add_axes(self, *args: Any, **keywords: Any) -> Axes:
        """As in matplotlib, in the course's look."""
        return dress(super().add_axes(*args, **keywords))

    def png(self) -> bytes:
        """The picture as a small PNG."""
        return compact(self.pixels())

    def pixels(self) -> Image.Image:
        """The picture, drawn."""
        canvas = self.canvas if isinstance(self.canvas, FigureCanvasAgg) else FigureCanvasAgg(self)
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])

    def __repr__(self) -> str:
        return f"<Picture: {self.alt}>"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return bundle(self.png(), self.alt, repr(self))


NO_ALT = "alt={!r}: a figure needs alternative text, a sentence that says what is seen in it; pass alt='…'."


def compact(image: Image.Image) -> bytes:
    """`image` as a PNG that is small: with a palette of 256 colours where nobody sees the difference, else in full.

    A drawing shrinks two- to threefold; photographs keep their colours.
    """
    full = image.convert("RGB")
    if full.getcolors(PHOTOGRAPH) is None:
        return quick(full, optimize=True)
    small = full.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    error = np.abs(np.asarray(small.convert("RGB"), dtype=np.int16) - np.asarray(full, dtype=np.int16)).max()
    return quick(small if error <= INVISIBLE else full, optimize=True)


def quick(image: Image.Image, **options: Any) -> bytes:
    """`image` as a PNG, written as fast as possible unless `options` (of Pillow's PNG writer) say otherwise."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **{"compress_level": 1, **options})
    return buffer.getvalue()


def bundle(png: bytes, alt: str, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Jupyter stores: data (image/png, text/plain) and metadata (alternative text, width and height in pixels)."""
    width, height = Image.open(io.BytesIO(png)).size
    data = {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": text}
    return data, {"image/png": {"alt": alt, "width": width, "height": height}}


def _keep_own_display() -> None:
    """Keep `Picture`'s own PNG and metadata in a kernel.

    Once anything imports pyplot (seaborn does), Jupyter registers its own drawing of every `Figure`, which takes
    precedence over `_repr_mimebundle_` and drops the alternative text. A printer for the subclass that returns
    nothing is looked up first and leaves the bundle as it is.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        for kind in ("image/png", "image/jpeg", "image/svg+xml", "application/pdf"):
            shell.display_formatter.formatters[kind].for_type(Picture, lambda _: None)


_keep_own_display()
