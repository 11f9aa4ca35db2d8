import pytest
from matplotlib.legend import Legend

from kdtutor.errors import UnknownName
from kdtutor.figures import ROLES, curves
from kdtutor.train import History


def history(level: float = 0.9, epochs: int = 4) -> History:
    made = History()
    for epoch in range(1, epochs + 1):
        terms = {"task": 2 / epoch, "kd": 1 / epoch, "loss": 3 / epoch}
        made.add("match" if epoch < 3 else "learn", epoch, **terms, val_accuracy=level * epoch / epochs)
    return made


def test_runs_with_a_role_have_its_look():
    picture = curves({"alone": history(0.8), "taught": history()}, ("loss", "val_accuracy"))
    assert len(picture.axes) == 2
    for ax in picture.axes:
        assert [line.get_color() for line in ax.lines] == [ROLES["alone"]["color"], ROLES["taught"]["color"]]
    assert [text.get_text() for text in picture.axes[1].get_legend().get_texts()] == ["alone", "taught"]
    assert picture.axes[1].lines[1].get_ydata()[-1] == 0.9
    assert picture.alt == "Curves over the epochs: loss; validation accuracy, for alone, taught."


def test_one_run_shows_all_its_losses_and_marks_its_phases():
    picture = curves(history())
    losses, accuracies = picture.axes
    assert losses.get_legend_handles_labels()[1] == ["task", "kd", "loss"]
    assert accuracies.get_ylabel() == "validation accuracy"
    assert [text.get_text() for text in losses.texts] == ["learn"]
    assert picture.png()


def test_a_run_that_lacks_a_term_is_left_out():
    alone = History()
    alone.add("alone", 1, loss=1.0)
    assert len(curves({"alone": alone, "taught": history()}, "kd").axes[0].lines) == 1


def test_several_terms_and_runs_on_the_same_axes_can_be_told_apart():
    (ax,) = curves({"alone": history(), "taught": history()}, [("task", "kd")]).axes
    assert len({(line.get_color(), str(line.get_linestyle()), line.get_marker()) for line in ax.lines}) == 4


def test_history_draws_itself():
    assert history().plot().alt == curves(history()).alt
    assert len(history().plot("loss").axes) == 1


def test_an_unknown_term_is_named():
    with pytest.raises(UnknownName, match="val_accuracy"):
        curves(history(), "val_acuracy")
    with pytest.raises(ValueError, match="no histories"):
        curves({})


def test_the_legend_stands_where_the_lines_leave_room():
    game = History()
    for epoch in (1, 2, 3):
        game.add("game", epoch, found=3.0 + epoch / 10, wanted=-3.0 - epoch / 10, val_accuracy=0.1 * epoch)
    places = {}
    for terms in (("found", "wanted"), ("val_accuracy", "val_accuracy")):
        box = curves(game, (terms,)).axes[0].get_legend()
        places[terms[0]] = box._loc
    falling = curves(history(), (("task", "kd"),)).axes[0].get_legend()._loc
    codes = Legend.codes
    assert places == {"found": codes["center right"], "val_accuracy": codes["lower right"]}
    assert falling == codes["upper right"]
