"""A folder of ten thousand JPEGs: how soon its first batch is there, and how fast it is read beside a DataLoader.

`python -m benchmarks.folder` makes the folder in a temporary place (110 MB) and prints the lines alone.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Shaped
from PIL import Image
from torch import Tensor

import kdtutor as kd

from .timing import HEADER, Line

COUNT, CLASSES = 10_000, 10
WIDTH, HEIGHT, SIZE = 256, 192, 128
BATCH, WORKERS = 64, 2
READ = 4000  # images that are read for a time
ROUNDS = 3
FIRST = 3000.0  # milliseconds until the first batch is there
FIRST_BATCH = """
import sys, time
import torch
import kdtutor as kd
started = time.perf_counter()
found = kd.data.load(sys.argv[1], size=int(sys.argv[2]), workers=int(sys.argv[3]))
next(kd.data.Batches(found.train, found, int(sys.argv[4])).epoch(0, seed=0))
print(1000 * (time.perf_counter() - started))
"""


def photographs(folder: Path, count: int = COUNT) -> Path:
    """`count` JPEGs with structure of every size, as photographs have it, in `CLASSES` class folders."""
    rng = np.random.default_rng(0)
    pictures = [_picture(rng) for _ in range(100)]
    for k in range(CLASSES):
        (folder / f"class {k}").mkdir(parents=True)
    for i in range(count):
        moved = np.roll(pictures[rng.integers(100)], (rng.integers(HEIGHT), rng.integers(WIDTH)), (0, 1))
        Image.fromarray(moved).save(folder / f"class {i % CLASSES}" / f"{i:05}.jpg", quality=85)
    return folder


def _picture(rng: np.random.Generator) -> np.ndarray:
    """Noise of three scales, the coarse ones stronger."""
    scales = []
    for side in (64, 16, 4):
        noise = Image.fromarray(rng.integers(0, 256, (HEIGHT // side, WIDTH // side, 3), dtype=np.uint8))
        scales.append(np.asarray(noise.resize((WIDTH, HEIGHT)), np.float32))
    mixed = 0.6 * scales[0] + 0.3 * scales[1] + 0.1 * scales[2]
    return np.asarray(mixed.clip(0, 255).astype(np.uint8))


def first_batch(folder: Path) -> float:
    """Milliseconds until a program that has never seen the folder has a batch, without its imports."""
    for split in folder.glob("*.csv"):
        split.unlink()
    words = [str(folder), str(SIZE), str(WORKERS), str(BATCH)]
    run = subprocess.run([sys.executable, "-c", FIRST_BATCH, *words], check=True, capture_output=True)
    return float(run.stdout)


def ours(folder: Path, memory: int) -> Iterator[Shaped[Tensor, "b ..."]]:
    """The training images, chunk by chunk."""
    train = kd.data.load(folder, size=SIZE, workers=WORKERS, memory=memory).train
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    return train.chunks(iter(order.split(BATCH)))


def theirs(folder: Path) -> Iterator[Shaped[Tensor, "b ..."]]:
    """The same by torchvision's ImageFolder and torch's DataLoader."""
    from torchvision import datasets, transforms

    cut = transforms.Compose([transforms.Resize(SIZE), transforms.CenterCrop(SIZE), transforms.PILToTensor()])
    loader = torch.utils.data.DataLoader(
        datasets.ImageFolder(str(folder), cut), BATCH, shuffle=True, num_workers=WORKERS
    )
    return (images for images, _ in loader)


def milliseconds_an_image(batches: Iterable[Shaped[Tensor, "b ..."]], count: int = READ) -> float:
    """Wall time of an image among the first `count`; what is done before the first batch counts, too."""
    started, seen = time.perf_counter(), 0
    for images in batches:
        seen += len(images)
        if seen >= count:
            break
    return 1000 * (time.perf_counter() - started) / seen


def lines(count: int = COUNT, read: int = READ, rounds: int = ROUNDS) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as place:
        folder = photographs(Path(place) / "photographs", count)
        what = f"first batch of {count:,} JPEGs (wall)"
        yield Line(what, first_batch(folder), "what it may take", FIRST, 1.0)
        times: dict[str, list[float]] = {"threads": [], "loader": [], "kept": []}
        for _ in range(rounds):
            times["threads"].append(milliseconds_an_image(ours(folder, memory=0), read))
            times["loader"].append(milliseconds_an_image(theirs(folder), read))
        kept = kd.data.load(folder, size=SIZE, workers=WORKERS).train
        rows = torch.arange(min(read, len(kept))).split(BATCH)
        for _ in range(2):
            times["kept"] = [milliseconds_an_image(kept.chunks(iter(rows)), read)]
        middle = {name: statistics.median(values) for name, values in times.items()}
        beside = "torchvision's DataLoader"
        yield Line(f"a JPEG, {WORKERS} threads (wall)", middle["threads"], beside, middle["loader"], 1.0)
        yield Line("a JPEG that is kept (wall)", middle["kept"], beside, middle["loader"], 1.0)


def main() -> int:
    torch.set_num_threads(1)
    print(HEADER)
    made = list(lines())
    print("\n".join(map(str, made)))
    return int(not all(line.kept for line in made))


if __name__ == "__main__":
    sys.exit(main())
