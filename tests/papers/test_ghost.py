"""What a ghost module costs, and how alike maps are."""

from itertools import pairwise

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, nets, train
from kdtutor.papers import ghost
from kdtutor.settings import TEACHER_PLANS

COSTS = [(16, 32, 3, 2, 3), (3, 8, 1, 2, 5), (16, 33, 3, 4, 1), (5, 6, 3, 1, 3)]


@pytest.mark.parametrize("c, n, k, s, d", COSTS)
def test_costs_are_those_of_the_module(c, n, k, s, d):
    module, x = ghost.GhostModule(c, n, k, s, d), torch.zeros(1, c, 6, 5)
    cost = ghost.ghost_cost(c, n, k, s, d, 6, 5)
    weights = sum(m.weight.numel() for m in module.modules() if isinstance(m, nn.Conv2d))
    assert (cost.parameters, cost.multiply_adds) == (weights, nets.count_multiply_adds(module, x))
    ordinary = nn.Conv2d(c, n, k, padding=k // 2, bias=False)
    same = ghost.ordinary_cost(c, n, k, 6, 5)
    assert (same.parameters, same.multiply_adds) == (
        ordinary.weight.numel(), nets.count_multiply_adds(ordinary, x)
    )  # fmt: skip


def test_the_ratio_in_short_is_exact_for_equal_kernels():
    for c, s in ((4, 2), (64, 4), (16, 8)):
        assert ghost.compression(c, 64, 3, s, 3) == pytest.approx(ghost.compression_in_short(c, s))
        assert ghost.speed_up(c, 64, 3, s, 3) == ghost.compression(c, 64, 3, s, 3) < s
    assert ghost.compression(4, 8, 1, 2, 3) < 1, "with 1×1 kernels and few maps ghosts cost more"


def maps(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_correlation_is_numpys():
    y = maps(3, 5, 4, 6)
    y[:, 1] = 3 - 2 * y[:, 0]
    r = ghost.correlation(y)
    torch.testing.assert_close(r, torch.corrcoef(y.transpose(0, 1).flatten(1)))
    assert r[0, 1] == pytest.approx(-1) and r.abs().max() <= 1


def test_a_constant_map_is_like_no_other():
    y = maps(3, 3, 4, 4)
    y[:, 2] = 7
    r = ghost.correlation(y)
    assert r[2].tolist() == [0, 0, 0] and torch.isfinite(r).all()


def test_nearest_pairs_come_in_order_and_once():
    r = torch.tensor([[1.0, 0.2, -0.9], [0.2, 1.0, 0.5], [-0.9, 0.5, 1.0]])
    assert ghost.nearest_pairs(r, 3) == [(0, 2), (1, 2), (0, 1)]
    assert ghost.nearest_pairs(r, 0) == []
    with pytest.raises(ConfigError, match="4 pairs: 3 maps make 3"):
        ghost.nearest_pairs(r, 4)


@pytest.mark.parametrize("d", [1, 3, 5])
def test_a_filter_that_made_a_map_is_found(d):
    x, kernel = maps(4, 9, 8), maps(d, d, seed=1)
    y = ghost.fitted(x, kernel)
    torch.testing.assert_close(ghost.fit_depthwise(x, y, d), kernel)
    assert ghost.map_residual(x, y, d) < 1e-20


def test_the_residual_never_rises_with_the_kernel():
    z = ghost.standardised(maps(3, 6, 7, 9))
    for i, j in ((0, 1), (2, 5), (4, 3)):
        left = [ghost.map_residual(z[:, i], z[:, j], d).item() for d in (1, 3, 5, 7)]
        assert all(later <= earlier + 1e-12 for earlier, later in pairwise(left))
        assert left[0] == pytest.approx(1 - ghost.correlation(z)[i, j].item() ** 2)


def test_a_silent_map_is_no_trouble():
    silent, y = torch.zeros(2, 5, 5), torch.randn(2, 5, 5)
    assert ghost.fit_depthwise(silent, y, 3).abs().sum() == 0
    torch.testing.assert_close(ghost.map_residual(silent, y, 3), y.square().mean())


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (lambda: ghost.ghost_cost(3, 4, 3, s=0), ConfigError, "s=0"),
        (lambda: ghost.ordinary_cost(0, 4, 3), ConfigError, "c=0"),
        (lambda: ghost.fit_depthwise(torch.zeros(1, 4, 4), torch.zeros(1, 4, 4), 2), ConfigError, "d=2: .* odd"),
        (lambda: ghost.fit_depthwise(torch.zeros(1, 4, 4), torch.zeros(1, 4, 5), 3), ShapeError, r"\(1, 4, 5\)"),
        (lambda: ghost.correlation(torch.zeros(3, 4, 4)), ShapeError, r"\(B, C, H, W\)"),
        (lambda: ghost.nearest_pairs(torch.zeros(2, 3), 1), ShapeError, r"\(C, C\)"),
        (lambda: ghost.fastest([lambda: None], repeats=0), ConfigError, "repeats=0"),
    ],
)
def test_wrong_input(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_a_clock_counts_the_fastest_run_of_each_work_in_turn():
    calls = []
    times = ghost.fastest([lambda: calls.append("quick"), lambda: calls.append("slow")], repeats=3)
    assert len(times) == 2 and min(times) >= 0
    assert calls == ["quick", "slow"] * 4, "one each to warm up"
    busy, idle = ghost.fastest([lambda: sum(range(20_000)), lambda: None], repeats=3)
    assert busy > 5 * idle


def test_modules_and_nets_are_at_hand():
    assert ghost.GhostModule is nets.ghost.GhostModule and ghost.ghostnet is nets.ghostnet


@pytest.mark.parametrize("name", ["cifar10-ghost_resnet56", "cifar10-ghost_vgg16"])
def test_the_first_steps_of_the_recipe_for_cifar(name, monkeypatch):
    """On noise of the shape of CIFAR-10: the code path, not the result."""
    plan = TEACHER_PLANS[name]
    assert plan.epochs == 400 and plan.recipe.batch_size == 128 and plan.data == "cifar10"
    assert [round(plan.epochs * share) for share in plan.recipe.milestones] == [200, 300, 375]
    images = torch.randint(256, (8, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    split = kd.data.Split(images, torch.arange(8) % 10)
    noise = kd.Data("noise", split, None, split, tuple(map(str, range(10))), (0.5,) * 3, (0.25,) * 3)
    net = nets.build(**{**plan.net, "name": plan.net["name"].replace("56", "8").replace("16", "8x0.25")})
    from dataclasses import replace
    from itertools import islice

    recipe = replace(plan.recipe, batch_size=4)
    taken = list(islice(train.steps(kd.Alone(net), noise, plan.epochs, recipe=recipe, device="cpu"), 2))
    assert all(0 < at.terms["loss"] < 100 for at in taken)
