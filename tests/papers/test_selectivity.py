import pytest
import torch

from kdtutor.papers.selectivity import selectivity_loss

from .oracle import PRECISIONS, draw, equals_reference


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    equals_reference(selectivity_loss, "nst_case1", dtype)


def test_selectivity_is_the_broadcast_form():
    s, t = draw(2, 3, 4, 5), draw(2, 6, 4, 5, seed=1)
    a, b = (torch.nn.functional.normalize(x.flatten(2), dim=2) for x in (s, t))

    def kernel(x, y):
        return (x.unsqueeze(2) * y.unsqueeze(1)).sum(3).square().mean()

    torch.testing.assert_close(selectivity_loss(s, t), kernel(a, a) + kernel(b, b) - 2 * kernel(a, b))
    assert selectivity_loss(t[:, [3, 0, 5, 1, 2, 4]], t).item() == pytest.approx(0, abs=1e-15)
    larger = torch.repeat_interleave(t, 2, dim=2)
    torch.testing.assert_close(selectivity_loss(s, larger), selectivity_loss(s, t))
