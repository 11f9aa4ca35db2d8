"""The pixels of an image file, whatever its format: eight bits of red, green and blue, or a sentence of refusal."""

import io
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from ..errors import DataError

FORMATS = (
    "AVIF", "BMP", "DDS", "GIF", "ICO", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "QOI", "SGI", "TGA", "TIFF",
    "WEBP",
)  # fmt: skip
"""The formats that are read, by Pillow's names; documents and videos, which Pillow knows too, are none."""
WHITE = (255, 255, 255)
"""What lies behind a transparent pixel."""
BITS, MEANING = 258, 262  # tags of a TIFF
WHITE_IS_ZERO = 0  # the meaning of numbers of which the largest is black


def read(path: Path, least: int | None = None) -> Image.Image:
    """The picture in a file, as `rgb` makes it. Raises `DataError` for what cannot be read, or not without a guess.

    With `least`, a JPEG of which no side falls below as many pixels at half, a quarter or an eighth of its size is
    decoded at that size: sums of its pixels, for a fraction of the time.

    >>> Image.new("L", (4, 2)).save(folder / "tom.png")
    >>> read(folder / "tom.png").size, read(folder / "tom.png").mode
    ((4, 2), 'RGB')
    """
    try:
        return picture(path, least)
    except Exception as error:  # on damaged files Pillow's readers raise errors of every kind
        why = reason(error)
    raise DataError(f"{path} cannot be read as an image ({why}); replace it by an 8-bit PNG or JPEG, or remove it")


def picture(path: Path, least: int | None = None) -> Image.Image:
    """As `read`, but with whatever Pillow raises.

    >>> Image.new("L", (4, 2)).save(folder / "tom.png")
    >>> picture(folder / "tom.png").mode
    'RGB'
    """
    with opened(path) as image:
        if least is not None:
            image.draft(None, (least, least))  # does something to a JPEG alone
        return rgb(image)


def reason(error: Exception) -> str:
    """What Pillow says of a file that it cannot read, in a line.

    >>> reason(UnidentifiedImageError("cannot identify image file"))
    'its content is of no format that is read'
    """
    if isinstance(error, UnidentifiedImageError):
        return "its content is of no format that is read"
    return (str(error) or type(error).__name__).splitlines()[0]


def opened(path: Path) -> Image.Image:
    """A file as Pillow opens it, if its content is of one of `FORMATS`; else Pillow's `UnidentifiedImageError`.

    From memory: a TIFF that lies on its side comes out scrambled where Pillow maps the file (Pillow 13).

    >>> Image.new("L", (4, 2)).save(folder / "tom.png")
    >>> opened(folder / "tom.png").format
    'PNG'
    """
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]  # MPO is opened as JPEG
    return Image.open(io.BytesIO(path.read_bytes()), formats=formats)


def rgb(image: Image.Image) -> Image.Image:
    """A picture of any mode as 8-bit RGB, upright as its EXIF tag says.

    Sixteen bits are divided by 257, so that equal numbers stay equal in every image of a set; floats from 0 to 1 are
    multiplied by 255. Transparent pixels show white behind them. Of several frames or pages the first counts. Colour
    profiles (ICC) are not applied: a number is taken for sRGB. `image` itself is turned upright. Raises `ValueError`
    where the mode does not say which number is white.

    >>> rgb(Image.new("L", (2, 2))).mode
    'RGB'
    """
    ImageOps.exif_transpose(image, in_place=True)  # a copy would not know its format any more
    if image.mode[0] in "IF":  # I, I;16, I;16B …, F: Pillow would clip these at 255
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    if image.mode == "La":  # premultiplied grey, which Pillow turns back only by this way
        image = image.convert("LA")
    if not image.has_transparency_data:
        image.load()  # from a file that is closed soon; a conversion of what is RGB would only copy it
        return image if image.mode == "RGB" else image.convert("RGB")
    if image.mode == "RGB" and max(image.info["transparency"]) > 255:
        raise ValueError("its transparent colour has 16 bits")
    image = image.convert("RGBA")
    if image.getchannel("A").getextrema()[1] == 0:
        raise ValueError("all of it is transparent")
    return Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image).convert("RGB")


def square(
    image: Image.Image, size: int, middle: float = 1.0, resample: Image.Resampling = Image.Resampling.BICUBIC
) -> UInt8[Tensor, "3 size size"]:
    """The middle of an RGB picture as a square of `size` pixels: the share `middle` of the largest square in it.

    >>> square(Image.new("RGB", (40, 20)), 8).shape
    torch.Size([3, 8, 8])
    """
    side = min(image.size)
    border = side * (1 - middle) / 2
    left, top = (image.width - side) // 2 + border, (image.height - side) // 2 + border
    cut = image.resize((size, size), resample, box=(left, top, left + side * middle, top + side * middle))
    return torch.from_numpy(np.array(cut)).permute(2, 0, 1)


def _eight_bits(image: Image.Image) -> UInt8[np.ndarray, "H W"]:
    """A grey picture of more than eight bits, scaled by the range of its format; never by what one image holds."""
    values, tags = np.asarray(image), getattr(image, "tag_v2", {})
    if image.mode == "F":
        if not (values.min() >= 0 and values.max() <= 1):  # false for NaN, too
            raise ValueError(f"its floats run from {values.min():g} to {values.max():g}, not within 0…1")
        grey = np.rint(255 * values)
    elif image.mode != "I" or image.format in ("PNG", "PPM"):  # theirs is 16 bits, too
        bits = tags.get(BITS, (16,))[0]  # a TIFF may have 12
        grey = np.rint(values * (255 / (2**bits - 1)))
    else:
        raise ValueError("it holds whole numbers of 32 bits or with a sign, of which none is white by custom")
    if tags.get(MEANING) == WHITE_IS_ZERO:
        grey = 255 - grey
    if "transparency" in image.info:
        grey[values == image.info["transparency"]] = 255
    bytes_: UInt8[np.ndarray, "H W"] = grey.astype(np.uint8)
    return bytes_
