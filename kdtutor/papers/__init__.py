"""What is taught: one file per paper, its mathematics as functions and its training as one `Distiller`."""

from ..errors import choose
from ..train import Distiller
from . import (
    adversarial,
    attention,
    boundaries,
    contrastive,
    data_free,
    decisions,
    fitnets,
    fsp,
    gan,
    generated,
    ghost,
    hinton,
    matching,
    metric,
    overhaul,
    related,
    related_methods,
    relational,
    routing,
    spot_adaptive,
)

__all__ = [
    "METHODS", "adversarial", "attention", "boundaries", "contrastive", "data_free", "decisions", "fitnets", "fsp",
    "gan", "generated", "ghost", "hinton", "matching", "method", "metric", "overhaul",
    "related",
    "related_methods", "relational", "routing", "spot_adaptive",
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
    "similarity": related_methods.Similarity,
    "variational": related_methods.Variational,
    "probabilistic": related_methods.Probabilistic,
    "selectivity": related_methods.Selectivity,
    "correlation": related_methods.Correlation,
    "factor": related_methods.Factor,
    "contrastive": contrastive.Contrastive,
    "logits": adversarial.Logits,
}
"""Every method by its name on the command line."""


def method(name: str) -> type[Distiller]:
    """The `Distiller` of the method `name`."""
    return METHODS[choose("method", name, METHODS)]
