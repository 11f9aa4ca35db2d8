"""What you touch: explorers whose picture follows the controls, and training runs with buttons."""

from .alive import Alive
from .explorer import Explorer
from .film import Film
from .live import Board, LiveFigure
from .retrain import Retrain
from .run import LiveRun

__all__ = ["Alive", "Board", "Explorer", "Film", "LiveFigure", "LiveRun", "Retrain"]
