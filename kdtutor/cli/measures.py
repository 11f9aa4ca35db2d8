"""Measures as the command line prints them: shares in percent, others as they are."""

from ..figures.history import is_share, measure_of
from .tables import percent, points


def told(term: str, value: float) -> str:
    """A number as its term is told: shares in percent."""
    return percent(value) if is_share(term) else f"{value:.4g}" if measure_of(term) == "mae" else f"{value:.4f}"


def difference(term: str, mean: float, error: float | None) -> str:
    """A difference of measures: of shares in percentage points."""
    if is_share(term):
        return points(mean, error)
    return f"{mean:+.4f}" + ("" if error is None else f" ± {error:.4f}")
