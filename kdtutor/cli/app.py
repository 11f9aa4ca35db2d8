"""The command line. Thin: each command imports what it needs when it runs, so that `kdtutor --help` is quick."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..errors import ConfigError, Error, UnknownName
from . import options, runs
from .answers import INTERRUPTED, MISUSED, WRONG, ended_as_by_ctrl_c, interrupted, print_json, said
from .card import card
from .example import example
from .grading.commands import assign, grade
from .models.evaluating import evaluate
from .models.exporting import export
from .models.measuring import measure
from .new_method import new_method
from .progress import progress
from .table.command import table
from .teach import teach
from .torchrun import require_shared


class Sentences(TyperGroup):
    """An error of kdtutor ends the command with its sentence, not with a traceback."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        found = super().resolve_command(ctx, args)
        require_shared(found[0])
        return found

    def invoke(self, ctx: Any) -> Any:
        try:
            with said():
                return super().invoke(ctx)
        except Error as error:
            typer.echo(f"kdtutor: {error}", err=True)
            raise typer.Exit(MISUSED if isinstance(error, (UnknownName, ConfigError)) else WRONG) from None
        except KeyboardInterrupt:
            typer.echo("\nkdtutor: interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=Sentences,
    name="kdtutor",
    help="A course on knowledge distillation: one notebook per paper, and every method on the command line.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    ctx: typer.Context,
    panel: Annotated[bool, typer.Option("--panel", help="Only the lab, as a page without code (by Voilà).")] = False,
) -> None:
    """Open the course in JupyterLab.

    Without a browser its address is printed. More options go to `jupyter lab`.
    """
    from .lab import serve

    raise typer.Exit(serve(ctx.args, typer.echo, panel))


app.command()(example)
app.command()(runs.distil)
app.command()(runs.compare)
app.command()(table)
app.command()(evaluate)
app.command()(export)
app.command()(measure)


@app.command()
def teachers(as_json: options.Json = False) -> None:
    """List the teachers.

    Data, test accuracy (of generators their distance to real images, of language models their bits per character),
    parameters, and the command that trains each.
    """
    from .teachers import cards, generator_cards, language_cards, table, untrained

    if as_json:
        found = {"teachers": cards(), "untrained": untrained(), "generators": generator_cards()}
        print_json({**found, "language models": language_cards()})
    else:
        typer.echo(table(cards(), untrained(), generator_cards(), language_cards()))


app.command()(teach)
app.command()(card)


@app.command()
def check(
    names: Annotated[list[str], typer.Argument(help=f"{options.NOTEBOOKS}, or folders of them.")],
    seconds: options.Seconds = 120.0,
    style: Annotated[bool, typer.Option("--style/--no-style", help="Report breaches of the notebooks' style.")] = True,
    data: Annotated[str, typer.Option(help="The set that the lessons run on, digits or fashion.")] = "digits",
    as_json: options.Json = False,
) -> None:
    """Validate notebooks: which cell fails, why.

    Runs them in clean kernels on the CPU and compares what they do with the outputs that are stored in them. Those are
    of the digits: on another set nothing is compared, and only what raises fails. Of exercises the verdict is read: a
    notebook is ok solved or not, and the line says how many are passed.
    """
    from .validate import validate

    outcomes = validate(names, seconds, style, data, say=(lambda _: None) if as_json else typer.echo)
    failed = [outcome.file for outcome in outcomes if not outcome.ok]
    if as_json:
        print_json({"ok": not failed, "notebooks": [outcome.as_dict() for outcome in outcomes]})
    else:
        typer.echo(
            f"{len(failed)} of {len(outcomes)} notebooks failed" if failed else f"all {len(outcomes)} notebooks are ok"
        )
    raise typer.Exit(WRONG if failed else 0)


@app.command()
def notebooks(
    names: Annotated[list[str] | None, typer.Argument(help=f"{options.NOTEBOOKS}.", show_default="all")] = None,
    seconds: options.Seconds = 120.0,
    dress: Annotated[
        bool, typer.Option("--dress", help="Only renew links, first cell and slides, and run nothing.")
    ] = False,
) -> None:
    """Run the notebooks and store their outputs.

    On the CPU, without time stamps and widget state; a notebook with an error is not stored.
    """
    import time

    from ..course.map import LESSONS
    from .dress import dress as renew
    from .lessons import notebooks_of
    from .notebooks import store

    for path in notebooks_of(names or []):
        if dress:
            if path.name in {lesson.file for lesson in LESSONS} and renew(path):
                typer.echo(f"{path.name}  dressed")
            continue
        started = time.perf_counter()
        store(path, seconds)
        typer.echo(f"{path.name}  {path.stat().st_size / 1e6:.2f} MB  {time.perf_counter() - started:.1f} s")


@app.command()
def results(
    names: Annotated[
        list[str] | None, typer.Argument(help="Studies, or methods: all of a lesson.", show_default="all")
    ] = None,
    on: options.On = "pool",
    workers: options.Workers = None,
    gpus_per_run: options.GpusPerRun = None,
    show: Annotated[bool, typer.Option("--list", help="Only list the studies.")] = False,
) -> None:
    """Run the studies behind the numbers.

    Stores them in data/results, or in results/ of KDTUTOR_DATA where that is set. Long; an interrupted study goes on
    where it was.
    """
    from ..course.studies import conduct
    from .lessons import studies_of

    for study in studies_of(names or []):
        if show:
            typer.echo(f"{study.name}: {study.question}")
        else:
            try:
                with ended_as_by_ctrl_c():
                    conduct(study, workers=workers, say=typer.echo, on=on, gpus_per_run=gpus_per_run)
            except KeyboardInterrupt:
                raise interrupted("finished runs are kept: continue with the same command") from None


@app.command()
def doctor(as_json: options.Json = False) -> None:
    """Say whether this machine is ready.

    One line per question: ok, or what to do.
    """
    from . import doctor as here

    findings = here.diagnose()
    typer.echo(here.as_json(findings) if as_json else here.report(findings))
    raise typer.Exit(0 if here.healthy(findings) else WRONG)


@app.command("map")
def show_map(
    write: Annotated[
        Path | None, typer.Option(help="A markdown file, such as README.md, that has a place for the map.")
    ] = None,
    beyond: Annotated[bool, typer.Option("--next", help="Papers to go on with after the last lesson.")] = False,
    cell: Annotated[str | None, typer.Option(help="Of those papers' cells, the one of this name.")] = None,
) -> None:
    """Show the course map.

    Its lessons, the question each answers, and what is ready.
    """
    from ..course import further
    from ..course.map import course_map, write_into

    if cell is not None:
        typer.echo(further.cell(cell), nl=False)
    elif beyond:
        typer.echo("\n\n".join(map(str, further.further())))
    elif write is not None:
        typer.echo(f"the map is in {write_into(write)}")
    else:
        typer.echo(repr(course_map()))


@app.command()
def cite(
    names: Annotated[list[str] | None, typer.Argument(help="Methods by name or acronym.", show_default="all")] = None,
    cff: Annotated[bool, typer.Option("--cff", help="The citation file of the repository instead.")] = False,
) -> None:
    """Print the papers of methods as BibTeX."""
    from ..course import references
    from ..methods import ROWS, find

    form = references.cff if cff else references.bibtex
    typer.echo(form([find(name) for name in names or ()] or ROWS), nl=False)


app.command()(assign)
app.command()(grade)
app.command()(progress)
app.command()(new_method)


@app.command()
def version() -> None:
    """Print the version of kdtutor."""
    from .. import __version__

    typer.echo(__version__)
