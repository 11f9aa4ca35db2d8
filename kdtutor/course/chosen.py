"""What a lesson says first where it runs on another set than the one it is written about."""

from IPython.display import Markdown, display

from ..settings.chosen import CALLED, USUAL, chosen_set

NOTE = (
    "You have chosen **{called}** in lesson 0, and every cell here runs on them. The text is written about the "
    "{usual}: a class that it calls by a number is the class of that number, and what it says of single images, of "
    "measured values and of stored tables holds for the {usual}, unless it says otherwise."
)


def note() -> None:
    """Say how the text is to be read where a reader has chosen another set; on the digits, about which it is written,
    nothing.

    >>> note()  # the digits are chosen
    """
    if (name := chosen_set()) != USUAL:
        display(Markdown(NOTE.format(called=CALLED[name], usual=CALLED[USUAL])))
