"""`Questions`: the questions of a lesson on the page, each with its options and what is said to the one chosen."""

import html
import re
from collections.abc import Sequence
from typing import Any

from ipywidgets import HTML, Label, Layout, RadioButtons, VBox

from ...widgets.cells import take_place
from . import Question

RIGHT, WRONG = "#00735C", "#B34700"


class Questions(VBox):
    """Radio buttons for each question. Where no kernel answers, the questions with their answers folded away.

    `right` is how many are answered rightly now, `chosen` the option of each question by number, or None.
    """

    def __init__(self, lesson: str, asked: Sequence[Question]) -> None:
        self.lesson, self.asked = lesson, tuple(asked)
        self.choices = [_choice(question) for question in self.asked]
        self.said = [HTML() for _ in self.asked]
        self.score = Label()
        parts = zip(self.asked, self.choices, self.said, strict=True)
        rows = [
            VBox((HTML(f"<b>{number}.</b> {marked(question.question)}"), *below), layout=Layout(margin="0 0 1em 0"))
            for number, (question, *below) in enumerate(parts, 1)
        ]
        for choice in self.choices:
            choice.observe(self._follow, "index")
        super().__init__((*rows, self.score))
        self.add_class("kd-questions")
        take_place(self)
        self._follow()

    @property
    def chosen(self) -> list[int | None]:
        """The option chosen of each question, from 0; None where none is."""
        return [choice.index for choice in self.choices]

    @property
    def right(self) -> int:
        """How many questions are answered rightly."""
        pairs = zip(self.asked, self.chosen, strict=True)
        return sum(index is not None and question.options[index].right for question, index in pairs)

    def _follow(self, _: Any = None) -> None:
        for question, index, said in zip(self.asked, self.chosen, self.said, strict=True):
            said.value = "" if index is None else feedback(question, index)
        left = self.chosen.count(None)
        self.score.value = f"{self.right} of {len(self.asked)} right" + (f", {left} to go" if left else "")

    def __repr__(self) -> str:
        return f"<Questions {self.lesson}: {len(self.asked)} questions, each answered by a click>"

    def _repr_mimebundle_(self, **keywords: Any) -> dict[str, Any]:
        return {
            **super()._repr_mimebundle_(**keywords),
            "text/plain": repr(self),
            "text/html": "".join(map(folded, self.asked)),
        }


def _choice(question: Question) -> RadioButtons:
    """Options by number, for two of the same text would be one. The page draws their text as it is, without marks."""
    options = [(option.text.replace("`", ""), number) for number, option in enumerate(question.options)]
    spoken = question.question.replace("`", "")
    choice = RadioButtons(options=options, index=None, layout=Layout(width="auto"), tooltip=spoken)
    choice.add_class("kd-choice")
    return choice


def feedback(question: Question, chosen: int) -> str:
    """What is said to whoever chose that option."""
    option = question.options[chosen]
    colour, word = (RIGHT, "Right.") if option.right else (WRONG, "Not quite.")
    return f"<span role='status'><b style='color:{colour}'>{word}</b> {marked(option.why)}</span>"


def folded(question: Question) -> str:
    """A question, its options, and the answer folded away."""
    options = "".join(f"<li>{marked(option.text)}</li>" for option in question.options)
    answer = f"{marked(question.answer.text.rstrip('.'))}. {marked(question.answer.why)}"
    return (
        f"<p>{marked(question.question)}</p><ul>{options}</ul>"
        f"<details><summary>Answer</summary><p>{answer}</p></details>"
    )


def marked(text: str) -> str:
    """Text for a page: `words` in backticks become code.

    >>> marked("is `p < 1`?")
    'is <code>p &lt; 1</code>?'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
