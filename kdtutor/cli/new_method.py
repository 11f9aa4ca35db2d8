"""A new method: its row in the list, and the skeleton of every file that it needs.

The skeleton is a method of its own, in the folder `skeleton` of the repository: files that are read and checked as all
others, in which a name is replaced.
"""

import ast
import json
import keyword
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from textwrap import fill, wrap
from typing import Annotated

import typer

from ..errors import ConfigError, DataError, require
from ..files import write_whole
from ..methods import ROWS, find, known, taught
from ..row import Method, Paper
from .places import files

ROOT = Path(__file__).resolve().parents[2]  # of a clone; an installed package has no skeleton
SKELETON = "skeleton"
WIDTH, LONGEST = 120, 24  # characters of a line; of a name, so that no line of the skeleton grows past that
EXAMPLE = Method("example", "", "example:Example", Paper("", "", "", "", 0), lesson=99, title="HEADLINE")
CHANGES = "CHANGELOG.md"
SHEET = "docs/cheat_sheet.toml"
TABLE = "kdtutor/rows/matched.py"
TODO = "TODO "


@dataclass(frozen=True)
class Written:
    """What was done: the files that are new, those that were changed, and the commands that come next."""

    new: tuple[str, ...]
    edited: tuple[str, ...]
    next: tuple[str, ...]

    def __str__(self) -> str:
        parts = {"new": self.new, "edited": self.edited, "next": self.next}
        return "\n".join(f"{part}:\n" + "".join(f"  {line}\n" for line in lines) for part, lines in parts.items())


def new_method(
    name: Annotated[str, typer.Argument(help="Of its files, such as decoupled.")],
    acronym: Annotated[str, typer.Option(help="Such as DKD.")],
    title: Annotated[str, typer.Option(help="Of the paper.")] = "",
    authors: Annotated[str, typer.Option(help="Full names with commas between them.")] = "",
    venue: Annotated[str, typer.Option(help="In full.")] = "",
    year: Annotated[int | None, typer.Option(show_default="this year")] = None,
    arxiv: Annotated[str, typer.Option(help="Such as 2203.08679.")] = "",
    lesson: Annotated[int | None, typer.Option(help="Its number: the next one.", show_default="no lesson")] = None,
) -> None:
    """Begin a method: its row, and a skeleton of its files.

    In a clone. The skeleton passes every check as it is; TODO marks what the paper has to say.
    """
    facts = {"title": title, "authors": authors, "venue": venue, "arxiv": arxiv}
    typer.echo(write(new_row(name, acronym, facts, year, lesson)), nl=False)


def new_row(name: str, acronym: str, facts: Mapping[str, str], year: int | None, lesson: int | None) -> Method:
    """The row of a new method; facts (title, authors, venue, arxiv) that are not given are marked as still to do.

    Raises `ConfigError` for names that cannot be those of files and classes, or that another method answers to.
    """
    fits = re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) and not keyword.iskeyword(name)
    told = f"{name!r} is no name for a method's files: expected {LONGEST} small letters, digits and _ at most"
    require(bool(fits) and 2 <= len(name) <= LONGEST, f"{told}, such as decoupled")
    require(bool(re.fullmatch(r"[A-Za-z][\w-]*", acronym)), f"--acronym {acronym!r}: expected letters, such as DKD")
    for word in (name, acronym):
        row = find(word) if known(word) else None
        require(row is None, f"{word!r} is {row and row.label} already; give the new method another name")
    for fact, value in facts.items():
        require(not re.search(r'["\\\n]', value), f"--{fact} {value!r}: quotes and backslashes cannot be in it")
    title, authors, venue = (facts.get(fact) or f"{TODO}{fact}" for fact in ("title", "authors", "venue"))
    year = year or date.today().year
    paper = Paper(_key(name, facts, year), title, authors, venue, year, facts.get("arxiv", ""))
    if lesson is not None:
        following = max(row.lesson or 0 for row in taught()) + 1
        require(lesson == following, f"--lesson {lesson}: the next lesson is number {following}")
    headline = f"{TODO}the title of lesson {lesson}" if lesson is not None else ""
    return Method(name, acronym, f"{name}:{camel(name)}", paper, lesson=lesson, title=headline)


def write(row: Method, root: Path = ROOT) -> Written:
    """Write the files of a new method, add its row, and derive again what is derived from the rows.

    Nothing is written unless all can be. Raises `DataError` where there is no clone, `ConfigError` where a file would
    be overwritten.
    """
    skeleton = root / SKELETON
    require(
        skeleton.is_dir(),
        f"{skeleton} does not exist: a method is added to a clone of the repository, so run kdtutor from one",
        DataError,
    )
    example = replace(EXAMPLE, title=EXAMPLE.title if row.title else "")
    texts = {
        target: filled((skeleton / source).read_text(encoding="utf-8"), row, source.endswith(".ipynb"))
        for source, target in zip(files(example), files(row), strict=True)
    }
    there = [target for target in texts if (root / target).exists()]
    require(not there, f"{', '.join(there)}: in the way, and nothing is overwritten; give the method another name")
    changed = dict(_changes(row, root))
    for target, text in {**texts, **changed}.items():
        write_whole(root / target, text)
    derived = _derive(root, bool(row.title))
    return Written(tuple(texts), (*changed, *derived), tuple(_next(row)))


def camel(name: str) -> str:
    """The class of a method: decoupled_logits → DecoupledLogits."""
    return "".join(part.capitalize() for part in name.split("_"))


def filled(text: str, row: Method, notebook: bool = False) -> str:
    """A file of the skeleton with the words of a method in place of the example's."""
    paper, reference = row.paper, f"{row.paper.reference.removesuffix(')')}; {row.paper.venue})"
    words = {
        "HEADLINE": row.title, "TITLE": paper.title, "AUTHORS": paper.authors, "VENUE": paper.venue,
        "YEAR": str(paper.year), "LABEL": row.label, "NUMBER": f"{row.lesson or 0:02}",
        "REFERENCE": fill(reference, WIDTH), "Example": camel(row.name), "example": row.name,
    }  # fmt: skip
    quoted = {word: json.dumps(value, ensure_ascii=False)[1:-1] for word, value in words.items()} if notebook else words
    upper, lower = (rf"\b(?:{'|'.join(w for w in words if w.isupper())})\b", "Example|example")
    return re.sub(f"{upper}|{lower}", lambda found: quoted[found[0]], text)


def _key(name: str, facts: Mapping[str, str], year: int) -> str:
    """Of the paper's BibTeX entry, such as zhao2022decoupled; where no author is known, with the method's name."""
    surname = (facts.get("authors", "").split(", ")[0].split() or [name])[-1]
    word = (facts.get("title", "").split() or [""])[0]
    key = re.sub(r"[^a-z0-9]", "", f"{surname}{year}{word}".lower())
    return f"{key}_{name}" if any(key == row.paper.key for row in ROWS) else key


def _changes(row: Method, root: Path) -> Iterator[tuple[str, str]]:
    """Files that are there, and how they read with the new method."""
    yield TABLE, with_row((root / TABLE).read_text(encoding="utf-8"), row)
    yield SHEET, with_line((root / SHEET).read_text(encoding="utf-8"), row)
    yield CHANGES, with_change((root / CHANGES).read_text(encoding="utf-8"), row)
    if row.title:
        last = f"notebooks/{taught()[-1].notebook}.ipynb"
        yield last, with_link((root / last).read_text(encoding="utf-8"), row)


def with_row(source: str, row: Method) -> str:
    """The list of methods that say what is matched with one more row, at its end."""
    table = _assigned(source, "MATCHED")
    assert isinstance(table, ast.Tuple)
    return _after_line(source, table.elts[-1].end_lineno or 0, _row(row))


def _row(row: Method) -> str:
    paper, more = row.paper, ""
    if row.lesson is not None:
        more = f"        lesson={row.lesson}, title={json.dumps(row.title)},\n"
    facts = f"{_literal(paper.venue)}, {paper.year}" + (f", {json.dumps(paper.arxiv)}" if paper.arxiv else "")
    lines = [json.dumps(paper.key), _literal(paper.title), _literal(paper.authors), facts]
    inside = "".join(f"            {line},\n" for line in lines)
    first = ", ".join(map(json.dumps, (row.name, row.acronym, row.home)))
    return f"    Method(\n        {first},\n        Paper(\n{inside}        ),\n{more}    ),\n"


def _literal(text: str) -> str:
    """A text as Python has it, in several pieces where it is long."""
    pieces = wrap(text, WIDTH - 20, drop_whitespace=False) or [""]
    return "\n            ".join(json.dumps(piece, ensure_ascii=False) for piece in pieces)


def with_change(source: str, row: Method) -> str:
    """The list of changes with a line more, below the first heading of what was added."""
    heading = "### Added\n\n"
    before, found, after = source.partition(heading)
    require(bool(found), f"{CHANGES} has no heading {heading.strip()!r} to write a line below; put one back")
    lesson = f", and its lesson, notebooks/{row.notebook}.ipynb" if row.title else ""
    return f"{before}{heading}- {row.label}: {row.paper.reference}{lesson}.\n{after}"


def with_line(source: str, row: Method) -> str:
    """What the cheat sheet says of each method, with the new one after all others."""
    before, found, after = source.partition("[[which]]")
    words = (
        f'formulas = ["papers.{row.module}.{row.name}_loss"]\nwhen = "{TODO}when to use it"\ncost = "{TODO}its price"'
    )
    return f"{before}[{row.name}]\n{words}\n\n{found}{after}"


def with_link(source: str, row: Method) -> str:
    """The notebook that was the last one, whose last cell leads on to the new lesson, first of all."""
    notebook = json.loads(source)
    heading = "## Next\n\n"
    before, found, after = "".join(notebook["cells"][-1]["source"]).partition(heading)
    require(bool(found), f"the last lesson ends without the heading {heading.strip()!r}; put it back", DataError)
    after = re.sub(r"This (is|was) the last lesson[^.]*\.\s*", "", after)
    led = f"{before}{heading}[{row.title}]({row.notebook}.ipynb).\n\n{after}"
    notebook["cells"][-1]["source"] = led.splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _assigned(source: str, name: str) -> ast.expr:
    """The value of the constant `name`."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            assert node.value is not None
            return node.value
    raise ConfigError(f"there is no {name} to add a row to; put the file back (git checkout)")


def _after_line(source: str, number: int, text: str) -> str:
    """`text` after line `number` of `source`, counted from 1."""
    lines = source.splitlines(keepends=True)
    return "".join([*lines[:number], text, *lines[number:]])


def _derive(root: Path, lesson: bool) -> tuple[str, ...]:
    """Write what follows from the rows again, in a process that reads the new ones. Returns what was written."""
    code = f"from kdtutor.cli.new_method import derive; from docs.cheat_sheet import main; derive({lesson}); main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    told = (done.stderr.strip().splitlines() or [""])[-1]
    require(
        done.returncode == 0,
        f"the files are written, but not what follows from the new row ({told}); mend it in {TABLE}, then "
        "run `kdtutor cite > references.bib`, `kdtutor cite --cff > CITATION.cff`, `kdtutor map --write README.md`, "
        "`python -m docs.cheat_sheet`",
    )
    return ("references.bib", "CITATION.cff", "notebooks/cheat_sheet.md", *(["README.md"] if lesson else []))


def derive(lesson: bool, root: Path = ROOT) -> None:
    """Write bibliography and citation file, and with a lesson the README's map, from the rows."""
    from ..course import references
    from ..course.map import write_into

    write_whole(root / "references.bib", references.bibtex())
    write_whole(root / "CITATION.cff", references.cff())
    if lesson:
        write_into(root / "README.md")


def _next(row: Method) -> Iterator[str]:
    todo = [name for name in ("title", "authors", "venue") if getattr(row.paper, name).startswith(TODO)]
    if todo or not row.paper.arxiv:
        missing = [*todo, *([] if row.paper.arxiv else ["arXiv number or DOI"])]
        yield f"write {', '.join(missing)} into its row in {TABLE}"
        yield "kdtutor cite > references.bib; kdtutor cite --cff > CITATION.cff"
    yield f"put the paper's formula into kdtutor/papers/{row.module}.py, and into its test"
    yield f"pytest tests/papers -k '{row.name}'"
    if row.title:
        yield f"kdtutor results {row.name}_rivals"
        yield f"kdtutor notebooks {row.notebook} 00_start"
        yield f"python -m docs.explorers {row.notebook}, and a row in docs/teaching.md"
    yield "grep -rn TODO kdtutor tests notebooks docs"
