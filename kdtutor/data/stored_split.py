"""Which of one's own images are for training, for validation and for the test: decided once, and stored."""

import csv
import io
import random
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize

from ..errors import DataError, require
from ..files import RUNS, write_whole
from .words import listed

SHARES = {"train": 0.70, "test": 0.15, "val": 0.15}
"""How many images of each class a part gets; where two are equally short, the first named comes first."""
SPLIT = "kdtutor-split.csv"
"""The file that stores it, in the folder of classes; beside a table `labels.csv` it is `labels.kdtutor-split.csv`."""
HEADER = ("file", "split")
_ALL = ""  # no group has no name
_ABOUT = "# Which images are for what, by kdtutor: "


def dealt(
    names: Sequence[str], groups: Sequence[str], before: Mapping[str, str] | None = None, seed: int = 0
) -> dict[str, str]:
    """The part of each name: those in `before` keep theirs, the others are dealt out.

    The first image of a group is for training. Each other goes to one of the parts that have not reached their share
    (`SHARES`) of its group, to the one that is short by most of its share of them all: so shares are kept within each
    group and overall, also where groups are small. Without `before` the order is drawn from `seed`; images that come
    later are dealt in the order of their names.

    >>> parts = dealt([f"{i}.png" for i in range(20)], ["cat"] * 20)
    >>> sorted(Counter(parts.values()).items())
    [('test', 3), ('train', 14), ('val', 3)]
    """
    before = before or {}
    group = dict(zip(names, groups, strict=True))
    parts = {name: before[name] for name in names if name in before}
    counts: dict[str, Counter[str]] = {key: Counter() for key in [_ALL, *groups]}
    for name, part in parts.items():
        counts[group[name]][part] += 1
        counts[_ALL][part] += 1
    coming = sorted(name for name in names if name not in parts)
    if not parts:
        random.Random(seed).shuffle(coming)

    def short(key: str, part: str) -> float:
        return round(SHARES[part] * (counts[key].total() + 1) - counts[key][part], 9)  # sums of shares are not exact

    for name in sorted(coming, key=group.__getitem__):  # a group after the other, each in the order above
        open_ = [part for part in SHARES if short(group[name], part) > 0]
        first = counts[group[name]].total() == 0
        parts[name] = "train" if first else max(open_, key=lambda part: short(_ALL, part))
        counts[group[name]][parts[name]] += 1
        counts[_ALL][parts[name]] += 1
    return parts


@dataclass(frozen=True)
class SplitFile:
    """Where the split of some data is stored: `beside` them or, where nothing can be written there, `elsewhere`."""

    beside: Path
    elsewhere: Path

    @staticmethod
    def of(source: Path) -> "SplitFile":
        """That of a folder of classes or of a table.

        >>> SplitFile.of(folder / "labels.csv").beside.name
        'labels.kdtutor-split.csv'
        """
        beside = source / SPLIT if source.is_dir() else source.with_name(f"{source.stem}.{SPLIT}")
        key = sha256(str(source.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        return SplitFile(beside, RUNS / "splits" / f"{source.stem}-{key}.csv")

    @property
    def place(self) -> Path:
        """Where it is: beside the data, unless it is elsewhere alone."""
        return self.elsewhere if self.elsewhere.is_file() and not self.beside.is_file() else self.beside

    def read(self) -> dict[str, str]:
        """The part of every file that has one; none at all where nothing is stored."""
        path = self.place
        if not path.is_file():
            return {}
        try:
            content = path.read_bytes().decode("utf-8").replace("\r\n", "\n")
            about, _, table = content.partition("\n")
            header, *rows = csv.reader(io.StringIO(table))
            parts = {name: part for name, part in rows}  # noqa: C416  # a row of another length is an error
            whole = about.endswith(_digest(table)) and tuple(header) == HEADER and set(parts.values()) <= set(SHARES)
        except (OSError, ValueError, csv.Error):
            whole = False
        if not whole:
            raise DataError(
                f"{path} is no split as kdtutor stored it, or was changed since; put the old one back, or remove it to "
                "have another drawn (a CSV with a column split lets you choose)"
            )
        return parts

    def write(self, parts: Mapping[str, str]) -> None:
        """Store the part of every file. Warns where it cannot be beside the data; raises `DataError` where nowhere."""
        table = io.StringIO()
        csv.writer(table, lineterminator="\n").writerows([HEADER, *sorted(parts.items())])
        shares = ", ".join(f"{share:.0%} {part}" for part, share in SHARES.items())
        text = f"{_ABOUT}{shares} of each class; sha256 {_digest(table.getvalue())}\n{table.getvalue()}"
        try:
            write_whole(self.place, text)
        except DataError as error:
            write_whole(self.elsewhere, text)  # raises, too, where the disk is full
            reason = str(error).partition(" cannot be written ")[2].partition(";")[0]
            warnings.warn(
                f"{self.beside.parent} cannot be written {reason}, so the split is stored in {self.elsewhere}; whoever "
                "runs elsewhere needs that file for the same split",
                stacklevel=2,
            )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def stored(names: Sequence[str], groups: Sequence[str], source: Path, admit: Callable[[list[int]], None]) -> list[str]:
    """The part of each of the files `names` of a folder or a table; `groups` are what each part gets its share of.

    What is stored is read, and holds. Files that came since are dealt out (`dealt`) and added to it, once `admit` has
    seen their rows, which may raise; files that are not there any more are left out, but keep their place should they
    come back. Both are said in a warning each. Raises `DataError` for a stored split that was changed or is of other
    data.

    >>> stored(["a.png", "b.png", "c.png"], ["cat"] * 3, folder, admit=lambda rows: None).count("train")
    2
    >>> (folder / SPLIT).is_file()
    True
    """
    file = SplitFile.of(source)
    before = file.read()
    keys = [normalize("NFC", name) for name in names]
    gone = sorted(before.keys() - set(keys))
    other = f"{file.place} names {len(before):,} files, and none of them is here: it is the split of other data"
    require(not before or len(gone) < len(before), f"{other}; remove it, or put it where those are", DataError)
    new = [row for row, key in enumerate(keys) if key not in before]
    admit(new)
    parts = dealt(keys, groups, before)
    if gone:
        warnings.warn(f"{source.name}: not there any more, and left out: {listed(gone)}", stacklevel=2)
    if before and new:
        placed = ", ".join(f"{count} for {part}" for part, count in Counter(parts[keys[row]] for row in new).items())
        warnings.warn(
            f"{source.name}: new since it was split: {listed([names[i] for i in new])} ({placed})", stacklevel=2
        )
    if new:
        file.write(before | parts)
    return [parts[key] for key in keys]
