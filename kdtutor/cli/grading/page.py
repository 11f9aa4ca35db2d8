"""What a student reads of a grading: one page of HTML, whole in itself."""

from html import escape

from ...course.check import EXERCISES
from .graded import Graded

MARKS = {"passed": "✓ passed", "not yet": "✗ not yet", "to do": "– to do"}
STYLE = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;"
    "padding:0 1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
    "padding:.4rem .6rem;border-bottom:1px solid #8884;overflow-wrap:anywhere}td:nth-child(2){white-space:nowrap}"
    ".passed{font-weight:bold}"
)


def page(graded: Graded) -> str:
    """The page: credit, and for each exercise its state, its points and what there is to say. Nothing of a solution."""
    parts = [f"<h1>{escape(graded.name)}</h1>", f"<p><b>{graded.credit} of {graded.points} points</b></p>"]
    for lesson in dict.fromkeys(row.lesson for row in graded.rows):
        rows = [row for row in graded.rows if row.lesson == lesson]
        parts.append(f"<h2>{escape(lesson)}</h2>")
        parts.append("<table><thead><tr><th scope='col'>exercise</th><th scope='col'>state</th>"
                     "<th scope='col'>points</th><th scope='col'>what to look at</th></tr></thead><tbody>")  # fmt: skip
        for row in rows:
            words = escape(row.sentence or (EXERCISES[row.exercise].contract if row.state == "to do" else ""))
            parts.append(
                f"<tr><th scope='row'><code>{escape(row.exercise)}</code></th><td class='{row.state}'>"
                f"{MARKS[row.state]}</td><td>{row.credit} of {row.points}</td><td>{words}</td></tr>"
            )
        parts.append("</tbody></table>")
    head = (
        f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{escape(graded.name)}</title>"
    )
    body = "\n".join(parts)
    top = f"<!DOCTYPE html>\n<html lang='en'><head>{head}<style>{STYLE}</style></head>"
    return f"{top}<body><main>\n{body}\n</main></body></html>\n"
