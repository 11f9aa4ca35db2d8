"""Pictures of what nets make of each pixel."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

import kdtutor as kd
from kdtutor import ShapeError
from kdtutor.figures import dense


@pytest.fixture(scope="module")
def shapes() -> kd.Data:
    return kd.data.shapes(train=3, val=1, test=1)


def test_each_pixel_has_the_colour_of_its_class(shapes) -> None:
    images, masks = shapes.train.images, shapes.train.labels.clone()
    masks[0, 0, 0] = kd.data.UNLABELLED
    picture = dense.side_by_side(images, masks, {"teacher": masks.flip(2), "student": masks}, shapes.classes)
    axes = picture.axes
    assert [ax.get_title() for ax in axes[:4]] == ["image", "mask", "teacher", "student"] and len(axes) == 12
    shown = np.asarray(axes[1].images[0].get_array())
    assert shown[0, 0].tolist() == [1.0, 1.0, 1.0]
    for y, x in ((5, 7), (16, 16), (31, 31)):
        assert shown[y, x].tolist() == pytest.approx(to_rgb(dense.colour_of(int(masks[0, y, x]))))
    turned = np.asarray(axes[2].images[0].get_array())
    np.testing.assert_array_equal(turned, shown[:, ::-1])
    assert torch.equal(torch.as_tensor(np.asarray(axes[4].images[0].get_array())), images[1].permute(1, 2, 0))
    assert [text.get_text() for text in picture.legends[0].get_texts()] == list(shapes.classes)
    assert "image, mask, teacher and student" in picture.alt and len(picture.png()) < 40_000


def test_the_first_nine_classes_differ_in_colour() -> None:
    assert len({dense.colour_of(k) for k in range(-1, 9)}) == 10


def test_masks_of_another_size_are_named(shapes) -> None:
    images, masks = shapes.train.images, shapes.train.labels
    with pytest.raises(ShapeError, match=r"student: the classes have shape \(3, 16, 32\) for images \(3, 3, 32, 32\)"):
        dense.side_by_side(images, masks, {"student": masks[:, ::2]}, shapes.classes)
