"""The first cell of a lesson says how the text is to be read on another set, and nothing on its own."""

import pytest

import kdtutor as kd
from kdtutor.course import chosen
from kdtutor.settings.chosen import SET_VARIABLE


@pytest.fixture
def said(monkeypatch) -> list[str]:
    shown: list[str] = []
    monkeypatch.setattr(chosen, "display", lambda text: shown.append(text.data))
    return shown


def test_on_the_digits_there_is_nothing_to_say(said):
    chosen.note()
    assert not said


def test_on_clothes_it_names_the_set_and_the_class_of_every_number(monkeypatch, said):
    monkeypatch.setenv(SET_VARIABLE, "fashion")
    chosen.note()
    (text,) = said
    assert text.startswith("You have chosen **clothes**") and "written about the digits" in text
    classes = kd.data.load("fashion").classes
    assert len(classes) == 10 and all(f" {k} {called}" in text for k, called in enumerate(classes))
