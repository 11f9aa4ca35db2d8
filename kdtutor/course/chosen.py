"""What a lesson says first where it runs on another set than the one it is written about."""

from IPython.display import Markdown, display

from ..data import load
from ..settings.chosen import CALLED, USUAL, chosen_set

NOTE = (
    "You have chosen **{called}**, and every cell that computes something here computes it on them. (Lesson 0 changes "
    "that.) The text is written about the {usual}, with settings that were tuned on {usual}: what it says of single "
    "images, of measured values and of pictures holds for the {usual}, and so do stored results, unless they name the "
    "{called}. Where yours come out otherwise, nothing is broken. A class that it calls by a number is the class of "
    "that number: {classes}."
)


def note() -> None:
    """Say how the text is to be read where a reader has chosen another set; on the digits, about which it is written,
    nothing.

    >>> note()  # the digits are chosen
    """
    if (name := chosen_set()) != USUAL:
        classes = ", ".join(f"{k} {called}" for k, called in enumerate(load(name).classes))
        display(Markdown(NOTE.format(called=CALLED[name], usual=CALLED[USUAL], classes=classes)))
