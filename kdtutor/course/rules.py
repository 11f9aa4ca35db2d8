"""What a task forbids: rules about the way to a result that is right.

A rule gets what the reader's function called in each case, and what the solution called; it says in words what is not
allowed, or None.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from .watch import Calls

Rule = Callable[[Sequence[Calls], Sequence[Calls]], str | None]

AROUND = ("precision.py", "errors.py")  # `full_precision` wraps the functions of papers/, and refuses other kinds
RELU = ("relu", "clamp", "clip", "maximum", "threshold")


def at_most(number: int, parts: Sequence[str], sentence: str) -> Rule:
    """At most `number` calls of torch's functions whose name has one of `parts` in it."""

    def rule(calls: Sequence[Calls], _: Sequence[Calls]) -> str | None:
        return sentence if any(one.count(*parts) > number for one in calls) else None

    return rule


def without(*parts: str, sentence: str) -> Rule:
    """None of torch's functions whose name has one of `parts` in it."""
    return at_most(0, parts, sentence)


def calling(name: str, sentence: str) -> Rule:
    """Exactly one call of torch's function `name`."""

    def rule(calls: Sequence[Calls], _: Sequence[Calls]) -> str | None:
        return sentence if any(one.torch.count(name) != 1 for one in calls) else None

    return rule


def no_large_tensor(sentence: str) -> Rule:
    """No tensor on the way that has twice the elements of the solution's largest."""

    def rule(calls: Sequence[Calls], right: Sequence[Calls]) -> str | None:
        return sentence if any(a.largest >= 2 * b.largest for a, b in zip(calls, right, strict=True)) else None

    return rule


def no_loop(sentence: str) -> Rule:
    """The number of calls may not depend on the size of the arguments."""

    def rule(calls: Sequence[Calls], _: Sequence[Calls]) -> str | None:
        return sentence if len({len(one.torch) for one in calls}) > 1 else None

    return rule


by_hand = without("grad", "backward", "_make_dual", sentence="autograd did this; write down the formula instead")
"""No derivative by autograd."""


def own_work(calls: Sequence[Calls], right: Sequence[Calls]) -> str | None:
    """No function of this package, but for those that the solution calls too: they are at hand."""
    at_hand = {one for calls in right for one in calls.package}
    used = [one for each in calls for one in each.package if one not in at_hand]
    named = [one for one in used if Path(one.file).name not in AROUND] or used
    named = [one for one in named if not one.name.startswith("<")] or named  # a module that it imports comes first
    name = named[0].name.strip("_") if named else ""
    return f"this is the package's own function ({name}); write the formula yourself" if name else None
