"""`Picture`: a matplotlib figure that cannot exist without alternative text and is stored as a small PNG."""

import base64
import io
import sys
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image, ImageDraw

from ..errors import ConfigError, require
from .style import dress

DPI = 96  # a CSS pixel is 1/96 inch, so that 10 pt text comes out at the size of the page's own text
PHOTOGRAPH = 2**14  # a picture of more colours than this is no drawing
ROUND = 10  # pixels, the radius of a picture's corners
PAD = 0.1  # inches between what is drawn and the rim
LEVELS = 4  # of transparency in a picture with a palette
INVISIBLE = 28  # of 255: the largest error of the palette that nobody sees; it falls on the rims of lines


class Picture(Figure):
    """A figure with alternative text: drawn without pyplot, shown by Jupyter as a PNG of `size` inches at `dpi`.

    >>> picture = Picture(alt="A falling line.", size=(4, 3))
    >>> ax = picture.subplots()
    >>> line = ax.plot([3, 2, 1])
    >>> picture
    <Picture: A falling line.>

    The alternative text says what is seen; a number that depends on training does not belong there, because stored
    outputs are compared. Raises `ConfigError` if it is empty.

    On a dark page the picture is a white card with round corners: its colours are chosen for white, and a drawing on
    no ground of its own would lose its black lines there.
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
        if isinstance(engine := self.get_layout_engine(), ConstrainedLayoutEngine):
            engine.set(w_pad=PAD, h_pad=PAD)
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
        return card(canvas)

    def __repr__(self) -> str:
        return f"<Picture: {self.alt}>"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return bundle(self.png(), self.alt, repr(self))


NO_ALT = "alt={!r}: a figure needs alternative text, a sentence that says what is seen in it; pass alt='…'."


def card(canvas: FigureCanvasAgg) -> Image.Image:
    """What is drawn on the canvas, with round corners."""
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    pixels.putalpha(_rounded(pixels.size))
    return pixels


@lru_cache
def _rounded(size: tuple[int, int], fine: int = 4) -> Image.Image:
    """An opaque rectangle with smooth round corners."""
    width, height = (fine * length for length in size)
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width - 1, height - 1), fine * ROUND, fill=255)
    return mask.resize(size, Image.Resampling.BOX)


def compact(image: Image.Image) -> bytes:
    """`image` as a PNG that is small: with a palette of 256 colours where nobody sees the difference, else in full.

    A drawing shrinks two- to threefold; photographs keep their colours.
    """
    full = image.convert("RGB")
    if full.getcolors(PHOTOGRAPH) is None:
        return quick(image, optimize=True)
    small = full.quantize(256 - LEVELS, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    error = np.abs(np.asarray(small.convert("RGB"), dtype=np.int16) - np.asarray(full, dtype=np.int16)).max()
    if error > INVISIBLE:
        return quick(image, optimize=True)
    return _with_corners(small, image.getchannel("A")) if image.mode == "RGBA" else quick(small, optimize=True)


def _with_corners(small: Image.Image, alpha: Image.Image) -> bytes:
    """An image with a palette as a PNG; where `alpha` is less than full it becomes white of the nearest level."""
    cover = np.asarray(alpha)
    index = np.where(cover < 255, 256 - LEVELS + cover // (256 // LEVELS), np.asarray(small)).astype(np.uint8)
    whole = Image.frombytes("P", small.size, index.tobytes())
    colours = (small.getpalette() or [])[: 3 * (256 - LEVELS)]
    whole.putpalette(colours + [255] * (768 - len(colours)))
    levels = bytes([255] * (256 - LEVELS) + [255 * level // (LEVELS - 1) for level in range(LEVELS)])
    return quick(whole, optimize=True, transparency=levels)


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
