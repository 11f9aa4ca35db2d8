"""Every exercise of the course by name: `check.kd_loss(kd_loss)` says how far the reader's function is."""

from .exercises.boundaries import ab_loss, boundary_loss, hinge_gradient, keeps_sides, regions
from .exercises.fitnets import at_norm, at_pair, regressor_ratio, same_attention
from .exercises.fsp import broadcast_bytes, fsp_loss, fsp_matrix, stays, steps_to_reach
from .exercises.hinton import best_bias, kd_gradient, kd_loss, soften
from .exercises.matching import best_pairing, flow_cost, same_pairing, ways
from .exercises.overhaul import overhaul_loss, partial_gradient, safe_margin, still_taught
from .exercises.relational import angle_numbers, recall_at_1, rkd_angles, rkd_distances, rkd_stays
from .exercises.start import accuracy, confusion, entropy

__all__ = [
    "ab_loss",
    "accuracy",
    "angle_numbers",
    "at_norm",
    "at_pair",
    "best_bias",
    "best_pairing",
    "boundary_loss",
    "broadcast_bytes",
    "confusion",
    "entropy",
    "flow_cost",
    "fsp_loss",
    "fsp_matrix",
    "hinge_gradient",
    "kd_gradient",
    "kd_loss",
    "keeps_sides",
    "overhaul_loss",
    "partial_gradient",
    "recall_at_1",
    "regions",
    "regressor_ratio",
    "rkd_angles",
    "rkd_distances",
    "rkd_stays",
    "safe_margin",
    "same_attention",
    "same_pairing",
    "soften",
    "stays",
    "steps_to_reach",
    "still_taught",
    "ways",
]
