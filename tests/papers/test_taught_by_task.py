"""An example for several labels and for numbers: points, a wide teacher, a narrow student, alone and taught."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import kdtutor as kd
from kdtutor.data import Data, MultiLabel, Regression, Split, Task
from kdtutor.papers.binary import Binary
from kdtutor.papers.bounded import Bounded

SEEDS = (0, 1, 2)


def waves(x: Tensor) -> Tensor:
    """Three numbers of a point in the plane."""
    return torch.stack([(3 * x[:, 0]).sin() + x[:, 1], (x**2).sum(1), x.prod(1)], 1)


def points(task: str) -> Data:
    """Few labelled points, whose numbers are noisy, and many others that tell how well a net does."""
    drawn = torch.Generator().manual_seed(0)
    x = [torch.rand(n, 2, generator=drawn) * 4 - 2 for n in (120, 400)]
    y = [waves(x[0]) + 0.5 * torch.randn(120, 3, generator=drawn), waves(x[1])]
    known: Task = Regression.of(y[0]) if task == "regression" else MultiLabel()
    labels = y if task == "regression" else [(values > waves(x[1]).median(0).values).float() for values in y]
    train, test = (Split(*pair, task=known) for pair in zip(x, labels, strict=True))
    return Data(f"waves-{task}", train, None, test, ("sum", "length", "product"), (), ())


def net(name: str, seed: int) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build(name, classes=3)


def learnt(method: kd.Distiller, data: Data, seed: int) -> float:
    recipe = kd.Recipe(lr=0.05, batch_size=40)
    history = kd.fit(method, data, 20, recipe=recipe, seed=seed, progress=False, device="cpu")
    return history.last(f"test_{history.measured}")


CASES: dict[str, Callable[[kd.Net, kd.Net], kd.Distiller]] = {"multi-label": Binary, "regression": Bounded}


@pytest.mark.slow
@pytest.mark.parametrize("task", CASES)
def test_a_student_alone_and_taught_over_three_seeds(task):
    data, teacher = points(task), net("mlp64", 9)
    best = learnt(kd.Alone(teacher), data, 9)
    alone = torch.tensor([learnt(kd.Alone(net("mlp8", seed)), data, seed) for seed in SEEDS])
    taught = torch.tensor([learnt(CASES[task](net("mlp8", seed), teacher), data, seed) for seed in SEEDS])
    difference = taught - alone
    assert best > taught.mean() > alone.mean(), "on average"
    assert (difference > 0).sum() >= 2, "of three"
