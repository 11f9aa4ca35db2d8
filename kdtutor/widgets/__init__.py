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
    import torch

    from .. import data, nets, train
    from . import fsp, hinton, start

    digits = data.load("digits")
    val = digits.val
    assert val is not None
    asked = train.evaluate(nets.teacher("digits-resnet14"), val, digits)
    yield Alive()
    yield start.ShiftExplorer(digits)
    yield start.OpinionExplorer(val, asked.logits, digits.classes)
    yield hinton.TemperatureExplorer(val.images[:6], asked.logits[:6], asked.labels[:6], digits.classes)
    yield hinton.BiasExplorer({"teacher": asked.logits}, asked.labels, 3, digits.classes)
    yield fsp.FlowExplorer()
    few = digits.normalise(val.images[:4])
    nets_by_role = {
        "teacher": nets.teacher("digits-resnet14"),
        **{role: nets.build("resnet8", classes=10, channels=1, stem_stride=2) for role in ("alone", "taught")},
    }
    with torch.no_grad():
        taps = {role: net.eval().trace(few).taps for role, net in nets_by_role.items()}
    yield fsp.MatrixExplorer(val.images[:4], taps, ("stem", "stage 1", "stage 2", "stage 3"), "abcd")
