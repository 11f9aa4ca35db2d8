from itertools import pairwise

import pytest
import torch

from kdtutor import ConfigError, ShapeError
from kdtutor.papers.fsp import fsp_loss, fsp_matrix, pair_loss

from .oracle import oracle

SHAPES = [(3, 6, 8, 6), (3, 5, 4, 6), (3, 4, 2, 3)]  # not square, one side halved alone


def maps(seed=0, shapes=SHAPES, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-9), (torch.float32, 2e-5)])
def test_value_and_gradient_equal_the_reference(dtype, rtol):
    case = oracle("fsp_case1", dtype)
    s = [case[f"in_s{i}"].requires_grad_() for i in range(3)]
    t = [case[f"in_t{i}"] for i in range(3)]
    loss = fsp_loss(s, t, pool="avg")
    loss.backward()
    torch.testing.assert_close(loss.detach(), case["out_loss"], rtol=rtol, atol=0)
    for i in range(3):
        torch.testing.assert_close(
            s[i].grad, case[f"grad_s{i}"], rtol=rtol, atol=1e-7 if dtype == torch.float32 else 1e-12
        )


def test_each_matrix_and_pair_equals_the_reference():
    case = oracle("fsp_case1")
    s, t = ([case[f"in_{who}{i}"] for i in range(3)] for who in "st")
    for i, (pair_s, pair_t) in enumerate(zip(pairwise(s), pairwise(t), strict=True)):
        # the reference stores (channels of the later map, channels of the earlier one)
        torch.testing.assert_close(fsp_matrix(*pair_s, pool="avg").mT, case[f"out_fsp_s{i}"], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(pair_loss(pair_s, pair_t, "avg"), case[f"out_pair{i}"], rtol=1e-9, atol=0)
        torch.testing.assert_close(
            pair_loss(pair_s, pair_t, "max"), case[f"out_maxpool_mse_pair{i}"], rtol=1e-9, atol=0
        )


def test_the_matrix_is_the_sum_over_positions():
    a, b = maps(1, [(2, 3, 4, 5), (2, 2, 4, 5)])
    by_hand = torch.zeros(2, 3, 2, dtype=torch.float64)
    for n in range(2):
        for i in range(3):
            for j in range(2):
                by_hand[n, i, j] = (a[n, i] * b[n, j]).sum() / 20
    torch.testing.assert_close(fsp_matrix(a, b), by_hand)


def test_positions_do_not_matter_and_channels_do():
    a, b = maps(2, [(2, 3, 4, 4), (2, 5, 4, 4)])
    where = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    shuffled = [x.flatten(2)[..., where].view_as(x) for x in (a, b)]
    torch.testing.assert_close(fsp_matrix(*shuffled), fsp_matrix(a, b))
    torch.testing.assert_close(fsp_matrix(a[:, [2, 0, 1]], b), fsp_matrix(a, b)[:, [2, 0, 1]])


def test_gradcheck():
    small = [(2, 3, 4, 6), (2, 2, 2, 6), (2, 2, 1, 3)]
    s, t = maps(3, small), maps(4, small)
    assert torch.autograd.gradcheck(lambda *x: fsp_loss(x, t), [x.requires_grad_() for x in s])


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("pool", ["max", "avg"])
def test_finite_for_constant_zero_and_duplicated_maps(batch, pool):
    shapes = [(batch, *shape[1:]) for shape in SHAPES]
    for fill in (0.0, 1.0, 1e4):
        s = [torch.full(shape, fill, requires_grad=True) for shape in shapes]
        loss = fsp_loss(s, maps(5, shapes, torch.float32), pool)
        loss.backward()
        assert loss.isfinite() and all(x.grad.isfinite().all() for x in s)


def test_memory_format_and_precision_do_not_change_the_value():
    s, t = maps(6, dtype=torch.float32), maps(7, dtype=torch.float32)
    last = [x.contiguous(memory_format=torch.channels_last) for x in s]
    torch.testing.assert_close(fsp_loss(last, t), fsp_loss(s, t))
    with torch.autocast("cpu", torch.bfloat16):
        half = fsp_loss([x.bfloat16() for x in s], [x.bfloat16() for x in t])
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, fsp_loss(s, t), rtol=0.05, atol=0.01)


def test_the_teacher_gets_no_gradient():
    s, t = maps(8), [x.requires_grad_() for x in maps(9)]
    fsp_loss([x.requires_grad_() for x in s], t).backward()
    assert all(x.grad is None for x in t)


def test_wrong_shapes_name_both():
    s, t = maps(), maps(shapes=[(3, 6, 8, 6), (3, 7, 4, 6), (3, 4, 2, 3)])
    with pytest.raises(ShapeError, match=r"\(3, 6, 5\).*\(3, 6, 7\)"):
        fsp_loss(s, t)
    with pytest.raises(ShapeError, match="3 student maps, 2 teacher maps"):
        fsp_loss(s, t[:2])
    with pytest.raises(ShapeError, match=r"\(3, 6\)"):
        fsp_matrix(torch.zeros(3, 6), torch.zeros(3, 6))
    with pytest.raises(ConfigError, match="'median'"):
        fsp_matrix(s[0], s[1], pool="median")
