"""How the language model that teaches is trained, and how what a student writes is judged."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from .. import data as sets
from .. import nets
from ..errors import choose
from ..nets import LanguageModel
from ..train import LanguageDistiller, Recipe, environment, fit, seed_everything
from ..train.checkpoint import BEST
from ..train.language import measured


@dataclass(frozen=True)
class LanguagePlan:
    """Text, net, epochs, recipe and seed of one language model."""

    net: dict[str, Any]
    data: str = sets.BOOK
    epochs: int = 15
    recipe: Recipe = field(
        default_factory=lambda: Recipe(
            lr=6e-3, batch_size=32, optimiser="adamw", betas=(0.9, 0.95), weight_decay=0.1, steps_per_epoch=100,
            clip_norm=1.0,
        )
    )  # fmt: skip
    seed: int = 0


LANGUAGE_PLANS: dict[str, LanguagePlan] = {
    "alice-gpt2x128": LanguagePlan({"name": "gpt2x128", "context": 64, "dropout": 0.2}),
}
"""The plan of every language model by name."""


def train_language_model(
    name: str, folder: str | Path, device: str | None = None, progress: bool = True
) -> LanguageModel:
    """Train the language model `name` of the plans and save its best weights and card in `folder`; interrupted, it
    continues."""
    plan = LANGUAGE_PLANS[choose("language model", name, LANGUAGE_PLANS)]
    data = sets.text(plan.data, plan.net["context"])
    seed_everything(plan.seed)
    net = nets.language_model(**plan.net, vocabulary=data.num_classes)
    run = Path(folder) / f"{name}.run"
    fit(
        LanguageDistiller(net), data, plan.epochs, recipe=plan.recipe, seed=plan.seed, device=device,
        progress=progress, out=run,
    )  # fmt: skip
    net.load_state_dict(load_file(run / BEST))  # a small text is learnt by heart in the end
    card = {
        "data": plan.data,
        "recipe": {"epochs": plan.epochs, **plan.recipe.record()},
        "seed": plan.seed,
        "bits": round(measured(net, data.test)["bits"], 4),
        "protocol": f"bits per character on the test part, windows of {plan.net['context']}; of {plan.epochs} epochs "
        "the one that was most accurate on the validation part",
        "command": f"kdtutor teach {name}",
        "environment": environment(),
    }
    path = nets.save_language_model(net, name, card, folder=folder, overwrite=True)
    return nets.trained_language_model(path)
