import pytest

from kdtutor.errors import ShapeError, UnknownName
from kdtutor.figures import scheme
from kdtutor.figures.scheme import HALF

LANES = {"teacher": ["net", "z_t"], "student": ["net", "z_s"]}


def texts(picture) -> dict[str, tuple[float, float]]:
    return {text.get_text(): text.get_position() for text in picture.axes[0].texts}


def test_boxes_stand_in_their_lane_from_left_to_right_and_a_loss_between_its_two():
    places = texts(scheme(LANES, {"KL": ("z_t", "z_s")}, alt="Logits meet."))
    assert places["image"] == (0, 0.5) and places["z_t"] == (2, 1) and places["z_s"] == (2, 0)
    assert places["KL"] == (2, 0.5)


def test_a_place_may_stay_free_and_arrows_join_boxes_of_two_lanes():
    lanes = {"generator": ["noise", "fake"], "student": ["", "", "net"]}
    picture = scheme(lanes, alt="A generator feeds a student.", start="", arrows=[("fake", "net")])
    assert texts(picture) == {"noise": (0, 1), "fake": (1, 1), "net": (2, 0)}
    ends = [patch._posA_posB for patch in picture.axes[0].patches if hasattr(patch, "_posA_posB")]
    assert ends[-1] == [(1 + HALF[0], 1), (2 - HALF[0], 0)]


def test_nets_that_learn_nothing_are_drawn_with_broken_lines():
    dashes = [patch.get_linestyle() for patch in scheme(LANES, alt="x", start="").axes[0].patches]
    assert set(dashes[:3]) == {"--"} and set(dashes[3:]) == {"-"}


def test_boxes_of_one_text_are_named_with_their_net():
    places = texts(scheme(LANES, {"equal": ("teacher: net", "student: net")}, alt="x"))
    assert places["equal"] == (1, 0.5)


def test_what_does_not_fit_is_said():
    with pytest.raises(UnknownName, match="z_q"):
        scheme(LANES, {"KL": ("z_t", "z_q")}, alt="x")
    with pytest.raises(ShapeError, match="at least one net"):
        scheme({}, alt="x")
