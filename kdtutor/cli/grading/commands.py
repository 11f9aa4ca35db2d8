"""`kdtutor assign` and `kdtutor grade`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ...files import held, require_folder, write_whole
from .. import options
from ..answers import ended_as_by_ctrl_c, interrupted, print_json


def assign(
    lessons: Annotated[list[str], typer.Argument(help="Lessons by number, by method (name or acronym) or by file.")],
    out: Annotated[Path, typer.Option(help="A new folder for the assignment.")],
    without_solutions: Annotated[
        bool, typer.Option("--without-solutions", help="In the copies, solution() is refused.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help="Of the hidden cases; keep it to yourself.", min=0, show_default="a random one")
    ] = None,
) -> None:
    """Prepare lessons for a class.

    Gives out OUT/student, and keeps the rest: hidden cases (those of the checks with other numbers and shapes) and a
    key, the lessons with every exercise solved. With --without-solutions, check.NAME.solution() is refused in the
    students' copies; that is a sign, not a lock, because the package itself still has them: set
    KDTUTOR_SOLUTIONS=closed on a hub where you start the servers. While it is graded, a submission sees neither
    solutions nor exercises. The copies carry nbgrader's metadata: each exercise is a cell to be graded by hand there.
    """
    from . import folder as places
    from .assigning import prepare

    written = prepare(lessons, out, seed, without_solutions)
    typer.echo(
        f"{len(written.lessons)} lessons, {sum(1 for _ in written.exercises())} exercises, {written.points} points\n"
        f"give out:  {out / places.STUDENT}\nkeep:      {out / places.KEY}, {out / places.HIDDEN}\n"
        f"then:      kdtutor grade {out} --submissions FOLDER"
    )


def grade(
    folder: Annotated[Path, typer.Argument(help="What `kdtutor assign` has made.")],
    submissions: Annotated[Path, typer.Option(help="A folder for each student, or of one lesson a notebook for each.")],
    csv: Annotated[Path | None, typer.Option(help="Where the table goes.", show_default="FOLDER/grades.csv")] = None,
    seconds: Annotated[float, typer.Option(help="Limit for one exercise.", min=1)] = 20.0,
    workers: Annotated[int | None, typer.Option(help="Processes at a time.", min=1, show_default="every core")] = None,
    as_json: options.Json = False,
) -> None:
    """Grade what a class hands in.

    Of each notebook only the functions that it checks run, with what they need, in a process of their own; what they
    return for the hidden cases is judged outside. An exercise earns its points whole or not at all, a submission the
    sum. Leaves FOLDER/feedback/NAME.html and a table; continues where it was interrupted, and grades again only what
    has changed. A process may read Python's libraries, write nothing, start nothing, reach no network, and has limited
    time, memory and output. On Linux the kernel holds that; on macOS and Windows Python's hooks do, which native code
    can get around, and memory is not limited: grade strangers' work in a container there.
    """
    from . import folder as places
    from .graded import as_csv, as_table
    from .grading import grade_all

    assignment = places.opened(folder)
    found = places.submissions(submissions, assignment.lessons)
    for place in (folder / places.RECORDS, folder / places.FEEDBACK):
        require_folder(place)
    try:
        with ended_as_by_ctrl_c(), held(folder):
            say = (lambda _: None) if as_json else typer.echo
            graded = grade_all(assignment, found, seconds, workers or os.cpu_count() or 1, say)
    except KeyboardInterrupt:
        raise interrupted("graded submissions are kept: continue with the same command") from None
    write_whole(csv or folder / places.TABLE, as_csv(graded))
    if as_json:
        print_json([one.as_dict() for one in graded])
    else:
        typer.echo(as_table(graded))
        typer.echo(f"feedback: {folder / places.FEEDBACK}\ntable:    {csv or folder / places.TABLE}")
