"""common_features (CFL): MMD against its formula, its traps, and the method's terms."""

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.papers.amalgamation import score_loss
from kdtutor.papers.common_features import SIGMAS, CommonFeatures, gaussian_kernels, mmd
from kdtutor.papers.tensors import check_samples

from .losses import NARROWER, VECTORS, Loss
from .test_amalgamation import HALVES, batch, equal_with_gradients, made, net


def of_one_batch(s, t):
    """As a step has it: the same images on both sides, and a teacher's side that is constant here."""
    check_samples(s[0], t[0], "features")
    return mmd(s[0], t[0].detach())


LOSSES: dict[str, Loss] = {"mmd": Loss(of_one_batch, VECTORS, VECTORS, NARROWER)}


def sets(n=4, m=3):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(k, 5, generator=generator, dtype=torch.float64) for k in (n, m)]


def as_in_the_paper(x, y, sigmas=SIGMAS):
    """Kernel by kernel, over all pairs of two sets of unit vectors."""
    x, y = (side / side.square().sum(1, keepdim=True).sqrt() for side in (x, y))

    def k(a, b):
        squares = (a[:, None] - b[None]).square().sum(2)
        return sum((-squares / (2 * sigma * sigma)).exp().sum() for sigma in sigmas) / (len(a) * len(b))

    return k(x, x) + k(y, y) - 2 * k(x, y)


def test_mmd_equals_the_formula():
    x, y = sets()
    x.requires_grad_()
    equal_with_gradients(mmd(x, y), as_in_the_paper(x, y), x)
    equal_with_gradients(mmd(x, y, (0.5,)), as_in_the_paper(x, y, (0.5,)), x)


def test_equal_sets_are_not_apart_and_lengths_do_not_count():
    x, y = sets(4, 4)
    assert abs(mmd(x, 3 * x.flip(0)).item()) < 1e-14 and mmd(x, y) > 0.1
    torch.testing.assert_close(mmd(x, y), mmd(2 * x, 5 * y))
    torch.testing.assert_close(mmd(x.reshape(4, 5, 1, 1), y.reshape(4, 5, 1, 1)), mmd(x, y))


def test_two_draws_of_one_distribution_are_apart_by_their_diagonals():
    """What the authors' mean over all pairs keeps: the pairs of a sample with itself."""
    x, y = torch.randn(2, 40, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    u, v = F.normalize(x, dim=1), F.normalize(y, dim=1)
    within = gaussian_kernels(u, u), gaussian_kernels(v, v)
    unbiased = sum((k.sum() - k.trace()) / (40 * 39) for k in within) - 2 * gaussian_kernels(u, v).mean()
    diagonals = sum((len(SIGMAS) - (k.sum() - k.trace()) / (40 * 39)) / 40 for k in within)
    torch.testing.assert_close(mmd(x, y), unbiased + diagonals)
    assert mmd(x, y) > 5 * unbiased.abs()


def test_narrow_kernels_are_right_where_two_samples_are_close():
    """‖x‖² + ‖y‖² - 2⟨x, y⟩ in float32 is off by 1e-7, and 1 / 2σ² is 500,000."""
    x, noise = torch.randn(2, 16, 512, generator=torch.Generator().manual_seed(0))
    x, y = F.normalize(x, dim=1), F.normalize(x + 1e-3 * noise, dim=1)
    exact = torch.exp(-(x.double() - y.double()).square().sum(1) / (2 * 0.001**2))
    rough = torch.exp(-((x * x).sum(1) + (y * y).sum(1) - 2 * (x * y).sum(1)).clamp(min=1e-12) / (2 * 0.001**2))
    torch.testing.assert_close(gaussian_kernels(x, y, [0.001]).diagonal(), exact, rtol=1e-9, atol=0)
    assert ((rough - exact) / exact).abs().max() > 0.01


def test_sets_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="expected vectors of one length"):
        mmd(torch.zeros(3, 4), torch.zeros(3, 5))


def test_the_terms_of_a_batch():
    method, here = made(CommonFeatures, high="lenet5", match="scores", beta=3.0, width=4).eval(), batch()
    s, t = method.student.trace(here.images), method.teacher_trace(here.images)
    maps = [teacher.trace(here.images).active[-1] for teacher in method.teacher.teachers]
    pooled = [F.adaptive_avg_pool2d(f, 1) for f in maps]
    h_s = method.space.student(F.adaptive_avg_pool2d(s.active[-1], 1))
    h = method.space.teachers(pooled)
    rebuilt = [F.mse_loss(a, f) for a, f in zip(method.space.rebuilt(h), pooled, strict=True)]
    expected = {
        "scores": score_loss(s.logits, t.logits),
        "common": mmd(h_s, h[0]) + mmd(h_s, h[1]),
        "rebuilt": sum(rebuilt),
    }
    assert method.weights() == {"scores": 1.0, "common": 3.0, "rebuilt": 3.0}
    terms, spots = method.losses(s, t, here), {spot.name: spot.loss(s, t) for spot in method.spots()}
    for name, value in expected.items():
        torch.testing.assert_close(terms[name], value)
        torch.testing.assert_close(spots[name], value)
    assert maps[0].shape[1:] == (16, 4, 4) and h_s.shape == (6, 4, 1, 1)


def test_the_space_is_learnt_and_the_teachers_are_not():
    method, here = made(CommonFeatures).eval(), batch()
    terms = method.losses(method.student.trace(here.images), method.teacher_trace(here.images), here)
    (terms["common"] + terms["rebuilt"]).backward()
    assert all(p.grad is not None for p in method.space.parameters())
    assert all(p.grad is None for p in method.teacher.parameters())
    assert method.space.extractor[0].first.in_channels == 8 and method.space.decoders[1][0].out_channels == 16


def test_wrong_options_are_named():
    with pytest.raises(ConfigError, match="beta=-1"):
        made(CommonFeatures, beta=-1)
    with pytest.raises(ConfigError, match="width=0"):
        made(CommonFeatures, width=0)
    flat = kd.nets.wrap(
        torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 5)), example=torch.zeros(1, 1, 28, 28)
    )
    with pytest.raises(ConfigError, match="need a stage each"):
        CommonFeatures(net(0, 10), [net(1), flat], HALVES)
