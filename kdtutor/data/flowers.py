"""Flowers made in code: photographs to try things on, of which class, tags, diameter and every pixel are known."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFilter

Rng = np.random.Generator
Colour = tuple[int, int, int]
Points = Float[np.ndarray, "P 2"]
Place = Float[np.ndarray, "2"]

PARTS = ("background", "petals", "heart", "leaf")
"""What a pixel of a mask can be, by its number."""
PALETTE: dict[str, Colour] = {
    "white": (246, 243, 236), "yellow": (247, 208, 56), "orange": (240, 138, 44), "red": (205, 42, 50),
    "pink": (238, 142, 176), "violet": (146, 88, 186), "blue": (86, 122, 212),
}  # fmt: skip
"""The colours of petals, which are tags."""
TAGS = (*PALETTE, "leaf", "two flowers")
"""Every tag that a flower can have."""
HEARTS: tuple[Colour, ...] = ((240, 190, 40), (110, 70, 40), (215, 225, 120))
GROUNDS: tuple[Colour, ...] = ((88, 112, 70), (120, 104, 84), (134, 150, 150), (60, 74, 62), (150, 156, 124))
LEAVES: tuple[Colour, ...] = ((70, 128, 62), (98, 142, 72), (48, 104, 66), (124, 150, 84))
TYPICAL = 0.85
"""Share of the flowers that have the colours of their class; the others may have any."""
FINE = 3
"""Pixels drawn for one on a side: the picture is shrunk in the end, which smooths its edges."""


@dataclass(frozen=True)
class Kind:
    """How the flowers of a class look: rows of petals from the outside in, each row by its number of petals."""

    rows: tuple[tuple[int, int], ...]  # the fewest and the most petals of a row
    width: float  # of a petal, as a share of its length
    widest: float  # where along its length: 0 at the heart, 1 at the tip
    tip: float  # how blunt it ends: 0.3 round, 1 pointed
    notch: float  # how deep its tip is cut
    heart: float  # radius, as a share of the flower's
    colours: tuple[str, ...]  # of most of them
    hearts: tuple[int, ...]


KINDS: dict[str, Kind] = {
    "clematis": Kind(((4, 4),), 0.66, 0.55, 0.75, 0.0, 0.17, ("violet", "blue"), (2,)),
    "daisy": Kind(((11, 17),), 0.24, 0.70, 0.35, 0.0, 0.30, ("white", "yellow"), (0, 1)),
    "lily": Kind(((6, 6),), 0.42, 0.45, 1.00, 0.0, 0.13, ("orange", "white"), (1, 2)),
    "primrose": Kind(((5, 5),), 0.84, 0.72, 0.40, 0.22, 0.18, ("yellow", "violet"), (0, 2)),
    "rose": Kind(((6, 8), (5, 6), (3, 4)), 0.90, 0.66, 0.32, 0.0, 0.07, ("red", "pink"), (1,)),
}
"""The classes."""


@dataclass(frozen=True)
class Drawing:
    """A photograph and what is in it."""

    image: Image.Image
    mask: Image.Image
    """Its pixels are numbers of `PARTS`."""
    tags: tuple[str, ...]
    diameter: float
    """Of the largest flower, in pixels, where it is not tilted."""


@dataclass(frozen=True)
class Canvas:
    """What is drawn on: the picture, and beside it which part each pixel belongs to."""

    picture: ImageDraw.ImageDraw
    parts: ImageDraw.ImageDraw

    def polygon(self, points: Points, colour: Colour, part: str) -> None:
        """Fill an outline, with a darker rim."""
        corners = [(float(x), float(y)) for x, y in points]
        self.picture.polygon(corners, fill=colour, outline=_scaled(colour, 0.8))
        self.parts.polygon(corners, fill=PARTS.index(part))


def draw(kind: str, size: int = 96, seed: int | tuple[int, ...] = 0) -> Drawing:
    """A flower of a class; where, how large, how turned, in which colours, on what ground: all from `seed`.

    >>> drawn = draw("lily", size=32)
    >>> drawn.image.size, drawn.mask.getpixel((0, 0)) in range(4), set(drawn.tags) <= set(TAGS)
    ((32, 32), True, True)
    """
    rng, side = np.random.default_rng(seed), FINE * size
    picture, parts = _ground(side, rng), Image.new("P", (side, side))
    canvas = Canvas(ImageDraw.Draw(picture), ImageDraw.Draw(parts))
    two, leafy = rng.random() < 0.2, rng.random() < 0.6
    radius = side * (rng.uniform(0.26, 0.32) if two else rng.uniform(0.34, 0.46))
    places = _places(side, radius, two, rng)
    usual = KINDS[kind].colours if rng.random() < TYPICAL else tuple(PALETTE)
    names = rng.choice(usual, size=rng.choice([1, 2], p=[0.7, 0.3]), replace=False).tolist()
    for middle, reach in places:
        if leafy:
            _leaves(canvas, middle, reach, rng)
    for middle, reach in places:
        _flower(canvas, KINDS[kind], middle, reach, [_varied(PALETTE[name], 14, rng) for name in names], rng)
    parts.putpalette([0, 0, 0, 230, 159, 0, 86, 180, 233, 0, 158, 115])
    small, mask = _developed(picture, size, rng), parts.resize((size, size), Image.Resampling.NEAREST)
    seen = [name for name, there in (("leaf", PARTS.index("leaf") in mask.tobytes()), ("two flowers", two)) if there]
    return Drawing(small, mask, (*sorted(names, key=TAGS.index), *seen), round(2 * radius / FINE, 1))


def _places(side: int, radius: float, two: bool, rng: Rng) -> list[tuple[Place, float]]:
    """Middle and radius of each flower, the smaller one behind."""
    free = side / 2 - 0.85 * radius  # a flower may leave the picture a little
    middle = side / 2 + rng.uniform(-free, free, 2)
    if not two:
        return [(middle, radius)]
    other, angle = radius * rng.uniform(0.6, 0.9), math.atan2(*(side / 2 - middle)[::-1]) + rng.normal(0, 0.4)
    away = (radius + other) * rng.uniform(0.85, 1.05)
    return [(middle + away * np.array([math.cos(angle), math.sin(angle)]), other), (middle, radius)]


def _flower(canvas: Canvas, kind: Kind, middle: Place, radius: float, colours: list[Colour], rng: Rng) -> None:
    """Rows of petals, from the outside in, then the heart."""
    lying = _tilted(middle, rng)
    turned, bend = rng.uniform(0, 2 * math.pi), rng.normal(0, 0.12)
    for depth, counts in enumerate(kind.rows):
        reach = radius * (1 - 0.32 * depth)
        count, turned = int(rng.integers(counts[0], counts[1] + 1)), turned + 0.5
        for each in rng.permutation(count):
            angle = turned + 2 * math.pi * each / count + rng.normal(0, 0.05)
            length, light = reach * rng.uniform(0.92, 1.06), rng.uniform(0.88, 1.06) * (1 - 0.10 * depth)
            for part, colour in zip((1.0, 0.66), (colours[0], colours[-1]), strict=True):
                outline = _petal(kind, length * part, bend)
                shade = light if part == 1 else light * (1.0 if len(colours) > 1 else 1.06)
                canvas.polygon(lying(_rotated(outline, angle)), _scaled(colour, shade), "petals")
    colour = _varied(HEARTS[rng.choice(kind.hearts)], 16, rng)
    circle = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    heart = kind.heart * radius * rng.uniform(0.9, 1.1)
    canvas.polygon(lying(heart * np.stack([np.cos(circle), np.sin(circle)], 1)), colour, "heart")
    for _ in range(14):  # stamens
        angle, reach = rng.uniform(0, 2 * math.pi), heart * math.sqrt(rng.uniform(0, 0.7))
        grain = 0.13 * heart * np.stack([np.cos(circle[::5]), np.sin(circle[::5])], 1)
        canvas.polygon(
            lying(grain + reach * np.array([math.cos(angle), math.sin(angle)])), _scaled(colour, 0.8), "heart"
        )


def _petal(kind: Kind, length: float, bend: float) -> Points:
    """The outline of a petal that points to the right, from the heart at 0 to its tip."""
    along = np.linspace(0, 1, 24)
    swelling = np.sin(math.pi / 2 * (along / kind.widest).clip(0, 1))
    narrowing = ((1 - along) / (1 - kind.widest)).clip(0, 1) ** kind.tip
    half = 0.5 * kind.width * np.where(along < kind.widest, swelling, narrowing)
    upper, lower = np.stack([along, half + bend * along**2], 1), np.stack([along, -half + bend * along**2], 1)
    tip = np.array([[1 - kind.notch, bend]]) if kind.notch else np.empty((0, 2))
    if kind.notch:  # two lobes instead of a tip
        upper, lower = upper[along < 0.97], lower[along < 0.97]
    return length * np.concatenate([upper, tip, lower[::-1]])


def _tilted(middle: Place, rng: Rng) -> Callable[[Points], Points]:
    """Points around 0 as they are seen around `middle` by somebody who does not look straight down on them."""
    axis, narrow = rng.uniform(0, math.pi), rng.uniform(0.8, 1.0)

    def seen(points: Points) -> Points:
        turned: Points = _rotated(_rotated(points, -axis) * [1.0, narrow], axis) + middle
        return turned

    return seen


def _leaves(canvas: Canvas, middle: Place, radius: float, rng: Rng) -> None:
    """A few leaves that look out from behind a flower."""
    shape = Kind(((1, 1),), 0.36, 0.5, 0.9, 0.0, 0.0, (), ())
    for _ in range(int(rng.integers(1, 4))):
        angle, colour = rng.uniform(0, 2 * math.pi), _varied(LEAVES[rng.integers(len(LEAVES))], 12, rng)
        outline = _rotated(_petal(shape, radius * rng.uniform(1.2, 1.7), rng.normal(0, 0.15)), angle) + middle
        canvas.polygon(outline, colour, "leaf")
        canvas.picture.line([tuple(outline[0]), tuple(outline[len(outline) // 2])], fill=_scaled(colour, 0.8), width=2)


def _ground(side: int, rng: Rng) -> Image.Image:
    """A meadow out of focus: a gradient with large soft spots."""
    top, bottom = (np.array(_varied(GROUNDS[rng.integers(len(GROUNDS))], 14, rng)) for _ in range(2))
    slope = np.linspace(0, 1, side)[:, None, None]
    pixels = np.broadcast_to((1 - slope) * top + slope * bottom, (side, side, 3))
    picture = Image.fromarray(pixels.astype(np.uint8))
    spots = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(6, 16))):
        x, y, reach = rng.uniform(0, side), rng.uniform(0, side), side * rng.uniform(0.04, 0.16)
        blooming = rng.random() < 0.04
        around = list(PALETTE.values()) if blooming else [*GROUNDS, *LEAVES]
        colour = _varied(around[rng.integers(len(around))], 20, rng)
        spots.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
    return picture.filter(ImageFilter.GaussianBlur(side * 0.035))


def _developed(picture: Image.Image, size: int, rng: Rng) -> Image.Image:
    """The photograph: a lens that is not always sharp, light from one side, the grain of a sensor."""
    blur = FINE * size / 96 * float(rng.choice([0.4, 0.8, 1.4], p=[0.6, 0.3, 0.1]))
    blurred = picture.filter(ImageFilter.GaussianBlur(blur))
    pixels = np.asarray(blurred.resize((size, size), Image.Resampling.BOX), dtype=np.float64)
    across = np.linspace(-1, 1, size)
    angle, strength = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.2)
    light = rng.uniform(0.85, 1.12) + strength * (math.cos(angle) * across[None] + math.sin(angle) * across[:, None])
    grain = rng.normal(0, rng.uniform(1, 5), pixels.shape)
    return Image.fromarray((pixels * light[..., None] + grain).round().clip(0, 255).astype(np.uint8))


def _rotated(points: Points, angle: float) -> Points:
    c, s = math.cos(angle), math.sin(angle)
    turned: Points = points @ np.array([[c, s], [-s, c]])
    return turned


def _scaled(colour: Colour, light: float) -> Colour:
    red, green, blue = (min(255, round(light * value)) for value in colour)
    return red, green, blue


def _varied(colour: Colour, spread: float, rng: Rng) -> Colour:
    red, green, blue = (np.array(colour) + rng.normal(0, spread, 3)).round().clip(0, 255).astype(int).tolist()
    return red, green, blue
