"""Controls of ipywidgets in words: what the page needs to build its own, with the very values that Python sees."""

import math
from typing import Any

from ipywidgets import Checkbox

from kdtutor.errors import DataError, require
from kdtutor.widgets.controls import _clean, _on_the_page
from kdtutor.widgets.explorer import Explorer
from kdtutor.widgets.film import Film


def described(explorer: Explorer) -> list[dict[str, Any]]:
    """Name, label, kind (slider, menu, check), all values and their texts of each control; of the first one of a film
    also `play`, milliseconds for a frame."""
    found = [_described(name, control) for name, control in explorer.controls.items()]
    if isinstance(explorer, Film):
        found[0]["play"] = explorer.play.interval
    return found


def _described(name: str, control: Any) -> dict[str, Any]:
    if isinstance(control, Checkbox):
        kind, options = "check", [("no", False), ("yes", True)]
    elif hasattr(control, "_options_full"):
        kind, options = ("slider" if control.has_trait("readout") else "menu"), list(control._options_full)
    else:
        kind, options = "slider", [(format(value, control.readout_format), value) for value in _values(control)]
    values = [_clean(value) for _, value in options]
    require(
        all(isinstance(value, str | int | float) for value in values) and _clean(control.value) in values,
        f"control {name!r}: a page needs text or numbers as values, {control.value!r} among them; got {values}",
        DataError,
    )
    return {
        "name": name,
        "label": control.description,
        "kind": kind,
        "values": values,
        "texts": [text for text, _ in options],
    }


def _values(slider: Any) -> list[Any]:
    """Every stop of a slider, and where it stands."""
    stops = math.floor((slider.max - slider.min) / slider.step + 1e-9) + 1
    places = [slider.min + k * slider.step for k in range(stops)]
    if isinstance(slider.value, int):
        return sorted({*places, slider.value})
    power = slider.base if slider.has_trait("base") else None
    places = [_on_the_page(place, slider) for place in places]
    return sorted({_clean(value) for value in [*(power**p if power else p for p in places), slider.value]})
