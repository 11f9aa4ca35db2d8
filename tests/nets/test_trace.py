"""`Trace`: reading, selecting samples, detaching."""

from dataclasses import FrozenInstanceError

import pytest
import torch
from torch.nn import functional as F

from kdtutor import nets
from kdtutor.errors import ShapeError
from kdtutor.nets import Trace


@pytest.fixture
def trace() -> Trace:
    torch.manual_seed(0)
    return nets.build("resnet8x0.25", classes=5).eval().trace(torch.randn(4, 3, 8, 8))


def same(a: Trace, b: Trace) -> bool:
    maps = zip((a.stem, *a.stages, a.embedding, a.logits), (b.stem, *b.stages, b.embedding, b.logits), strict=True)
    return all(torch.equal(x, y) for x, y in maps)


SELECTIONS = [
    (torch.tensor([True, False, True, False]), [0, 2]),
    (torch.tensor([3, 0, 0]), [3, 0, 0]),
    ([1, 2], [1, 2]),
    (slice(1, 3), [1, 2]),
    (2, [2]),
    (-1, [3]),
    (torch.zeros(4, dtype=torch.bool), []),
]


@pytest.mark.parametrize(("selection", "rows"), SELECTIONS)
def test_selecting_samples(trace, selection, rows):
    part = trace[selection]
    assert len(part) == len(rows)
    assert torch.equal(part.logits, trace.logits[rows])
    assert torch.equal(part.active[1], trace.active[1][rows])
    assert same(part, trace[torch.tensor(rows, dtype=torch.int64)])


def test_a_mask_of_another_batch_is_refused(trace):
    with pytest.raises(ShapeError, match=r"mask has shape \(3,\), but the trace holds 4 samples"):
        trace[torch.ones(3, dtype=torch.bool)]


def test_detach_keeps_values_and_drops_the_graph(trace):
    free = trace.detach()
    assert same(free, trace)
    assert trace.logits.requires_grad
    assert not any(t.requires_grad for t in (free.stem, *free.stages, *free.active, free.embedding, free.logits))


def test_active_maps_are_computed_once(trace):
    assert trace.active is trace.active
    assert trace.active_stem is trace.active_stem
    assert torch.equal(trace.active_stem, F.relu(trace.stem))
    assert trace[:2].active[0].shape[0] == 2
    assert [tap.shape[1] for tap in trace.taps] == [4, 4, 8, 16]


def test_gradients_reach_the_weights_through_active_maps():
    net = nets.build("wrn_10_1", classes=5)
    net.trace(torch.randn(2, 3, 8, 8)).active[0].sum().backward()
    assert net.stem.conv.weight.grad is not None
    assert net.classifier.weight.grad is None


def test_nets_without_a_stem():
    trace = nets.build("lenet5", classes=5, channels=1).trace(torch.randn(2, 1, 28, 28))
    assert trace.stem is None
    assert trace.active_stem is None
    assert trace.taps is trace.active
    assert trace[:1].stem is None
    assert trace.detach().stem is None


def test_a_trace_does_not_change(trace):
    with pytest.raises(FrozenInstanceError):
        trace.logits = trace.embedding


def test_a_selection_copies_what_is_read():
    trace = nets.build("resnet8x0.25", classes=3).trace(torch.randn(4, 3, 16, 16))
    part = trace[torch.tensor([True, False, True, False])]
    assert "logits" not in vars(part) and not part.active.read
    assert torch.equal(part.active[-1], trace.active[2][[0, 2]]) and part.active[-1] is part.active[2]
    assert list(part.active.read) == [2] and len(part) == 2
    for got, want in zip((*part.stages, *part.taps, part.stem), (*trace.stages, *trace.taps, trace.stem), strict=True):
        assert torch.equal(got, want[[0, 2]])
    assert len(part.stages[:2]) == 2 and not part.detach().logits.requires_grad
    with pytest.raises(IndexError):
        part.stages[3]
