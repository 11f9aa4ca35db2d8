"""The experiments behind the lessons' numbers. `kdtutor results` runs them; `stored_results` reads what they left."""

from importlib import import_module

from ...methods import taught
from .runner import Study, conduct, in_points, paired, stored_results

__all__ = ["Study", "conduct", "in_points", "paired", "stored_results", "studies"]

BEYOND = ("own_teacher", "paper", "dense", "spot_again")  # studies that no lesson is named after


def studies() -> dict[str, Study]:
    """Every study of the course by name: the `STUDIES` of each lesson's module, in the order of the lessons."""
    modules = [import_module(f".{name}", __name__) for name in (*(row.name for row in taught()), *BEYOND)]
    return {study.name: study for module in modules for study in module.STUDIES}
