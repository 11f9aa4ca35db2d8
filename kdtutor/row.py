"""What a row of the list of methods tells: a method, the question that it answers, and where it was published."""

from dataclasses import dataclass
from functools import cached_property

WHAT, WHERE, DATA, NETS = (
    "what is matched?", "where is it matched?", "on what data?", "between which networks?",
)  # fmt: skip
QUESTIONS = (WHAT, WHERE, DATA, NETS)

CVPR = "IEEE/CVF Conference on Computer Vision and Pattern Recognition"
ICCV = "IEEE/CVF International Conference on Computer Vision"
ECCV = "European Conference on Computer Vision"
ICLR = "International Conference on Learning Representations"
ICML = "International Conference on Machine Learning"
NEURIPS = "Advances in Neural Information Processing Systems"
PREPRINT = "arXiv preprint"


@dataclass(frozen=True)
class Paper:
    """Where a method was published. `authors` are full names, one after another, with commas between them."""

    key: str  # of its BibTeX entry
    title: str
    authors: str
    venue: str
    year: int
    arxiv: str = ""
    doi: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The authors' full names."""
        return tuple(self.authors.split(", "))

    @property
    def surnames(self) -> str:
        """The authors as one cites them: Hinton, Vinyals, Dean."""
        return ", ".join(name.split()[-1] for name in self.names)

    @property
    def reference(self) -> str:
        """Authors, title and year."""
        return f"{self.surnames}: {self.title} ({self.year})"


@dataclass(frozen=True)
class Method:
    """One row: a method by its name, its acronym, and where its class is.

    `home` is "module:Class" in `kdtutor.papers`; `question` is the one of the four that the method answers. `lesson` is
    the number of the lesson that teaches it, `title` that lesson's title, where the lesson is named after this method.
    """

    name: str
    acronym: str
    home: str
    paper: Paper
    question: str = WHAT
    aliases: tuple[str, ...] = ()
    lesson: int | None = None
    title: str = ""

    @property
    def module(self) -> str:
        """The module of `kdtutor.papers` that has the class."""
        return self.home.partition(":")[0]

    @cached_property
    def label(self) -> str:
        """Name and acronym, as they are printed: attention (AT)."""
        told = self.acronym and key_of(self.acronym) != key_of(self.name)
        return f"{self.name} ({self.acronym})" if told else self.name

    @property
    def quoted(self) -> str:
        """The same in a sentence: 'attention' (AT)."""
        return self.label.replace(self.name, repr(self.name), 1)

    @cached_property
    def keys(self) -> frozenset[str]:
        """Everything the method answers to, in lower case."""
        return frozenset(
            map(key_of, filter(None, (self.name, self.acronym, self.home.partition(":")[2], *self.aliases)))
        )

    @property
    def notebook(self) -> str:
        """The stem of the lesson's notebook; empty where no lesson is named after the method."""
        return f"{self.lesson:02}_{self.name}" if self.title else ""


def key_of(name: str) -> str:
    """A name as methods are looked up by: its letters and digits, in lower case.

    >>> key_of("Spot-Adaptive")
    'spotadaptive'
    """
    return "".join(letter for letter in name.lower() if letter.isalnum())
