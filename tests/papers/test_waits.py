"""No step waits for the device: not of any method, in any phase."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
import torch

import kdtutor as kd
from kdtutor.data import Augment, Batch
from kdtutor.papers import METHODS
from kdtutor.papers.adversarial import Adversarial
from kdtutor.papers.born_again import FORMS, BornAgain
from kdtutor.papers.data_free import DataFree
from kdtutor.papers.deit import Deit
from kdtutor.papers.gan import Distil
from kdtutor.papers.own_teacher import OwnTeacher
from kdtutor.papers.spot_adaptive import STRATEGIES, SpotAdaptive
from kdtutor.papers.standardized import StandardizedLogits
from kdtutor.train import Recipe
from tests.tasks import fitting
from tests.waits import copies, optimisers, waits

RECIPE = Recipe(lr=1e-3, batch_size=6, augment=Augment(pad=1))
EVERY_SECOND = {"adversarial", "data-free, replayed"}  # step is another one
Step = Callable[[], object]


def pair() -> tuple[kd.Net, kd.Net]:
    kd.seed_everything(0)
    nets = (kd.nets.build(f"resnet8x{width}", classes=10, channels=1, stem_stride=2) for width in (0.25, 0.5))
    return tuple(nets)


def maker(name: str = "deconvolutionx0.25", size: int = 28) -> kd.nets.Generator:
    return kd.nets.generator(name, 4, 1, size)


def imagined(outer: type, **options: object) -> Callable[[], object]:
    return lambda: outer(METHODS["attention"](*pair(), alpha=0.5), maker(), **options)


def chosen(strategy: str) -> SpotAdaptive:
    return SpotAdaptive(METHODS["fsp"](*pair()), strategy, head_start=0.0)


def gan(**options: object) -> Distil:
    return Distil(maker("dcganx0.125", 16), maker("dcganx0.25", 16), **options)


def critic() -> object:
    return kd.nets.critic("dcganx0.25", norm="layer")


MAKE: dict[str, Callable[[], object]] = {
    "alone": lambda: kd.Alone(pair()[0]),
    **{name: partial(lambda kind: kind(*pair()), METHODS[name]) for name in METHODS},
    "matching, random": lambda: METHODS["matching"](*pair(), how="random"),
    "matching, sparse": lambda: METHODS["matching"](*pair(), how="sparse"),
    "correlation, consecutive": lambda: METHODS["correlation"](*pair(), form="consecutive"),
    "factor, attention": lambda: METHODS["factor"](*pair(), form="attention"),
    "decoupled, standardized": lambda: StandardizedLogits(METHODS["decoupled"](*pair())),
    "attention with logits": lambda: METHODS["attention"](*pair(), alpha=0.5),
    **{f"born again, {form}": partial(lambda form: BornAgain(*pair(), form=form), form) for form in FORMS},
    "own teacher": lambda: OwnTeacher(kd.nets.MultiExit(pair()[0])),
    "deit": lambda: Deit(kd.nets.build("deit7_2", classes=10, channels=1), pair()[1]),
    "adversarial": imagined(Adversarial, k=2),
    "data-free": imagined(DataFree),
    "data-free, replayed": imagined(DataFree, replay=2, memory=8),
    "gan, joint": lambda: gan(critic=critic(), game="wasserstein", critic_steps=2),
    "gan, black box": lambda: gan(alpha=1),
}
DRAWS = {"born again, dkpp", "contrastive", "matching, random", "adversarial", "data-free, replayed", "gan, joint"}
"""Those that draw random numbers in a step: on the CPU, so that they are the same everywhere, and then copied."""
AT_SPOTS = {strategy: int(strategy in ("adaptive", "anti")) for strategy in STRATEGIES}
"""How often a GPU is waited for where spots are chosen: what the policy has decided is read, to know who learns."""


@pytest.fixture(scope="module")
def data(digits: kd.Data) -> dict[int, kd.Data]:
    return {28: digits, 16: kd.data.for_generators(digits, 16)}


def phases(method: kd.Distiller, data: dict[int, kd.Data], device: str = "cpu", name: str = "") -> Iterator[Step]:
    """A step of each phase, on a first batch that lies on the device with the method."""
    data = fitting(name, data[16 if isinstance(method, Distil) else 28])
    source = method.source(data, RECIPE)
    method.begin(data)
    method.start_epoch(0, source, seed=0)
    method.to(device)
    batch: Batch = next(source.epoch(0, seed=0)).to(device)
    for phase in method.phases(epochs=10):
        method.train()
        yield partial(method.step, batch, phase, optimisers(method, phase, RECIPE))


def steps_of(name: str, data: dict[int, kd.Data], device: str = "cpu") -> Iterator[Step]:
    """One step of each phase, or two where they take turns."""
    for step in phases(MAKE[name](), data, device, name):
        yield from [step] * (1 + (name in EVERY_SECOND))


@pytest.mark.parametrize("name", MAKE)
def test_a_step_does_not_wait(data, name):
    found = [waits(step) for step in steps_of(name, data)]
    assert not any(found), found


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_spots_are_chosen_with_one_wait_at_the_most(data, strategy):
    (step,) = phases(chosen(strategy), data)
    found = [waits(step) for _ in range(2)]
    assert [len(each) for each in found] == [AT_SPOTS[strategy]] * 2, found


@pytest.mark.parametrize("name", MAKE)
def test_a_step_keeps_to_its_device(data, name):
    """On the meta device, which has no numbers: to read one raises, and to mix devices does, too."""
    found = [copies(step) for step in steps_of(name, data, "meta")]
    assert any(found) == (name in DRAWS), found


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_chosen_spots_keep_to_the_device(data, strategy, monkeypatch):
    """With a policy that has decided beforehand: what it decides now cannot be read."""
    method = chosen(strategy)
    decided = torch.arange(6 * len(method.places)).reshape(6, -1) % 3 > 0
    if method.routes:
        monkeypatch.setattr(method.chooser, "choose", lambda decisions, noise: decided)
        monkeypatch.setattr("kdtutor.papers.spot_adaptive.rates", lambda places, chosen, logits: {})
    for step in phases(method, data, "meta"):
        assert bool(copies(step)) == (strategy in ("adaptive", "anti", "random"))


READS = {
    "item": lambda x: x.sum().item(),
    "tolist": lambda x: x.tolist(),
    "cpu": lambda x: x.cpu(),
    "to": lambda x: x.to("cpu"),
    "numpy": lambda x: x.numpy(),
    "int": lambda x: int(x[0]),
    "float": lambda x: float(x[0]),
    "bool": lambda x: 1 if x[0] > 0 else 0,
    "index": lambda x: range(x.long()[0]),
    "nonzero": lambda x: x.nonzero(),
    "mask": lambda x: x[x > 1],
    "assigned by a mask": lambda x: x.clone().__setitem__(x > 1, x[0]),
    "unique": lambda x: x.unique(),
    "equal": lambda x: torch.equal(x, x + 1),
    "repeat": lambda x: x.repeat_interleave(x.long()),
    "in a function of the package": lambda x: kd.papers.matching.groups(x.reshape(1, 2)),
}


@pytest.mark.parametrize("name", READS)
def test_the_counter_counts(name):
    x = torch.tensor([1.0, 2.0])
    found = waits(lambda: READS[name](x))
    assert len(found) == 1 + (name == "in a function of the package"), found
    assert waits(lambda: READS[name](x.square().sqrt())) == found, "also of what is computed"
    assert waits(lambda: READS[name](torch.ones(2) + torch.rand(2))) == [], "but not of what the CPU has made"
    assert waits(lambda: READS[name](torch.ones(2) + x) if name != "numpy" else READS[name](x)) == found


def test_the_counter_names_the_line():
    M = torch.ones(1, 2)
    first, second = waits(lambda: kd.papers.matching.groups(M))
    assert first.startswith("aten._local_scalar_dense.default in papers/matching.py:") and first != second
    assert waits(lambda: M.tolist()) == ["tolist in the test"]


def test_devices_that_are_mixed_are_noticed():
    here, there = torch.ones(2), torch.ones(2, device="meta")
    assert copies(lambda: there + 1) == [] and len(copies(lambda: here.to("meta") + there)) == 1
    for mixed in (lambda: there.gather(0, torch.zeros(2).long()), lambda: torch.zeros(2, 2) @ there.expand(2, 2)):
        with pytest.raises(AssertionError, match="of the CPU and of the device in aten"):
            copies(mixed)
