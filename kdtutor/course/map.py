"""The course map: which lesson teaches which paper, which of the four questions it answers, and what is ready."""

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ..errors import ConfigError, DataError, require
from ..files import write_whole
from ..methods import Method, taught

LAB = "lab.ipynb"  # beside the lessons: the panel on which all their answers are combined
FOLDER = Path(__file__).resolve().parents[2] / "notebooks"  # of a clone; an installed package has no notebooks


@dataclass(frozen=True)
class Lesson:
    """One notebook. `method` is the row of its paper in `kdtutor.methods`; the first lesson has none."""

    number: int
    name: str  # of the notebook, without .ipynb
    title: str
    method: Method | None = None

    @property
    def file(self) -> str:
        """The notebook's file."""
        return f"{self.name}.ipynb"

    @property
    def ready(self) -> bool:
        """Whether the notebook is there."""
        return (FOLDER / self.file).is_file()

    @property
    def paper(self) -> str:
        """The paper's title; empty where no paper is taught."""
        return self.method.paper.title if self.method else ""

    @property
    def question(self) -> str:
        """Which of the four questions the paper answers."""
        return self.method.question if self.method else ""

    @property
    def reference(self) -> str:
        """Authors, paper and year, as one cites them."""
        return self.method.paper.reference if self.method else ""


START = Lesson(0, "00_start", "Start here: device, data, teacher, first student")
LESSONS = (START, *(Lesson(row.lesson or 0, row.notebook, row.title, row) for row in taught()))


class CourseMap(tuple[Lesson, ...]):
    """The lessons in order, with a form for each place: text, a page, the README."""

    __slots__ = ()

    def __repr__(self) -> str:
        rows = [f"{x.number:2}  {'ready' if x.ready else 'to come':7}  {x.title:48}  {x.question}" for x in self]
        return "\n".join(row.rstrip() for row in rows)

    def _repr_html_(self) -> str:
        """A table; titles of lessons that are ready are links to their notebooks, relative to the notebooks' folder."""
        heads = "".join(f"<th scope='col' style='text-align:left'>{head}</th>" for head in _HEADS)
        rows = "".join(f"<tr>{_cells(lesson)}</tr>" for lesson in self)
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"

    def markdown(self) -> str:
        """The table of the README; links are relative to the top of the repository."""
        lines = [f"| {' | '.join(_HEADS)} |", "|---|---|---|---|---|"]
        for lesson in self:
            title = f"[{lesson.title}](notebooks/{lesson.file})" if lesson.ready else lesson.title
            state = "ready" if lesson.ready else "to come"
            lines.append(f"| {lesson.number} | {title} | {lesson.reference} | {lesson.question} | {state} |")
        return "\n".join(lines) + "\n"


END = "<!-- end of course map -->"
_HEADS = ("no.", "lesson", "paper", "question", "state")


def course_map() -> CourseMap:
    """Every lesson of the course."""
    return CourseMap(LESSONS)


def write_into(page: Path) -> Path:
    """Put the map, as markdown, between the two comments that mark its place in `page`."""
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{page} cannot be read ({error.strerror}); name a markdown file") from None
    start, end = re.search(r"<!-- course map\b[^\n]*-->\n", text), text.find(END)
    place = f"{page} has no place for the map: a line that begins with '<!-- course map', and below it '{END}'"
    if start is None or end < start.end():
        raise ConfigError(place)
    return write_whole(page, f"{text[: start.end()]}{course_map().markdown()}{text[end:]}")


def notebooks_folder() -> Path:
    """The notebooks of this clone. Raises `DataError` where there are none."""
    sentence = f"{FOLDER} does not exist: the notebooks come with the repository, so run kdtutor from a clone of it"
    require(FOLDER.is_dir(), sentence, DataError)
    return FOLDER


def _cells(lesson: Lesson) -> str:
    title = escape(lesson.title)
    linked = f"<a href='{lesson.file}'>{title}</a>" if lesson.ready else title
    texts = (
        str(lesson.number),
        linked,
        escape(lesson.reference),
        lesson.question,
        "ready" if lesson.ready else "to come",
    )
    return "".join(f"<td style='text-align:left'>{text}</td>" for text in texts)
