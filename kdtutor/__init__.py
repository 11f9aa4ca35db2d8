"""kdtutor: knowledge distillation, paper by paper.

The parts load on first use, so that `import kdtutor` costs next to nothing:

    import kdtutor as kd
    digits = kd.data.load("digits")
    teacher = kd.nets.teacher("digits-resnet14")
    student = kd.nets.build("resnet8x0.25", classes=10)
    history = kd.fit(kd.papers.fsp.FSP(student, teacher), digits, epochs=8, seed=0)
    history.plot()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import course, data, figures, jobs, nets, papers, settings, train, widgets, workers
    from .data import Data
    from .errors import (
        BusyError,
        ConfigError,
        DataError,
        DivergedError,
        Error,
        LostError,
        ShapeError,
        StoppedError,
        UnknownName,
    )
    from .nets import Ensemble, Net, Specialists, Trace
    from .settings import preset
    from .train import Alone, Distiller, History, Phase, Recipe, cache, device, evaluate, fit, seed_everything

__version__ = "0.1.0"

_LAYERS = ("course", "widgets", "figures", "jobs", "settings", "papers", "train", "nets", "data", "workers")
_HOME = {
    "data": ("Data",),
    "nets": ("Ensemble", "Net", "Specialists", "Trace"),
    "train": (
        "Alone", "Distiller", "History", "Phase", "Recipe", "cache", "device", "evaluate", "fit", "seed_everything",
    ),
    "settings": ("preset",),
    "errors": (
        "BusyError", "ConfigError", "DataError", "DivergedError", "Error", "LostError", "ShapeError", "StoppedError",
        "UnknownName",
    ),
}  # fmt: skip
_WHERE = {name: layer for layer, names in _HOME.items() for name in names}

__all__ = [
    "Alone", "BusyError", "ConfigError", "Data", "DataError", "Distiller", "DivergedError", "Ensemble", "Error",
    "History", "LostError", "Net", "Phase", "Recipe", "ShapeError", "Specialists", "StoppedError", "Trace",
    "UnknownName", "cache", "course", "data", "device", "evaluate", "figures", "fit", "jobs", "nets", "papers",
    "preset", "seed_everything", "settings", "train", "widgets", "workers",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _LAYERS:
        return import_module(f".{name}", __name__)
    if name in _WHERE:
        return getattr(import_module(f".{_WHERE[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
