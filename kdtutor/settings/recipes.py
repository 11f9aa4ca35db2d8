"""A recipe on the data it is used for."""

from dataclasses import replace

from ..data import Data, ResizedCrop
from ..train import Recipe


def fitted(recipe: Recipe, data: Data) -> Recipe:
    """`recipe` for `data`: crops have the size of the images that are measured, and points are not augmented.

    >>> fitted(kd.preset("minute").recipe, kd.data.load("moons")).augment is None
    True
    """
    if not data.size:
        return replace(recipe, augment=None)
    if isinstance(recipe.augment, ResizedCrop):
        return replace(recipe, augment=replace(recipe.augment, size=data.size[0]))
    return recipe
