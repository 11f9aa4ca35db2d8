"""The course map: which lesson teaches which paper, which of the four questions it answers, and what is ready."""

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ..errors import ConfigError, DataError, require
from ..files import write_whole

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"  # of a clone; an installed package has no notebooks

WHAT, WHERE, DATA, NETS = (
    "what is matched?", "where is it matched?", "on what data?", "between which networks?",
)  # fmt: skip
QUESTIONS = (WHAT, WHERE, DATA, NETS)


@dataclass(frozen=True)
class Lesson:
    """One notebook. `method` is the name of its paper in `kdtutor.papers`; the first lesson has no paper."""

    number: int
    name: str  # of the notebook, without .ipynb
    title: str
    paper: str = ""
    authors: str = ""
    year: int | None = None
    question: str = ""
    method: str = ""

    @property
    def file(self) -> str:
        return f"{self.name}.ipynb"

    @property
    def ready(self) -> bool:
        """Whether the notebook is there."""
        return (FOLDER / self.file).is_file()

    @property
    def reference(self) -> str:
        """Authors, paper and year, as one cites them."""
        return f"{self.authors}: {self.paper} ({self.year})" if self.paper else ""


LESSONS = (
    Lesson(0, "00_start", "Start here: device, data, teacher, first student"),
    Lesson(
        1, "01_hinton", "Soft targets", "Distilling the Knowledge in a Neural Network",
        "Hinton, Vinyals, Dean", 2014, WHAT, "hinton",
    ),
    Lesson(
        2, "02_fitnets", "Hints, and attention maps", "FitNets: Hints for Thin Deep Nets",
        "Romero, Ballas, Kahou, Chassang, Gatta, Bengio", 2015, WHAT, "fitnets",
    ),
    Lesson(
        3, "03_fsp", "The flow between two layers",
        "A Gift from Knowledge Distillation: Fast Optimization, Network Minimization and Transfer Learning",
        "Yim, Joo, Bae, Kim", 2017, WHAT, "fsp",
    ),
    Lesson(
        4, "04_matching", "Channels that pair off", "Matching Guided Distillation",
        "Yue, Deng, Zhou", 2020, WHAT, "matching",
    ),
    Lesson(
        5, "05_overhaul", "Four design choices, one at a time", "A Comprehensive Overhaul of Feature Distillation",
        "Heo, Kim, Yun, Park, Kwak, Choi", 2019, WHAT, "overhaul",
    ),
    Lesson(
        6, "06_boundaries", "The boundaries of hidden neurons",
        "Knowledge Transfer via Distillation of Activation Boundaries Formed by Hidden Neurons",
        "Heo, Lee, Yun, Choi", 2019, WHAT, "boundaries",
    ),
    Lesson(
        7, "07_gan", "A small generator taught by a large one",
        "Compressing GANs using Knowledge Distillation",
        "Aguinaldo, Chiang, Gain, Patil, Pearson, Feizi", 2019, NETS, "gan",
    ),
    Lesson(
        8, "08_ghost", "Cheap feature maps", "GhostNet: More Features from Cheap Operations",
        "Han, Wang, Tian, Guo, Xu, Xu", 2020, NETS, "ghost",
    ),
    Lesson(
        9, "09_adversarial", "No data: a generator that looks for disagreement",
        "Data-Free Adversarial Distillation", "Fang, Song, Shen, Wang, Chen, Song", 2019, DATA, "adversarial",
    ),
    Lesson(
        10, "10_data_free", "No data: the teacher as a fixed discriminator",
        "Data-Free Learning of Student Networks", "Chen, Wang, Xu, Yang, Liu, Shi, Xu, Xu, Tian", 2019, DATA,
        "data_free",
    ),
    Lesson(
        11, "11_relational", "Structure instead of points", "Relational Knowledge Distillation",
        "Park, Kim, Lu, Cho", 2019, WHAT, "relational",
    ),
    Lesson(
        12, "12_spot_adaptive", "Where to distil, sample by sample", "Spot-adaptive Knowledge Distillation",
        "Song, Chen, Ye, Song", 2022, WHERE, "spot_adaptive",
    ),
)  # fmt: skip


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
