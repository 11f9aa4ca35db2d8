"""The experiments of the lesson on language models: one small student of one teacher, in eight ways.

All students of a seed are one and the same for the first 600 steps: it learns from the text itself, for a student that
cannot write has nothing to show its teacher. Then each goes its way, for 150 steps on as many windows, from a fresh
optimiser. The rate is the one that was best for the student alone, on the validation part and with seeds that are not
reported (study sequence_tuning); nobody else's was tuned, so that what is unfair favours the student alone.
"""

import copy
from collections.abc import Callable
from functools import cache

from ... import data as sets
from ... import nets
from ...nets import LanguageModel
from ...papers.minillm import MiniLLM
from ...papers.on_policy import OnPolicy
from ...papers.sequence import Sequence
from ...train import LanguageDistiller, Recipe, fit, seed_everything
from ...train.language import measured
from ...train.writing import prompts, write
from .common import TUNING_SEEDS
from .runner import Case, Study, stored_results

TEACHER, STUDENT = "alice-gpt2x128", "gpt1x64"
FIRST, STEPS = 600, 150  # steps on the text alone, and then of each way
WINDOWS = 16  # a batch
SECOND = 1000  # added to the seed when the ways part: other windows than before
PROMPTS = 128  # that each student continues when it is judged
GROUP = 8  # characters after the prompt over which their cost is averaged
SEEDS = (0, 1, 2, 3, 4)
FIRST_RATE, RATES = 0.016, (0.002, 0.006, 0.016)

Way = Callable[[LanguageModel, LanguageModel], LanguageDistiller]
WAYS: dict[str, Way] = {
    "alone": lambda s, t: LanguageDistiller(s),
    "token KD": lambda s, t: OnPolicy(s, t, beta=0, share=0),
    "reverse KL on the text": lambda s, t: OnPolicy(s, t, beta=1, share=0),
    "SeqKD": lambda s, t: Sequence(s, t),
    "on-policy, JSD": lambda s, t: OnPolicy(s, t, beta=0.5, share=1),
    "on-policy, reverse KL": lambda s, t: OnPolicy(s, t, beta=1, share=1),
    "half on-policy, JSD": lambda s, t: OnPolicy(s, t, beta=0.5, share=0.5),
    "MiniLLM": lambda s, t: MiniLLM(s, t, text=0),
}
"""What is compared. MiniLLM is without its term of the text itself, so that all read equally much."""


@cache
def text() -> sets.Data:
    """The book, in the windows that all read."""
    return sets.text(sets.BOOK, context=64)


def student(seed: int) -> LanguageModel:
    """A new student; equal seeds, equal first weights."""
    seed_everything(seed)
    return nets.language_model(STUDENT, vocabulary=len(text().classes), context=64)


def recipe(lr: float, steps: int) -> Recipe:
    return Recipe(lr=lr, batch_size=WINDOWS, optimiser="adamw", weight_decay=0.01, steps_per_epoch=steps, clip_norm=1.0)


def train(method: LanguageDistiller, seed: int, lr: float, steps: int) -> None:
    fit(method, text(), 1, recipe=recipe(lr, steps), seed=seed, device="cpu", progress=False)


def beginner(seed: int) -> LanguageModel:
    """The student when the ways part."""
    return copy.deepcopy(_beginner(seed, FIRST))


@cache
def _beginner(seed: int, steps: int) -> LanguageModel:
    net = student(seed)
    train(LanguageDistiller(net), seed, FIRST_RATE, steps)
    return net


def rate() -> float:
    """The rate at which the student alone learns most of the book, by `sequence_tuning`; it is that of all."""
    tried = stored_results("sequence_tuning")
    return float(tried.groupby("lr")["bits"].mean().idxmin())


def worth(net: LanguageModel, teacher: LanguageModel, part: str) -> dict[str, float]:
    """Bits per character of a part of the book; what its writing after prompts from there is worth, and how that
    changes with the distance from the prompt."""
    split = text().splits()[part]
    writing = write(net, teacher, prompts(split, PROMPTS))
    places = {f"place {GROUP * i}": cost for i, cost in enumerate(writing.by_place(GROUP).tolist())}
    row = {"bits": measured(net, split)["bits"], **writing.numbers(), **places}
    return {name: round(value, 4) for name, value in row.items()}


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student, judged on the test part; in tuning on the validation part."""
    way, teacher = str(case["method"]), nets.trained_language_model(TEACHER)
    net = beginner(seed)
    train(WAYS[way](net, teacher), seed + SECOND, case.get("lr") or rate(), STEPS)
    return worth(net, teacher, "val" if "lr" in case else "test")


STUDIES = (
    Study(
        "sequence_tuning",
        "At which learning rate does the student alone learn most of the book?",
        tuple({"method": "alone", "lr": lr} for lr in RATES),
        learn,
        TUNING_SEEDS,
    ),
    Study(
        "sequence_ways",
        "What does a student learn of the book, and what is its own writing worth to its teacher?",
        tuple({"method": way} for way in WAYS),
        learn,
        SEEDS,
    ),
)
