"""What is taught: one file per paper, its mathematics as functions and its training as one `Distiller`."""

from ..errors import choose
from ..train import Distiller
from . import attention, boundaries, fitnets, fsp, hinton, matching, overhaul, relational

__all__ = [
    "METHODS", "attention", "boundaries", "fitnets", "fsp", "hinton", "matching", "method", "overhaul", "relational",
]  # fmt: skip

METHODS: dict[str, type[Distiller]] = {
    "hinton": hinton.Hinton,
    "fitnets": fitnets.FitNets,
    "hint": fitnets.Hint,
    "attention": attention.Attention,
    "fsp": fsp.FSP,
    "boundaries": boundaries.ActivationBoundaries,
    "overhaul": overhaul.Overhaul,
    "matching": matching.MatchingGuided,
    "relational": relational.Relational,
}
"""Every method by its name on the command line."""


def method(name: str) -> type[Distiller]:
    """The `Distiller` of the method `name`."""
    return METHODS[choose("method", name, METHODS)]
