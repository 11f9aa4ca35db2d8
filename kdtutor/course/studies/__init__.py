"""The experiments behind the lessons' numbers. `kdtutor results` runs them; `stored_results` reads what they left."""

from importlib import import_module
from types import ModuleType

from ...methods import taught
from .runner import Study, conduct, in_points, paired, stored_results

__all__ = ["Study", "conduct", "in_points", "paired", "planned", "stored_results", "studies"]

BEYOND = ("own_teacher", "paper", "dense", "spot_again")  # studies that no lesson is named after


def studies() -> dict[str, Study]:
    """Every study of the course by name: the `STUDIES` of each lesson's module, in the order of the lessons."""
    return {study.name: study for module in _modules() for study in module.STUDIES}


def planned() -> dict[str, Study]:
    """Every study that is described, `PLANNED` in its module, and not stored yet: once it is, `STUDIES` takes it up."""
    return {study.name: study for module in _modules() for study in getattr(module, "PLANNED", ())}


def _modules() -> list[ModuleType]:
    return [import_module(f".{name}", __name__) for name in (*(row.name for row in taught()), *BEYOND)]
