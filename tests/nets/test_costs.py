"""What a net costs: counts written out, and the time that torch's own benchmark takes."""

import pytest
import torch
from torch import nn
from torch.utils.benchmark import Measurement, TaskSpec

import kdtutor as kd
from kdtutor.nets import costs

NET = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8 * 16 * 16, 4))


def test_counts():
    cost = kd.nets.measure(NET, (3, 16, 16), batches=(1, 4), seconds=0.01)
    assert cost.parameters == (27 + 1) * 8 + 2 * 8 + 4 * (2048 + 1)
    assert cost.multiply_adds == 27 * 8 * 256 + 2048 * 4
    numbers = cost.parameters + 2 * 8  # running mean and variance; one whole number counts the batches
    assert 4 * numbers + 8 < cost.size < 4 * numbers + 2000  # and the names
    assert [each.batch for each in cost.latencies] == [1, 4]
    assert all(each.median > 0 and each.blocks >= 1 for each in cost.latencies)


@pytest.mark.slow
def test_the_memory_of_a_pass_is_that_of_its_maps():
    net = nn.Sequential(nn.Conv2d(1, 16, 1), nn.ReLU())
    x = torch.zeros(8, 1, 256, 256)
    maps = 8 * 16 * 256 * 256 * 4  # bytes of one
    found = costs.peak_memory(net, x)
    assert found is not None
    assert 0.9 * maps < found < 3.5 * maps


def test_time_is_that_of_torchs_benchmark(monkeypatch):
    """The statement is one pass, in evaluation, without gradients; median and range are the benchmark's own."""
    seen = []

    class Timer:
        def __init__(self, stmt, globals, num_threads):
            self.stmt, self.globals, self.threads = stmt, globals, num_threads

        def blocked_autorange(self, min_run_time):
            out = eval(self.stmt, self.globals)
            seen.append((self.threads, min_run_time, out.requires_grad, self.globals["net"].training, len(out)))
            return Measurement(2, [0.2, 0.4, 0.6, 0.8], TaskSpec(self.stmt, ""))

    monkeypatch.setattr(costs, "Timer", Timer)
    monkeypatch.setattr(costs, "peak_memory", lambda *_: None)
    cost = kd.nets.measure(NET.train(), (3, 16, 16), batches=(2,), threads=3, seconds=0.5)
    assert seen == [(3, 0.5, False, False, 2)]
    assert cost.latencies[0].median == pytest.approx(0.25) and cost.latencies[0].iqr == pytest.approx(0.15)
    assert NET.training, "its mode is as it was"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"batches": ()}, "batches"), ({"seconds": 0}, "seconds=0"), ({"threads": 0}, "threads=0")],
)
def test_numbers_out_of_range(options, sentence):
    with pytest.raises(kd.Error, match=sentence):
        kd.nets.measure(NET, (3, 16, 16), **options)
