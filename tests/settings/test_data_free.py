"""The settings of the data-free papers' tables: the nets they name, and their first steps."""

from dataclasses import replace

import pytest
import torch

import kdtutor as kd
from kdtutor import UnknownName, nets
from kdtutor.data import Data, Split
from kdtutor.settings.data_free import DAFL, DAFL_LOSSES, DFAD, dafl, dafl_distiller, dfad, dfad_distiller

EVERY = pytest.mark.parametrize("name", DFAD)
PARAMETERS = {"mnist": (61_706, 15_738), "cifar10": (21_282_122, 11_173_962), "cifar100": (21_328_292, 11_220_132),
              "caltech101": (21_336_485, 11_228_325)}  # fmt: skip


def imitation(name: str) -> Data:
    """Random images of the size, the channels and the classes of a data set."""
    setting = dfad(name)
    shape = (4, setting.channels, setting.size, setting.size)
    images = torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    split = Split(images, torch.arange(4))
    classes = tuple(map(str, range(setting.classes)))
    return Data(name, split, None, split, classes, (0.5,) * setting.channels, (0.5,) * setting.channels)


@EVERY
def test_the_nets_have_the_size_of_the_published_ones(name):

    setting = dfad(name)
    assert (
        tuple(nets.count_parameters(setting.net(net)) for net in (setting.teacher, setting.student))
        == (PARAMETERS[name])
    )


def test_the_settings_of_the_authors():
    mnist, cifar = dfad("mnist"), dfad("cifar10")
    assert (mnist.recipe.batch_size, mnist.recipe.lr, mnist.recipe.weight_decay) == (512, 0.01, 1e-4)
    assert (mnist.latent, mnist.k, mnist.epochs, mnist.recipe.steps_per_epoch) == (100, 5, 40, 250)
    assert (cifar.recipe.batch_size, cifar.recipe.lr, cifar.latent, cifar.epochs) == (256, 0.1, 256, 500)
    rates = [cifar.recipe.rate(epoch / 500) for epoch in (0, 99, 100, 199, 200, 499)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    assert nets.count_parameters(mnist.maker()) == 856_065
    with pytest.raises(UnknownName, match="mnist"):
        dfad("mnits")


@EVERY
def test_the_first_steps_on_a_cpu(name):

    setting = dfad(name)
    kd.seed_everything(0)
    distiller = dfad_distiller(name, setting.net(setting.teacher))
    recipe = replace(setting.recipe, batch_size=2, steps_per_epoch=setting.k, lr=1e-3)
    before = [p.clone() for p in distiller.generator.parameters()]
    history = kd.fit(distiller, imitation(name), 1, recipe=recipe, device="cpu", progress=False)
    assert {"logits", "disagreement", "test_accuracy"} <= set(history.terms)
    assert not all(torch.equal(a, b) for a, b in zip(before, distiller.generator.parameters(), strict=True))


def test_the_settings_of_data_free_learning():
    mnist, cifar = dafl("mnist"), dafl("cifar10")
    assert (mnist.recipe.batch_size, mnist.recipe.lr, mnist.recipe.optimiser) == (512, 2e-3, "adam")
    assert (mnist.latent, mnist.generator_lr, mnist.epochs, mnist.recipe.steps_per_epoch) == (100, 0.2, 200, 120)
    assert (cifar.recipe.batch_size, cifar.latent, cifar.generator_lr, cifar.epochs) == (1024, 1000, 0.02, 2000)
    rates = [cifar.recipe.rate(epoch / 2000) for epoch in (0, 799, 800, 1600)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.001])
    assert set(DAFL) == set(DAFL_LOSSES)
    with pytest.raises(UnknownName, match="mnist"):
        dafl("mnits")


@pytest.mark.parametrize("name", DAFL)
def test_the_first_steps_of_data_free_learning_on_a_cpu(name):
    setting = dafl(name)
    kd.seed_everything(0)
    distiller = dafl_distiller(name, setting.net(setting.teacher))
    assert distiller.objective_weights()["entropy"] == pytest.approx(DAFL_LOSSES[name].entropy / 2.302585)
    recipe = replace(setting.recipe, batch_size=3, steps_per_epoch=2)
    history = kd.fit(distiller, imitation(name), 1, recipe=recipe, device="cpu", progress=False)
    assert {"logits", "one_hot", "activation", "entropy", "test_accuracy"} <= set(history.terms)
