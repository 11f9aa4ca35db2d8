"""A lesson's five questions on its page: folded answers for whoever has no script, and what the script needs."""

import json
import re
from html import escape
from typing import Any

from .names import ROOT

FOLDER = ROOT / "kdtutor/course/questions"


def asked(source: str) -> str | None:
    """The lesson whose questions a cell asks; None for any other cell, and where they are not written yet.

    >>> asked("import torch") is None
    True
    """
    found = re.search(r"^questions\([\"'](\w+)[\"']\)", source, re.MULTILINE)
    return found[1] if found and (FOLDER / f"{found[1]}.json").is_file() else None


def questions(name: str) -> str:
    """The questions of a lesson as HTML. `static/questions.js` makes forms of them."""
    rows = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return f'<div class="kd-questions">{"".join(map(question, rows))}</div>'


def question(row: dict[str, Any]) -> str:
    """One question, its options, and what is said of each, folded."""
    options = "".join(f"<li>{text(option['text'])}</li>" for option in row["options"])
    told = "".join(
        f"<li><b>{'Right' if option['right'] else 'No'}.</b> {text(option['why'])}</li>" for option in row["options"]
    )
    data = escape(json.dumps(row, ensure_ascii=False), quote=True)
    return (
        f'<section class="kd-question" id="question-{escape(row["id"])}" data-question="{data}">'
        f"<p>{text(row['question'])}</p><ol>{options}</ol>"
        f"<details><summary>Answer</summary><ol>{told}</ol></details></section>"
    )


def text(plain: str) -> str:
    """Plain text as HTML; what stands in backticks is code.

    >>> text("`a < b`: yes")
    '<code>a &lt; b</code>: yes'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(plain, quote=False))
