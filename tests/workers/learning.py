"""A study of short runs, apart from the other tasks: its imports take a while."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from kdtutor.course.studies.common import MINUTE, recipe, student, train
from kdtutor.course.studies.runner import Case
from kdtutor.papers.hinton import Hinton


def learn(case: Case, seed: int) -> dict[str, float]:
    """A short run on few digits; on the node that the file `doomed` names, it never ends."""
    if "ray" in sys.modules:
        folder = Path(os.environ["KDTUTOR_DATA"])
        if sys.modules["ray"].get_runtime_context().get_node_id() == (folder / "doomed").read_text():
            (folder / "begun").touch()
            time.sleep(600)
    digits = MINUTE.data()
    few = replace(digits, train=digits.train[::35], val=digits.val[::10], test=digits.test[::20])
    history = train(Hinton(student(seed), MINUTE.teacher(), T=case["T"]), few, 2, recipe(0.2, steps=5), seed)
    return {term: history.last(term) for term in ("task", "kd", "val_accuracy", "test_accuracy")}
