"""Front of the smallest explorer."""

from kdtutor.widgets.alive import Alive
from kdtutor.widgets.controls import Settings

from .front import Front, Numbers


def _flower(explorer: Alive, settings: Settings) -> Numbers:
    explorer.draw(**settings)
    x, y = explorer._flower.get_data()
    return {"x": list(x), "y": list(y)}


FRONTS = {Alive: Front("alive", lambda _: {}, lambda _: Alive(), _flower)}
