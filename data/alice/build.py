"""Write data/alice/alice.txt and card.json from the Canterbury corpus, which the sources of Brotli carry.

python data/alice/build.py PATH/TO/brotli/tests/testdata/alice29.txt
"""

import hashlib
import json
import sys
from pathlib import Path

from kdtutor.files import sealed

HERE = Path(__file__).parent
NAME = "alice.txt"
PARTS = {"train": 0.85, "val": 0.05, "test": 0.10}

source = Path(sys.argv[1]).read_bytes()
book = source.replace(b"\r\n", b"\n").strip(b"\n\x1a ") + b"\n"  # lines end as everywhere but under DOS
characters = sorted(set(book.decode("ascii")))
card = {
    "name": "alice",
    "what": f"Alice's Adventures in Wonderland, {len(book):,} characters, {len(characters)} different ones",
    "source": "alice29.txt of the Canterbury corpus (R. Arnold, T. Bell, 1997), as in google/brotli, tests/testdata",
    "origin": "Lewis Carroll: Alice's Adventures in Wonderland (1865), the Millennium Fulcrum Edition 2.9",
    "licence": "public domain: the author died in 1898",
    "command": "python data/alice/build.py PATH/TO/alice29.txt",
    "parts": PARTS,
    "characters": characters,
    "sha256 of the source": hashlib.sha256(source).hexdigest(),
    "sha256": hashlib.sha256(book).hexdigest(),
}
(HERE / NAME).write_bytes(book)
(HERE / "card.json").write_text(json.dumps(sealed(card), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
