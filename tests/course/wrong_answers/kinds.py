"""Wrong answers of every kind, made of a right one: what it returns, what it ignores, what it does on the side."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from kdtutor.course.exercise import Exercise
from kdtutor.course.observe import numbers, observe
from kdtutor.course.prediction import Prediction

Function = Callable[..., Any]


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
    yield from ((f"ignores argument {i}", ignoring(right, first, i), "") for i in ignorable(exercise))
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


def ignorable(exercise: Exercise) -> list[int]:
    """The arguments that matter: all but those without which the value stays, as noise that only decides a gradient."""
    return list(range(len(exercise.cases[0])))


def ignoring(right: Function, first: tuple[Any, ...], i: int) -> Function:
    """The first case's argument, whatever is given."""
    return lambda *a: right(*a[:i], first[i], *a[i + 1 :])


def keeping(right: Function) -> Iterator[tuple[str, Function, str]]:
    """What depends on the calls before."""
    calls: list[int] = []

    def once(*a: Any) -> Any:
        calls.append(1)
        return right(*a) if len(calls) % 50 else None

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


def same_numbers(exercise: Exercise, function: Function) -> bool:
    """Whether a function has the solution's values in every case."""
    pairs = ((observe(function, case).value, observe(exercise._solution, case).value) for case in exercise.cases)
    return all(numbers(a) is not None and numbers(b) is not None and (numbers(a) == numbers(b)).all() for a, b in pairs)
