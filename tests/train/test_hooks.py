"""What a method may do around the steps: know its data, prepare an epoch, measure in its own way."""

import kdtutor as kd
from kdtutor.train import steps

from .common import RECIPE, small


class Watchful(kd.Alone):
    """Writes down what it is told, and is judged by two numbers."""

    def __init__(self, student):
        super().__init__(student)
        self.calls = []

    def begin(self, data):
        self.calls.append(("begin", data.name))

    def start_epoch(self, epoch, source, seed):
        self.calls.append((epoch, source.steps, seed))

    def measure(self, split, data):
        self.calls.append(("measure", len(split)))
        return {"misses": len(split) / 1e6, "accuracy": 0.5}


def test_the_order_of_the_hooks_and_the_names_of_the_measures(digits):
    method = Watchful(small())
    history = kd.fit(method, digits, 2, recipe=RECIPE, seed=7, progress=False, device="cpu")
    epochs = [(0, 4, 7), ("measure", len(digits.val)), (1, 4, 7), ("measure", len(digits.val))]
    assert method.calls == [("begin", digits.name), *epochs, ("measure", len(digits.test))]
    assert {"val_misses", "val_accuracy", "test_misses", "test_accuracy"} <= set(history.terms)
    assert history.last("test_misses") == len(digits.test) / 1e6


def test_an_epoch_that_is_continued_is_not_started_again(digits, tmp_path):
    running = steps(Watchful(small()), digits, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(2):
        next(running)
    running.close()
    resumed = Watchful(small())
    kd.fit(resumed, digits, 2, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    assert resumed.calls[0][0] == "begin" and [call[0] for call in resumed.calls[1:]] == [
        "measure",
        1,
        "measure",
        "measure",
    ]
