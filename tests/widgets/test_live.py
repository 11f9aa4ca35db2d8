import io
import statistics
import threading
import time

import numpy as np
import pytest
from ipywidgets import HTML
from PIL import Image

from kdtutor.errors import ConfigError
from kdtutor.widgets import Board, LiveFigure


def pixels(live: LiveFigure) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(bytes(live.image.value))).convert("RGB")).astype(int)


def bar_and_line() -> tuple[LiveFigure, list, object]:
    live = LiveFigure(alt="Bars and a line.", size=(6, 3), columns=2)
    left, right = live.axes
    bars = left.bar(range(10), np.full(10, 0.1))
    (line,) = right.plot(np.arange(10), np.arange(10) / 10)
    left.set_ylim(0, 1)
    right.set(ylim=(0, 1), title="title")
    live.live(bars, line)
    live.update()
    return live, list(bars), line


def test_a_moved_artist_shows_as_in_a_full_drawing():
    live, bars, line = bar_and_line()
    bars[3].set_height(0.8)
    line.set_ydata(np.linspace(1, 0, 10))
    live.update()
    moved = pixels(live)
    for artist in (*bars, line):
        artist.set_animated(False)
    live.figure.canvas.draw()
    full = np.asarray(live.figure.canvas.buffer_rgba())[..., :3].astype(int)
    inside = np.abs(moved - full).max(-1) > 60  # the rims of the axes may lie over or under a live artist
    assert inside.mean() < 0.002


def test_nothing_is_left_behind_by_a_move():
    live, bars, _ = bar_and_line()
    before = pixels(live)
    bars[3].set_height(0.8)
    live.update()
    assert (pixels(live) != before).any()
    bars[3].set_height(0.1)
    live.update()
    assert (pixels(live) == before).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda ax: ax.set_ylim(0, 5),
        lambda ax: ax.set_title("another"),
        lambda ax: ax.set_xlabel("label"),
        lambda ax: ax.set_xticks([0, 5], ["a", "b"]),
        lambda ax: ax.axhline(0.5),
    ],
)
def test_a_change_of_what_is_drawn_once_is_noticed(change):
    live, _, _ = bar_and_line()
    before = pixels(live)
    change(live.axes[1])
    live.update()
    after = pixels(live)
    assert (after != before).any()
    live.invalidate()
    live.update()
    assert (pixels(live) == after).all()


def test_the_image_has_its_size():
    live, _, _ = bar_and_line()
    assert (live.image.width, live.image.height) == ("576", "288")
    assert live.image.layout.width == "576px"
    assert live.image.tooltip is None  # the page of ipywidgets 8.1 fails to show an image that has one
    assert pixels(live).shape == (288, 576, 3)
    assert len(live.png()) < len(live.image.value)


def test_a_redraw_is_quick():
    live, bars, line = bar_and_line()
    times = []
    for i in range(30):
        start = time.perf_counter()
        for bar in bars:
            bar.set_height((i % 7) / 10)
        line.set_ydata(np.linspace(0, (i % 5) / 5, 10))
        live.update()
        times.append(time.perf_counter() - start)
    assert statistics.median(times) < 0.06


def test_two_threads_may_draw():
    live, bars, _ = bar_and_line()
    errors = []

    def work():
        try:
            for i in range(20):
                with live.lock:
                    bars[0].set_height(i / 20)
                live.update()
                if i % 5 == 0:
                    live.invalidate()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    assert pixels(live).shape == (288, 576, 3)


def test_a_board_shows_widget_picture_and_text():
    live, _, _ = bar_and_line()

    class Panel(Board):
        def png(self) -> bytes:
            return live.png()

    panel = Panel([HTML("a"), live.image], name="panel", alt="Bars  and\na line.")
    data, metadata = panel._repr_mimebundle_()
    assert set(data) == {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"}
    assert data["text/plain"] == repr(panel) == "<Panel panel: Bars and a line.>"
    assert metadata["image/png"]["alt"] == "Bars and a line."
    assert "kd-panel" in panel._dom_classes
    assert panel.children[-1].value == "<span class='kd-alt'>Bars and a line.</span>"
    with pytest.raises(ConfigError, match="alternative text"):
        Panel([], name="panel", alt="")
