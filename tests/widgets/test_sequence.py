"""The explorers of lesson 17 at their smallest, middle and largest settings."""

import re

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError
from kdtutor.widgets.sequence import DivergenceExplorer, ModeExplorer, SamplingExplorer, two_peaks


def told(explorer):
    return [float(number) for number in re.findall(r"<b>(-?[\d.]+)%?</b>", explorer.text.value)]


def writers():
    kd.seed_everything(0)
    return {name: kd.nets.language_model("gpt1x16", vocabulary=20, context=64) for name in ("teacher", "alone")}


def test_a_text_follows_temperature_seed_and_top_k():
    characters = tuple("abcdefghijklmnopqrs\n")
    explorer = SamplingExplorer(writers(), characters, ["abc", "dead"])
    for settings in explorer.corners():
        explorer.set(**settings)
        heights = [bar.get_height() for bar in explorer._bars]
        assert heights == sorted(heights, reverse=True) and sum(heights) <= 1 + 1e-6
        if settings["T"] == 0 or settings["top_k"] == 1:
            assert heights[0] == 1 and told(explorer)[-1] == 0
    one, other = (explorer.set(T=1, top_k=20, seed=seed).text.value for seed in (0, 1))
    assert one != other and explorer.set(seed=0).text.value == one
    assert explorer.set(T=0, seed=3).text.value == explorer.set(seed=4).text.value
    assert repr(explorer).startswith("<SamplingExplorer writer=")
    with pytest.raises(ConfigError, match="nobody to write"):
        SamplingExplorer({}, characters, ["abc"])


def test_the_divergence_is_bounded_in_between_and_its_slope_dies_where_the_student_is_wrong():
    explorer = DivergenceExplorer()
    for settings in explorer.corners():
        value, slope = told(explorer.set(**settings))
        line = explorer._lines[0].get_ydata()
        assert abs(value - line[0]) < 0.006 and line.min() < 0.01 and slope <= 0
    forward, half = (told(explorer.set(p_t=0.9, beta=beta)) for beta in (0, 0.5))
    assert forward[0] > 6 * half[0] and abs(forward[1]) > 20 * abs(half[1])


def test_forward_covers_both_peaks_and_reverse_takes_the_larger_one():
    explorer = ModeExplorer()
    for settings in explorer.corners():
        explorer.set(**settings)
    centres, hardly = {}, {}
    for beta in (0.0, 1.0):
        centres[beta], width, hardly[beta] = told(explorer.set(beta=beta, distance=5, share=0.6))
        assert width > 2 if beta == 0 else width < 1
    assert abs(centres[0.0]) < 1 and centres[1.0] == pytest.approx(-2.5, abs=0.1)
    assert hardly[0.0] > 20 > 10 > hardly[1.0]
    assert told(explorer.set(distance=0))[0] == pytest.approx(0, abs=0.07)  # with a single peak all agree


def test_two_peaks_share_the_probability():
    p = two_peaks(distance=7, share=0.7).softmax(0)
    torch.testing.assert_close(p[ModeExplorer.PLACES < 0].sum(), torch.tensor(0.7, dtype=p.dtype), atol=1e-3, rtol=0)


def test_of_two_equally_near_students_the_first_is_taken():
    one, less = torch.tensor(0.3, dtype=torch.float64), torch.tensor(0.3 - 1e-15, dtype=torch.float64)
    assert ModeExplorer.nearest(torch.stack([one + 1, one, less, one - 1e-15])) == 1
    shown = ModeExplorer(beta=1.0, share=0.5)  # both peaks are alike
    assert told(shown)[0] < 0
