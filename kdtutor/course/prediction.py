"""`Prediction`: statements that the reader judges before trying them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .exercise import Exercise, Folded, Verdict
from .observe import Case, Function, Observation, observe
from .watch import called


class Prediction(Exercise):
    """A function to write that returns {statement: True or False}. Call the prediction with it, as an `Exercise`.

    truth: {statement: (whether it is true, why)}; the reason is the diagnosis of a wrong judgement.
    """

    def __init__(
        self,
        name: str,
        truth: Mapping[str, tuple[bool, str]],
        *,
        hints: Sequence[str] = (),
        minutes: int = 4,
        contract: str = "",
    ) -> None:
        self.truth = dict(truth)
        super().__init__(name, self._answers, [()], hints=hints, minutes=minutes, contract=contract)

    def source(self) -> Folded:
        """Every judgement with its reason, folded away."""
        lines = [f"{answer!s:5}  {statement}: {why}" for statement, (answer, why) in self.truth.items()]
        return Folded(f"Solution of {self.name}", "\n".join(lines), code=True)

    def _answers(self) -> dict[str, bool]:
        return {statement: answer for statement, (answer, _) in self.truth.items()}

    def _check(self, function: object) -> Verdict:
        if not callable(function):
            return super()._check(function)
        seen = observe(function, ())
        return self.judged([()], [seen], lambda: observe(function, ()), function)

    def judged(
        self,
        cases: Sequence[Case],
        seen: list[Observation],
        again: Callable[[], Observation],
        function: Function | None = None,
    ) -> Verdict:
        """The verdict on what the function returned: nothing is said of single statements before all are judged, and
        then every wrong one gets its reason."""
        answers = seen[0].value
        if not isinstance(answers, Mapping) or set(answers) != set(self.truth):
            return super().judged(cases, seen, again, function)
        left = sum(answer is ... or answer is None for answer in answers.values())
        if left:
            return Verdict("to do", task=f"{self.name}: {left} of {len(answers)} are left (judge all, then check)")
        odd = [statement for statement, answer in answers.items() if not isinstance(answer, (bool, np.bool_))]
        if odd:
            return Verdict("not yet", f"{odd[0]}: {answers[odd[0]]!r} is neither True nor False")
        wrong = [one for one, (answer, _) in self.truth.items() if bool(answers[one]) is not answer]
        if wrong:
            reasons = "; ".join(f"{one}: think again; {self.truth[one][1]}" for one in wrong)
            return Verdict("not yet", f"{len(answers) - len(wrong)} of {len(answers)} are right. {reasons}")
        if called(Prediction._answers.__code__) in seen[0].calls.package:
            return Verdict("not yet", "these are the exercise's own answers; judge the statements yourself")
        return Verdict("passed")
