"""What explorers ask of their controls: a label for each, their values, and the settings that a test tries."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ipywidgets import FloatLogSlider, FloatSlider, Widget

from ..errors import ConfigError, choose, require

Controls = Mapping[str, Any]  # name → an ipywidgets control with a value: a slider, a dropdown, a checkbox …
Settings = dict[str, Any]
FITS = "calc(100% - 4px)"  # of the page: with its margin a widget as wide as the page would get a scroll bar


def labelled(controls: Controls) -> Controls:
    """Check that every control has a label that can be read aloud, and line the controls up.

    Raises `ConfigError` for a control without `description`, the only label that ipywidgets ties to its input.
    """
    for name, control in controls.items():
        require(
            isinstance(control, Widget) and control.has_trait("value") and bool(getattr(control, "description", "")),
            f"control {name!r} is a {type(control).__name__} without a label: "
            f"give an ipywidgets control with a value and description='…'.",
            ConfigError,
        )
    longest = max((len(control.description) for control in controls.values()), default=0)
    for control in controls.values():
        control.layout.width = control.layout.width or "420px"  # the default leaves little of it to a slider
        control.layout.max_width = FITS
        control.tooltip = control.tooltip or _tooltip(control)
        if isinstance(control, FloatSlider):
            control.value = _on_the_page(control.value, control)
        if isinstance(control, FloatLogSlider):
            exponent = math.log(control.value) / math.log(control.base)
            control.value = control.base ** _on_the_page(exponent, control)
        if control.style.has_trait("description_width"):
            control.style.description_width = f"{longest + 2}ch"
    return controls


def _on_the_page(place: float, slider: FloatSlider | FloatLogSlider) -> float:
    """Where a slider stands in the arithmetic of noUiSlider, which draws it: percent of the range, in whole steps. The
    place is the slider's value, or its exponent.

    Where that differs in the last digit, the page reports a change as soon as it shows the slider. While a notebook
    runs from top to bottom the kernel may answer such an early message without the end that the page waits for, and
    the slider is dead from then on.
    """
    low, span = slider.min, slider.max - slider.min
    if not slider.step or span <= 0:
        return place
    percent, step = (place - low) * 100 / span, slider.step * 100 / span
    whole = math.floor(percent / step + 0.5) * step
    return float(slider.max if whole >= 100 else whole * span / 100 + low)


def _tooltip(control: Any) -> str:
    if control.has_trait("min") and control.has_trait("max"):
        power = control.base if control.has_trait("base") else None
        low, high = (power**control.min, power**control.max) if power else (control.min, control.max)
        return f"{control.description}: from {low:g} to {high:g}; arrow keys move it"
    return str(control.description)


def settings_of(controls: Controls) -> Settings:
    """The current value of each control; of a number without the page's error in the last digits."""
    return {name: _clean(control.value) for name, control in controls.items()}


def _clean(value: Any) -> Any:
    return float(f"{value:.12g}") if isinstance(value, float) else value


def apply(controls: Controls, settings: Settings) -> None:
    """Set some of the controls. Raises `UnknownName` for a name that is not one of them."""
    for name in settings:
        choose("control", name, controls)
    for name, value in settings.items():
        controls[name].value = value


def in_words(controls: Controls) -> str:
    """The current settings as text: "T=4.0, digit=3"; of a choice its label."""
    return ", ".join(f"{name}={_word(control)}" for name, control in controls.items())


def _word(control: Any) -> str:
    if getattr(control, "label", ""):  # a choice by its name; a slider over plain values has none
        return str(control.label)
    return repr(float(f"{control.value:.6g}")) if isinstance(control.value, float) else str(control.value)


def corners(controls: Controls) -> Iterator[Settings]:
    """Settings that a test tries: all controls at their smallest, middle and largest; then each at both ends alone."""
    choices = {name: _extremes(control) for name, control in controls.items()}
    for place in range(3):
        yield {name: values[place] for name, values in choices.items()}
    if len(choices) > 1:
        middle = {name: values[1] for name, values in choices.items()}
        for name, values in choices.items():
            yield {**middle, name: values[0]}
            yield {**middle, name: values[2]}


def _extremes(control: Any) -> tuple[Any, Any, Any]:
    """The smallest, a middle and the largest value of one control."""
    if control.has_trait("options"):
        values = [value for _, value in control._options_full] if hasattr(control, "_options_full") else control.options
        return values[0], values[len(values) // 2], values[-1]
    if isinstance(control.value, bool):
        return False, True, True
    if not control.has_trait("min"):
        return (control.value,) * 3
    low, high, step = control.min, control.max, getattr(control, "step", None) or 0
    middle = low + step * round((high - low) / 2 / step) if step else (low + high) / 2
    ends = (low, middle, high)
    if isinstance(control.value, tuple):  # a range
        return (low, low), (low, middle), (low, high)
    if control.has_trait("base"):
        return tuple(control.base**exponent for exponent in ends)
    return ends
