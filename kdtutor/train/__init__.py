"""How a lesson goes: distillers and phases, the loop, its history, recipes, presets, checkpoints, evaluation."""

from .devices import DEVICE_VARIABLE, describe, device, seed_everything
from .distiller import Alone, Distiller, Phase, Spot, accuracy, descend, task_loss
from .evaluation import Evaluation, evaluate, evaluating, predict
from .history import History, environment
from .loop import Progress, fit, steps
from .presets import PAIRS, Preset, preset
from .recipe import ZOO, Recipe, rate
from .retrieval import embed, few_shot, prototypes, recall_at
from .teachers import PLANS, train_teacher

__all__ = [
    "DEVICE_VARIABLE",
    "PAIRS",
    "PLANS",
    "ZOO",
    "Alone",
    "Distiller",
    "Evaluation",
    "History",
    "Phase",
    "Preset",
    "Progress",
    "Recipe",
    "Spot",
    "accuracy",
    "descend",
    "describe",
    "device",
    "embed",
    "environment",
    "evaluate",
    "evaluating",
    "few_shot",
    "fit",
    "predict",
    "preset",
    "prototypes",
    "rate",
    "recall_at",
    "seed_everything",
    "steps",
    "task_loss",
    "train_teacher",
]  # fmt: skip
