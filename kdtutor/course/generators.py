"""The generators of lesson 7 as it opens them: their plans, the latents they are shown on, and their judge."""

from ..settings.generators import GENERATOR_PLANS as PLANS
from ..settings.generators import judge, latents, measured

__all__ = ["PLANS", "judge", "latents", "measured"]
