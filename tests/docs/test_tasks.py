"""The README's table of tasks says what the methods say themselves."""

import re
from pathlib import Path

import kdtutor as kd
from kdtutor.data import TASKS, Task
from kdtutor.figures.history import MEASURES
from kdtutor.papers import METHODS, admitting

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def rows() -> dict[str, list[str]]:
    table = README.partition("<!-- tasks: held by a test -->")[2].partition("<!-- end of tasks -->")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]
    return {task: rest for task, *rest in cells}


def test_each_task_has_a_row_with_its_methods():
    features = {name for name, kind in METHODS.items() if kind.tasks == (Task,)}
    assert list(rows()) == list(TASKS)
    for task, (_, outputs, inside) in rows().items():
        assert inside.startswith("every method of features")
        named = set(re.findall(r"`(\w+)`", outputs + inside))
        assert named | features == set(admitting(task)), task


def test_each_task_has_its_measures_in_their_order():
    import torch

    size = torch.zeros(2, 2)
    labels = {"classification": torch.zeros(2).long(), "dense": torch.zeros(2, 1, 1, dtype=torch.int16)}
    for name, (measures, *_) in rows().items():
        task = kd.data.Regression((0.0,) * 2, (1.0,) * 2) if name == "regression" else TASKS[name]()
        outputs = torch.zeros(2, 2, 1, 1) if name == "dense" else size
        answers = task.answers(outputs) if name == "dense" else outputs
        told = task.measures(answers, labels.get(name, size))
        assert measures == ", ".join(MEASURES[measure] for measure in told)
