"""What a row of the tables holds, and what several of them ask for."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kdtutor as kd
from kdtutor import Error, data, nets
from kdtutor.train import Alone, History


@dataclass(frozen=True)
class Bad:
    """What is done, which error it must raise, and what the sentence must say. `call` gets an empty folder."""

    call: Callable[[Path], Any]
    error: type[Error]
    says: tuple[str, ...]


def digits() -> kd.Data:
    return data.load("digits")


def net(**options: Any) -> kd.Net:
    return nets.build("resnet8x0.25", **({"classes": 10, "channels": 1} | options))


def fit(student: kd.Net, epochs: int = 1, **options: Any) -> History:
    return kd.fit(Alone(student), digits(), epochs, progress=False, device="cpu", **options)


def damaged(source: Path, folder: Path, *others: str) -> Path:
    """A copy of a file in `folder` with its last byte flipped, and whole copies of the files beside it."""
    for name in others:
        shutil.copy(source.parent / name, folder)
    content = bytearray(source.read_bytes())
    content[-1] ^= 1
    (folder / source.name).write_bytes(content)
    return folder / source.name


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path
