"""How the generators that teach are trained, and who judges them."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from .. import data as sets
from .. import nets
from ..data import Data, Split
from ..errors import choose
from ..nets import Generator
from ..papers.gan import Distil, laplacian_variance
from ..train import Judge, Quality, Recipe, environment, evaluating, fit, seed_everything

SAMPLES = 2000  # images of which a generator's quality is told, on latents that are always the same
LATENT = 32


@dataclass(frozen=True)
class GeneratorPlan:
    """Data, nets, epochs, recipe and seed of one generator, trained as an ordinary GAN."""

    net: dict[str, Any]
    critic: dict[str, Any] = field(default_factory=lambda: {"name": "dcganx0.75", "norm": "batch"})
    data: str = "digits-16"
    epochs: int = 24
    recipe: Recipe = Recipe(lr=0.002, batch_size=64, steps_per_epoch=100)  # noqa: RUF009 (frozen)
    seed: int = 0


GENERATOR_PLANS: dict[str, GeneratorPlan] = {
    f"{data}-{name}": GeneratorPlan({"name": net, "latent": LATENT, "channels": 1, "size": 16}, data=f"{data}-16")
    for data in sets.SHIPPED
    for name, net in (("dcgan", "dcgan"), ("dcgan-small", "dcganx0.25"))
}
"""The plan of every generator by name."""


def judge_of(data: str) -> str:
    """The name of the classifier by whose eyes images of this set are judged.

    >>> judge_of("fashion-16")
    'fashion-16-resnet8'
    """
    return f"{data}-resnet8"


@lru_cache(maxsize=len(sets.SHIPPED))
def judge(data: str = "digits-16") -> Judge:
    """The classifier by whose eyes the course measures small images of a set that ships.

    >>> judge("fashion-16").classifier.card["data"]
    'fashion-16'
    """
    return Judge(nets.teacher(judge_of(data)))


def latents(count: int = SAMPLES) -> Float[Tensor, "count Z"]:
    """The latents on which every generator is measured; fewer are the first of them.

    >>> latents(5).shape, torch.equal(latents(5), latents(8)[:5])
    (torch.Size([5, 32]), True)
    """
    return torch.randn(SAMPLES, LATENT, generator=torch.Generator().manual_seed(2019))[:count]


def measured(net: Generator, data: Data, split: Split | None = None, count: int = SAMPLES) -> tuple[Quality, float]:
    """The quality of `count` images against the test images (or those of `split`), and their mean sharpness.

    >>> net = kd.nets.generator("dcganx0.25", latent=32, channels=1, size=16)
    >>> quality, sharpness = measured(net, kd.data.load("digits-16"), count=50)
    >>> quality.distance > 0, sharpness > 0
    (True, True)
    """
    where = next(net.parameters()).device
    with evaluating(net):
        images = net(latents(count).to(where))
    return judge(data.name).quality(images, split or data.test, data), float(laplacian_variance(images).mean())


def train_generator(name: str, folder: str | Path, device: str | None = None, progress: bool = True) -> Generator:
    """Train the generator `name` of the plans and save its weights and card in `folder`; interrupted, it continues."""
    plan = GENERATOR_PLANS[choose("generator", name, GENERATOR_PLANS)]
    data = sets.load(plan.data)
    seed_everything(plan.seed)
    net, critic = nets.generator(**plan.net), nets.critic(**plan.critic)
    fit(
        Distil(net, critic=critic, alpha=0), data, plan.epochs, recipe=plan.recipe, seed=plan.seed, device=device,
        progress=progress, out=Path(folder) / f"{name}.run",
    )  # fmt: skip
    quality, sharpness = measured(net, data)
    card = {
        "data": plan.data,
        "recipe": {"epochs": plan.epochs, **plan.recipe.record()},
        "critic": plan.critic,
        "seed": plan.seed,
        "quality": {**quality.numbers(), "sharpness": sharpness},
        "protocol": f"{SAMPLES} images of the last epoch against the test images, by the eyes of {judge_of(plan.data)}",
        "command": f"kdtutor teach {name}",
        "environment": environment(),
    }
    return nets.trained_generator(nets.save_generator(net, name, card, folder=folder, overwrite=True))
