import asyncio

import pytest
from ipywidgets import FloatSlider

from kdtutor.errors import ConfigError
from kdtutor.widgets import Retrain

from .fake import fake_history, fake_steps


def retrain(**options) -> Retrain:
    def steps(T: float, alpha: float):
        if T > 19:
            raise ConfigError("T=20: expected less.")
        return fake_steps(level=alpha)

    controls = {
        "T": FloatSlider(4, min=1, max=20, description="T"),
        "alpha": FloatSlider(0.5, min=0, max=1, description="alpha"),
    }
    return Retrain(steps, controls, name="explore", alt="Accuracy of each setting.", **options)


def test_every_run_is_kept_with_its_setting():
    widget = retrain(baseline={"alone": fake_history(level=0.3)})
    assert widget.run_once(30).last("val_accuracy") == 0.5
    widget.run_once(30, T=8, alpha=0.7)
    assert [label for label, _ in widget.runs] == ["T=4.0, alpha=0.5", "T=8.0, alpha=0.7"]
    for text in ("alone", "1: T=4.0, alpha=0.5", "2: T=8.0, alpha=0.7", "0.700", "0.300"):
        assert text in widget._table.value
    axes = widget.run.curves.figure.axes[1]
    assert axes.get_legend_handles_labels()[1] == ["this run", "alone", "1: T=4.0, alpha=0.5"]


def test_start_takes_the_settings_of_that_moment():
    widget = retrain()
    assert "no run yet" in widget._table.value
    widget.controls["alpha"].value = 0.9
    widget.run._start.click()
    assert asyncio.run(widget.finished()).last("val_accuracy") == 0.9
    assert "T=4.0, alpha=0.9" in widget._table.value
    widget.run.start()
    widget.controls["alpha"].value = 0.2  # too late for this run
    assert asyncio.run(widget.finished()).last("val_accuracy") == 0.9
    assert widget._table.value.count("T=4.0, alpha=0.9") == 2


def test_only_the_last_runs_are_drawn():
    widget = retrain(keep=2)
    for T in range(1, 5):
        widget.run_once(30, T=T)
    labels = widget.run.curves.figure.axes[1].get_legend_handles_labels()[1]
    assert labels == ["this run", "2: T=2.0, alpha=0.5", "3: T=3.0, alpha=0.5"]
    assert widget._table.value.count("alpha=0.5") == 4


def test_a_run_that_fails_is_raised_and_not_kept():
    widget = retrain()
    with pytest.raises(ConfigError, match="T=20"):
        widget.run_once(30, T=20)
    assert widget.runs == []
    assert "T=20: expected less." in widget.run._status.value


def test_text_and_stored_picture():
    widget = retrain()
    widget.run_once(30)
    data, metadata = widget._repr_mimebundle_()
    assert data["text/plain"] == "<Retrain explore T=4.0, alpha=0.5: Accuracy of each setting.>"
    assert metadata["image/png"]["alt"] == "Accuracy of each setting."
    assert {"kd-explore"} <= set(widget._dom_classes)


def test_a_control_without_a_label_is_refused():
    with pytest.raises(ConfigError, match="without a label"):
        Retrain(fake_steps, {"T": FloatSlider()}, name="x", alt="y")
