"""Every mode that an image file can have is read right, or refused by name; none is clipped."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from kdtutor import DataError
from kdtutor.data.pixels import read, rgb, square

GREY = np.array([[0, 60], [128, 255]], np.uint8)


def pixels(path: Path) -> list[tuple[int, ...]]:
    picture = read(path)
    assert picture.mode == "RGB"
    return [tuple(colour) for colour in np.asarray(picture).reshape(-1, 3).tolist()]


def grey(*values: int) -> list[tuple[int, ...]]:
    return [(value,) * 3 for value in values]


def new(mode: str, *colours: object) -> Image.Image:
    """A row of pixels."""
    image = Image.new(mode, (len(colours), 1))
    for x, colour in enumerate(colours):
        image.putpixel((x, 0), colour)
    return image


def palette(*colours: int) -> Image.Image:
    image = new("P", 0, 1)
    image.putpalette([200, 10, 20, 0, 0, 255, *colours])
    return image


def deep(*values: int, dtype: str = "<u2") -> Image.Image:
    return Image.fromarray(np.array([values], dtype))


READ = {
    "1": (new("1", 0, 1), "png", grey(0, 255)),
    "1 in a TIFF": (new("1", 0, 1), "tif", grey(0, 255)),
    "L": (Image.fromarray(GREY), "png", grey(0, 60, 128, 255)),
    "LA": (new("LA", (0, 255), (0, 0), (100, 51)), "png", grey(0, 255, 224)),
    "P": (palette(), "png", [(200, 10, 20), (0, 0, 255)]),
    "P of a GIF": (palette(), "gif", [(200, 10, 20), (0, 0, 255)]),
    "PA": (new("PA", (0, 255), (0, 0)), "tif", grey(0, 255)),
    "RGB": (new("RGB", (1, 2, 3), (250, 251, 252)), "png", [(1, 2, 3), (250, 251, 252)]),
    "RGBA": (new("RGBA", (10, 20, 30, 255), (10, 20, 30, 0), (0, 0, 0, 51)), "png", [(10, 20, 30), *grey(255, 204)]),
    "RGBX": (new("RGBX", (10, 20, 30, 0), (40, 50, 60, 255)), "tif", [(10, 20, 30), (40, 50, 60)]),
    "CMYK": (new("CMYK", (0, 255, 255, 0), (0, 0, 0, 255), (0, 0, 0, 0)), "tif", [(255, 0, 0), *grey(0, 255)]),
    "YCbCr": (new("YCbCr", (0, 128, 128), (255, 128, 128)), "tif", grey(0, 255)),
    "I;16": (deep(0, 257, 32896, 65535), "png", grey(0, 1, 128, 255)),
    "I;16 of 12 bits": (deep(0, 2048, 4095), "png", grey(0, 8, 16)),
    "I;16 in a TIFF": (deep(0, 32896, 65535), "tif", grey(0, 128, 255)),
    "I;16B": (new("I;16B", 0, 32896, 65535), "tif", grey(0, 128, 255)),
    "I;16 in a JPEG 2000": (deep(0, 32896, 65535), "jp2", grey(0, 128, 255)),
    "I of a PGM": (deep(0, 257, 65535), "pgm", grey(0, 1, 255)),
    "F": (Image.fromarray(np.array([[0, 0.5, 1]], np.float32)), "tif", grey(0, 128, 255)),
}


@pytest.mark.parametrize("mode", READ)
def test_every_mode_has_its_right_values(mode, tmp_path):
    image, ending, right = READ[mode]
    image.save(tmp_path / f"x.{ending}")
    assert pixels(tmp_path / f"x.{ending}") == right


@pytest.mark.parametrize(
    ("mode", "colour", "right"), [("La", (51, 51), 255), ("RGBa", (51, 51, 51, 51), 255), ("HSV", (0, 0, 90), 90)]
)
def test_modes_that_no_file_has_are_right_too(mode, colour, right):
    assert rgb(new(mode, colour)).getpixel((0, 0)) == (right,) * 3


def test_colours_of_lab_are_near(tmp_path):
    new("LAB", (136, 208, 195), (255, 128, 128)).save(tmp_path / "x.tif")  # L = 53, a = 80, b = 67: a pure red; white
    assert np.abs(np.array(pixels(tmp_path / "x.tif")) - [(255, 0, 0), (255, 255, 255)]).max() <= 12


def test_a_cmyk_photograph_is_not_inverted(tmp_path):
    """Adobe stores the complement; a red that comes out cyan was not turned back."""
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "x.jpg", quality=100)
    assert np.abs(np.array(pixels(tmp_path / "x.jpg")) - (255, 0, 0)).max() <= 3


@pytest.mark.parametrize("ending", ["png", "gif"])
def test_a_transparent_colour_of_a_palette_is_white(tmp_path, ending):
    palette().save(tmp_path / f"x.{ending}", transparency=0)
    assert pixels(tmp_path / f"x.{ending}") == [(255, 255, 255), (0, 0, 255)]


def test_a_palette_may_be_half_transparent(tmp_path):
    palette().save(tmp_path / "x.png", transparency=bytes([255, 51]))
    assert pixels(tmp_path / "x.png") == [(200, 10, 20), (204, 204, 255)]


@pytest.mark.parametrize(
    ("image", "colour", "right"),
    [(new("L", 7, 8), 7, grey(255, 8)), (new("RGB", (1, 2, 3), (4, 5, 6)), (1, 2, 3), [(255, 255, 255), (4, 5, 6)]),
     (deep(1000, 40000), 1000, grey(255, 156))],
)  # fmt: skip
def test_a_single_transparent_colour_is_white(tmp_path, image, colour, right):
    image.save(tmp_path / "x.png", transparency=colour)
    assert pixels(tmp_path / "x.png") == right


def raw_png(depth: int, colour: int, row: bytes, *more: bytes) -> bytes:
    """A PNG of two pixels, for what Pillow does not write."""

    def chunk(content: bytes) -> bytes:
        return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))

    head = chunk(b"IHDR" + struct.pack(">IIBBBBB", 2, 1, depth, colour, 0, 0, 0))
    body = chunk(b"IDAT" + zlib.compress(b"\0" + row))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(map(chunk, more)) + body + chunk(b"IEND")


def test_sixteen_bits_of_colour_and_two_bits_of_grey(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(raw_png(16, 2, struct.pack(">6H", 0, 257, 65535, 32896, 65280, 514)))
    assert pixels(path) == [(0, 1, 255), (128, 255, 2)]
    path.write_bytes(raw_png(2, 0, bytes([0b01_11_0000])))
    assert pixels(path) == grey(85, 255)
    path.write_bytes(raw_png(16, 4, struct.pack(">4H", 0, 65535, 0, 0)))
    assert pixels(path) == grey(0, 255)
    path.write_bytes(raw_png(16, 2, struct.pack(">6H", *range(6)), b"tRNS" + struct.pack(">3H", 300, 1, 2)))
    with pytest.raises(DataError, match="its transparent colour has 16 bits"):
        read(path)


def test_a_tiff_may_have_twelve_bits_or_white_as_zero(tmp_path):
    path = tmp_path / "x.tif"
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    deep(0, 65535).save(path, tiffinfo=tags)
    assert pixels(path) == grey(255, 0)
    content = struct.pack("<HHIH", 0x4949, 42, 8, 8)  # two pixels, 0xFFF and 0x800, in three bytes
    for tag, value in ((256, 2), (257, 1), (258, 12), (259, 1), (262, 1), (273, 110), (278, 1), (279, 3)):
        content += struct.pack("<HHII", tag, 4, 1, value)
    path.write_bytes(content + b"\0" * 4 + bytes([0xFF, 0xF8, 0x00]))
    assert pixels(path) == grey(255, 128)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_photographs_stand_upright(tmp_path, orientation, ending):
    upright = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(turns[orientation]) if orientation > 1 else upright
    tag = Image.Exif()
    tag[0x0112] = orientation
    stored.save(tmp_path / f"x.{ending}", exif=tag)
    assert np.array_equal(np.asarray(read(tmp_path / f"x.{ending}"))[..., 0], np.asarray(upright))


def test_deep_pixels_stand_upright_too(tmp_path):
    tag = Image.Exif()
    tag[0x0112] = 3
    deep(257, 514).save(tmp_path / "x.png", exif=tag)
    assert pixels(tmp_path / "x.png") == grey(2, 1)


@pytest.mark.parametrize("ending", ["gif", "png", "tif", "webp"])
def test_of_several_frames_the_first_counts(tmp_path, ending):
    frames = [Image.new("RGB", (2, 1), colour) for colour in ("red", "blue", "white")]
    options = {"lossless": True} if ending == "webp" else {}
    frames[0].save(tmp_path / f"x.{ending}", save_all=True, append_images=frames[1:], **options)
    assert pixels(tmp_path / f"x.{ending}") == [(255, 0, 0)] * 2


def test_a_colour_profile_changes_nothing(tmp_path):
    new("RGB", (10, 20, 30)).save(tmp_path / "x.png", icc_profile=b"any", pnginfo=PngInfo())
    assert pixels(tmp_path / "x.png") == [(10, 20, 30)]


REFUSED = {
    "32 bits": (deep(0, 70000, dtype="<i4"), "tif", "it holds whole numbers of 32 bits or with a sign"),
    "floats to 255": (Image.fromarray(np.array([[0, 255]], np.float32)), "tif", "its floats run from 0 to 255, not"),
    "floats below 0": (Image.fromarray(np.array([[-1, 1]], np.float32)), "tif", "its floats run from -1 to 1"),
    "NaN": (Image.fromarray(np.array([[np.nan, 1]], np.float32)), "tif", "its floats run from nan to nan"),
    "nothing to see": (new("RGBA", (1, 2, 3, 0)), "png", "all of it is transparent"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_be_a_guess_is_refused(tmp_path, kind):
    image, ending, reason = REFUSED[kind]
    image.save(tmp_path / f"x.{ending}")
    with pytest.raises(DataError, match=f"x.{ending} cannot be read as an image .{reason}"):
        read(tmp_path / f"x.{ending}")


def test_a_damaged_file_is_named_in_one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    whole = path.read_bytes()
    for content in (b"", b"text", whole[:-2000], whole[:30], whole[:100] + b"\0" * 50 + whole[150:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"x.png cannot be read as an image \([^\n]+\); replace it[^\n]+$"):
            read(path)
    path.write_bytes(whole)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"cannot be read as an image .*decompression bomb"):
        read(path)


def test_a_document_with_the_ending_of_an_image_is_none(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "x.eps")
    (tmp_path / "x.eps").rename(tmp_path / "x.png")
    with pytest.raises(DataError, match="its content is of no format that is read"):
        read(tmp_path / "x.png")


def test_the_middle_becomes_the_square():
    wide = ImageOps.expand(Image.new("RGB", (4, 4), "red"), (3, 0), "blue")
    assert square(wide, 4).permute(1, 2, 0).reshape(-1, 3).unique(dim=0).tolist() == [[255, 0, 0]]
