"""The repository's own texts as pages: their links to each other stay, those to other files become code."""

import re
from pathlib import PurePosixPath

from .names import ROOT

TEXTS = {"docs/dense.md": "dense.md", "docs/spots-again.md": "spots-again.md",
         "docs/teaching.md": "teaching.md", "ARCHITECTURE.md": "architecture.md",
         "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}  # fmt: skip


def included() -> dict[str, str]:
    """Each text by the file of its page."""
    return {page: linked((ROOT / text).read_text(encoding="utf-8"), text) for text, page in TEXTS.items()}


def linked(text: str, source: str) -> str:
    """A text whose links lead to pages. Raises `FileNotFoundError` for a link to a file that is not there."""
    folder = PurePosixPath(source).parent

    def link(found: re.Match[str]) -> str:
        words, target, _, anchor = found.groups()
        if ":" in target or not target:
            return found[0]
        path = (folder / target).as_posix()
        if path in TEXTS:
            return f"[{words}]({TEXTS[path]}{anchor or ''})"
        if folder == PurePosixPath("docs"):
            return found[0]
        if not (ROOT / path).exists():
            raise FileNotFoundError(f"{source}: the link to {target} leads nowhere")
        return words if words.startswith("`") else f"{words} (`{target}`)"

    return re.sub(r"\[([^\]]+)\]\(([^)#]*)((#[^)]*)?)\)", link, text)
