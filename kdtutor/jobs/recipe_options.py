"""What may be asked of a recipe, in place of what a preset says."""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..train import Recipe  # which takes long to import


def _option(text: str) -> Any:
    return typer.Option(help=text, show_default="the preset's")


@dataclass(frozen=True, kw_only=True)
class Adjusted:
    """What is asked of a recipe, by the names of its settings; None leaves the choice to the preset."""

    optimiser: Annotated[str | None, _option("sgd, adam or adamw.")] = None
    lr: Annotated[float | None, _option("Learning rate, at its highest.")] = None
    batch_size: Annotated[int | None, _option("Images of a batch.")] = None
    weight_decay: Annotated[float | None, _option("Decay of the weights.")] = None
    clip_norm: Annotated[float | None, _option("Largest norm of a gradient; longer ones are scaled down.")] = None
    accumulate: Annotated[int | None, _option("So many batches make one update, by their mean gradient.")] = None
    ema: Annotated[float | None, _option("Measure and keep averaged weights, of this decay, such as 0.99.")] = None

    label_smoothing: Annotated[float | None, _option("So much of a label is spread over all classes.")] = None
    class_weights: Annotated[str | None, _option("balanced, or a number for each class with commas between.")] = None
    mixup: Annotated[float | None, _option("Mix images and labels, by a share from Beta(MIXUP, MIXUP).")] = None

    @property
    def adjustments(self) -> dict[str, Any]:
        """What is asked for, by name."""
        asked = {field.name: getattr(self, field.name) for field in fields(Adjusted)}
        return {name: value for name, value in asked.items() if value is not None}

    def of(self, recipe: "Recipe") -> "Recipe":
        """`recipe` as it is asked for. Raises `ConfigError` for what it cannot be."""
        asked = self.adjustments
        if self.class_weights is not None:
            asked["class_weights"] = _weights(self.class_weights)
        return replace(recipe, **asked)


def _weights(text: str) -> "str | tuple[float, ...]":
    """What `--class-weights` names."""
    try:
        return text if text == "balanced" else tuple(float(part) for part in text.split(","))
    except ValueError:
        told = f"--class-weights {text!r:.60}: expected balanced, or a number for each class with commas between them"
        raise ConfigError(f"{told}, such as 1,2.5") from None


ADJUSTMENTS = frozenset(field.name for field in fields(Adjusted))
"""The names of all that may be asked of a recipe."""
