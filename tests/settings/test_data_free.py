"""The settings of the data-free papers' tables: the nets they name, and their first steps."""

from dataclasses import replace

import pytest
import torch

import kdtutor as kd
from kdtutor import UnknownName, nets
from kdtutor.data import Data, Split
from kdtutor.settings import preset, published
from kdtutor.settings.data_free import DAFL, DFAD, SETTINGS, dafl, dafl_distiller, dfad, dfad_distiller

EVERY = pytest.mark.parametrize("name", DFAD)
DISTINCT = ("mnist", "cifar100")  # cifar10 has the nets of cifar100
PARAMETERS = {"mnist": (61_706, 15_738), "cifar10": (21_282_122, 11_173_962), "cifar100": (21_328_292, 11_220_132),
              "caltech101": (21_336_485, 11_228_325)}  # fmt: skip

# DAFL's README: oh, a and ie, the last for logarithms to base 10
LOSSES = {"mnist": (1.0, 0.1, 5.0), "cifar10": (0.05, 0.01, 5.0), "cifar100": (0.5, 0.1, 20.0)}


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


@pytest.mark.slow
@pytest.mark.parametrize("name", [*DISTINCT, "caltech101"])
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
    with pytest.raises(UnknownName, match="mnist"):
        dafl("mnits")


@pytest.mark.parametrize("name", DAFL)
def test_the_losses_of_data_free_learning(name):
    setting = dafl(name)
    teacher = kd.nets.build("resnet8x0.25", classes=setting.classes, channels=setting.channels)
    distiller = dafl_distiller(name, teacher)
    one_hot, activation, entropy = LOSSES[name]
    told = {"one_hot": one_hot, "activation": activation, "entropy": pytest.approx(entropy / 2.302585)}
    assert distiller.objective_weights() == told and distiller.inner.options == {"distance": "kl"}


@pytest.mark.slow
@pytest.mark.parametrize("name", DISTINCT)
def test_the_first_steps_of_data_free_learning_on_a_cpu(name):
    setting = dafl(name)
    kd.seed_everything(0)
    distiller = dafl_distiller(name, setting.net(setting.teacher))
    recipe = replace(setting.recipe, batch_size=3, steps_per_epoch=2)
    history = kd.fit(distiller, imitation(name), 1, recipe=recipe, device="cpu", progress=False)
    assert {"logits", "one_hot", "activation", "entropy", "test_accuracy"} <= set(history.terms)


def test_a_setting_is_found_by_paper_and_data():
    assert published("adversarial", "mnist") is published("DFAD", "mnist") is dfad("mnist")
    assert published("data_free", "cifar10") is published("dafl", "cifar10") is published("data-free", "cifar10")
    assert SETTINGS == {"adversarial": DFAD, "data_free": DAFL}
    assert all(
        setting.kind == kind and setting.data == name for kind in SETTINGS for name, setting in SETTINGS[kind].items()
    )
    with pytest.raises(
        UnknownName, match=r"'digits' is not .* published settings of data_free \(DAFL\).*cifar10, cifar100, mnist"
    ):
        published("DAFL", "digits")
    with pytest.raises(UnknownName, match=r"'hinton' is not a known method.*adversarial \(DFAD\), data_free \(DAFL\)"):
        published("hinton", "mnist")


@pytest.mark.parametrize("kind", SETTINGS)
def test_any_method_is_taught_by_the_published_generator(kind):
    setting = published(kind, "mnist")
    student, teacher = setting.net(setting.student), setting.net(setting.teacher)
    made = setting.around(kd.papers.method("KD")(student, teacher))
    assert type(made) is kd.papers.get(kind) and made.generator.config == setting.maker().config
    assert made.generator_lr == setting.generator_lr and made.options.items() >= setting.options.items()


def test_the_paper_preset_reaches_the_published_settings():
    paper, minute = preset("paper"), preset("minute")
    assert minute.data_free("DFAD") is minute
    adversarial, data_free = paper.data_free("DFAD"), paper.data_free("dafl", "mnist")
    assert (adversarial.data_name, adversarial.teacher_name) == ("cifar100", "cifar100-cifar_resnet34")
    assert (adversarial.epochs_for("logits"), data_free.epochs_for("logits")) == (500, 200)
    assert adversarial.recipe == dfad("cifar100").recipe and data_free.recipe.optimiser == "adam"
    assert adversarial.options_for("logits") == {} and data_free.options_for("logits") == {"distance": "kl"}
    assert adversarial.options_for("matching") == paper.options_for("matching")
    assert data_free.student().config == dafl("mnist").net("lenet5_half").config
    assert data_free.published is dafl("mnist") and paper.published is None
    with pytest.raises(UnknownName, match="'digits' is not a known data set in the published settings"):
        paper.data_free("DFAD", "digits")
    with pytest.raises(UnknownName, match="'hinton' is not a known method"):
        minute.data_free("hinton")
