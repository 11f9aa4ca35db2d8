import numpy as np
import pytest
import torch

from kdtutor.errors import ConfigError, ShapeError
from kdtutor.figures import bars, confusion_matrix, heat_map, show_images

ALT = "What is seen."


@pytest.mark.parametrize(
    "images",
    [
        torch.randint(0, 256, (5, 3, 8, 8), dtype=torch.uint8),
        torch.rand(5, 1, 8, 6),
        np.random.default_rng(0).random((5, 8, 8)),
        [
            torch.rand(3, 8, 8).bfloat16(),
            np.zeros((8, 8)),
            torch.ones(1, 8, 8, requires_grad=True),
            *torch.rand(2, 8, 8),
        ],
    ],
)
def test_images_of_every_kind(images):
    picture = show_images(images, list("abcde"), alt=ALT, columns=3)
    assert [ax.get_title() for ax in picture.axes] == ["a", "b", "c", "d", "e", ""]
    assert sum(len(ax.images) for ax in picture.axes) == 5
    assert picture.png()


def test_images_refuse_what_is_none():
    with pytest.raises(ShapeError, match="expected"):
        show_images(torch.rand(2, 5, 8, 8), alt=ALT)
    with pytest.raises(ShapeError, match="no images"):
        show_images([], alt=ALT)
    with pytest.raises(ConfigError, match="rescale=True"):
        show_images(torch.randn(2, 3, 8, 8) * 9, alt=ALT)
    with pytest.raises(ConfigError, match="2 captions for 3 images"):
        show_images(torch.rand(3, 8, 8), ["a", "b"], alt=ALT)
    with pytest.raises(ConfigError, match="alternative text"):
        show_images(torch.rand(3, 8, 8), alt="")


def test_rescale_stretches_each_image_and_stands_constants():
    picture = show_images([torch.randn(3, 8, 8) * 9, torch.zeros(1, 8, 8)], alt=ALT, rescale=True)
    shown = np.asarray(picture.axes[0].images[0].get_array())
    assert (shown.min(), shown.max()) == (0, 1)


def test_heat_maps_share_one_colour_scale():
    picture = heat_map({"teacher": torch.tensor([[0.0, 4.0]]), "student": torch.tensor([[-1.0, 2.0]])}, alt=ALT)
    assert [ax.images[0].get_clim() for ax in picture.axes[:2]] == [(-1, 4), (-1, 4)]
    centred = heat_map(torch.tensor([[-1.0, 4.0], [0.0, 0.0]]), alt=ALT, centred=True, label="cosine")
    assert centred.axes[0].images[0].get_clim() == (-4, 4)
    with pytest.raises(ShapeError, match=r"student has shape \(3,\)"):
        heat_map({"student": torch.zeros(3)}, alt=ALT)


def test_confusion_matrix_counts_labelled_samples():
    labels, predictions = torch.tensor([0, 0, 1, 2, -1]), torch.tensor([0, 1, 1, 0, 2])
    picture = confusion_matrix(labels, predictions, ["cat", "dog", "owl"], alt=ALT)
    counts = picture.axes[0].collections[0].get_array().reshape(3, 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert [text.get_text() for text in picture.axes[0].get_yticklabels()] == ["cat", "dog", "owl"]
    with pytest.raises(ShapeError, match="one length"):
        confusion_matrix(labels, predictions[:3], ["cat", "dog", "owl"], alt=ALT)


def test_bars_show_mean_and_seeds():
    picture = bars({"alone": [0.8, 0.9], "taught": 0.95}, alt=ALT, ylabel="accuracy")
    (ax,) = picture.axes
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([0.85, 0.95])
    assert [(text.get_text(), text.xy[1]) for text in ax.texts] == [("0.85", pytest.approx(0.9)), ("0.95", 0.95)]
    assert picture.png()
    with pytest.raises(ConfigError):
        bars({}, alt=ALT)


def test_names_of_classes_stand_upright_where_they_are_words():
    labels = torch.arange(3)
    for names, turned in ((("0", "1", "2"), 0), (("dress", "coat", "bag"), 90)):
        picture = confusion_matrix(labels, labels, names, alt="Three classes.")
        assert {label.get_rotation() for label in picture.axes[0].get_xticklabels()} == {turned}
