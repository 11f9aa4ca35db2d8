"""Rebuild data/fashion/fashion.npz and card.json from the four files of Fashion-MNIST.

python data/fashion/build.py FOLDER

FOLDER holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, with
or without .gz, from https://github.com/zalandoresearch/fashion-mnist. In Python
`kd.data.load("fashion-mnist", download=True)` brings them into data/FashionMNIST/raw.
"""

import gzip
import sys
from pathlib import Path

import numpy as np

from kdtutor.data.shipped import dealt, write

SEED = 0
FROM_TRAIN, FROM_TEST = {"train": 800, "val": 100}, {"test": 200}  # of each class, by the official part
CLASSES = ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
HEADERS = {"images-idx3": 16, "labels-idx1": 8}  # bytes before the data


def stored(folder: Path, official: str, kind: str) -> np.ndarray:
    """The bytes of one file behind its header."""
    path = folder / f"{official}-{kind}-ubyte"
    if not path.is_file() and not (path := path.with_suffix(".gz")).is_file():
        sys.exit(f"there is no {path} (nor without .gz): name the folder of Fashion-MNIST's files\n{__doc__}")
    content = path.read_bytes()
    return np.frombuffer(gzip.decompress(content) if path.suffix else content, np.uint8)[HEADERS[kind] :]


def chosen(folder: Path, official: str, counts: dict[str, int]) -> tuple[np.ndarray, ...]:
    """Images, labels and parts of what is taken from an official part."""
    images = stored(folder, official, "images-idx3").reshape(-1, 28, 28)
    labels = stored(folder, official, "labels-idx1")
    part = dealt(labels, counts, SEED)
    return tuple(array[part < 255] for array in (images, labels, part))


if len(sys.argv) != 2:
    sys.exit(__doc__)
files = Path(sys.argv[1])
train, test = chosen(files, "train", FROM_TRAIN), chosen(files, "t10k", FROM_TEST)
told = {
    "what": "11,000 pieces of clothing, 28×28 grey, 1,100 of each class",
    "source": "https://github.com/zalandoresearch/fashion-mnist; test images are from its official test part",
    "origin": "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning "
    "Algorithms (2017), arXiv:1708.07747",
    "licence": "MIT",
    "copyright": "© 2017 Zalando SE, https://tech.zalando.com; see LICENSE beside this card",
    "command": "python data/fashion/build.py FOLDER",
    "split": {"seed": SEED, "per_class": {**FROM_TRAIN, **FROM_TEST}},
    "classes": CLASSES,
}
write(Path(__file__).parent, *(np.concatenate(both) for both in zip(train, test, strict=True)), told)
