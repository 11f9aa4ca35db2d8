import pytest
import torch

from kdtutor import ConfigError, ShapeError
from kdtutor.papers.attention import at_loss, attention_map, pair_loss

from .oracle import PRECISIONS, agree, oracle


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    case = oracle("at_case1", dtype)
    s, t = ([case[f"in_{who}{i}"] for i in range(2)] for who in "st")
    loss = at_loss([x.requires_grad_() for x in s], t)
    loss.backward()
    agree(loss, case["out_loss"])
    for i in range(2):
        agree(pair_loss(s[i], t[i]), case[f"out_pair{i}"])
        agree(s[i].grad, case[f"grad_s{i}"])


def test_a_map_has_unit_length_and_knows_neither_scale_nor_sign_nor_order_of_channels():
    f = torch.randn(3, 5, 4, 6, generator=torch.Generator().manual_seed(0))
    for p in (1, 2, 3.5):
        attention = attention_map(f, p)
        assert attention.shape == (3, 24)
        torch.testing.assert_close(attention.norm(dim=1), torch.ones(3))
        torch.testing.assert_close(attention_map(-7 * f[:, [4, 2, 0, 1, 3]], p), attention)


def test_a_larger_power_looks_more_at_the_strongest_position():
    f = torch.rand(1, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    peaks = [(attention_map(f, p) / attention_map(f, p).sum()).max().item() for p in (1, 2, 4, 8)]
    assert peaks == sorted(peaks)


def test_the_larger_map_is_averaged_first():
    generator = torch.Generator().manual_seed(0)
    small, large = torch.randn(2, 3, 4, 2, generator=generator), torch.randn(2, 5, 8, 6, generator=generator)
    averaged = large.view(2, 5, 4, 2, 2, 3).mean((3, 5))
    torch.testing.assert_close(pair_loss(small, large), pair_loss(small, averaged))
    torch.testing.assert_close(pair_loss(large, small), pair_loss(averaged, small))


def test_zero_maps_stay_zero():
    assert attention_map(torch.zeros(2, 3, 4, 4)).eq(0).all()


def test_wrong_input_is_named():
    with pytest.raises(ShapeError, match=r"\(3, 4, 4\)"):
        attention_map(torch.zeros(3, 4, 4))
    with pytest.raises(ConfigError, match=r"p=0\.5"):
        attention_map(torch.zeros(1, 3, 4, 4), p=0.5)
    with pytest.raises(ShapeError, match="1 student maps, 2 teacher maps"):
        at_loss([torch.zeros(1, 3, 4, 4)], [torch.zeros(1, 3, 4, 4)] * 2)
