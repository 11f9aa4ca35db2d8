import numpy as np
import pytest

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


def test_a_legend_covers_no_curve():
    rising, falling, late = History(), History(), History()
    for epoch in range(1, 9):
        rising.add("one", epoch, val_accuracy=0.9 - 0.6 / epoch, found=3.0 + epoch / 10, wanted=-3.0 - epoch / 10)
        falling.add("one", epoch, val_accuracy=0.95 - 0.1 * epoch)
        late.add("two", epoch, val_accuracy=0.1 if epoch < 7 else 0.9)  # at chance, until its last phase begins
    for runs, terms in (
        ({"alone": rising, "taught": late}, "val_accuracy"),
        ({"alone": falling, "taught": late}, "val_accuracy"),
        ({"": rising}, (("found", "wanted"),)),
    ):
        picture = curves(runs, terms)
        picture.png()
        (ax,) = picture.axes
        box = ax.get_legend().get_window_extent()
        for line in ax.lines:
            x, y = line.get_xydata().T
            fine = np.linspace(x[0], x[-1], 400)
            points = ax.transData.transform(np.column_stack([fine, np.interp(fine, x, y)]))
            assert not box.count_contains(points)


def test_terms_of_several_nets_are_told_by_their_number():
    run = History()
    run.add(
        "together",
        1,
        mutual=0.2,
        mutual_2=0.3,
        val_accuracy=0.5,
        val_accuracy_2=0.6,
        val_entropy=1.0,
        val_entropy_2=1.1,
    )
    panels = (("mutual", "mutual_2"), ("val_accuracy", "val_accuracy_2"), ("val_entropy", "val_entropy_2"))
    axes = curves(run, panels).axes
    assert [ax.get_ylabel() for ax in axes] == ["mutual", "validation accuracy", "validation entropy"]
    for ax in axes:
        assert ax.get_legend_handles_labels()[1] == ["net 1", "net 2"]
    (ax,) = curves({"alone": run, "together": run}, panels[1:2]).axes
    assert ax.get_legend_handles_labels()[1][1:3] == ["alone, net 2", "together, net 1"]
