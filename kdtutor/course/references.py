"""The papers of the course as one cites them: BibTeX, and the citation file of the repository."""

import re
from collections.abc import Iterable

from .. import __version__
from ..methods import ROWS
from ..row import Method, Paper

ARXIV = "10.48550/arXiv."  # of every preprint's DOI
TITLE = "kdtutor: a course on knowledge distillation, one notebook per paper"
KINDS = {"arXiv": ("misc", "generic"), "IEEE Transactions": ("article", "article")}  # else a talk at a conference


def papers(rows: Iterable[Method] = ROWS) -> tuple[Paper, ...]:
    """The papers of the rows, each once."""
    return tuple(dict.fromkeys(row.paper for row in rows))


def bibtex(rows: Iterable[Method] = ROWS) -> str:
    """One entry a paper. What capitals a title has is kept by braces."""
    return "\n".join(_entry(paper) for paper in papers(rows))


def cff(rows: Iterable[Method] = ROWS) -> str:
    """CITATION.cff (citation-file-format.github.io, 1.2.0): how to cite the course, and the papers of the rows."""
    lines = [
        "cff-version: 1.2.0",
        "message: If you use this course, please cite it and the papers that it teaches.",
        "type: software",
        f"title: {_quoted(TITLE)}",
        f"version: {__version__}",
        "license: BSD-3-Clause",
        "authors:",
        "  - name: the kdtutor authors",
        "references:",
        *(line for paper in papers(rows) for line in _reference(paper)),
    ]
    return "\n".join(lines) + "\n"


def _entry(paper: Paper) -> str:
    kind, _ = _kinds(paper)
    where = {"article": "journal", "inproceedings": "booktitle"}.get(kind, "howpublished")
    fields = {
        "title": "{" + paper.title + "}",
        "author": " and ".join(paper.names),
        where: paper.venue,
        "year": str(paper.year),
        "eprint": paper.arxiv,
        "archiveprefix": "arXiv" if paper.arxiv else "",
        "doi": paper.doi,
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@{kind}{{{paper.key},\n" + ",\n".join(lines) + "\n}\n"


def _reference(paper: Paper) -> list[str]:
    _, kind = _kinds(paper)
    doi = paper.doi or (paper.arxiv and ARXIV + paper.arxiv)
    where = {"article": [f"    journal: {_quoted(paper.venue)}"]}.get(
        kind, ["    conference:", f"      name: {_quoted(paper.venue)}"] if kind == "conference-paper" else []
    )
    return [
        f"  - type: {kind}",
        f"    title: {_quoted(paper.title)}",
        "    authors:",
        *(f"      - {{{_person(name)}}}" for name in paper.names),
        f"    year: {paper.year}",
        *([f"    doi: {doi}"] if doi else []),
        *where,
    ]


def _person(name: str) -> str:
    given, _, family = name.rpartition(" ")
    return f"given-names: {_quoted(given)}, family-names: {_quoted(family)}" if given else f"name: {_quoted(family)}"


def _kinds(paper: Paper) -> tuple[str, str]:
    """The kind of a paper in BibTeX and in the citation file."""
    found = (kinds for start, kinds in KINDS.items() if paper.venue.startswith(start))
    return next(found, ("inproceedings", "conference-paper"))


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r"[:#{}\[\],&*?|<>=!%@`]", text) else text
