"""How a lesson goes: distillers and phases, the loop, its history, recipes, presets, checkpoints, evaluation."""

from .around import Around
from .devices import DEVICE_VARIABLE, describe, device, seed_everything
from .distiller import Alone, Distiller, Phase, Spot
from .evaluation import Evaluation, evaluate, predict
from .history import History, environment
from .loop import Progress, fit, steps
from .modes import eval_mode, evaluating
from .objective import accuracy, descend, task_loss, weighted_sum
from .presets import CROSS_PAIRS, FAMILY_PAIRS, PAIRS, Preset, preset
from .quality import Balance, Judge, Quality, classifier_score, frechet_distance
from .recipe import ZOO, Recipe, rate
from .retrieval import embed, few_shot, prototypes, recall_at
from .teachers import PLANS, train_teacher

__all__ = [
    "CROSS_PAIRS",
    "DEVICE_VARIABLE",
    "FAMILY_PAIRS",
    "PAIRS",
    "PLANS",
    "ZOO",
    "Alone",
    "Around",
    "Balance",
    "Distiller",
    "Evaluation",
    "History",
    "Judge",
    "Phase",
    "Preset",
    "Progress",
    "Quality",
    "Recipe",
    "Spot",
    "accuracy",
    "classifier_score",
    "descend",
    "describe",
    "device",
    "embed",
    "environment",
    "eval_mode",
    "evaluate",
    "evaluating",
    "few_shot",
    "fit",
    "frechet_distance",
    "predict",
    "preset",
    "prototypes",
    "rate",
    "recall_at",
    "seed_everything",
    "steps",
    "task_loss",
    "train_teacher",
    "weighted_sum",
]  # fmt: skip
