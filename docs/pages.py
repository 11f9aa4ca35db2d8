"""The pages: one for each method of the registry, one for each module, one for the command line."""

import inspect
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

import typer

from kdtutor import papers
from kdtutor.cli.app import app
from kdtutor.course.references import bibtex
from kdtutor.methods import ROWS, matched
from kdtutor.row import Method, Paper

from .formulas import formulas, formulas_of
from .names import ROOT, Name, data_docs, defined, exported, modules, packages
from .resolve import resolve
from .text import escaped, inline, paragraphs

Pages = dict[str, str]


def pages(root: str) -> Pages:
    """Every page that is written from the code, by its file. `root` leads from the pages to the repository."""
    told = {"methods/index.rst": method_index(), "api/index.rst": api_index(), "cli.rst": command_line()}
    told |= {f"methods/{row.name}.rst": method_page(row, root) for row in ROWS}
    return told | {f"api/{module}.rst": module_page(module) for module in modules()}


# ---- methods


def method_index() -> str:
    """A table of all methods, each with a link to its page."""
    rows = [(f":doc:`{row.name}`", row.acronym, escaped(row.paper.reference), row.question) for row in ROWS]
    hidden = [".. toctree::", "   :hidden:", "", *(f"   {row.name}" for row in ROWS)]
    return page("Methods", *table(("name", "acronym", "paper", "question"), rows), *hidden)


def method_page(row: Method, root: str) -> str:
    """A method: its paper, what it minimises, its class, and where its lesson and its tests are."""
    full = f"kdtutor.papers.{row.home.replace(':', '.')}"
    facts = [("question", row.question), ("lesson", lesson(row, root)), ("tests", tests(row, root))]
    if row in matched():
        facts.append(("in a terminal", f"``kdtutor distil {row.name}``"))
    facts.append(("in Python", f":py:class:`{full}`"))
    value = papers.get(row.name)
    shown = [line for name in formulas_of(value) for line in (f":py:obj:`{name}`", "", *math(formulas()[name]))]
    return page(
        row.label,
        citation(row.paper), "",
        *(f":{name}: {text}" for name, text in facts), "",
        *(heading("What is minimised", "-") + shown if shown else ()),
        *heading("The class", "-"), f".. autoclass:: {row_home(value)}", "   :no-index:", "",
        *heading("To cite it", "-"), ".. code-block:: bibtex", "", *indented(bibtex([row]).splitlines()),
    )  # fmt: skip


def citation(paper: Paper) -> str:
    """Authors, title, venue and year, with links to the paper."""
    places = {"arXiv": ("https://arxiv.org/abs/", paper.arxiv), "doi": ("https://doi.org/", paper.doi)}
    links = [f"`{name} {key} <{start}{key}>`__" for name, (start, key) in places.items() if key]
    told = f"{escaped(paper.authors)}: *{escaped(paper.title)}*. {escaped(paper.venue)}, {paper.year}."
    return " ".join([told, ", ".join(links)])


def row_home(value: type) -> str:
    """Where a class is defined, as autodoc wants it."""
    return f"{value.__module__}::{value.__name__}"


def lesson(row: Method, root: str) -> str:
    """The lesson that teaches a method, as a page and as a notebook."""
    found = sorted((ROOT / "notebooks").glob(f"{row.lesson:02}_*.ipynb")) if row.lesson is not None else []
    if not found:
        return "none: the package has the method, no lesson does"
    return f":doc:`/lessons/{found[0].stem}` ({download(f'notebooks/{found[0].name}', root)})"


def tests(row: Method, root: str) -> str:
    """The tests of a method: the file named after it or its module, else those that name its class or its losses."""
    folder = ROOT / "tests/papers"
    named = [path for stem in (row.name, row.module) if (path := folder / f"test_{stem}.py").exists()][:1]
    words = [full.rpartition(".")[2] for full in formulas_of(papers.get(row.name))]
    every = [(path, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("test_*.py"))]
    found = named or [path for path, text in every if any(word in text for word in words)]
    return ", ".join(download(f"tests/papers/{path.name}", root) for path in found)


def download(path: str, root: str) -> str:
    """A link to a file of the repository."""
    return f":download:`{path} </{root}/{path}>`"


# ---- modules


def api_index() -> str:
    """The layers, from the top down."""
    tree = [".. toctree::", "   :maxdepth: 1", "", *indented(list(packages())), ""]
    return page("Every public name", *tree)


def module_page(module: str) -> str:
    """A module: what it is for, what a package offers under its own name, and every name that the module defines.

    Only packages stand in the navigation, which is drawn on every page; they lead to their modules.
    """
    layer = module if module in packages() else module.rpartition(".")[0]
    lines = ["" if module == layer else f"Part of :doc:`{layer}`.", "", f".. automodule:: {module}", ""]
    if module == layer:
        offers = [(f":py:obj:`{name} <{target(at)}>`", summary(at)) for name, at in exported(module).items()]
        inside = [(f":doc:`{m}`", summary(import_module(m))) for m in modules() if m.rpartition(".")[0] == layer]
        lines += [*table(("name", "what it is"), offers), *table(("module", "what it holds"), inside)]
    lines += [line for name in defined(module) for line in directive(name)]
    return ("" if module == layer else ":orphan:\n\n") + page(module, *lines)


def directive(name: Name) -> list[str]:
    """What autodoc is told of a name."""
    options = ["   :members:", "   :show-inheritance:"] if name.kind == "class" else []
    return [f".. auto{name.kind}:: {name.module}::{name.name}", *options, ""]


def target(at: Name | ModuleType) -> str:
    return at.full if isinstance(at, Name) else at.__name__


def summary(at: Name | ModuleType) -> str:
    """The first sentence or so of a docstring."""
    if isinstance(at, Name):
        text = data_docs(at.module).get(at.name) if at.kind == "data" else inspect.getdoc(at.value)
        module = at.module
    else:
        text, module = inspect.getdoc(at), at.__name__
    first = " ".join(paragraphs((text or "").splitlines())[0]) if text else ""
    return inline(first.split(". ")[0].rstrip(".:"), lambda word: resolve(word, module))


# ---- the command line


def command_line() -> str:
    """What `--help` says of each command."""
    group = typer.main.get_command(app)
    context = typer.Context(group, info_name="kdtutor")
    lines = ["::", "", *indented(group.get_help(context).splitlines()), ""]
    for name, command in sorted(getattr(group, "commands", {}).items()):
        told = command.get_help(typer.Context(command, info_name=name, parent=context))
        lines += [*heading(f"kdtutor {name}", "-"), "::", "", *indented(told.splitlines()), ""]
    return page("The command line", *lines)


# ---- reStructuredText


def page(title: str, *lines: str) -> str:
    """A title and what stands below it."""
    return "\n".join([*heading(escaped(title), "="), *lines, ""])


def heading(title: str, line: str) -> list[str]:
    return [title, line * len(title), ""]


def indented(lines: list[str]) -> list[str]:
    return [f"   {line}".rstrip() for line in lines]


def math(latex: str) -> list[str]:
    return [".. math::", "", f"   {latex}", ""]


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """A table with a line for its head; nothing where it has no other lines, as of a package without names."""
    if not rows:
        return []
    cells = [f"   {'*' if i == 0 else ' '} - {cell}" for row in (head, *rows) for i, cell in enumerate(row)]
    return [".. list-table::", "   :header-rows: 1", "", *cells, ""]
