"""With which numbers: presets, published settings, plans of teachers, recipes. Above the methods, whose options they
set."""

from .presets import CROSS_PAIRS, FAMILY_PAIRS, PAIRS, Preset, find_teacher, preset
from .recipes import ZOO
from .teachers import PLANS, train_teacher

__all__ = ["CROSS_PAIRS", "FAMILY_PAIRS", "PAIRS", "PLANS", "ZOO", "Preset", "find_teacher", "preset", "train_teacher"]
