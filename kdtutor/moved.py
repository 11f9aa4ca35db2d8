"""Public names that have moved. Each still answers in its old place, with a warning that names the new one, until 0.3.

Old places are given by full names, new ones as "module:name", or as a module. A package looks here in its
`__getattr__`, and a new place loads when it is asked for: so no layer imports one above it.
"""

import warnings
from pkgutil import resolve_name
from typing import Any

MOVED = {
    "kdtutor.course.doctor": "kdtutor.cli.doctor",
    "kdtutor.papers.gan_setting": "kdtutor.settings.gan",
    "kdtutor.papers.published": "kdtutor.settings.data_free",
    "kdtutor.train.CROSS_PAIRS": "kdtutor.settings:CROSS_PAIRS",
    "kdtutor.train.FAMILY_PAIRS": "kdtutor.settings:FAMILY_PAIRS",
    "kdtutor.train.PAIRS": "kdtutor.settings:PAIRS",
    "kdtutor.train.PLANS": "kdtutor.settings:TEACHER_PLANS",
    "kdtutor.train.Preset": "kdtutor.settings:Preset",
    "kdtutor.train.ZOO": "kdtutor.settings.zoo:RECIPE",
    "kdtutor.train.preset": "kdtutor.settings:preset",
    "kdtutor.train.train_teacher": "kdtutor.settings:train_teacher",
}
"""Old name: new place."""


def moved(package: str, name: str) -> Any:
    """What `package.name` was, from where it is now. Raises `AttributeError` for a name that never was there.

    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     moved("kdtutor.train", "preset").__module__
    'kdtutor.settings.presets'
    """
    old = f"{package}.{name}"
    if old not in MOVED:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    place = MOVED[old]
    warnings.warn(
        f"{old} is {place.replace(':', '.')} now; the old name goes with kdtutor 0.3", DeprecationWarning, stacklevel=3
    )
    return resolve_name(place)
