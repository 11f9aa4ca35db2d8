"""What every film has: a slider over its steps, and a button that plays them from the frame that is shown."""

import pytest

from kdtutor.errors import ShapeError
from kdtutor.widgets import Film, LiveFigure


class Counting(Film):
    """Says which frame it shows."""

    def __init__(self, steps: list[int], moment: int = 0) -> None:
        super().__init__(steps, {}, LiveFigure(alt="Nothing."), moment)

    def draw(self, moment: int) -> str:
        return f"frame {moment}"


@pytest.mark.parametrize(("moment", "shown"), [(0, 0), (1, 1), (2, 2), (99, 2)])
def test_the_button_begins_with_the_frame_that_is_shown(moment: int, shown: int) -> None:
    film = Counting([0, 10, 20], moment)
    assert film.settings == {"moment": shown}
    assert f"frame {shown}" in film.text.value
    assert (film.play.value, film.play.min, film.play.max) == (shown, 0, 2)
    assert film.play in film.children
    assert film.play.description


def test_the_slider_counts_in_steps() -> None:
    slider = Counting([0, 10, 20]).controls["moment"]
    assert [label for label, _ in slider.options] == ["0", "10", "20"]


def test_a_film_without_frames_is_refused() -> None:
    with pytest.raises(ShapeError, match="at least one frame"):
        Counting([])
