"""Fronts of the lesson on ghost modules."""

from itertools import product
from typing import Any

import torch

from kdtutor.papers.ghost import ghost_cost, ordinary_cost
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.ghost import CostExplorer

from ..controls import described
from .front import Front, Numbers, packed, unpacked


class Remembered(CostExplorer):
    """The explorer of costs with times that were measured before, one for each setting: (settings…, 2)."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._stops, self._milliseconds = data["settings"], unpacked(data["milliseconds"])
        super().__init__(size=data["size"], batch=data["batch"])

    def took(self, width: int, s: int, d: int, k: int) -> list[float]:
        wanted = {"width": width, "s": s, "d": d, "k": k}
        place = tuple(self._stops[name].index(value) for name, value in wanted.items())
        return list(self._milliseconds[place].tolist())


def _costs(explorer: CostExplorer) -> dict[str, Any]:
    stops = {control["name"]: control["values"] for control in described(explorer)}
    settings = [dict(zip(stops, values, strict=True)) for values in product(*stops.values())]
    times = torch.tensor([explorer.took(**one) for one in settings], dtype=torch.float64)
    milliseconds = packed(times.view(*map(len, stops.values()), 2))
    return {"size": explorer._size, "batch": explorer._batch, "settings": stops, "milliseconds": milliseconds}


def _shares(explorer: CostExplorer, settings: Settings) -> Numbers:
    c, k, size = settings["width"], settings["k"], explorer._size
    ordinary = ordinary_cost(c, c, k, size, size)
    ghost = ghost_cost(c, c, k, settings["s"], settings["d"], size, size)
    took = explorer.took(**settings)
    counted = [ghost.parameters / ordinary.parameters, ghost.multiply_adds / ordinary.multiply_adds]
    return {"shares": [*counted, took[1] / took[0]]}


FRONTS = {CostExplorer: Front("layer-cost", _costs, Remembered, _shares)}
