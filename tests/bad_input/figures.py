"""Pictures."""

from torch import zeros

import kdtutor as kd
from kdtutor import ConfigError, ShapeError

from .kinds import Bad

BAD: dict[str, Bad] = {
    "a figure without words": Bad(
        lambda _: kd.figures.Picture(alt=" "), ConfigError, ("needs alternative text", "pass alt='…'"),
    ),
    "five colours": Bad(
        lambda _: kd.figures.show_images(zeros(2, 5, 4, 4), alt="x"), ShapeError,
        ("shape (5, 4, 4)", "expected (H, W)"),
    ),
}  # fmt: skip
