"""The experiments behind the lessons' numbers. `kdtutor results` runs them; `stored_results` reads what they left."""

from .runner import Study, conduct, in_points, paired, stored_results

__all__ = ["Study", "conduct", "in_points", "paired", "stored_results", "studies"]


def studies() -> dict[str, Study]:
    """Every study of the course by name."""
    from . import (
        adversarial,
        boundaries,
        data_free,
        fitnets,
        fsp,
        gan,
        ghost,
        hinton,
        matching,
        overhaul,
        paper,
        relational,
        spot_adaptive,
    )

    lessons = (
        hinton,
        fitnets,
        fsp,
        overhaul,
        boundaries,
        matching,
        gan,
        adversarial,
        data_free,
        relational,
        ghost,
        spot_adaptive,
        paper,
    )
    return {study.name: study for lesson in lessons for study in lesson.STUDIES}
