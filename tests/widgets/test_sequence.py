"""The explorers of lesson 17 at their smallest, middle and largest settings."""

import re

import pytest

from kdtutor.widgets.sequence import PullExplorer


def test_loss_and_slope_are_those_of_the_formula():
    shown = PullExplorer()
    for settings in shown.corners():
        shown.set(**settings)
        loss, slope = (float(number) for number in re.findall(r"<b>(-?[\d.]+)</b>", shown.text.value))
        gap = settings["z_s"] - settings["z_t"]
        assert (loss, slope) == pytest.approx((gap**2, 2 * gap), abs=0.006)
    assert shown.set(z_s=-2).png() != shown.set(z_s=2).png()
    assert repr(shown).startswith("<PullExplorer z_s=2.0, z_t=")
