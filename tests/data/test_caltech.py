"""Caltech-101, from a folder that looks like it."""

import numpy as np
import pytest
from PIL import Image

import kdtutor as kd
from kdtutor import DataError
from kdtutor.data import caltech101


def test_photographs_become_squares_and_every_fifth_of_a_class_is_for_the_test(tmp_path):
    classes = {"accordion": 7, "BACKGROUND_Google": 2, "zebra": 5}
    for k, (name, count) in enumerate(classes.items()):
        folder = tmp_path / "caltech101" / "101_ObjectCategories" / name
        folder.mkdir(parents=True)
        (tmp_path / "caltech101" / "Annotations" / name).mkdir(parents=True)
        for i in range(1, count + 1):
            pixels = np.full((12, 20 + i, 3), 60 * k + i, dtype=np.uint8)
            image = Image.fromarray(pixels if i > 1 else pixels[:, :, 0])  # some photographs of the set are grey
            image.save(folder / f"image_{i:04d}.jpg", quality=100)
    data = kd.data.load("caltech101", tmp_path, size=8)
    assert data.classes == ("accordion", "zebra") and data.val is None and data.size == (8, 8)
    assert data.train.labels.tolist() == [0] * 6 + [1] * 4 and data.test.labels.tolist() == [0, 1]
    assert data.test.images.float().mean((1, 2, 3)).tolist() == pytest.approx([5, 125], abs=3)
    assert data.normalise(data.test.images).abs().max() <= 1


def test_absent_files_are_named(tmp_path):
    with pytest.raises(DataError, match="caltech101: nothing at"):
        caltech101(tmp_path)
    (tmp_path / "caltech101").mkdir()
    with pytest.raises(DataError, match="incomplete"):
        caltech101(tmp_path)
