"""What is taught: one file per paper, its mathematics as functions and its training as one `Distiller`."""

from ..errors import choose
from ..train import Distiller
from . import fsp, hinton

__all__ = ["METHODS", "fsp", "hinton", "method"]

METHODS: dict[str, type[Distiller]] = {"hinton": hinton.Hinton, "fsp": fsp.FSP}
"""Every method by the name of its file."""


def method(name: str) -> type[Distiller]:
    """The `Distiller` of the method `name`."""
    return METHODS[choose("method", name, METHODS)]
