"""How a lesson goes: distillers and phases, the loop, its history, recipes, checkpoints, evaluation."""

from typing import TYPE_CHECKING, Any

from ..moved import moved
from ..nets.modes import eval_mode, evaluating
from .around import Around
from .cached import Cached, cache
from .devices import DEVICE_VARIABLE, describe, device, seed_everything
from .distiller import Alone, Distiller, Spot
from .evaluation import Evaluation, evaluate, predict
from .history import History, environment
from .language import LanguageDistiller
from .loop import fit, steps
from .objective import accuracy, descend, descend_alone, minimise, task_loss, weighted_sum
from .quality import Balance, Judge, Quality, classifier_score, frechet_distance
from .ranks import joined
from .recipe import Recipe, rate
from .retrieval import embed, few_shot, prototypes, recall_at
from .run import Progress
from .together import Entry, fit_together, together
from .trainable import Phase, Trainable

__all__ = [
    "DEVICE_VARIABLE",
    "Alone",
    "Around",
    "Balance",
    "Cached",
    "Distiller",
    "Entry",
    "Evaluation",
    "History",
    "Judge",
    "LanguageDistiller",
    "Phase",
    "Progress",
    "Quality",
    "Recipe",
    "Spot",
    "Trainable",
    "accuracy",
    "cache",
    "classifier_score",
    "descend",
    "descend_alone",
    "describe",
    "device",
    "embed",
    "environment",
    "eval_mode",
    "evaluate",
    "evaluating",
    "few_shot",
    "fit",
    "fit_together",
    "frechet_distance",
    "joined",
    "minimise",
    "predict",
    "prototypes",
    "rate",
    "recall_at",
    "seed_everything",
    "steps",
    "task_loss",
    "together",
    "weighted_sum",
]  # fmt: skip


if not TYPE_CHECKING:  # a misspelt name stays an error there

    def __getattr__(name: str) -> Any:
        return moved(__name__, name)
