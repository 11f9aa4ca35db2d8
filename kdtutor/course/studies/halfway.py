"""Intermediate states that ship: a student and a generator in the middle of a data-free run, to go on from."""

from pathlib import Path

from ... import nets
from ...data import root
from ...nets import Generator, Net

STEP = 300  # of the student


def named(data: str) -> str:
    """What both nets are called whose teacher knows this set."""
    return f"{data}-dfad"


def halfway(folder: Path | None = None, data: str = "digits") -> tuple[Net, Generator]:
    """The student and the generator after `STEP` steps, ready to learn on; their cards say how they came about."""
    folder = folder or root()
    student = nets.teacher(folder / "students" / f"{named(data)}.safetensors")
    generator = nets.trained_generator(folder / "generators" / f"{named(data)}.safetensors")
    return student.requires_grad_(True), generator.requires_grad_(True)
