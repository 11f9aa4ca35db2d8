import base64
import io
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from kdtutor.errors import ConfigError
from kdtutor.figures import PALETTE, ROLES, Picture, style
from kdtutor.figures.picture import compact


def picture(**options) -> Picture:
    made = Picture(alt="A rising line.", **options)
    made.subplots().plot([1, 2, 3])
    return made


@pytest.mark.parametrize("alt", ["", "   "])
def test_a_picture_needs_alternative_text(alt):
    with pytest.raises(ConfigError, match="alternative text"):
        Picture(alt=alt)
    with pytest.raises(TypeError, match="alt"):
        Picture()  # type: ignore[call-arg]


def test_what_jupyter_stores_of_a_picture():
    data, metadata = DisplayFormatter().format(picture(size=(5, 3), dpi=80))
    assert set(data) == {"image/png", "text/plain"}
    assert data["text/plain"] == "<Picture: A rising line.>"
    assert metadata == {"image/png": {"alt": "A rising line.", "width": 400, "height": 240}}
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (400, 240)


def test_pyplot_does_not_take_over_the_display(monkeypatch):
    """In a kernel Jupyter registers its own drawing for figures, which knows no alternative text."""
    from IPython.core.pylabtools import select_figure_formats

    from kdtutor.figures import picture as module

    shell = SimpleNamespace(display_formatter=DisplayFormatter())
    with monkeypatch.context() as kernel:
        kernel.setattr("IPython.get_ipython", lambda: shell)
        module._keep_own_display()
    select_figure_formats(shell, {"png", "svg"})
    data, metadata = shell.display_formatter.format(picture())
    assert set(data) == {"image/png", "text/plain"}
    assert metadata["image/png"]["alt"] == "A rising line."


def test_no_pyplot_figure_is_opened():
    import matplotlib.pyplot as plt

    picture().png()
    assert plt.get_fignums() == []


def test_ten_pictures_stay_far_below_half_a_megabyte():
    made = Picture(alt="Two noisy lines and bars.", size=(8, 3.5))
    left, right = made.subplots(1, 2)
    rng = np.random.default_rng(0)
    for row in rng.normal(size=(4, 300)).cumsum(1):
        left.plot(row, label="run")
    left.legend()
    right.bar(range(10), rng.random(10))
    assert len(base64.b64encode(made.png())) * 10 < 300_000


def test_the_palette_changes_no_colour_that_one_could_see():
    made = picture()
    made.canvas.draw()
    drawn = np.asarray(made.canvas.buffer_rgba())[..., :3].astype(int)
    stored = np.asarray(Image.open(io.BytesIO(made.png())).convert("RGBA").convert("RGB")).astype(int)
    assert np.abs(drawn - stored).max() <= 24
    assert np.abs(drawn - stored).mean() < 0.5
    assert (stored[0, 0] == 255).all()


def test_on_a_dark_page_a_picture_is_a_card_with_round_corners():
    black = Image.new("RGBA", (96, 96), "black")
    rng = np.random.default_rng(0)
    noisy = Picture(alt="Noise.", size=(1, 1))
    noisy.figimage(rng.random((96, 96, 3)), resize=False)
    for made in (picture(size=(1, 1)), noisy):  # with a palette, and in full colours
        stored = Image.open(io.BytesIO(made.png())).convert("RGBA")
        seen = np.asarray(Image.alpha_composite(black, stored).convert("RGB")).astype(int)
        assert (seen[[0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()  # the corners are those of the page
        assert np.asarray(stored)[10:-10, :, 3].min() == np.asarray(stored)[:, 10:-10, 3].min() == 255
    assert (seen[48, :3] == np.asarray(noisy.pixels())[48, :3, :3]).all()


def test_photographs_keep_their_colours():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(compact(Image.fromarray(pixels)))).convert("RGB")) == pixels).all()


def test_roles_differ_in_colour_line_and_marker():
    for key in ("color", "linestyle", "marker"):
        assert len({look[key] for look in ROLES.values()}) == 3
    assert set(ROLES) == {"teacher", "alone", "taught"}
    assert len(set(PALETTE)) == 8


def test_other_labels_never_borrow_the_look_of_a_role():
    looks = style.looks(["alone", "run 1", "taught", "run 2"])
    assert looks["alone"] == ROLES["alone"]
    assert len({look["color"] for look in looks.values()}) == 4
    assert len(style.looks([f"run {i}" for i in range(30)])) == 30
