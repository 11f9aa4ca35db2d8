"""Intermediate states that ship: a student and a generator in the middle of a data-free run, to go on from."""

from pathlib import Path

from ... import nets
from ...data import root
from ...nets import Generator, Net
from ...papers.adversarial import Adversarial
from ...train import environment, evaluate, steps
from .runner import Case

NAME = "digits-dfad"
STEP = 300  # of the student


def halfway(folder: Path | None = None) -> tuple[Net, Generator]:
    """The student and the generator after `STEP` steps, ready to learn on; their cards say how they came about."""
    folder = folder or root()
    student = nets.teacher(folder / "students" / f"{NAME}.safetensors")
    generator = nets.trained_generator(folder / "generators" / f"{NAME}.safetensors")
    return student.requires_grad_(True), generator.requires_grad_(True)


def make_halfway(case: Case, seed: int) -> dict[str, float]:
    """Train `case["step"]` steps of the study's own run, and store both nets with their cards."""
    from . import adversarial as study

    distiller, data, _ = study.prepare({"source": "dfad"}, seed)
    assert isinstance(distiller, Adversarial)
    recipe = study.recipe(study.LR["dfad"])
    run = steps(distiller, data, study.EPOCHS, recipe=recipe, seed=seed, device="cpu")
    for at in run:
        if at.step == case["step"]:
            break
    run.close()
    assert data.val is not None
    answers, val = (evaluate(distiller.student, split, data) for split in (data.test, data.val))
    card = {
        "data": "none; measured on digits",
        "recipe": {"steps": case["step"], "of": study.EPOCHS * study.STEPS, "lr": recipe.lr, "k": study.K},
        "seed": seed,
        "command": "kdtutor results adversarial_halfway",
        "environment": environment(),
    }
    told = {"accuracy": answers.accuracy, "correct": answers.correct, "total": len(data.test)}
    nets.save_teacher(distiller.student, NAME, {**card, **told}, folder=root() / "students", overwrite=True)
    nets.save_generator(distiller.generator, NAME, card, folder=root() / "generators", overwrite=True)
    return {"val": val.accuracy, "test": answers.accuracy}
