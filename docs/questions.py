"""A lesson's questions on its page: folded answers for whoever has no script, and what `static/questions.js` needs."""

import json
import re
from dataclasses import asdict
from html import escape

from kdtutor.course.questions import Question, asked, lessons


def lesson_of(source: str) -> str | None:
    """The lesson whose questions a cell asks; None for any other cell.

    >>> lesson_of('questions("hinton")'), lesson_of("import torch")
    ('hinton', None)
    """
    found = re.search(r"^questions\([\"'](\w+)[\"']\)", source, re.MULTILINE)
    return found[1] if found and found[1] in lessons() else None


def questions(lesson: str) -> str:
    """The questions of a lesson as HTML."""
    return f'<div class="kd-questions">{"".join(map(question, asked(lesson)))}</div>'


def question(each: Question) -> str:
    """One question, its options, and what is said of each, folded."""
    options = "".join(f"<li>{text(option.text)}</li>" for option in each.options)
    said = "".join(
        f"<li><b>{'Right' if option.right else 'No'}.</b> {text(option.why)}</li>" for option in each.options
    )
    return (
        f'<section class="kd-question" data-question="{escape(json.dumps(asdict(each), ensure_ascii=False))}">'
        f"<p>{text(each.question)}</p><ol>{options}</ol>"
        f"<details><summary>Answer</summary><ol>{said}</ol></details></section>"
    )


def text(plain: str) -> str:
    """Plain text as HTML; what stands in backticks is code.

    >>> text("`a < b`: yes")
    '<code>a &lt; b</code>: yes'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(plain, quote=False))
