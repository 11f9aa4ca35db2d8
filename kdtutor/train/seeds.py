"""What runs over several seeds have in common: their mean, and how sure it is."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[np.float64]]


def mean_and_error(values: ArrayLike) -> tuple[Array, Array]:
    """The mean over the seeds and its standard error, s / √n with s² = Σ (x - mean)² / (n - 1).

    values: (seeds, …) → (…) twice. One seed says nothing about the spread: its error is no number.

    >>> mean_and_error([[1.0, 5.0], [3.0, 5.0]])
    (array([2., 5.]), array([1., 0.]))
    """
    numbers = np.asarray(values, dtype=np.float64)
    mean, n = numbers.mean(0), len(numbers)
    return mean, numbers.std(0, ddof=1) / np.sqrt(n) if n > 1 else np.full_like(mean, np.nan)


def mean_and_error_by(rows: "pd.DataFrame", by: str, value: str) -> tuple[Array, Array, Array]:
    """The values of the column `by` in order, and `mean_and_error` of the column `value` over the rows of each.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"labels": [2, 2, 5], "test": [1.0, 3.0, 4.0]})
    >>> [x.tolist() for x in mean_and_error_by(rows, "labels", "test")]
    [[2.0, 5.0], [2.0, 4.0], [1.0, nan]]
    """
    groups = rows.dropna(subset=[value]).groupby(by)[value]
    found = [(key, *mean_and_error(numbers)) for key, numbers in groups]
    keys, mean, error = np.array(found, dtype=np.float64).reshape(-1, 3).T
    return keys, mean, error
