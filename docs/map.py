"""The map: every lesson with its paper and the question that it answers, and papers to go on with."""

from kdtutor.course.further import Further, further
from kdtutor.course.map import LESSONS, Lesson
from kdtutor.row import QUESTIONS, Paper

from .lessons import FOLDER
from .markdown import table

HEAD = """# The map

Every paper answers one of four questions about the way from teacher to student, and the answers combine: any loss can
be decided spot by spot, fed by a generator, and used between any two networks.
"""
AFTER = """## After the course

Papers without a lesson. `kdtutor map --cell NAME` prints a cell to begin with, where a name is shown.
"""


def course_map() -> str:
    """The page of the map."""
    parts = [HEAD]
    for question in QUESTIONS:
        rows = [_lesson(lesson) for lesson in LESSONS if lesson.method and lesson.question == question]
        parts += [f"## {question.capitalize()}", table(("no.", "lesson", "paper"), rows)]
    parts += [AFTER, table(("question", "paper", "idea", "cell"), [_further(each) for each in further()])]
    return "\n\n".join(parts) + "\n"


def _lesson(lesson: Lesson) -> tuple[str, ...]:
    assert lesson.method is not None
    return f"{lesson.number}", f"[{lesson.title}]({FOLDER}/{lesson.file})", _paper(lesson.method.paper)


def _further(each: Further) -> tuple[str, ...]:
    return each.question, _paper(each.paper), each.idea, f"`{each.name}`" if each.cell else ""


def _paper(paper: Paper) -> str:
    """Authors, title with a link, and year."""
    link = (
        f"https://arxiv.org/abs/{paper.arxiv}" if paper.arxiv else f"https://doi.org/{paper.doi}" if paper.doi else ""
    )
    return f"{paper.surnames}: {f'[{paper.title}]({link})' if link else paper.title} ({paper.year})"
