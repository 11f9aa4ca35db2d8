"""Images for generators: squares from -1 to 1, and CelebA where it is present."""

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

import kdtutor as kd
from kdtutor import DataError, ShapeError
from kdtutor.data import Data, Split, celeba, for_generators


def test_digits_of_16_pixels_are_averaged():
    whole, small = kd.data.load("digits"), kd.data.load("digits-16")
    assert small.size == (16, 16) and len(small.val) == 500 and small.name == "digits-16"
    by_hand = F.avg_pool2d(F.pad(whole.test.images[:5].float(), [2] * 4), 2).round()
    assert torch.equal(small.test.images[:5].float(), by_hand)
    pixels = small.normalise(small.test.images)
    assert pixels.min() == -1 and pixels.max() <= 1 + 1e-6
    assert torch.equal(small.test.labels, whole.test.labels)


def test_digits_of_32_pixels_are_padded():
    small = kd.data.load("digits-32")
    assert small.size == (32, 32) and torch.equal(
        small.test.images[:, :, 2:-2, 2:-2], kd.data.load("digits").test.images
    )


def test_any_images_become_squares():
    split = Split(torch.full((2, 3, 9, 12), 200, dtype=torch.uint8), torch.zeros(2).long())
    data = Data("wide", split, None, split, ("a",), (0.1,) * 3, (0.2,) * 3)
    small = for_generators(data, 6)
    assert small.size == (6, 6) and small.mean == (0.5,) * 3 and small.val is None
    with pytest.raises(ShapeError, match="mostly padding"):
        for_generators(data, 32)
    with pytest.raises(ShapeError, match="no images"):
        for_generators(kd.data.load("moons"), 16)


def test_celeba_is_read_where_it_is_present(tmp_path, monkeypatch):
    import torchvision.datasets as sets

    with pytest.raises(DataError, match="celeba: nothing at"):
        kd.data.load("celeba", tmp_path)
    (tmp_path / "celeba").mkdir()
    with pytest.raises(DataError, match="incomplete"):
        celeba(tmp_path, 8)

    face = Image.new("RGB", (178, 218), (10, 20, 30))
    counts = {"train": 3, "valid": 2, "test": 1}
    monkeypatch.setattr(sets, "CelebA", lambda root, split, download: [(face, 0)] * counts[split])
    faces = kd.data.load("celeba", tmp_path, size=8)
    assert [len(split) for split in faces.splits().values()] == [3, 2, 1] and faces.size == (8, 8)
    assert faces.test.images[0, :, 0, 0].tolist() == [10, 20, 30]
