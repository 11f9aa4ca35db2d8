"""What you touch: explorers whose picture follows the controls, and training runs with buttons."""

from collections.abc import Iterator

from .alive import Alive
from .explorer import Explorer
from .live import Board, LiveFigure
from .retrain import Retrain
from .run import LiveRun

__all__ = ["Alive", "Board", "Explorer", "LiveFigure", "LiveRun", "Retrain", "explorers"]


def explorers() -> Iterator[Explorer]:
    """One instance of every explorer of every lesson, over what ships: for tests and the redraw benchmark."""
    from .. import data, nets, train
    from . import hinton, start

    digits = data.load("digits")
    asked = train.evaluate(nets.teacher("digits-resnet14"), digits.val, digits)
    yield Alive()
    yield start.ShiftExplorer(digits)
    yield start.OpinionExplorer(digits.val, asked.logits, digits.classes)
    yield hinton.TemperatureExplorer(digits.val.images[:6], asked.logits[:6], asked.labels[:6], digits.classes)
    yield hinton.BiasExplorer({"teacher": asked.logits}, asked.labels, 3, digits.classes)
