"""Recipes, runs and histories."""

import kdtutor as kd
from kdtutor import ConfigError, DataError, DivergedError, UnknownName, train
from kdtutor.papers import hinton
from kdtutor.train import History, Recipe

from .kinds import Bad, digits, fit, net, text


def same_twice() -> None:
    one = net()
    hinton.Hinton(one, one)


def _history() -> History:
    history = History()
    history.add("alone", 1, loss=1.0)
    return history


BAD: dict[str, Bad] = {
    "no learning": Bad(lambda _: Recipe(lr=0), ConfigError, ("lr=0", "must be a positive number")),
    "unknown optimiser": Bad(lambda _: Recipe(optimiser="lion"), UnknownName, ("'lion'", "adam, adamw, sgd")),
    "unknown preset": Bad(
        lambda _: kd.preset("papr"), UnknownName, ("'papr'", "Did you mean 'paper'?", "minute, own, paper"),
    ),
    "unknown pair": Bad(
        lambda _: kd.preset("paper", pair="a-b"), UnknownName, ("'a-b' is not a known pair", "resnet56"),
    ),
    "a teacher that is not trained": Bad(
        lambda _: kd.preset("paper").teacher(), DataError,
        ("'cifar100-resnet56' is not in runs", "`kdtutor teach cifar100-resnet56`"),
    ),
    "unknown device": Bad(lambda _: kd.device("gpu"), UnknownName, ("'gpu' is not a known device", "cpu, cuda, mps")),
    "unknown precision": Bad(
        lambda _: fit(net(), precision="fp16"), UnknownName, ("'fp16' is not a known precision", "bf16, float32"),
    ),
    "no epoch": Bad(lambda _: fit(net(), epochs=0), ConfigError, ("epochs=0", "at least one epoch")),
    "a loss that explodes": Bad(
        lambda _: fit(net(), recipe=Recipe(lr=1e30)), DivergedError,
        ("the term 'task' became", "in step 2", "lower the learning rate (now 1e+30)"),
    ),
    "its own teacher": Bad(lambda _: same_twice(), ConfigError, ("the same object", "build the student on its own")),
    "nothing to predict": Bad(
        lambda _: train.predict(net(), digits().train[:0], digits()), ConfigError, ("no image to predict", "empty"),
    ),
    "unknown term": Bad(
        lambda _: _history().curve("los"), UnknownName, ("'los' is not a known term", "Did you mean 'loss'?"),
    ),
    "absent history": Bad(
        lambda tmp: History.load(tmp / "no.json"), DataError, ("no.json does not exist", "History.save writes"),
    ),
    "damaged history": Bad(
        lambda tmp: History.load(text(tmp / "h.json", '{"rows": ')), DataError,
        ("h.json is not a history", "remove it or name another"),
    ),
}  # fmt: skip
