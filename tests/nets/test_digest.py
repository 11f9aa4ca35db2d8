"""A digest tells apart what would do something else, and nothing else."""

import copy
import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from kdtutor import nets
from kdtutor.nets.digest import digest, plain


@dataclass
class Setting:
    rate: float
    sizes: tuple[int, ...]


def scale(by):
    return lambda x: by * x


X = torch.arange(6.0)
DIFFERENT = [
    (X, X + 1), (X, X.view(2, 3)), (X, X.double()), (X.bfloat16(), X.half()), (1, 1.0), (1, "1"), (True, 1),
    ([1, 2], [2, 1]), ([[1], 2], [[1, 2]]), ({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1}), (np.ones(2), np.ones(3)),
    (Setting(1.0, (1,)), Setting(2.0, (1,))), (nn.Dropout(0.1), nn.Dropout(0.2)), (nn.ReLU(), nn.GELU()),
    (scale(2), scale(3)), (functools.partial(scale, 2), functools.partial(scale, 3)), ([None], []), ({1, 2}, {1, 3}),
    (nn.Conv2d(1, 1, 1, stride=1), nn.Conv2d(1, 1, 1, stride=2)), (lambda x: x + 1, lambda x: x + 2),
]  # fmt: skip


def test_what_differs_has_another_digest():
    assert [pair for pair in DIFFERENT if digest(pair[0]) == digest(pair[1])] == []


def test_copies_layouts_modes_and_orders_do_not_count():
    net = nets.build("resnet8x0.25", classes=10, channels=1).train()
    other = copy.deepcopy(net).to(memory_format=torch.channels_last).eval().requires_grad_(False)
    assert digest(net) == digest(other) and digest(scale(2)) == digest(scale(2))
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) and digest({1, 2}) == digest({2, 1})
    x = torch.randn(4, 4)
    assert digest(x.t()) == digest(x.t().contiguous()) and digest(torch.Generator()) == digest(torch.Generator())


def test_one_weight_counts():
    net = nets.build("resnet8x0.25")
    before = digest(net)
    with torch.no_grad():
        net.classifier.bias[0] += 1e-6
    assert digest(net) != before


def test_what_holds_itself_has_a_digest():
    knot = []
    knot.append(knot)
    assert len(digest(knot)) == 64


def test_options_become_json():
    told = plain({"T": 4.0, "sizes": (1, 2), "mask": torch.ones(2), "net": nn.ReLU()})
    assert told["T"] == 4.0 and told["sizes"] == (1, 2)
    assert (
        told["mask"].startswith("Tensor ") and told["net"].startswith("ReLU ") and told["mask"] != plain(torch.zeros(2))
    )


def test_one_number_is_that_number_whatever_it_was_cut_from():
    assert digest(torch.arange(10)[3::10]) == digest(torch.tensor([3]))
