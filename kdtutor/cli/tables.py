"""Numbers and tables as the command line prints them."""

from collections.abc import Sequence


def percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def points(mean: float, error: float | None) -> str:
    """A difference of accuracies in percentage points."""
    return f"{100 * mean:+.2f}" + ("" if error is None else f" ± {100 * error:.2f}")


def plain_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text in columns: the first to the left, the others to the right."""
    lines = [heads, *rows]
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "\n".join(
        "  ".join(
            [line[0].ljust(first), *(cell.rjust(width) for cell, width in zip(line[1:], others, strict=True))]
        ).rstrip()
        for line in lines
    )
