"""The card of a net that a run has trained: what it is, on which images it was trained, and how well it does."""

from collections.abc import Mapping
from typing import Any

from ..data import Classification, Data
from ..data.tasks import on_card
from ..nets.models import described
from ..train import History, environment
from .setup import Setup

TEST = "test_"  # what terms of the test split begin with


def of_run(setup: Setup, history: History) -> dict[str, Any]:
    """The card of the student of a finished run; empty for a net that no name builds again, which cannot have one."""
    student, data, config = setup.distiller.student, setup.data, history.config
    if "name" not in student.config:
        return {}
    measured = {term.removeprefix(TEST): history.last(term) for term in history.terms if term.startswith(TEST)}
    teacher = setup.distiller.teacher
    return {
        **described(student),
        "data": data.name,
        "source": setup.job.data if setup.job.own else None,
        **of_data(data),
        "recipe": {"epochs": setup.epochs, **config["recipe"]},
        "epochs": setup.epochs,
        "method": setup.job.method,
        "teacher": None if teacher is None else {key: teacher.card.get(key) for key in ("name", "sha256")},
        "seed": setup.job.seed,
        **measured,
        **counted(measured, data),
        "protocol": "test split, weights of the last epoch",
        "command": setup.job.command,
        "environment": environment(),
    }


def of_data(data: Data) -> dict[str, Any]:
    """What a card says of the images and labels that a net is for."""
    return {
        **on_card(data.task),
        "classes": list(data.classes),
        "mean": list(data.mean),
        "std": list(data.std),
        "size": list(data.size),
        "channels": data.channels,
    }


def counted(measured: Mapping[str, float], data: Data) -> dict[str, int]:
    """How many images of the test split were told right, of how many; of another task than classes only how many."""
    total = int(data.test.labelled.sum())
    if not isinstance(data.task, Classification):
        return {"total": total}
    return {"correct": round(measured["accuracy"] * total), "total": total}
