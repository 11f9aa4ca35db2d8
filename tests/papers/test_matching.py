from itertools import permutations

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.data import Batches
from kdtutor.papers.adapters import BatchNorm
from kdtutor.papers.boundaries import halving
from kdtutor.papers.matching import SCALE, MatchingGuided, assign, flow_cost, groups, reduce, reduce_margin
from kdtutor.papers.overhaul import margin_relu, partial_l2

from .oracle import PRECISIONS, agree, oracle


@PRECISIONS
def test_cost_flow_and_reduced_maps_equal_the_reference(dtype):
    case = oracle("mgd_case1", dtype)
    for i in range(2):
        tracked = [flow_cost(case[f"in_track{k}_s{i}"], case[f"in_track{k}_t{i}"]) for k in range(2)]
        cost = sum(tracked) / 2
        agree(cost, case[f"out_cost{i}"])
        dense, sparse = assign(cost), assign(cost, sparse=True)
        agree(dense, case[f"out_flow_M_dense{i}"].to(dtype))
        agree(sparse, case[f"out_flow_M_sparse{i}"].to(dtype))
        t, m = case[f"in_t{i}"], case[f"in_margin{i}"]
        agree(reduce(t, dense), case[f"out_amp_reduced_t{i}"])
        agree(reduce_margin(m, dense), case[f"out_amp_reduced_margin{i}"].flatten())
        agree(reduce(t, sparse, "sparse"), case[f"out_sm_reduced_t{i}"])
        agree(reduce_margin(m, sparse, "sparse"), case[f"out_sm_reduced_margin{i}"].flatten())


@PRECISIONS
@pytest.mark.parametrize("how", ["amp", "sm"])
def test_value_and_gradient_equal_the_reference(how, dtype):
    case = oracle("mgd_case1", dtype)
    s = [case[f"in_s{i}"].requires_grad_() for i in range(2)]
    losses = []
    for i in range(2):
        norm = BatchNorm(s[i].shape[1]).to(dtype)
        norm.weight.data, norm.bias.data = case[f"w_bn_weight{i}"], case[f"w_bn_bias{i}"]
        flow = case[f"out_flow_M_{'dense' if how == 'amp' else 'sparse'}{i}"].to(dtype)
        kind = "max" if how == "amp" else "sparse"
        target = margin_relu(reduce(case[f"in_t{i}"], flow, kind), reduce_margin(case[f"in_margin{i}"], flow, kind))
        losses.append(partial_l2(norm(s[i]), target))
    loss = SCALE * sum(share * x for share, x in zip(halving(2), losses, strict=True))
    loss.backward()
    agree(loss, case[f"out_{how}_loss_scaled"])
    for i in range(2):
        agree(s[i].grad * len(s[i]) / SCALE, case[f"grad_{how}_s{i}"])


def test_random_drop_equals_the_reference_for_its_draws():
    """Where the group's channel is given, the reduced map is the reference's; which one is drawn is chance."""
    case = oracle("mgd_case1")
    for i in range(2):
        reduced = case[f"out_rd_reduced_t{i}"]
        flow = case[f"out_flow_M_dense{i}"].double()
        rows, sizes = groups(flow)
        candidates = case[f"in_t{i}"][:, rows]
        assert (candidates == reduced.unsqueeze(2)).any(2).all()
        assert sizes.eq(flow.shape[1] // flow.shape[0]).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_assignment_is_optimal_and_not_unique_in_the_copies(seed):
    cost = torch.rand(5, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    best = min(sum(cost[i, p[i]] for i in range(5)) for p in permutations(range(5)))
    M = assign(cost)
    assert (M * cost).sum() == pytest.approx(float(best)) and (M.sum(0) == 1).all() and (M.sum(1) == 1).all()
    wide = torch.rand(2, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    halves = [
        sum(wide[0 if k in pair else 1, k] for k in range(4))
        for pair in {tuple(sorted(p[:2])) for p in permutations(range(4))}
    ]
    assert (assign(wide) * wide).sum() == pytest.approx(float(min(halves)))


@pytest.mark.parametrize(("c_s", "c_t"), [(3, 7), (4, 4), (5, 9), (1, 6), (4, 13)])
def test_no_teacher_channel_is_lost_and_groups_are_even(c_s, c_t):
    M = assign(torch.rand(c_s, c_t, generator=torch.Generator().manual_seed(0)))
    assert (M.sum(0) == 1).all() and M.sum(1).max() - M.sum(1).min() <= 1
    sparse = assign(torch.rand(c_s, c_t, generator=torch.Generator().manual_seed(0)), sparse=True)
    assert (sparse.sum(1) == 1).all() and (sparse.sum(0) <= 1).all()


def test_a_copy_is_matched_to_its_original():
    t = torch.randn(4, 6, 5, 3, generator=torch.Generator().manual_seed(0))
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    cost = flow_cost(7 * t[:, order], t)
    assert cost.argmin(1).equal(order) and cost.gather(1, order[:, None]).max() < 1e-6
    assert assign(cost).argmax(1).equal(order)
    assert flow_cost(-t, t).diagonal().allclose(torch.tensor(4.0))


def test_each_reduction_takes_values_of_the_group():
    t = torch.randn(3, 7, 4, 5, generator=torch.Generator().manual_seed(0))
    M = assign(torch.rand(3, 7, generator=torch.Generator().manual_seed(1)))
    for j in range(3):
        members = t[:, M[j] > 0]
        strongest = reduce(t, M)[:, j]
        assert strongest.abs().equal(members.abs().amax(1))
        drawn = reduce(t, M, "random", torch.Generator().manual_seed(2))[:, j]
        assert (members == drawn[:, None]).any(1).all()
    again = [reduce(t, M, "random", torch.Generator().manual_seed(seed)) for seed in (2, 2, 3)]
    assert again[0].equal(again[1]) and not again[0].equal(again[2])
    drawn = torch.stack([reduce_margin(torch.arange(7.0), M, "random") for _ in range(60)])
    for j in range(3):
        assert set(drawn[:, j].tolist()) == set(M[j].nonzero().flatten().tolist())


def make(**options):
    student, teacher = (kd.nets.build(name, classes=10, channels=1) for name in ("resnet8x0.25", "resnet8x0.75"))
    return MatchingGuided(student, teacher, **options)


@pytest.mark.parametrize("how", ["max", "random", "sparse"])
def test_from_the_start_every_channel_of_the_student_has_its_share(how):
    """One teacher channel each if sparse; otherwise every teacher channel belongs to a group, before and after."""
    distiller = make(how=how, images=20)
    data = kd.data.load("digits")
    for _ in range(2):
        for M in distiller.flows:
            assert M.sum(1).tolist() == [1 if how == "sparse" else M.shape[1] / M.shape[0]] * M.shape[0]
            assert M.sum(0).max() == 1
        distiller.match(Batches(data.train[::50], data, 16))


def test_channels_are_matched_anew_every_second_epoch():
    data = kd.data.load("digits")
    source = Batches(data.train[::50], data, 16)
    distiller = make(images=20)
    seen = []
    distiller.match = lambda source, epoch, seed: seen.append(epoch)
    for epoch in range(5):
        distiller.start_epoch(epoch, source, 0)
    assert seen == [0, 2, 4]


def test_matching_leaves_the_nets_as_they_are():
    data = kd.data.load("digits")
    distiller = make(images=20).train()
    before = {name: x.clone() for name, x in distiller.state_dict().items() if "flow" not in name}
    distiller.match(Batches(data.train[::50], data, 16))
    assert all(torch.equal(x, distiller.state_dict()[name]) for name, x in before.items())
    assert distiller.student.training and distiller.norms.training and not distiller.teacher.training
    assert all((M.sum(0) == 1).all() for M in distiller.flows)


def test_wrong_input_is_named():
    with pytest.raises(ShapeError, match="the teacher has 2 channels, the student 3"):
        assign(torch.zeros(3, 2))
    with pytest.raises(ConfigError, match="NaN"):
        assign(torch.full((2, 2), torch.nan))
    with pytest.raises(ShapeError, match=r"\(1, 4, 2, 2\).*\(2, 5\)"):
        reduce(torch.zeros(1, 4, 2, 2), torch.ones(2, 5))
    with pytest.raises(ConfigError, match="sparse=True"):
        reduce(torch.zeros(1, 4, 2, 2), assign(torch.zeros(2, 4)), "sparse")
    with pytest.raises(ConfigError, match="every=0"):
        make(every=0)
    student, teacher = (kd.nets.build(name, classes=10, channels=1) for name in ("resnet8", "resnet8x0.25"))
    with pytest.raises(
        ConfigError, match="resnet8 has 16 channels and stage 1 of resnet8x0.25 has 4".replace(".", r"\.")
    ):
        MatchingGuided(student, teacher)
