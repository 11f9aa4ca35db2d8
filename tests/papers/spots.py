"""Small pairs of nets under spot-adaptive distillation, and how they learn."""

import torch

import kdtutor as kd
from kdtutor.papers import method
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.train import Recipe

RECIPE = Recipe(lr=0.01, batch_size=20, steps_per_epoch=2)


def net(name, seed, **options):
    kd.seed_everything(seed)
    return kd.nets.build(name, **({"classes": 10, "channels": 1} | options))


def make(name="attention", strategy="adaptive", student="resnet8x0.25", teacher="resnet8x0.5", seed=0, **options):
    strides = [{} if net.startswith("lenet") else {"stem_stride": 2} for net in (student, teacher)]
    inner = method(name)(net(student, seed, **strides[0]), net(teacher, 99, **strides[1]))
    return SpotAdaptive(inner, strategy, **options)


def learn(distiller, data, epochs=2, **options):
    return kd.fit(distiller, data, epochs, **({"recipe": RECIPE} | options), progress=False, device="cpu")


def first_batch(distiller, data):
    return next(iter(distiller.source(data, Recipe(batch_size=20)).epoch(0, 0)))


def step_of(distiller, data):
    batch = first_batch(distiller, data)
    (phase,) = distiller.phases(1)
    groups = distiller.parameter_groups(phase)
    optimisers = {name: distiller.recipe_for(name, Recipe()).optimise(group) for name, group in groups.items()}
    distiller.train()
    return distiller.step(batch, phase, optimisers), groups


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
