"""Curves that grow while a run goes on: limits, length, and the time of a redraw."""

import statistics
import time

import pytest

from kdtutor.widgets.live_curves import POINTS, LiveCurves, Trail

from .fake import fake_steps


def test_limits_follow_the_data_whatever_their_size():
    for scale in (1e-3, 1.0, 1e4):
        curves = LiveCurves("loss")
        for progress in fake_steps(scale=scale):
            curves.add(progress)
        curves.redraw(progress)
        trail = curves._trails["loss"].y
        low, high = curves.figure.axes[0].get_ylim()
        assert low <= min(trail) < max(trail) <= high < 2.5 * max(trail)


def test_a_nan_does_not_break_the_picture():
    curves = LiveCurves("loss")
    for progress in fake_steps(scale=float("nan")):
        curves.add(progress)
    curves.redraw(progress)


def test_a_trail_stays_short_and_reaches_its_end():
    trail = Trail()
    for i in range(10_000):
        trail.add(i, 1.0)
    assert POINTS / 3 < len(trail.x) <= POINTS
    assert trail.x == sorted(trail.x)
    assert trail.x[-1] > 9_900
    assert trail.y == pytest.approx([1.0] * len(trail.y))


def test_a_redraw_of_live_curves_is_quick():
    curves = LiveCurves((("task", "kd"), "val_accuracy"))
    times = []
    for progress in fake_steps(per_epoch=30):
        curves.add(progress)
        start = time.perf_counter()
        curves.redraw(progress)
        times.append(time.perf_counter() - start)
    assert statistics.median(times) < 0.06
