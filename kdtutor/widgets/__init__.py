"""What you touch: explorers whose picture follows the controls, runs with buttons, and a lab of both."""

from .alive import Alive
from .explorer import Explorer
from .film import Film
from .lab import Lab
from .live import Board, LiveFigure
from .retrain import Retrain
from .run import LiveRun

__all__ = ["Alive", "Board", "Explorer", "Film", "Lab", "LiveFigure", "LiveRun", "Retrain"]
