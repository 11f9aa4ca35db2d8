"""The preset "minute": weights and rates for so small a student, from the lessons' tuning studies."""

from collections.abc import Mapping
from typing import Any

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "hint": {"beta": 30.0},
    "attention": {"beta": 300.0},
    "overhaul": {"beta": 0.01},
    "matching": {"beta": 0.03},
    "boundaries": {"boundary_lr": 1.0},
}
"""What the methods' constructors do not have by default."""
