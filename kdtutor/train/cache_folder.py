"""A folder of stored answers: a file for each view of the images, and a card that tells whose answers to what."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from ..errors import DataError, require
from ..files import read_json, require_sealed, sealed, visible, write_whole
from .stored_trace import Kept

CARD = "card.json"
Digests = dict[str, str]
"""Of teacher, data, augmentation and top_k: what stored answers depend on."""


@dataclass(frozen=True)
class CacheFolder:
    """Views are written one after the other, each whole before the card names it: caching that was killed goes on."""

    path: Path
    digests: Digests
    words: Mapping[str, str]  # the same for people

    def views(self) -> dict[str, dict[str, str]]:
        """The digests of the views that are there, by number. Raises `DataError` for a damaged card, `ConfigError` for
        a folder that holds something else, or the answers to another question."""
        path = self.path / CARD
        if not path.is_file():
            require(not self.path.is_file(), f"{self.path} is a file; name a folder for the cache")
            strange = [each.name for each in visible(self.path) if not each.name.startswith("view-")]
            told = f"{self.path} holds other files ({strange[:1]}) and no cache; name an empty or new folder"
            require(not strange, told)
            return {}
        card = self._card(path)
        stale = [what for what, value in self.digests.items() if card["digests"].get(what) != value]
        if stale:
            what = stale[0]
            then, now = card["words"].get(what), self.words[what]
            differs = f"{then}, and {now} is asked for" if then != now else f"another {now}"
            told = f"{self.path} is stale: its {what} is {differs}; name another folder, or remove this one"
            require(False, told)
        views: dict[str, dict[str, str]] = card["views"]
        return {number: told for number, told in views.items() if self._file(number).is_file()}

    def _card(self, path: Path) -> dict[str, Any]:
        try:
            card = read_json(path.read_bytes())
            require_sealed(card)
            if not all(isinstance(card.get(part), dict) for part in ("digests", "words", "views")):
                raise ValueError("it is no card of a cache")
        except (OSError, ValueError) as error:
            raise DataError(f"{path} is damaged ({error}); remove {self.path}, and cache again") from None
        return card

    def write(self, view: int, kept: Kept, seen: str) -> None:
        """Keep what was `kept` of the traces of a view; `seen` is a digest of its images."""
        content = save({name: x.cpu().contiguous() for name, x in kept.items()})
        write_whole(self._file(view), content)
        views = {**self.views(), str(view): {"answers": sha256(content).hexdigest(), "images": seen}}
        card = {"digests": self.digests, "words": dict(self.words), "views": views}
        write_whole(self.path / CARD, f"{_json(sealed(card))}\n")

    def read(self, view: int) -> tuple[dict[str, Tensor], str]:
        """What was kept of a view, and the digest of its images. Raises `DataError` if it is absent or damaged."""
        path, told = self._file(view), self.views().get(str(view))
        again = "call kd.cache again, which makes it anew"
        if told is None:
            raise DataError(f"{path} is not there any more; {again}")
        content = path.read_bytes()
        whole = sha256(content).hexdigest() == told["answers"]
        require(whole, f"{path} is damaged (its digest is another); remove it, and {again}", DataError)
        return load(content), told["images"]

    def _file(self, view: int | str) -> Path:
        return self.path / f"view-{view}.safetensors"


def _json(content: Mapping[str, Any]) -> str:
    import json

    return json.dumps(content, indent=1)
