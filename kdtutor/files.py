"""Files that are whole or absent: written under a temporary name beside the target, then renamed."""

import os
from pathlib import Path


def write_whole(path: str | Path, content: bytes | str) -> Path:
    """Write `content` so that a reader, or a kill at any moment, finds the old file or the new one, never a part."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_bytes(content.encode() if isinstance(content, str) else content)
    os.replace(partial, path)
    return path
