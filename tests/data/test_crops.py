"""Random resized crops: their boxes, and their pixels against torchvision's."""

import pytest
import torch
from torchvision.transforms.v2 import RandomResizedCrop
from torchvision.transforms.v2.functional import hflip, resized_crop

import kdtutor as kd
from kdtutor.data import ResizedCrop
from kdtutor.data.crops import Crops


def images(B: int = 6, H: int = 40, W: int = 40) -> torch.Tensor:
    return torch.randint(256, (B, 3, H, W), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("size", "H", "W"), [(24, 40, 40), (None, 40, 40), (64, 33, 47), (7, 50, 20)])
def test_pixels_are_torchvision_s(size, H, W):
    """Smaller and larger than the box, square and not; rounding may differ by one step."""
    crop, x = ResizedCrop(size, scale=(0.05, 1.0)), images(8, H, W)
    drawn = crop.draw(8, H, W, seeded(1))
    assert 0 < drawn.mirrored.sum() < 8, "both kinds are compared"
    shape = [size or H, size or W]
    for image, box, mirrored, made in zip(x, drawn.boxes.tolist(), drawn.mirrored, crop.apply(x, drawn), strict=True):
        expected = resized_crop(image.float(), *box, shape, antialias=True)
        expected = hflip(expected) if mirrored else expected
        assert made.dtype == torch.uint8 and (made.float() - expected).abs().max() <= 0.5 + 1e-3


def test_boxes_lie_in_the_image_and_have_the_size_and_shape_asked_for():
    H, W, n = 200, 300, 2000
    top, left, height, width = ResizedCrop(scale=(0.1, 0.5)).draw(n, H, W, seeded()).boxes.unbind(1)
    assert min(top.min(), left.min()) >= 0 and (top + height <= H).all() and (left + width <= W).all()
    area, ratio = height * width / (H * W), width / height
    assert 0.09 < area.min() < 0.13 and 0.45 < area.max() < 0.52
    assert 0.72 < ratio.min() < 0.78 and 1.28 < ratio.max() < 1.36
    assert ratio.log().mean().abs() < 0.02, "as often wide as high"


def test_boxes_are_distributed_as_torchvision_s():
    H, W, n = 90, 120, 3000
    ours = ResizedCrop().draw(n, H, W, seeded()).boxes.double()
    torch.manual_seed(0)
    reference = RandomResizedCrop(1)
    blank = torch.zeros(3, H, W)
    keys = ("top", "left", "height", "width")
    drawn = [reference.make_params([blank]) for _ in range(n)]
    theirs = torch.tensor([[box[key] for key in keys] for box in drawn], dtype=torch.float64)
    error = (ours.var(0) / n + theirs.var(0) / n).sqrt()
    assert ((ours.mean(0) - theirs.mean(0)).abs() < 4 * error).all()
    assert torch.allclose(ours.std(0), theirs.std(0), rtol=0.08)


def test_where_no_box_fits_it_is_the_middle():
    boxes = ResizedCrop(scale=(1.0, 1.0), ratio=(2.0, 2.0)).draw(3, 40, 40, seeded()).boxes
    assert boxes.tolist() == [[10, 0, 20, 40]] * 3
    whole = ResizedCrop(scale=(1.0, 1.0), ratio=(1.0, 1.0), flip=False)
    assert torch.equal(whole(images(), seeded()), images()), "the whole image, at its size, is the image"


def test_a_batch_is_a_pure_function_of_its_draws():
    crop, x = ResizedCrop(24), images()
    assert torch.equal(crop(x, seeded(3)), crop(x, seeded(3)))
    assert not torch.equal(crop(x, seeded(3)), crop(x, seeded(4)))
    drawn = crop.draw(6, 40, 40, seeded(3))
    each = [Crops(box[None], mirrored[None]) for box, mirrored in zip(drawn.boxes, drawn.mirrored, strict=True)]
    single = [crop.apply(x[i : i + 1], one) for i, one in enumerate(each)]
    assert torch.equal(torch.cat(single), crop(x, seeded(3)))
    assert not ResizedCrop(flip=False).draw(50, 8, 8, seeded()).mirrored.any()


@pytest.mark.parametrize(("options", "told"), [
    ({"size": 0}, "size=0"), ({"scale": (0.0, 1.0)}, "scale="), ({"scale": (0.5, 1.5)}, "shares of the area"),
    ({"ratio": (2.0, 1.0)}, "ratio="),
])  # fmt: skip
def test_what_cannot_be_cut_is_refused(options, told):
    with pytest.raises(kd.ConfigError, match=told):
        ResizedCrop(**options)


def test_a_run_is_cropped_saved_and_continued(tmp_path):
    """A crop in a recipe goes through histories and checkpoints as a shift does, and batches take its size."""
    data, recipe = kd.data.load("digits").few_labels(8, 0), kd.Recipe(batch_size=40, augment=ResizedCrop(20))
    batch = next(kd.data.Batches(data.train, data, 8, recipe.augment).epoch(0, 0))
    assert batch.images.shape[2:] == (20, 20)

    def run(folder: str, stop: bool) -> kd.History:
        kd.seed_everything(0)
        method = kd.Alone(kd.nets.build("resnet8x0.25", classes=10, channels=1, stem_stride=2))
        options = {"recipe": recipe, "device": "cpu", "out": tmp_path / folder}
        if stop:
            steps = kd.train.steps(method, data, 2, **options)
            assert [next(steps).step for _ in range(3)] == [1, 2, 3]
            steps.close()
        return kd.fit(method, data, 2, progress=False, **options)

    whole, continued = run("whole", stop=False), run("continued", stop=True)
    assert whole.rows == continued.rows
    stored = kd.History.load(tmp_path / "whole" / "history.json").config["recipe"]["augment"]
    assert stored["size"] == 20 and list(stored["scale"]) == [0.08, 1.0]
