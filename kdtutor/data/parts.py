"""A part of the training images, for machines that cannot wait for all of them."""

from dataclasses import replace

import torch

from ..errors import require
from .splits import Data
from .task import Classification


def balanced(data: Data, images: int, seed: int = 0) -> Data:
    """The same data with `images` of its training images, of every class as many as of any other, or one fewer.

    Which ones depends on `seed` alone; their order is that of the whole. Where an image has no one class, any may be
    drawn. Raises `ConfigError` where a class has too few.

    >>> part = balanced(kd.data.load("digits"), images=25)
    >>> len(part.train), sorted(part.train.labels.bincount().tolist())
    (25, [2, 2, 2, 2, 2, 3, 3, 3, 3, 3])
    """
    whole = len(data.train)
    require(1 <= images <= whole, f"{images} training images of {data.name}: there are {whole:,}; choose 1…{whole}")
    generator = torch.Generator().manual_seed(seed)
    if not isinstance(data.task, Classification):
        rows = torch.randperm(whole, generator=generator)[:images]
        return replace(data, train=data.train[rows.sort().values])
    labels = data.train.labels.cpu()
    share, more = divmod(images, data.num_classes)
    larger = set(torch.randperm(data.num_classes, generator=generator)[:more].tolist())
    chosen = []
    for k in range(data.num_classes):
        rows = (labels == k).nonzero().flatten()
        count = share + (k in larger)
        require(
            len(rows) >= count,
            f"{images} training images of {data.name}, equally many of each class: class {data.classes[k]!r} has "
            f"{len(rows)}, not {count}; choose fewer",
        )
        chosen.append(rows[torch.randperm(len(rows), generator=generator)][:count])
    return replace(data, train=data.train[torch.cat(chosen).sort().values])
