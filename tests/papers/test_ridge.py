"""Refitting in one dimension: the kernel against its series, the fit against its closed form."""

import pytest
import torch

import kdtutor as kd
from kdtutor.papers.ridge import bending_kernel, curve, in_closed_form, refitted, shrinkage

PI = torch.pi


def points(count: int = 9) -> torch.Tensor:
    return (torch.arange(count, dtype=torch.float64) + 0.5) / count


def test_the_kernel_is_its_series_of_sines():
    x, y = points(5), points(4)
    n = torch.arange(1, 400, dtype=torch.float64)
    series = 2 * ((n * PI * x[:, None]).sin() / (n * PI) ** 4) @ (n * PI * y[:, None]).sin().mT
    torch.testing.assert_close(bending_kernel(x, y), series, rtol=1e-7, atol=1e-9)
    with pytest.raises(kd.ConfigError, match=r"0…1"):
        bending_kernel(x, y + 1)


@pytest.mark.parametrize("c", [1e-4, 1e-2, 1.0])
def test_refitting_equals_the_closed_form(c):
    x = points()
    K, y = bending_kernel(x, x), (2 * PI * x).sin() + 0.3 * torch.randn(9, generator=torch.Generator().manual_seed(0))
    fitted, closed = refitted(K, y, c, 12), in_closed_form(K, y, c, 12)
    assert (fitted - closed).abs().max() < 1e-6 and torch.equal(fitted[0], y)
    torch.testing.assert_close(curve(x, x, fitted[3], c), fitted[4], rtol=0, atol=1e-8)


def test_small_eigenvalues_go_first():
    d = torch.tensor([1.0, 0.1, 0.01], dtype=torch.float64)
    once, ten = shrinkage(d, 0.1, 1), shrinkage(d, 0.1, 10)
    assert (ten[1:] / ten[:-1] < once[1:] / once[:-1]).all()
    assert once.tolist() == pytest.approx([1 / 1.1, 1 / 2, 1 / 11])


def test_wrong_input_is_named():
    K, y = torch.eye(3), torch.ones(3)
    for arguments, says in (((K, y, 0.0, 1), "c=0.0"), ((K, y, 1.0, -1), "rounds=-1")):
        with pytest.raises(kd.ConfigError, match=says):
            refitted(*arguments)
    with pytest.raises(kd.ShapeError, match=r"\(3, 3\) for \(2,\)"):
        in_closed_form(K, y[:2], 1.0, 1)
