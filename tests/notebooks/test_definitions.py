"""The functions that the lessons define are the package's functions: equal values and gradients on random inputs, and
the numbers of the reference implementations. A lesson that defines a function of `kdtutor.papers` has it in `TWINS`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook
from torch import Tensor

from kdtutor import papers
from kdtutor.papers import (
    adversarial,
    attention,
    boundaries,
    data_free,
    fitnets,
    fsp,
    gan,
    ghost,
    hinton,
    matching,
    overhaul,
    relational,
    spot_adaptive,
)

from ..papers.oracle import oracle
from .definitions import FOLDER, definitions

Arguments = tuple[Any, ...]  # tensors, lists of tensors, numbers; the first one is the student's side
Reference = tuple[Arguments, Tensor, Sequence[Tensor]]  # arguments, value, gradients (empty: none on record)


@dataclass(frozen=True)
class Twin:
    """A notebook's function and what it must equal: the package's function, and reference numbers if there are any."""

    package: Callable[..., Tensor]
    inputs: Callable[[], Sequence[Arguments]]
    reference: Callable[[], Reference] | None = None


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def maps(*shapes: tuple[int, ...], seed: int = 0) -> list[Tensor]:
    return [randn(*shape, seed=seed + i) for i, shape in enumerate(shapes)]


def logits() -> Sequence[Arguments]:
    sizes = [(5, 7, 4.0), (1, 3, 1.0), (4, 10, 20.0)]
    return [(randn(B, K, seed=B), 3 * randn(B, K, seed=K + 100), T) for B, K, T in sizes]


def kd_reference() -> Reference:
    case = oracle("kd_case1")
    return (case["in_s"], case["in_t"], 4.0), case["out_loss"], [case["grad_s"]]


def pairs_of_maps() -> Sequence[Arguments]:
    """Two layers of equal size, and of different sizes."""
    return [tuple(maps((3, 4, 6, 6), (3, 5, size, size))) for size in (6, 3)]


def two_pairs_of_maps() -> Sequence[Arguments]:
    """The student's two layers and the teacher's, of equal size and of different sizes."""
    return [
        (maps(*shapes), maps(*shapes, seed=10)) for size in (8, 4) for shapes in [((3, 6, 8, 8), (3, 5, size, size))]
    ]


def matrix_reference() -> Reference:
    """The reference pools by the mean and stores (channels of the later layer, channels of the earlier one)."""
    case = oracle("fsp_case1")
    earlier = torch.nn.functional.adaptive_avg_pool2d(case["in_s0"], case["in_s1"].shape[2:])
    return (earlier, case["in_s1"]), case["out_fsp_s0"].mT, []


def loss_reference() -> Reference:
    """With pooling by the maximum the value of each pair of layers is on record."""
    case = oracle("fsp_case1")
    return ([case["in_s0"], case["in_s1"]], [case["in_t0"], case["in_t1"]]), case["out_maxpool_mse_pair0"], []


def channels() -> Sequence[Arguments]:
    """Weights of both signs and biases of batch norms."""
    weight = torch.tensor([0.5, 1.0, -0.8, 1.5, 0.6, 2.0], dtype=torch.float64)
    return [(weight, randn(6, seed=seed)) for seed in (0, 1)]


def margin_reference() -> Reference:
    """Where at most 0.001 of a channel is negative, the authors' code has a branch of its own: such are left out."""
    case = oracle("ofd_case1")
    channels = [tuple(case[f"{name}{i}"] for name in ("in_teacher_bn_weight", "in_teacher_bn_bias", "out_margin_f64_"))
                for i in (0, 1)]  # fmt: skip
    weight, bias, expected = (torch.cat(parts) for parts in zip(*channels, strict=True))
    kept = torch.special.ndtr(-bias / weight.abs()) > 0.001
    return (weight[kept], bias[kept]), expected[kept], []


def maps_and_margins() -> Sequence[Arguments]:
    return [(randn(3, 4, 5, 2, seed=seed), -randn(4, seed=seed + 1).abs()) for seed in (0, 1)]


def maps_and_targets() -> Sequence[Arguments]:
    """Also with targets that are exactly 0."""
    t = randn(3, 4, 5, 2, seed=9).clamp(min=-0.5)
    return [(randn(3, 4, 5, 2, seed=seed), target) for seed, target in ((7, t), (8, t.relu()))]


def partial_reference() -> Reference:
    """The reference sums over the batch."""
    case = oracle("ofd_case1")
    t = torch.maximum(case["in_t0"], case["in_margin0"].view(1, -1, 1, 1))
    return (case["out_connected0"], t), case["out_raw_sum0"] / len(t), []


def coins() -> Sequence[Arguments]:
    """A policy's logits, a temperature and noise."""
    return [(randn(B, 3, 2, seed=B), tau, randn(B, 3, 2, seed=B + 20)) for B, tau in ((4, 5.0), (1, 0.5))]


def coins_reference() -> Reference:
    case = oracle("gumbel_case1")
    return (case["in_logits"], 5.0, case["in_gumbel"]), case["out_hard"][..., 0], []


def embeddings() -> Sequence[Arguments]:
    """Student's and teacher's embeddings of different widths; also two samples, where nothing is to compare."""
    return [(randn(B, D, seed=B), 2 * randn(B, E, seed=B + 50) + 1) for B, D, E in ((6, 3, 8), (9, 16, 5), (2, 4, 4))]


def relations_reference(term: str) -> Callable[[], Reference]:
    def reference() -> Reference:
        case = oracle("rkd_case1")
        return (case["in_s"], case["in_t"]), case[f"out_{term}"], [case[f"grad_s_{term}"]]

    return reference


def pairs_of_equal_maps() -> Sequence[Arguments]:
    return [tuple(maps((3, 4, 5, 2), (3, 4, 5, 2), seed=seed)) for seed in (0, 10)]


def hint_reference() -> Reference:
    """The reference's map behind its regressor; its gradients belong to what comes before."""
    case = oracle("fitnet_case1")
    return (case["out_regressed"], case["in_t"]), case["out_loss"], []


def maps_and_powers() -> Sequence[Arguments]:
    return [(randn(3, 4, 5, 2, seed=seed), p) for seed, p in enumerate((1, 2, 3.5, 8))]


def two_stages() -> Sequence[Arguments]:
    s, t = ((3, 4, 6, 5), (3, 2, 3, 2)), ((3, 7, 6, 5), (3, 5, 3, 2))
    return [(maps(*s[:n]), maps(*t[:n], seed=10), p) for n, p in ((1, 2), (2, 2), (2, 4))]


def at_reference() -> Reference:
    case = oracle("at_case1")
    s, t, gradients = ([case[f"{name}{n}"] for n in range(2)] for name in ("in_s", "in_t", "grad_s"))
    return (s, t), case["out_loss"], gradients


def two_maps_and_a_margin() -> Sequence[Arguments]:
    """The teacher has zeros, which count as silent."""
    t = randn(3, 4, 5, 2, seed=3)
    return [(randn(3, 4, 5, 2, seed=1), target, margin) for target, margin in ((t, 1.0), (t.relu(), 0.3))]


def two_traces() -> Sequence[Arguments]:
    shapes = ((3, 4, 5, 2), (3, 6, 2, 2), (3, 2, 1, 1))
    return [(maps(*shapes[:n]), maps(*shapes[:n], seed=10), margin) for n, margin in ((1, 1.0), (3, 0.7))]


def boundary_reference() -> Reference:
    """The reference sums over the batch."""
    case = oracle("ab_case1")
    return (case["in_s1"], case["in_t1"]), case["out_raw_sum1"] / len(case["in_s1"]), []


def ab_reference() -> Reference:
    """The reference multiplies by 3/1000."""
    case = oracle("ab_case1")
    s, t, gradients = ([case[f"{name}{n}"] for n in range(3)] for name in ("in_s", "in_t", "grad_s"))
    return (s, t), case["out_loss"] / 0.003, [gradient / 0.003 for gradient in gradients]


def sides_reference() -> Reference:
    """13 of 32: a share that has no rounding error."""
    case = oracle("ab_case1")
    return (case["in_s0"], case["in_t0"]), case["out_boundary_disagreement0"].float(), []


def maps_to_match() -> Sequence[Arguments]:
    return [(randn(3, C_s, 5, 2, seed=C_s), 2 * randn(3, C_t, 5, 2, seed=C_t)) for C_s, C_t in ((3, 6), (4, 4), (1, 5))]


def costs_to_assign() -> Sequence[Arguments]:
    return [(randn(C_s, C_t, seed=C_t).abs(),) for C_s, C_t in ((3, 6), (4, 4), (1, 5), (4, 12))]


def maps_and_flows() -> Sequence[Arguments]:
    return [(randn(2, cost.shape[1], 3, 4, seed=7), matching.assign(cost)) for (cost,) in costs_to_assign()]


def flow_cost_reference() -> Reference:
    """The reference takes the mean over two batches."""
    case = oracle("mgd_case1")
    f_s, f_t = (torch.cat([case[f"in_track{i}_{who}0"] for i in (0, 1)]) for who in "st")
    return (f_s, f_t), case["out_cost0"], []


def assign_reference() -> Reference:
    case = oracle("mgd_case1")
    return (case["out_cost1"],), case["out_flow_M_dense1"].double(), []


def absolute_max_reference() -> Reference:
    case = oracle("mgd_case1")
    return (case["in_t1"], case["out_flow_M_dense1"].double()), case["out_amp_reduced_t1"], []


def four_dimensional_maps() -> Sequence[Arguments]:
    return [(randn(3, 4, 5, 2, seed=seed),) for seed in (0, 1)]


def two_maps_and_kernels() -> Sequence[Arguments]:
    return [(randn(3, 6, 5, seed=d), randn(3, 6, 5, seed=d + 50), d) for d in (1, 3, 5)]


def scores() -> Sequence[Arguments]:
    return [(3 * randn(5, seed=1), 3 * randn(5, seed=2)), (randn(1, seed=3), randn(4, seed=4))]


def imitation_reference() -> Reference:
    case = oracle("gankd_joint_case1")
    return (case["student_img"], case["teacher_img"]), case["mse"], []


def grey_images() -> Sequence[Arguments]:
    return [(randn(3, 1, 6, 5, seed=1).tanh(),), (randn(1, 1, 16, 16, seed=2).tanh(),)]


def answers() -> Sequence[Arguments]:
    return [(3 * randn(B, K, seed=B),) for B, K in ((6, 10), (1, 3), (20, 4))]


def data_free_reference(what: str, name: str, factor: float = 1.0) -> Reference:
    case = oracle("dafl_losses_case1")
    return (case[f"teacher_{what}"],), factor * case[f"loss_{name}"], [factor * case[f"grad_loss_{name}"]]


def one_hot_reference() -> Reference:
    return data_free_reference("logits", "one_hot")


def activation_reference() -> Reference:
    return data_free_reference("feat", "activation")


def entropy_reference() -> Reference:
    """The reference takes logarithms to base 10."""
    return data_free_reference("logits", "information_entropy", math.log(10))


def discrepancy_reference() -> Reference:
    case = oracle("dfad_discrepancy_case1")
    return (case["student"], case["teacher"]), case["loss_S"], [case["grad_loss_S_wrt_student"]]


TWINS: dict[str, dict[str, Twin]] = {
    "01_hinton": {
        "soften": Twin(hinton.soften, lambda: [(z_s, T) for z_s, _, T in logits()]),
        "kd_loss_as_written": Twin(hinton.kd_loss, logits, kd_reference),
    },
    "02_fitnets": {
        "hint_loss_as_written": Twin(fitnets.hint_loss, pairs_of_equal_maps, hint_reference),
        "attention_map_as_written": Twin(attention.attention_map, maps_and_powers),
        "at_loss_as_written": Twin(attention.at_loss, two_stages, at_reference),
    },
    "03_fsp": {
        "fsp_matrix_as_written": Twin(fsp.fsp_matrix, pairs_of_maps, matrix_reference),
        "pair_loss": Twin(fsp.pair_loss, two_pairs_of_maps, loss_reference),
    },
    "04_matching": {
        "flow_cost_as_written": Twin(matching.flow_cost, maps_to_match, flow_cost_reference),
        "assign_by_copies": Twin(matching.assign, costs_to_assign, assign_reference),
        "absolute_max": Twin(matching.reduce, maps_and_flows, absolute_max_reference),
    },
    "05_overhaul": {
        "margin": Twin(overhaul.margin, channels, margin_reference),
        "margin_relu": Twin(overhaul.margin_relu, maps_and_margins),
        "partial_l2": Twin(overhaul.partial_l2, maps_and_targets, partial_reference),
    },
    "08_ghost": {
        "correlation_as_written": Twin(ghost.correlation, four_dimensional_maps),
        "map_residual_as_written": Twin(ghost.map_residual, two_maps_and_kernels),
    },
    "12_spot_adaptive": {
        "decide_as_written": Twin(spot_adaptive.decide, coins, coins_reference),
    },
    "11_relational": {
        "distance_loss_as_written": Twin(relational.distance_loss, embeddings, relations_reference("distance")),
        "angle_loss_as_written": Twin(relational.angle_loss, embeddings, relations_reference("angle")),
        "angle_loss_as_published": Twin(relational.angle_loss, embeddings, relations_reference("angle")),
    },
    "07_gan": {
        "critic_loss_as_written": Twin(gan.critic_loss, scores),
        "imitation_as_written": Twin(gan.imitation_loss, pairs_of_equal_maps, imitation_reference),
        "sharpness_as_written": Twin(gan.laplacian_variance, grey_images),
    },
    "10_data_free": {
        "one_hot_loss_as_written": Twin(data_free.one_hot_loss, answers, one_hot_reference),
        "activation_loss_as_written": Twin(data_free.activation_loss, answers, activation_reference),
        "entropy_loss_as_written": Twin(data_free.entropy_loss, answers, entropy_reference),
    },
    "06_boundaries": {
        "disagreement_as_written": Twin(
            boundaries.disagreement, lambda: [two_maps_and_a_margin()[0][:2]], sides_reference
        ),
        "boundary_loss_as_written": Twin(boundaries.boundary_loss, two_maps_and_a_margin, boundary_reference),
        "ab_loss_as_written": Twin(boundaries.ab_loss, two_traces, ab_reference),
    },
    "09_adversarial": {
        "discrepancy_as_written": Twin(
            adversarial.discrepancy, lambda: [(z_s, z_t) for z_s, z_t, _ in logits()], discrepancy_reference
        ),
    },
}

CASES = [(notebook, name) for notebook, twins in TWINS.items() for name in twins]
WITH_REFERENCE = [(notebook, name) for notebook, name in CASES if TWINS[notebook][name].reference]


def own(notebook: str, name: str) -> Callable[..., Tensor]:
    assert (FOLDER / f"{notebook}.ipynb").is_file(), f"{notebook}.ipynb is in the table, but not in notebooks/"
    found = definitions(notebook)
    assert name in found, f"{notebook}.ipynb defines {', '.join(found) or 'nothing'}, but not {name}"
    return found[name]


def called(function: Callable[..., Tensor], arguments: Arguments) -> tuple[Tensor, list[Tensor]]:
    """The value, and the tensors of the first argument, with respect to which it can be differentiated."""
    first, *rest = arguments
    leaves = [x.clone().requires_grad_() for x in ([first] if isinstance(first, Tensor) else first)]
    return function(leaves[0] if isinstance(first, Tensor) else leaves, *rest), leaves


def value_and_gradients(function: Callable[..., Tensor], arguments: Arguments) -> tuple[Tensor, ...]:
    """Of a function that is constant to autograd (a teacher's side, a choice of channels) the value alone."""
    value, leaves = called(function, arguments)
    if not value.requires_grad:
        return (value,)
    return value.detach(), *torch.autograd.grad(value.square().sum(), leaves)


same = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-12)


def hold(function: Callable[..., Tensor], reference: Callable[[], Reference]) -> None:
    arguments, expected, gradients = reference()
    value, leaves = called(function, arguments)
    same(value.detach(), expected)
    if gradients:
        same(list(torch.autograd.grad(value, leaves)), list(gradients))


@pytest.mark.parametrize("notebook, name", CASES)
def test_the_notebook_and_the_package_agree(notebook, name):
    mine, twin = own(notebook, name), TWINS[notebook][name]
    for arguments in twin.inputs():
        same(value_and_gradients(mine, arguments), value_and_gradients(twin.package, arguments))


@pytest.mark.parametrize("notebook, name", WITH_REFERENCE)
def test_the_notebook_and_the_reference_agree(notebook, name):
    hold(own(notebook, name), TWINS[notebook][name].reference)


@pytest.mark.parametrize("notebook, name", WITH_REFERENCE)
def test_the_table_itself_is_right(notebook, name):
    twin = TWINS[notebook][name]
    hold(twin.package, twin.reference)


@pytest.mark.parametrize("notebook", sorted(path.stem for path in FOLDER.glob("*.ipynb")))
def test_no_definition_is_forgotten(notebook):
    """A notebook's function that is called like one of `kdtutor.papers` is in the table."""
    modules = [part for name in papers.__all__ if isinstance(part := getattr(papers, name), ModuleType)]
    public = {name for module in modules for name in vars(module) if not name.startswith("_")}
    assert set(definitions(notebook)) & public <= set(TWINS.get(notebook, ()))


NOTEBOOK = [
    "%matplotlib inline\nimport torch\nimport torch.nn.functional as F",
    "def square(x):\n    return 0",
    "SCALE = 2.0  # a constant\nTEACHER = load()\ndef helper(x):\n    return SCALE * x",
    "def square(x):\n    return helper(x) * x\n\nsquare(undefined)",
    'def todo(x):\n    """What is to do."""\n    ...',
    "from math import sqrt as square, sqrt as helper\nawait run.finished()",
]


def test_definitions_are_taken_without_running_the_notebook(tmp_path):
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in NOTEBOOK]), tmp_path / "99_x.ipynb")
    found = definitions("99_x", tmp_path)
    assert set(found) == {"square", "helper"} and found["square"](3.0) == 18.0
