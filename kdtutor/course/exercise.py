"""Exercises: the reader's function against a solution, with a name for the likely mistakes.

A check never raises, so that a notebook runs from top to bottom whether or not its exercises are solved.
"""

import copy
import html
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from ..errors import Error
from .closed import solutions_closed
from .diagnosis import explained, first_line, raised, unused, unwritten
from .observe import Case, Function, Observation, difference, in_double, observe
from .progress import record
from .rules import Rule, own_work
from .source import as_typed
from .watch import called


@dataclass(frozen=True)
class Verdict:
    """What a check says: `[to do]`, `[not yet] <diagnosis>` or `[passed]`. True if passed."""

    state: Literal["to do", "not yet", "passed"]
    sentence: str = ""
    task: str = ""  # shown on the page beside an exercise that is still to do

    def __bool__(self) -> bool:
        return self.state == "passed"

    def __repr__(self) -> str:
        return f"[{self.state}] {self.sentence}".rstrip()

    def _repr_html_(self) -> str:
        colour = {"to do": "#777777", "not yet": "#D55E00", "passed": "#009E73"}[self.state]
        words = html.escape(self.sentence or self.task)
        return (
            f"<div style='border-left:5px solid {colour};padding:0.2em 0.8em'>"
            f"<b style='color:{colour}'>[{self.state}]</b> {words}</div>"
        )


@dataclass(frozen=True)
class Folded:
    """Text with a heading; on a page it is folded away until the heading is clicked."""

    heading: str
    text: str
    code: bool = False

    def __repr__(self) -> str:
        return self.text if self.code else f"{self.heading}: {self.text}"

    def _repr_html_(self) -> str:
        text = html.escape(self.text)
        body = f"<pre><code>{text}</code></pre>" if self.code else f"<p>{text}</p>"
        return f"<details><summary>{html.escape(self.heading)}</summary>{body}</details>"


class Exercise:
    """A function to write. Call the exercise with it, and the `Verdict` says how far it is.

    name: the function's name. solution: a function that is right; its source is what `.solution()` shows.
    cases: tuples of arguments, or a function that makes them. Where an argument requires gradients, the gradients that
    come back through the output are compared too. Every call gets fresh copies and the same random numbers.
    mistakes: {diagnosis: a function that makes this mistake}; the diagnosis is given if the reader's function returns
    the same as that function, case by case, or raises the same kind of error where that function does.
    rules: what the task forbids on the way to a right result; functions of this package never are an answer, but for
    those that the solution calls.
    hints: from gentle to plain. minutes: how long it takes. contract: the function in one line.
    samples: positions of the arguments whose first dimension may have any length, the same for all of them. hidden:
    further cases. From both a grader makes what a check does not try: see `hidden.hidden_cases`.

        kd_loss = Exercise(
            "kd_loss", hinton.kd_loss, cases,
            mistakes={"the factor T² is missing": lambda z_s, z_t, T: hinton.kd_loss(z_s, z_t, T) / T**2},
            hints=("…",), minutes=8, contract="logits (B, K) twice and T → a scalar",
        )
        kd_loss(my_function)    # → [not yet] the factor T² is missing
    """

    def __init__(
        self,
        name: str,
        solution: Function,
        cases: Sequence[Case] | Callable[[], Sequence[Case]],
        *,
        mistakes: Mapping[str, Function] | None = None,
        rules: Sequence[Rule] = (),
        samples: Sequence[int] = (),
        hidden: Sequence[Case] | Callable[[], Sequence[Case]] = (),
        hints: Sequence[str] = (),
        minutes: int = 5,
        contract: str = "",
        tolerance: float = 1e-4,
    ) -> None:
        self.name = name
        self.hints = tuple(hints)
        self.minutes = minutes
        self.contract = contract
        self.mistakes = dict(mistakes or {})
        self.rules = (own_work, *rules)
        self.samples = tuple(samples)
        self._solution = solution
        self._cases = cases
        self._hidden = hidden
        self._tolerance = tolerance
        self._hinted = 0
        self._made: dict[str, list[Observation]] = {}  # what the mistakes give: the same at every check
        self.__doc__ = f"{contract} ({minutes} minutes)"

    @property
    def cases(self) -> Sequence[Case]:
        """The arguments that the function is tried with."""
        return self._cases() if callable(self._cases) else self._cases

    @property
    def hidden(self) -> Sequence[Case]:
        """Arguments that only a grader tries."""
        return self._hidden() if callable(self._hidden) else self._hidden

    def settled(self, case: Case) -> bool:
        """Whether single precision settles a case: what the solution gives in it is, well within the tolerance, what it
        gives in double precision. Else two right ways to write it down might differ, by rounding alone."""
        single, double = (observe(self._solution, one) for one in (case, in_double(case)))
        return double.error is not None or difference(single, double, self._tolerance / 4) is None

    def with_cases(self, cases: Sequence[Case]) -> Self:
        """The same exercise, tried with other arguments."""
        other = copy.copy(self)
        other._cases, other._made = cases, {}
        return other

    def __call__(self, function: object = None) -> Verdict:
        """Check the reader's function. Never raises."""
        try:
            return self._recorded(self._check(function))
        except Exception as error:  # a fault of the exercise itself: the reader is told, the notebook goes on
            return Verdict("not yet", f"the check itself failed, which is not your fault: {first_line(error)}")

    def _recorded(self, verdict: Verdict) -> Verdict:
        """The verdict; the reader who wants it kept that an exercise is passed learns of it if that cannot be."""
        try:
            if verdict:
                record(self.name)
        except Error as error:
            return Verdict("passed", f"but that cannot be kept: {error}")
        return verdict

    def hint(self) -> Folded:
        """The next hint; after the last one, the last one again."""
        if not self.hints:
            return Folded("No hint", f"there is none for {self.name}; its solution() can be asked for")
        number = min(self._hinted, len(self.hints) - 1)
        self._hinted += 1
        return Folded(f"Hint {number + 1} of {len(self.hints)}", self.hints[number])

    def solution(self) -> Folded:
        """The source of a function that passes, with its imports, folded away; refused where solutions are closed."""
        if solutions_closed():
            return Folded(f"Solution of {self.name}", "your instructor has closed the solutions here; hint() is open")
        return self.source()

    def source(self) -> Folded:
        """What `solution` shows, whoever asks."""
        try:
            source = as_typed(self._solution, self.name)
        except (OSError, TypeError):
            source = f"# the source of {self.name} cannot be read here"
        return Folded(f"Solution of {self.name}", source.rstrip(), code=True)

    def __repr__(self) -> str:
        return f"<Exercise {self.name}, {self.minutes} minutes: {self.contract}>"

    @property
    def to_do(self) -> Verdict:
        """The verdict on a function that is not written yet."""
        return Verdict("to do", task=f"{self.name}: {self.contract} (about {self.minutes} minutes)")

    def _check(self, function: object) -> Verdict:
        if function is None or function is ...:
            return self.to_do
        if not callable(function):
            kind = type(function).__name__
            return Verdict("not yet", f"this is of type {kind}; give the function itself, without calling it")
        cases = self.cases
        seen = [observe(function, case) for case in cases]
        return self.judged(cases, seen, lambda: observe(function, cases[0]), function)

    def judged(
        self,
        cases: Sequence[Case],
        seen: list[Observation],
        again: Callable[[], Observation],
        function: Function | None = None,
    ) -> Verdict:
        """The verdict on what was seen of a function in each of the cases, and `again` in the first of them.

        The function itself need not be at hand; it adds words to a diagnosis.
        """
        if any(_to_do(function, one) for one in seen):
            return self.to_do
        right = [observe(self._solution, case) for case in cases]
        for fault in (one.error for one in right if one.error):
            raise fault
        if not self._agree(seen, right):
            return Verdict("not yet", self._diagnosis(function, cases, seen, right))
        if not self._agree([again()], right[:1]):
            return Verdict("not yet", "called again it gives another result: does it keep or change something outside?")
        broken = self._broken_rule(seen, right)
        return Verdict("not yet", f"the result is right, but {broken}") if broken else Verdict("passed")

    def _broken_rule(self, seen: list[Observation], right: list[Observation]) -> str | None:
        own = called(self._solution.__code__)  # what the solution calls is at hand, the solution itself is not
        for one in right:
            one.calls.package = [one for one in one.calls.package if one != own]
        found = (rule([one.calls for one in seen], [one.calls for one in right]) for rule in self.rules)
        return next(filter(None, found), None)

    def _diagnosis(
        self, function: Function | None, cases: Sequence[Case], seen: list[Observation], right: list[Observation]
    ) -> str:
        """Why it is not right. A mistake that has a name comes first, then what an error or the numbers tell."""
        wrong = not self._agree(seen, right, gradients=False)
        for gradients in (True, False) if wrong else (True,):
            for diagnosis, mistaken in self.mistakes.items():
                if diagnosis not in self._made:
                    self._made[diagnosis] = [observe(mistaken, case) for case in cases]
                made = self._made[diagnosis]
                if any(one.error is None for one in made) and self._agree(seen, made, gradients):
                    return diagnosis
        error = next((one.error for one in seen if one.error), None)
        if error:
            return raised(error)
        if any(one.value is None for one in seen):
            return "it returns nothing: is there a return missing?"
        found = (difference(a, b, self._tolerance) for a, b in zip(seen, right, strict=True))
        sentence = next(filter(None, found), "the result differs from what is expected")
        names = list(inspect.signature(self._solution).parameters)
        more = (explained(seen, right, cases, names) or unused(function, len(names))) if wrong else None
        return f"{sentence}; {more}" if more else sentence

    def _agree(self, seen: list[Observation], other: list[Observation], gradients: bool = True) -> bool:
        pairs = zip(seen, other, strict=True)
        return all(difference(a, b, self._tolerance, gradients) is None for a, b in pairs)


def _to_do(function: Function | None, seen: Observation) -> bool:
    """The function has no body yet, or says so itself."""
    if seen.error is not None:
        return isinstance(seen.error, NotImplementedError)
    return seen.value is ... or (seen.value is None and unwritten(function))
