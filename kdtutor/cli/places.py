"""Where a method has its files, and what else of the repository has to know it: the one list for who writes them and
for who asks whether they are there."""

from pathlib import Path

from ..methods import ROWS, Method

PAPER = ("kdtutor/papers/{file}.py", "docs/formulas/{file}.toml", "tests/papers/test_{file}.py")
LESSON = (
    "kdtutor/figures/{name}.py",
    "kdtutor/widgets/{name}.py",
    "kdtutor/course/exercises/{name}.py",
    "kdtutor/course/studies/{name}.py",
    "kdtutor/course/questions/{name}.json",
    "notebooks/{notebook}.ipynb",
    "tests/figures/test_{name}.py",
    "tests/widgets/test_{name}.py",
    "tests/course/test_{name}.py",
    "tests/course/wrong_answers/{name}.py",
    "tests/notebooks/twins/{name}.py",
)
"""Of a method after which a lesson is named."""


def files(row: Method) -> tuple[str, ...]:
    """Every file of a method, relative to the top of the repository."""
    places = (*PAPER, *(LESSON if row.title else ()))
    return tuple(place.format(file=row.module, name=row.name, notebook=row.notebook) for place in places)


def lacking(row: Method, root: Path, rows: tuple[Method, ...] = ROWS) -> tuple[str, ...]:
    """What the repository in `root` still lacks of a method: files, its paper where papers are cited, its lesson on the
    map. Files have the method's name, or that of a method of the same paper."""
    absent = [file for file in files(row) if not (root / file).is_file()]
    known = {"references.bib": f"{{{row.paper.key},", "CITATION.cff": row.paper.title}
    if row.title:
        known["README.md"] = f"](notebooks/{row.notebook}.ipynb)"
    absent += [f"its row in {file}" for file, words in known.items() if words not in _text(root / file)]
    if row.module not in {row.name, *(other.name for other in rows if other.paper == row.paper)}:
        absent.append(f"a module of its name (it has {row.module})")
    return tuple(absent)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
