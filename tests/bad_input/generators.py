"""Methods that make images: data-free ones, and the compression of GANs."""

from typing import Any

from torch import zeros

from kdtutor import ConfigError, DataError, ShapeError, UnknownName, data, nets, train
from kdtutor.papers import adversarial, contrastive, data_free, gan
from kdtutor.settings import gan as gan_setting

from .kinds import Bad, digits, net


def maker(**options: Any) -> nets.Generator:
    return nets.generator(**({"name": "dcganx0.125", "latent": 5, "size": 16} | options))


BAD: dict[str, Bad] = {
    "logits of other classes": Bad(
        lambda _: adversarial.discrepancy(zeros(2, 3), zeros(2, 4)), ShapeError, ("(2, 3)", "(2, 4)", "must be equal"),
    ),
    "an adversarial student of other classes": Bad(
        lambda _: adversarial.Logits(net(), net(classes=7)), ConfigError, ("7 classes", "10", "same classes"),
    ),
    "an unknown distance": Bad(
        lambda _: adversarial.Adversarial(
            adversarial.Logits(net(), net()), nets.generator("deconvolutionx0.25", size=28), distance="l2"
        ),  # type: ignore[arg-type]
        UnknownName, ("'l2'", "l1"),
    ),
    "logits that are no batch": Bad(
        lambda _: data_free.entropy_loss(zeros(10)), ShapeError, ("entropy_loss", "(10,)", "expected (B, ·)"),
    ),
    "a generator that nobody tells anything": Bad(
        lambda _: data_free.DataFree(
            adversarial.Logits(net(), net()), nets.generator("deconvolutionx0.25", size=28),
            one_hot=0, activation=0, entropy=0,
        ),
        ConfigError, ("all three weights are 0", "learn nothing"),
    ),
    "no memory to replay from": Bad(
        lambda _: data_free.DataFree(
            adversarial.Logits(net(), net()), nets.generator("deconvolutionx0.25", size=28), replay=4, memory=0
        ),
        ConfigError, ("memory=0", "at least one image"),
    ),
    "a memory of rows without rows": Bad(
        lambda _: data_free.DataFree(
            contrastive.Contrastive(net(), net()), nets.generator("deconvolutionx0.25", size=28)
        ),
        ConfigError, ("Contrastive", "rows in a training split", "choose another method"),
    ),
    "a generator that never moves": Bad(
        lambda _: adversarial.Adversarial(
            adversarial.Logits(net(), net()), nets.generator("deconvolutionx0.25", size=28), k=0
        ),
        ConfigError, ("k=0", "at least 1"),
    ),
    "a student that imitates nobody": Bad(
        lambda _: gan.Distil(maker(), alpha=1), ConfigError, ("alpha=1", "no teacher", "alpha=0 needs none"),
    ),
    "a game without a critic": Bad(
        lambda _: gan.Distil(maker(), alpha=0), ConfigError, ("alpha=0 asks for a critic", "nets.critic"),
    ),
    "a penalty under batch norm": Bad(
        lambda _: gan.Distil(maker(), critic=nets.critic(norm="batch"), alpha=0, game="wasserstein"),
        ConfigError, ("batch norm mixes", "norm='layer'"),
    ),
    "a teacher with another z": Bad(
        lambda _: gan.Distil(maker(), maker(latent=6), alpha=1), ShapeError, ("reads 6 numbers", "the same z"),
    ),
    "images that a generator cannot make": Bad(
        lambda _: gan.Distil(maker(), critic=nets.critic(), alpha=0).check(digits()), ShapeError,
        ("(1, 28, 28)", "(1, 16, 16)", "data.for_generators"),
    ),
    "sharpness of two channels": Bad(
        lambda _: gan.laplacian_variance(zeros(1, 2, 5, 5)), ShapeError, ("(1, 2, 5, 5)", "1 or 3"),
    ),
    "a set that the paper does not have": Bad(
        lambda _: gan_setting.paper("cifar100"), UnknownName, ("'cifar100'", "cifar10"),
    ),
    "a student larger than its teacher": Bad(
        lambda _: gan_setting.paper("cifar10").student(2), ConfigError, ("scale=2", "(0, 1]"),
    ),
    "an unknown critic": Bad(lambda _: nets.critic("resnet"), UnknownName, ("'resnet'", "dcgan")),
    "a critic of another size": Bad(lambda _: nets.critic(size=28), ConfigError, ("size is 28", "8, 16, 32")),
    "large pictures of small ones": Bad(
        lambda _: data.for_generators(digits(), 64), ShapeError, ("28×28", "mostly padding"),
    ),
    "absent faces": Bad(lambda tmp: data.load("celeba", tmp), DataError, ("celeba", "nothing at", "KDTUTOR_DATA")),
    "a distance of unlike embeddings": Bad(
        lambda _: train.frechet_distance(zeros(3, 4), zeros(3, 5)), ShapeError, ("(3, 4)", "(3, 5)", "N, M ≥ 2"),
    ),
    "points that are images": Bad(
        lambda _: nets.generator("points", channels=2, size=28), ConfigError, ("size is 28", "1"),
    ),
}  # fmt: skip
