"""Lesson 08: its exercises, its studies and their stored numbers."""

import pytest
import torch

from kdtutor import nets
from kdtutor.course import check
from kdtutor.course.studies import ghost as study
from kdtutor.course.studies import stored_results
from kdtutor.papers import ghost
from tests.course.agreement import computes


def test_what_the_package_computes_passes():
    def by_module(x, primary, cheap, n):
        m, s = len(primary), len(cheap) // len(primary) + 1
        module = ghost.GhostModule(x.shape[1], n, primary.shape[-1], s, cheap.shape[-1])
        assert len(module.primary_conv[0].weight) == m
        intrinsic = torch.nn.functional.conv2d(x, primary, padding=primary.shape[-1] // 2).relu()
        ghosts = torch.nn.functional.conv2d(intrinsic, cheap, padding=cheap.shape[-1] // 2, groups=m).relu()
        return torch.cat([intrinsic, ghosts], 1)[:, :n]

    assert computes(check.ghost_parameters, lambda c, n, k, s, d: ghost.ghost_cost(c, n, k, s, d).parameters)
    assert computes(check.map_likeness, lambda x, y: ghost.correlation(torch.stack([x, y], 1))[0, 1])
    assert computes(check.ghost_maps, by_module)


def test_the_predictions_are_true():
    x = torch.randn(2, 3, 6, 6)
    module = ghost.GhostModule(3, 4, cheap_kernel=1, relu=False).eval()
    intrinsic, ghosts = module(x).split(2, dim=1)
    found = {
        "s = 2 halves the parameters exactly": ghost.compression(16, 32, 3, 2, 3) == 2,
        "with d = 1 a ghost is its intrinsic map, scaled, before norm and ReLU": torch.allclose(
            torch.nn.functional.conv2d(intrinsic, module.cheap_operation[0].weight, groups=2) / intrinsic,
            module.cheap_operation[0].weight.view(1, 2, 1, 1).expand_as(ghosts),
            rtol=1e-3,
        ),
        "in one layer parameters and multiply-adds shrink by the same factor": (
            ghost.compression(8, 8, 3, 4, 5) == ghost.speed_up(8, 8, 3, 4, 5)
        ),
        "with 1×1 primary convolutions and few channels, ghosts can cost more parameters": (
            ghost.compression(4, 8, 1, 2, 3) < 1
        ),
        "half the multiply-adds take half the time on a CPU": False,
        "the compression ratio can exceed s": ghost.compression(10_000, 64, 3, 2, 1) > 2,
        "a depthwise filter can mix two intrinsic maps": False,
    }
    assert check.ghosts_cost(lambda: found)


def test_thin_nets_cost_what_ghosts_cost():
    size = {name: nets.count_parameters(study.student(name, 0)) for name in study.NETS}
    for s in (2, 4):
        assert size[f"thin, as s = {s}"] == pytest.approx(size[f"ghost, s = {s}"], rel=0.02)
    assert size["ghost, s = 2"] < 0.6 * size["plain"]


def test_equal_seeds_give_equal_first_weights():
    first, second, other = (next(study.student("plain", seed).parameters()) for seed in (1, 1, 2))
    assert torch.equal(first, second) and not torch.equal(first, other)


@pytest.mark.slow
@pytest.mark.isa
@pytest.mark.parametrize("index", range(3))
def test_the_smallest_run_of_each_study(index, monkeypatch):
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(study, "EPOCHS", 1)
    chosen = study.STUDIES[index]
    row = chosen.run(chosen.cases[-1], 0)
    assert all(0 <= value <= 1 for value in row.values())
    assert row == chosen.run(chosen.cases[-1], 0)


@pytest.mark.isa
def test_the_smallest_run_of_the_clock(monkeypatch):
    monkeypatch.setattr(study, "REPEATS", 1)
    monkeypatch.setattr(study, "WIDTHS", (8, 16))
    layers, small = study.clock({"of": "layers"}, 0), study.clock({"of": "nets"}, 0)
    assert [row.pop("width") for row in layers] == [8, 16]
    assert [row.pop("net") for row in small] == list(study.NETS)
    assert all(set(row) == {"ordinary", "primary", "cheap", "ghost"} for row in layers)
    assert all(value > 0 for row in (*layers, *small) for value in row.values())


def test_the_rates_are_those_that_tuning_chose():
    """The best mean on validation digits, or within half a point of it, and not at the edge of what was tried."""
    tuning = stored_results("ghost_tuning")
    for (net, taught), rows in tuning.groupby(["net", "taught"]):
        means, used = rows.groupby("lr")["val"].mean(), study.rate(net, taught)
        assert means[used] >= means.max() - 0.005, (net, taught)
        assert means.index.min() < used < means.index.max(), (net, taught)
