"""What a step may change: two steps are told apart by it."""

import torch

from kdtutor.train.moment import difference


def test_steps_are_told_apart_by_what_they_change():
    before = {"weights": [torch.ones(3), torch.ones(2)], "step": [torch.tensor(3)]}
    after = {"weights": [torch.ones(3) + 1e-3, torch.ones(2)], "step": [torch.tensor(4)]}
    noisy = {"weights": [after["weights"][0] + 1e-6, torch.ones(2)], "step": [torch.tensor(4)]}
    assert difference(before, after, noisy) == ""
    assert difference(before, after, {**after, "weights": before["weights"]}) == "weights"
    assert difference(before, after, {**after, "step": before["step"]}) == "step"
    assert difference(before, after, {**after, "step": []}) == "step"
    assert difference(before, after, {**after, "step": [torch.tensor(torch.nan)]}) == "step"
