"""Mean and standard error over seeds."""

import math

import numpy as np
import pandas as pd
import pytest

from kdtutor.train.seeds import mean_and_error, mean_and_error_by


def test_mean_and_standard_error() -> None:
    runs = [[0.9, 0.2], [0.8, 0.2], [0.4, 0.2]]
    mean, error = mean_and_error(runs)
    assert mean == pytest.approx([0.7, 0.2])
    assert error == pytest.approx([math.sqrt((0.2**2 + 0.1**2 + 0.3**2) / 2 / 3), 0.0])
    assert mean_and_error(pd.Series([1.0, 3.0])) == pytest.approx((2.0, 1.0)), "numbers, a seed each"


def test_one_seed_has_no_error() -> None:
    mean, error = mean_and_error(np.array([[1.0, 3.0]]))
    assert mean.tolist() == [1.0, 3.0] and np.isnan(error).all()


def test_mean_and_standard_error_at_each_value_of_a_column() -> None:
    rows = pd.DataFrame({"x": [2, 2, 1, 1, 3, 3], "y": [5.0, 5.0, 1.0, 3.0, 7.0, math.nan]})
    x, mean, error = mean_and_error_by(rows, "x", "y")
    assert (
        x.tolist() == [1, 2, 3] and mean.tolist() == [2, 5, 7] and error == pytest.approx([1, 0, math.nan], nan_ok=True)
    )
