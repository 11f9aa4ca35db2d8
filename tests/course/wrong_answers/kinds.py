"""Wrong answers of every kind, made of a right one: what it returns, what it ignores, what it does on the side."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from kdtutor.course.exercise import Exercise
from kdtutor.course.prediction import Prediction

Function = Callable[..., Any]

CANCELS = {("regressor_ratio", 0), ("regressor_ratio", 3)}  # the channels: an answer may well leave them out


def retyped(exercise: Exercise) -> Function:
    """The solution as a reader types it: its shown source, executed in an empty namespace."""
    if isinstance(exercise, Prediction):
        answers = {statement: answer for statement, (answer, _) in exercise.truth.items()}
        return lambda: dict(answers)
    space: dict[str, Any] = {}
    exec(exercise.solution().text, space)  # our own source
    function: Function = space[exercise.name]
    return function


def spoiled(exercise: Exercise) -> Iterator[tuple[str, Function, str]]:
    """(kind, a wrong function, part of what the check has to say); nothing for kinds that do not apply."""
    right = retyped(exercise)
    first = exercise.cases[0]
    value = right(*first)

    yield "returns nothing", lambda *a: [right(*a), None][1], "returns nothing"
    yield "returns a name", lambda *a: right.__name__, "expected"
    yield "returns a list around it", lambda *a: [right(*a)], "expected"
    yield "gives up", lambda *a: [][len(a)], "IndexError"
    yield "another signature", lambda: value, "positional argument"
    yield "fits the first case alone", lambda *a: value, ""
    yield "leaves", lambda *a: exit_now(), "SystemExit"
    for i in range(len(first)):
        if (exercise.name, i) not in CANCELS:
            yield f"ignores argument {i}", ignoring(right, first, i), ""
    yield from keeping(right)
    if isinstance(value, (int, float)):
        yield "one too many", lambda *a: right(*a) + 1, ""
        yield "as text", lambda *a: str(right(*a)), "expected"
    if isinstance(value, Tensor):
        yield from of_tensors(exercise, right, value)


def of_tensors(exercise: Exercise, right: Function, value: Tensor) -> Iterator[tuple[str, Function, str]]:
    yield "not a number", lambda *a: right(*a) * torch.nan, ""
    yield "a dimension too many", lambda *a: right(*a).unsqueeze(0), "shape"
    yield "opposite", lambda *a: ~right(*a) if value.dtype == torch.bool else -right(*a) - 1e-3, ""
    if value.ndim:
        yield "numpy", lambda *a: right(*a).detach().numpy(), "numpy array"
        yield "the sum of it", lambda *a: right(*a).sum(), "shape"
        yield "a nested list", lambda *a: right(*a).tolist(), "a list"
    if value.requires_grad:
        yield "detached", lambda *a: right(*a).detach(), "no gradient"
        yield "without gradient", torch.no_grad()(right), "no gradient"
        if value.ndim == 0:
            yield "a bare number", lambda *a: right(*a).item(), "no gradient"
    if any(isinstance(one, Tensor) and one.is_floating_point() for one in exercise.cases[0]):
        yield "writes into its arguments", in_place(right), "writes into its arguments"
    if value.is_floating_point():
        yield "rounded", lambda *a: right(*a).round(decimals=1), ""


def exit_now() -> None:
    raise SystemExit(1)


def ignoring(right: Function, first: tuple[Any, ...], i: int) -> Function:
    """The first case's argument, whatever is given."""
    return lambda *a: right(*a[:i], first[i], *a[i + 1 :])


def keeping(right: Function) -> Iterator[tuple[str, Function, str]]:
    """What depends on the calls before."""
    kept: list[Any] = []

    def memory(*a: Any) -> Any:
        kept.append(right(*a))
        return kept[0]

    yield "keeps its first answer", memory, ""


def in_place(right: Function) -> Function:
    def function(*a: Any) -> Any:
        value = right(*a)
        with torch.no_grad():
            next(x for x in a if isinstance(x, Tensor) and x.is_floating_point()).mul_(2)
        return value

    return function


def misjudged(prediction: Prediction) -> Iterator[tuple[str, Function, str]]:
    """Wrong answers to a quiz: each statement misjudged alone, all alike, and what is no judgement at all."""
    truth = {statement: answer for statement, (answer, _) in prediction.truth.items()}
    first = next(iter(truth))
    for statement, answer in truth.items():
        yield statement, lambda s=statement, a=answer: {**truth, s: not a}, statement
    yield "all true", lambda: dict.fromkeys(truth, True), "are right"
    yield "all false", lambda: dict.fromkeys(truth, False), "are right"
    yield "all turned round", lambda: {statement: not answer for statement, answer in truth.items()}, "0 of"
    yield "as text", lambda: {statement: str(answer) for statement, answer in truth.items()}, "neither"
    yield "as 0 and 1", lambda: {statement: int(answer) for statement, answer in truth.items()}, "neither"
    yield "the first alone", lambda: {first: truth[first]}, "a dictionary"
    yield "a list", lambda: list(truth.values()), "a dictionary"
    yield "its own answers", prediction._answers, "own answers"
    yield "its own answers, copied", lambda: dict(prediction._solution()), "own answers"
    yield "an error", lambda: {**truth, "and": 1 / 0}, "ZeroDivisionError"
