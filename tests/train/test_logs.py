"""Logs beside a run: what TensorBoard is given is what the history has."""

import io
import sys

import pytest
import tqdm

import kdtutor as kd

from .common import RECIPE, make


def fit(data, out, **options):
    asked = {"recipe": RECIPE, "device": "cpu", "out": out, "progress": False, "log": "tensorboard"}
    return kd.fit(make(), data, 3, **asked, **options)


def curves(folder):
    """Every scalar that TensorBoard shows for a run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [(each.step, each.value) for each in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


@pytest.mark.parametrize("stopped", [False, True], ids=["whole", "stopped and continued"])
def test_tensorboard_has_every_number_of_the_history(stopped, digits, tmp_path):
    class Stop(Exception):
        pass

    def stop(at):
        if at.epoch == 2:
            raise Stop

    if stopped:
        with pytest.raises(Stop):
            fit(digits, tmp_path, on_epoch=stop)
    history = fit(digits, tmp_path)
    found = curves(tmp_path)
    for term in history.terms:
        split, _, name = term.partition("_")
        tag = f"{split}/{name}" if split in ("train", "val", "test") and name else f"train/{term}"
        assert found.pop(tag) == [(n, pytest.approx(x)) for n, x in zip(*history.curve(term), strict=True)]
    rates = [RECIPE.rate((4 * epoch - 1) / 12) for epoch in (1, 2, 3)]  # of the last of four steps
    assert found == {"lr": [(n, pytest.approx(rate)) for n, rate in enumerate(rates, 1)]}


def test_what_cannot_be_logged_is_said_and_nothing_is_written(digits, tmp_path, monkeypatch):
    with pytest.raises(kd.UnknownName, match=r"'tensorbord' is not a known log. Did you mean 'tensorboard'"):
        kd.fit(make(), digits, 1, out=tmp_path, log="tensorbord")
    with pytest.raises(kd.ConfigError, match="log='tensorboard' is written into the folder of the run"):
        kd.fit(make(), digits, 1, log="tensorboard")
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as where it is not installed
    with pytest.raises(kd.ConfigError, match=r'pip install "kdtutor\[tensorboard\]"'):
        fit(digits, tmp_path)
    assert not list(tmp_path.iterdir())


def test_time_left_is_of_the_whole_run_and_counts_the_steps_of_this_call(digits, tmp_path, monkeypatch):
    bars = []

    class Bar(tqdm.tqdm):
        def __init__(self, **options):
            super().__init__(file=io.StringIO(), **options)
            bars.append(self)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    running = kd.train.steps(make("fsp"), digits, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(5):  # the second phase has begun
        next(running)
    running.close()
    kd.fit(make("fsp"), digits, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    told = bars[0].format_dict
    assert (told["initial"], told["n"], told["total"]) == (5, 8, 8)
