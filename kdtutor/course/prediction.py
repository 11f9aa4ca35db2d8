"""`Prediction`: statements that the reader judges before trying them."""

from collections.abc import Mapping, Sequence

from .exercise import Exercise, Folded, Verdict


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

    def solution(self) -> Folded:
        """Every judgement with its reason, folded away."""
        lines = [f"{answer!s:5}  {statement}: {why}" for statement, (answer, why) in self.truth.items()]
        return Folded(f"Solution of {self.name}", "\n".join(lines), code=True)

    def _answers(self) -> dict[str, bool]:
        return {statement: answer for statement, (answer, _) in self.truth.items()}

    def _check(self, function: object) -> Verdict:
        answers = function() if callable(function) else None
        if not isinstance(answers, Mapping) or set(answers) != set(self.truth):
            return super()._check(function)
        if any(answer is ... for answer in answers.values()):
            return super()._check(None)
        for statement, (answer, why) in self.truth.items():
            if bool(answers[statement]) is not answer:
                return Verdict("not yet", f"{statement}: think again; {why}")
        return Verdict("passed")
