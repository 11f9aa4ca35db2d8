"""The experiments behind the lessons' numbers. `kdtutor results` runs them; `stored_results` reads what they left."""

from .runner import Study, conduct, in_points, paired, stored_results

__all__ = ["Study", "conduct", "in_points", "paired", "stored_results", "studies"]


def studies() -> dict[str, Study]:
    """Every study of the course by name."""
    from . import boundaries, fitnets, fsp, hinton, matching, overhaul, paper, relational

    lessons = (hinton, fitnets, fsp, overhaul, boundaries, matching, relational, paper)
    return {study.name: study for lesson in lessons for study in lesson.STUDIES}
