import statistics
import time

import pytest
from ipywidgets import Checkbox, Dropdown, FloatLogSlider, FloatSlider, IntRangeSlider, IntSlider, Text

from kdtutor.errors import ConfigError, UnknownName
from kdtutor.figures import Picture
from kdtutor.widgets import Alive, Explorer, LiveFigure
from kdtutor.widgets.controls import corners, labelled, settings_of


class WaveExplorer(Explorer):
    """Moves a line; fails where asked to."""

    def __init__(self) -> None:
        live = LiveFigure(alt="A line as high as the slider.", size=(3, 2))
        (self.line,) = live.axes[0].plot([0, 1], [0, 0])
        live.axes[0].set_ylim(0, 20)
        live.live(self.line)
        self.drawn = 0
        controls = {
            "T": FloatSlider(4.0, min=1, max=20, step=0.5, description="T"),
            "digit": Dropdown(options=[("three", 3), ("five", 5), ("bad", -1)], description="digit"),
        }
        super().__init__(controls, figure=live)

    def draw(self, T: float, digit: int) -> str:
        self.drawn += 1
        if digit < 0:
            raise ConfigError("digit=-1: expected 0..9 & more.")
        self.line.set_ydata([T, digit])
        return f"T = {T:g}, digit {digit}"


class DotExplorer(Explorer):
    """Makes a new picture each time."""

    def __init__(self) -> None:
        super().__init__({"n": IntSlider(2, min=1, max=4, description="n")}, alt="Dots.", name="dots")

    def draw(self, n: int) -> tuple[Picture, str]:
        picture = Picture(alt="Dots.", size=(1 + n, 2), dpi=50)
        picture.subplots().plot(range(n), "o")
        return picture, f"{n} dots"


def test_the_picture_and_the_sentence_follow_a_control():
    explorer = WaveExplorer()
    before = bytes(explorer.image.value)
    explorer.controls["T"].value = 8
    assert explorer.text.value == "<span class='kd-out'>T = 8, digit 3</span>"
    assert bytes(explorer.image.value) != before
    assert "kd-wave" in explorer._dom_classes
    assert explorer.settings == {"T": 8.0, "digit": 3}


def test_repr_and_stored_output():
    explorer = WaveExplorer()
    assert repr(explorer) == "<WaveExplorer T=4.0, digit=three: A line as high as the slider.>"
    data, metadata = explorer._repr_mimebundle_()
    assert data["text/plain"] == repr(explorer)
    assert metadata["image/png"]["alt"] == "A line as high as the slider."
    assert "application/vnd.jupyter.widget-view+json" in data
    explorer.controls["T"].value = 0.1 + 1.2
    assert "T=1.3," in repr(explorer)


def test_an_explorer_may_make_pictures():
    explorer = DotExplorer()
    assert (explorer.image.width, explorer.image.height) == ("150", "100")
    explorer.set(n=4)
    assert (explorer.image.width, explorer.image.layout.width) == ("250", "250px")
    assert "4 dots" in explorer.text.value
    assert "kd-dots" in explorer._dom_classes
    assert explorer.png()


def test_set_draws_once():
    explorer = WaveExplorer()
    drawn = explorer.drawn
    assert explorer.set(T=2, digit=5) is explorer
    assert explorer.drawn == drawn + 1
    assert explorer.settings == {"T": 2.0, "digit": 5}
    with pytest.raises(UnknownName, match="temperature"):
        explorer.set(temperature=3)


def test_what_a_callback_raises_is_shown_and_kept():
    explorer = WaveExplorer()
    explorer.controls["digit"].value = -1  # on the page nobody sees an exception
    assert "<b>This setting does not work.</b> digit=-1: expected 0..9 &amp; more." in explorer.text.value
    explorer.controls["digit"].value = 3
    assert "T = 4" in explorer.text.value
    with pytest.raises(ConfigError, match="digit=-1"):
        explorer.render()
    explorer.render()
    with pytest.raises(ConfigError, match="digit=-1"):
        explorer.set(digit=-1)


def test_corners_are_smallest_middle_largest():
    controls = {
        "T": FloatSlider(4.0, min=1, max=20, step=0.5, description="T"),
        "digit": Dropdown(options=[("three", 3), ("five", 5), ("nine", 9)], description="digit"),
        "on": Checkbox(True, description="on"),
        "lr": FloatLogSlider(0.1, min=-4, max=0, description="lr"),
        "range": IntRangeSlider(value=(2, 4), min=0, max=10, description="range"),
        "name": Text("a", description="name"),
    }
    tried = list(corners(controls))
    assert tried[0] == {"T": 1, "digit": 3, "on": False, "lr": 1e-4, "range": (0, 0), "name": "a"}
    assert tried[1]["T"] == 10.5
    assert (tried[1]["digit"], tried[1]["lr"], tried[1]["range"]) == (5, 1e-2, (0, 5))
    assert tried[2] == {"T": 20, "digit": 9, "on": True, "lr": 1, "range": (0, 10), "name": "a"}
    assert len(tried) == 3 + 2 * len(controls)
    for settings in tried:  # each is a setting that the controls take as it is
        for name, value in settings.items():
            controls[name].value = value
            assert controls[name].value == value


def test_a_control_needs_a_label_and_an_explorer_alternative_text():
    class Broken(Explorer):
        def draw(self, T: float) -> str:
            return ""

    with pytest.raises(ConfigError, match="without a label"):
        Broken({"T": FloatSlider()}, figure=LiveFigure(alt="A line."))
    with pytest.raises(ConfigError, match="alternative text"):
        Broken({"T": FloatSlider(description="T")})
    with pytest.raises(ConfigError, match="without a live figure"):
        Broken({"T": FloatSlider(description="T")}, alt="A line.")


def test_controls_say_in_words_what_they_do():
    explorer = WaveExplorer()
    assert explorer.controls["T"].tooltip == "T: from 1 to 20; arrow keys move it"
    assert explorer.controls["T"].style.description_width == explorer.controls["digit"].style.description_width


def test_alive_at_its_corners_and_in_time():
    alive = Alive()
    times = []
    for settings in [*alive.corners(), *({"petals": n} for n in range(3, 13))]:
        start = time.perf_counter()
        alive.set(**settings)
        times.append(time.perf_counter() - start)
        assert f"the flower has {settings['petals']} petals" in alive.text.value
    assert statistics.median(times) < 0.06
    assert repr(Alive()) == "<Alive petals=5: A flower; the slider sets the number of its petals.>"


def test_a_slider_holds_the_very_number_that_the_page_computes():
    """Chromium's numbers: another one in the last digit would be sent back to the kernel as soon as it is shown."""
    sliders = {
        "a": FloatSlider(0.8, min=-1.5, max=1.5, step=0.1, description="a"),
        "b": FloatSlider(0.2, min=-3, max=4, step=0.1, description="b"),
        "c": FloatSlider(1.5, min=-1.5, max=1.5, step=0.1, description="c"),
    }
    assert [x.value for x in labelled(sliders).values()] == [0.7999999999999998, 0.20000000000000018, 1.5]
    assert settings_of(sliders) == {"a": 0.8, "b": 0.2, "c": 1.5}


def test_a_logarithmic_slider_stands_on_a_step():
    """As above; Chromium showed these very numbers."""
    sliders = {
        "a": FloatLogSlider(0.3, base=10, min=-1.2, max=0.4, step=0.1, description="a"),
        "b": FloatLogSlider(3.0, base=2, min=-1, max=5, step=0.25, description="b"),
        "c": FloatLogSlider(1.0, base=10, min=-2, max=1, step=0.1, description="c"),
    }
    assert [x.value for x in labelled(sliders).values()] == [0.31622776601683794, 2.828427124746191, 1.0]
