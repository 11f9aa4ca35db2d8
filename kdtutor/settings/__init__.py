"""With which numbers: each stands once here, above the methods whose options they set.

`presets` are what the command line runs, made of the tuned weights of `minute`, the tables of `zoo` and `spot_adaptive`
(SAKD), the short recipe of `quick`, `imagenet`, and `own` for images of one's own. `data_free` (DFAD, DAFL), `gan` and
`ghost` are the settings of those papers. `teachers`, `generators` and `language` are what is trained by name, and how.
`chosen` is which of the sets that ship a reader has chosen.
"""

from ..files import RUNS
from . import (
    chosen,
    data_free,
    gan,
    generators,
    ghost,
    imagenet,
    language,
    minute,
    own,
    quick,
    spot_adaptive,
    teachers,
    zoo,
)
from .chosen import choose_set, chosen_set
from .data_free import Published, published
from .generators import GENERATOR_PLANS, train_generator
from .language import LANGUAGE_PLANS, train_language_model
from .presets import CROSS_PAIRS, FAMILY_PAIRS, OWN, PAIRED, PAIRS, PRESETS, Preset, preset
from .recipes import fitted
from .teacher_plans import TEACHER_PLANS
from .teachers import find_teacher, take_teacher, teacher_folders, train_teacher

__all__ = [
    "CROSS_PAIRS", "FAMILY_PAIRS", "GENERATOR_PLANS", "LANGUAGE_PLANS", "OWN", "PAIRED", "PAIRS", "PRESETS", "RUNS",
    "TEACHER_PLANS", "Preset", "Published", "choose_set", "chosen", "chosen_set", "data_free", "find_teacher",
    "fitted", "gan", "generators", "ghost", "imagenet", "language", "minute", "own", "preset", "published", "quick",
    "spot_adaptive", "take_teacher", "teacher_folders", "teachers", "train_generator", "train_language_model",
    "train_teacher", "zoo",
]  # fmt: skip
