"""Every exercise of the course by name: `check.kd_loss(kd_loss)` says how far the reader's function is."""

from .exercises.adversarial import discrepancy, discrepancy_gradient, generation_loss, keeps_apart, turns
from .exercises.boundaries import ab_loss, boundary_loss, hinge_gradient, keeps_sides, regions
from .exercises.data_free import balance_loss, natural_weight, one_hot_loss, same_imbalance, survivors
from .exercises.fitnets import at_norm, at_pair, regressor_ratio, same_attention
from .exercises.fsp import broadcast_bytes, fsp_loss, fsp_matrix, stays, steps_to_reach
from .exercises.gan import frechet_diagonal, gan_truths, great_circle, image_sharpness, joint_loss
from .exercises.ghost import ghost_maps, ghost_parameters, ghosts_cost, map_likeness
from .exercises.hinton import best_bias, kd_gradient, kd_loss, soften
from .exercises.matching import best_pairing, flow_cost, same_pairing, ways
from .exercises.overhaul import overhaul_loss, partial_gradient, safe_margin, still_taught
from .exercises.relational import angle_numbers, recall_at_1, rkd_angles, rkd_distances, rkd_stays
from .exercises.spot_adaptive import anti_chosen, first_to_drop, hard_decision, soft_or_hard, why_detach
from .exercises.start import accuracy, confusion, entropy

__all__ = [
    "ab_loss",
    "accuracy",
    "angle_numbers",
    "anti_chosen",
    "at_norm",
    "at_pair",
    "balance_loss",
    "best_bias",
    "best_pairing",
    "boundary_loss",
    "broadcast_bytes",
    "confusion",
    "discrepancy",
    "discrepancy_gradient",
    "entropy",
    "first_to_drop",
    "flow_cost",
    "frechet_diagonal",
    "fsp_loss",
    "fsp_matrix",
    "gan_truths",
    "generation_loss",
    "ghost_maps",
    "ghost_parameters",
    "ghosts_cost",
    "great_circle",
    "hard_decision",
    "hinge_gradient",
    "image_sharpness",
    "joint_loss",
    "kd_gradient",
    "kd_loss",
    "keeps_apart",
    "keeps_sides",
    "map_likeness",
    "natural_weight",
    "one_hot_loss",
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
    "same_imbalance",
    "same_pairing",
    "soft_or_hard",
    "soften",
    "stays",
    "steps_to_reach",
    "still_taught",
    "survivors",
    "turns",
    "ways",
    "why_detach",
]
