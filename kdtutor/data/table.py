"""Tables as people write them: comma, semicolon or tab between the cells, and a header that names the columns."""

import codecs
import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError, require

ENDINGS = (".csv", ".tsv")
DELIMITERS = ",;\t"
MISSING = {"", "nan", "na", "n/a", "null", "none", "?"}
"""What stands, in small letters, for a number that is not known."""
WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Table:
    """Cells by column, in which nothing is but text without spaces around it; and the line of each row in its file."""

    path: Path
    columns: dict[str, list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.lines)

    def named(self, names: Iterable[str]) -> list[str]:
        """The columns with one of these names, however they are spelled: Image is image."""
        return [column for column in self.columns if column.lower() in names]

    def at(self, row: int) -> str:
        """Where a row stands, for a sentence."""
        return f"{self.path.name}, line {self.lines[row]}"


def read_table(path: Path) -> Table:
    """The table in a file, in UTF-8 with or without a mark at its beginning. Raises `DataError` for what is none.

    >>> _ = (folder / "labels.csv").write_text("file;label\\n1.png;cat\\n")
    >>> read_table(folder / "labels.csv").columns
    {'file': ['1.png'], 'label': ['cat']}
    """
    text = _text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    require(bool(first), f"{path} is empty; expected a header such as file,label and a row for each image", DataError)
    delimiter = max(DELIMITERS, key=first.count)  # of equal counts the first: a table of one column has none
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append(cells)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{path.name}, line {reader.line_num} cannot be read ({error}); is a quote missing?") from None
    header, rows, lines = rows[0], rows[1:], lines[1:]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    require(not twice, f"{path} has two columns named {twice[0] if twice else ''!r}; rename one", DataError)
    require(bool(rows), f"{path} has a header, {', '.join(header)!r:.80}, and no row; expected one an image", DataError)
    for cells, line in zip(rows, lines, strict=True):
        fits = len(cells) >= len(header) and not any(cells[len(header) :])
        told = f"{path.name}, line {line} has {len(cells)} cells, and the header {len(header)}"
        require(fits, f"{told}; put cells that hold {delimiter!r} in quotes", DataError)
    columns = {name: [cells[i] for cells in rows] for i, name in enumerate(header) if name}
    return Table(path, columns, lines)


def number(cell: str) -> float | None:
    """The number in a cell, with a point or a comma before its decimals; NaN where it is not known, None for none.

    >>> number("2,5"), number(""), number("many")
    (2.5, nan, None)
    """
    if cell.lower() in MISSING:
        return float("nan")
    try:
        return float(cell.replace(",", ".") if re.fullmatch(r"[+-]?\d+,\d+", cell) else cell)
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from None
    wide = content.startswith(WIDE)
    require(not wide, f"{path} is written in UTF-16; save it as CSV in UTF-8", DataError)
    require(
        b"\0" not in content, f"{path} is no table: its content is no text; expected a CSV of file and label", DataError
    )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path.name}, line {line} is not written in UTF-8; save the table as CSV in UTF-8") from None
