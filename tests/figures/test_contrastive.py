"""The pictures of lesson 16."""

import numpy as np
import pytest
import torch

from kdtutor import ShapeError
from kdtutor.figures import contrastive as draw


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_memory_is_drawn_in_one_plane_at_all_times():
    banks = {"first": drawn(9, 4), "last": drawn(9, 4, seed=1)}
    views = {time: bank[2] for time, bank in banks.items()}
    same = torch.arange(9) % 2 == 0
    picture = draw.memory(banks, views, 2, same, torch.tensor([1, 3]), alt="Two planes.")
    for ax in picture.axes:
        everyone, kin, negatives, positive, seen = (line.get_xydata() for line in ax.lines)
        np.testing.assert_allclose(kin, everyone[[0, 4, 6, 8]])
        np.testing.assert_allclose(negatives, everyone[[1, 3]])
        np.testing.assert_allclose(positive, everyone[[2]])
        np.testing.assert_allclose(seen, positive, atol=1e-6)
    assert [ax.get_title() for ax in picture.axes] == ["first", "last"] and picture.png()
    with pytest.raises(ShapeError, match="expected a bank"):
        draw.memory(banks, {"first": drawn(4)}, 0, same, torch.tensor([1]), alt="One view too few.")
    with pytest.raises(ShapeError, match=r"\(9, 4, 3\)"):
        draw.memory(banks, {time: drawn(3) for time in banks}, 0, same, torch.tensor([1]), alt="Too narrow.")


def test_lines_and_their_marks():
    curves, marks = {"a": [3, 2, 1], "b": drawn(3)}, {"top": 4}
    picture = draw.lines([1, 2, 3], curves, alt="Two.", xlabel="x", ylabel="y", marks=marks, log=True)
    (ax,) = picture.axes
    assert [line.get_label() for line in ax.lines[:2]] == ["a", "b"] and ax.get_yscale() == "log"
    assert ax.lines[0].get_xydata().tolist() == [[1, 3], [2, 2], [3, 1]] and set(ax.lines[2].get_ydata()) == {4}
    assert [text.get_text() for text in ax.texts] == ["top"] and picture.png()


def test_a_dot_for_each_sample():
    p, parts = drawn(5), {"one": drawn(5, seed=1), "other": drawn(5, seed=2)}
    picture = draw.certainty(p, parts, alt="Two panels.", xlabel="p")
    for ax, values in zip(picture.axes, parts.values(), strict=True):
        np.testing.assert_allclose(ax.lines[0].get_xydata(), torch.stack([p, values], 1), rtol=1e-6)
        np.testing.assert_allclose(ax.lines[1].get_ydata(), [values.mean()] * 2, rtol=1e-5)
    with pytest.raises(ShapeError, match="one: 4 numbers for 5 samples"):
        draw.certainty(p, {"one": p[:4]}, alt="Too few.", xlabel="p")
