"""Grading: each submission runs in a process of its own, and is judged here."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ...course.check import EXERCISES
from ...course.exercise import Exercise
from ...course.submission import Answer, answers
from ...errors import Error
from ...files import write_whole
from . import folder as places
from .graded import Graded, Row, keep, kept
from .outside import Inside, bare_package
from .page import page

JUDGING = threading.Lock()  # torch has one stream of random numbers for the whole process


def grade_all(
    assignment: places.Assignment,
    submissions: Sequence[places.Submission],
    seconds: float = 20.0,
    workers: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> list[Graded]:
    """Grade submissions, several at a time, and leave a record and a page of each; those that are kept stay."""
    exercises = {name: EXERCISES[name].with_cases(assignment.cases(name)) for _, name, _ in assignment.exercises()}
    stop = threading.Event()

    def one(submission: places.Submission) -> Graded | None:
        if stop.is_set():
            return None
        record = assignment.folder / places.RECORDS / f"{submission.name}.json"
        digest = f"{assignment.digest()} {submission.digest()} {seconds:g}"
        graded = kept(digest, record)
        if graded is None:
            graded = grade_one(assignment, submission, exercises, package, seconds, stop)
            if stop.is_set():
                return None
            keep(graded, digest, record)
            say(f"graded {submission.name}")
        write_whole(assignment.folder / places.FEEDBACK / f"{submission.name}.html", page(graded))
        return graded

    with bare_package() as package, ThreadPoolExecutor(workers) as pool:
        try:
            return [graded for graded in pool.map(one, submissions) if graded is not None]
        except BaseException:
            stop.set()
            raise


def grade_one(
    assignment: places.Assignment,
    submission: places.Submission,
    exercises: Mapping[str, Exercise],
    package: Path,
    seconds: float,
    stop: threading.Event,
) -> Graded:
    """Grade one submission, exercise by exercise; one that costs its process leaves the others their chance."""
    rows, inside = [], Inside(package, seconds)
    try:
        for lesson, points in assignment.lessons.items():
            found, fault = _answers(submission.notebooks.get(lesson), points)
            for name, worth in points.items():
                row = Row(lesson, name, worth, "to do", fault)
                if not fault and not stop.is_set():
                    state, sentence = judged(exercises[name], found.get(name), inside)
                    row = replace(row, state=state, sentence=sentence)
                rows.append(row)
    finally:
        inside.end()
    return Graded(submission.name, tuple(rows))


def _answers(path: Path | None, points: Mapping[str, int]) -> tuple[dict[str, Answer], str]:
    """The answers in a notebook, or why there is none to read."""
    if path is None:
        return {}, "this lesson was not handed in"
    try:
        return answers(places.cells(path), points), ""
    except Error as error:
        return {}, str(error).replace(f"{path.parent}{os.sep}", "")


def judged(exercise: Exercise, answer: Answer | None, inside: Inside) -> tuple[str, str]:
    """The state of an exercise, "to do", "not yet" or "passed", and what there is to say."""
    if answer is None:
        return "to do", f"check.{exercise.name}(…) is nowhere in the notebook"
    if answer.fault:
        return "not yet", answer.fault
    if answer.unwritten:
        return "to do", ""
    seen, fault = inside.observed(answer, exercise.cases)
    if fault:
        return "not yet", fault
    with JUDGING:
        try:
            verdict = exercise.judged(exercise.cases, seen[:-1], lambda: seen[-1])
        except Exception as error:  # values that no comparison expects: whoever returns them gets no credit for it
            return "not yet", f"what it returns cannot be compared ({type(error).__name__})"
    return verdict.state, verdict.sentence
