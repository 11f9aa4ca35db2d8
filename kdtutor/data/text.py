"""Text, character by character: the book that ships, any text of one's own, and windows of it as batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from ..errors import DataError, ShapeError, require
from ..files import read_json, require_sealed
from .batches import derived_seed
from .folders import root
from .splits import Batch, Data, Split
from .task import UNLABELLED, Labels, Outputs, Task, cross_entropy

BOOK = "alice"
"""The text that ships (see data/alice/card.json for source and licence)."""
PARTS = (0.85, 0.05, 0.10)  # train, val, test: contiguous, so that no window of one overlaps another's
MOST = 256  # different characters: their numbers are kept as bytes
RESTORE = "restore it (git checkout -- data)"


@dataclass(frozen=True)
class LanguageModelling(Task):
    """The next character at each of L places: whole numbers (N, L), `UNLABELLED` where none counts. Outputs are logits
    (N, L, K)."""

    name: ClassVar[str] = "language modelling"
    mixes: ClassVar[bool] = False

    def read(self, labels: Labels) -> Labels:
        whole = not labels.is_floating_point() and not labels.is_complex()
        told = f"the next characters have shape {tuple(labels.shape)} and are {labels.dtype}"
        require(labels.ndim == 2 and whole, f"{told}; expected whole numbers (N, L)", ShapeError)
        return labels

    def check(self, labels: Labels, outputs: int, where: str) -> None:
        high = int(labels.max()) if len(labels) else 0
        told = f"{where} has the character {high}; with {outputs} characters they are 0…{outputs - 1}"
        require(high < outputs, told)

    def labelled(self, labels: Labels) -> Bool[Tensor, " B"]:
        return (labels != UNLABELLED).any(1)

    def loss(self, outputs: Outputs, labels: Labels) -> Float[Tensor, ""]:
        """Cross-entropy in nats, mean over the places that count."""
        return cross_entropy(outputs.flatten(0, 1), labels.flatten().long())

    def scores(self, outputs: Outputs, labels: Labels) -> dict[str, Float[Tensor, ""]]:
        known = labels != UNLABELLED
        return {"accuracy": ((outputs.argmax(-1) == labels) & known).sum() / known.sum().clamp(min=1)}

    def measures(self, answers: Outputs, labels: Labels) -> dict[str, float]:
        """The share of places whose most probable character is the next one, and bits per character."""
        bits = self.loss(answers, labels) / torch.log(torch.tensor(2.0))
        return {"accuracy": float(self.scores(answers, labels)["accuracy"]), "bits": float(bits)}


LANGUAGE_MODELLING = LanguageModelling()
"""The task of every text."""


def text(source: str | Path = BOOK, context: int = 64) -> Data:
    """A text as a data set: `images` are windows of `context` characters, `labels` the characters that come next.

    Training windows begin at every place, those of val and test follow one another. The names of the classes are the
    characters, so `encode` and `decode` take `data.classes`.

    Args:
        source: "alice", which ships, or the path of a text file in UTF-8. context: characters a window.

    Raises:
        DataError: the file is absent, damaged or no text. ConfigError: it is too short, or has too many characters.

    >>> alice = text("alice", context=64)
    >>> alice.num_classes, alice.test.images.shape, decode(alice.train.images[0, :5], alice.classes)
    (72, torch.Size([231, 64]), 'ALICE')
    """
    require(context >= 1, f"context={context}: a window has at least one character")
    book = _book() if str(source) == BOOK else _own(Path(source))
    name = BOOK if str(source) == BOOK else Path(source).stem
    classes = tuple(sorted(set(book)))
    told = f"{name} has {len(classes)} different characters; at most {MOST} can be told apart: write it in fewer"
    require(len(classes) <= MOST, told)
    ids = encode(book, classes).to(torch.uint8)
    ends = [int(len(ids) * sum(PARTS[: i + 1])) for i in range(len(PARTS) - 1)]
    parts = ids.tensor_split(ends)
    shortest = min(len(part) for part in parts)
    told = f"{name} has {len(book):,} characters, {shortest} in its shortest part"
    require(shortest > context, f"{told}; windows of {context} need a longer text, or take a smaller context")
    train, val, test = (windows(part, context, step) for part, step in zip(parts, (1, context, context), strict=True))
    return Data(name, train, val, test, classes, mean=(), std=())


def windows(ids: Shaped[Tensor, " n"], context: int, step: int = 1) -> Split:
    """Windows of a text, of which one begins at every `step`-th place, and what comes next at each place of them.

    >>> made = windows(torch.arange(6), context=3, step=2)
    >>> made.images.tolist(), made.labels.tolist()
    ([[0, 1, 2], [2, 3, 4]], [[1, 2, 3], [3, 4, 5]])
    """
    return Split(ids[:-1].unfold(0, context, step), ids[1:].unfold(0, context, step), task=LANGUAGE_MODELLING)


def encode(text: str, characters: Sequence[str]) -> Int[Tensor, " n"]:
    """The numbers of the characters of a text. Raises `ConfigError` for one that is none of them.

    >>> encode("bad", ("a", "b", "d"))
    tensor([1, 0, 2])
    """
    number = {character: i for i, character in enumerate(characters)}
    strange = sorted(set(text) - number.keys())
    known = "".join(characters)
    told = f"the character {strange[:1]} is none of {known!r:.60}"
    require(not strange, f"{told}; write the text without it")
    return torch.tensor([number[character] for character in text], dtype=torch.long)


def decode(ids: Shaped[Tensor, " n"], characters: Sequence[str]) -> str:
    """The text of these numbers of characters.

    >>> decode(torch.tensor([1, 0, 2]), ("a", "b", "d"))
    'bad'
    """
    return "".join(characters[i] for i in ids.tolist())


class Windows:
    """A `Source` of windows of a text, each from a place that is drawn; batch `i` of epoch `e` is a pure function of
    `(seed, e, i)`. Without `steps` an epoch reads as many characters as the text has."""

    def __init__(self, split: Split, size: int, steps: int | None = None) -> None:
        require(size >= 1, f"batch size {size}: it must be at least 1")
        self.split, self.size = split, size
        self.steps = steps or max(1, len(split) // (size * split.images.shape[1]))

    def epoch(self, number: int, seed: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch `number` from batch `start` on."""
        for step in range(start, self.steps):
            generator = torch.Generator().manual_seed(derived_seed(seed, number, step, "windows"))
            rows = torch.randint(len(self.split), (self.size,), generator=generator)
            here = rows.to(self.split.images.device)
            images, labels = self.split.images[here].long(), self.split.labels[here].long()
            yield Batch(images, labels, rows, task=self.split.task)


def card(folder: Path | None = None) -> dict[str, Any]:
    """Source, licence, parts and checksum of the text that ships.

    >>> card()["licence"]
    'public domain: the author died in 1898'
    """
    path = (folder or root() / BOOK) / "card.json"
    try:
        about: dict[str, Any] = read_json(path.read_bytes())
        require_sealed(about)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {RESTORE}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); {RESTORE}") from None
    return about


def _book(folder: Path | None = None) -> str:
    path = (folder or root() / BOOK) / "alice.txt"
    require(path.is_file(), f"{path} is missing; {RESTORE}", DataError)
    content = path.read_bytes().replace(b"\r\n", b"\n")  # as git writes it on Windows
    whole = sha256(content).hexdigest() == card(folder)["sha256"]
    require(whole, f"{path} is damaged: its sha256 is not its card's; {RESTORE}", DataError)
    return content.decode()


def _own(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        told = f"{path} is no text in UTF-8 ({error.reason} at byte {error.start})"
        raise DataError(f"{told}; save it as UTF-8") from None
    except OSError as error:
        told = f"name a text file, or take {BOOK!r}, which ships"
        raise DataError(f"{path} cannot be read ({error.strerror}); {told}") from None
