"""Intermediate states that ship: a student and a generator in the middle of a data-free run, to go on from."""

from pathlib import Path

from ... import nets
from ...data import root
from ...nets import Generator, Net

NAME = "digits-dfad"
STEP = 300  # of the student


def halfway(folder: Path | None = None) -> tuple[Net, Generator]:
    """The student and the generator after `STEP` steps, ready to learn on; their cards say how they came about."""
    folder = folder or root()
    student = nets.teacher(folder / "students" / f"{NAME}.safetensors")
    generator = nets.trained_generator(folder / "generators" / f"{NAME}.safetensors")
    return student.requires_grad_(True), generator.requires_grad_(True)
