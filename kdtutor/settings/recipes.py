"""A recipe on the data it is used for."""

from dataclasses import replace

from ..data import Augment, Data, Regression, ResizedCrop
from ..train import Recipe

CLIP_NORM = 1.0
SHIFT = 16  # a shift is at most this part of the side


def fitted(recipe: Recipe, data: Data) -> Recipe:
    """`recipe` for `data`: crops have the size of the images that are measured, and points are not augmented.

    Numbers are learnt from shifts and mirror images in place of crops: a crop that is resized shows a thing larger than
    it is, or half of it, so a size, a distance or a count would no longer be what the image shows. (Classes stay what
    they are, and masks are cropped along.) And the gradient is cut to `CLIP_NORM` where `recipe` does not name a norm
    of its own: a squared error grows without bound, and its gradient with it; `own` has what was measured.

    >>> fitted(kd.preset("minute").recipe, kd.data.load("moons")).augment is None
    True
    """
    augment = recipe.augment if data.size else None
    if isinstance(data.task, Regression):
        recipe = replace(recipe, clip_norm=recipe.clip_norm or CLIP_NORM)
        if isinstance(augment, ResizedCrop):
            augment = Augment(max(1, data.size[0] // SHIFT), flip=augment.flip)
    if isinstance(augment, ResizedCrop):
        augment = replace(augment, size=data.size[0])
    return replace(recipe, augment=augment)
