"""A class for each pixel, through the whole of a run."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor import ConfigError, DivergedError
from kdtutor.data import UNLABELLED, Augment, Data, Dense, Split
from kdtutor.data.tasks import confusion
from kdtutor.papers import METHODS, admitting
from kdtutor.papers.hinton import Hinton, kd_loss
from kdtutor.train import Entry, Recipe, evaluate, fit_together, predict
from kdtutor.train.stored_trace import spread, strongest

from .common import same_weights

RECIPE = Recipe(lr=0.01, batch_size=8, augment=Augment(pad=2, flip=True))


def unet(seed: int = 0, name: str = "unet2", classes: int = 5) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build(name, classes=classes)


def pair() -> tuple[kd.Net, kd.Net]:
    return unet(), unet(9, "unet4")


@pytest.fixture(scope="module")
def few() -> Data:
    """16-pixel quarters of a few shapes; some pixels, and one whole image, without a class."""
    whole = kd.data.shapes(train=16, val=4, test=8)
    masks = whole.train.labels[:, ::2, ::2].clone()
    masks[0], masks[1:, :2] = UNLABELLED, UNLABELLED
    small = {part: replace(s, images=s.images[..., ::2, ::2], labels=s.labels[:, ::2, ::2])
             for part, s in (("val", whole.val), ("test", whole.test))}  # fmt: skip
    return replace(whole, train=Split(whole.train.images[..., ::2, ::2], masks, task=Dense()), **small)


def learn(method: kd.Distiller, data: Data, epochs: int = 1, **options) -> kd.History:
    return kd.fit(method, data, epochs, **({"recipe": RECIPE} | options), progress=False, device="cpu")


@pytest.mark.parametrize("name", admitting("dense"))
def test_methods_that_admit_pixels_learn_from_them(few, name):
    method = METHODS[name](*pair())
    before = [p.clone() for p in method.student.parameters()]
    history = learn(method, few, 2 if len(method.phases(2)) == 2 else 1)
    assert {"train_pixel_accuracy", "val_miou", "val_pixel_accuracy", "test_miou"} <= set(history.terms)
    assert all(math.isfinite(row.value) for row in history.rows)
    assert not all(torch.equal(a, b) for a, b in zip(before, method.student.parameters(), strict=True))


def test_what_compares_logits_or_features_admits_pixels():
    assert {"hinton", "channelwise", "attention", "logits"} <= set(admitting("dense")) < set(METHODS)


def test_kd_per_pixel_is_the_mean_of_each_pixels_divergence():
    z_s, z_t = torch.randn(2, 2, 3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64).unbind(0)
    T = 3.0
    by_hand = 0.0
    for b in range(2):
        for y in range(4):
            for x in range(5):
                p, q = ((z[b, :, y, x] / T).softmax(0).tolist() for z in (z_t, z_s))
                by_hand += sum(a * math.log(a / c) for a, c in zip(p, q, strict=True))
    assert kd_loss(z_s, z_t, T).item() == pytest.approx(T**2 * by_hand / (2 * 4 * 5), rel=1e-12)
    as_samples = [z.permute(0, 2, 3, 1).flatten(0, 2) for z in (z_s, z_t)]
    torch.testing.assert_close(kd_loss(z_s, z_t, T), kd_loss(*as_samples, T))


def test_a_pixel_without_a_class_teaches_by_the_teacher_alone(few):
    student, teacher = pair()
    labels = torch.full((2, 16, 16), UNLABELLED)
    labels[0, 0, 0] = 3
    batch = kd.data.Batch(torch.randn(2, 3, 16, 16), labels, torch.arange(2), task=Dense())
    s, t = student.trace(batch.images), teacher.trace(batch.images)
    terms = Hinton(student, teacher).losses(s, t, batch)
    torch.testing.assert_close(terms["task"], F.cross_entropy(s.logits[:1, :, 0, 0], torch.tensor([3])))
    torch.testing.assert_close(terms["kd"], kd_loss(s.logits, t.logits))


def test_what_is_measured_is_the_confusion_of_pixels():
    labels = torch.tensor([[[0, 0, 1], [1, 2, UNLABELLED]]])
    told = torch.tensor([[[0, 1, 1], [1, 2, 2]]])
    logits = F.one_hot(told, 4).permute(0, 3, 1, 2).float()
    measures = Dense().measures(Dense().answers(logits), labels)
    assert confusion(told, labels, classes=4).diagonal().tolist() == [1, 2, 1, 0]
    assert measures["miou"] == pytest.approx((1 / 2 + 2 / 3 + 1) / 3) and measures["pixel_accuracy"] == 4 / 5


def test_an_evaluation_keeps_classes_and_no_logits(few, monkeypatch):
    net = unet().eval()
    whole = evaluate(net, few.test, few)
    monkeypatch.setattr("kdtutor.train.evaluation.PIXELS", 3 * 16 * 16)
    seen = []
    net.classifier.register_forward_hook(lambda *_, z=seen: z.append(len(_[2])))
    chunked = evaluate(net, few.test, few)
    assert seen == [3, 3, 2] and torch.equal(chunked.predictions, whole.predictions)
    assert torch.equal(whole.predictions.long(), predict(net, few.test, few).argmax(1))
    assert whole.measures.keys() == {"miou", "pixel_accuracy"}
    with pytest.raises(ConfigError, match="accuracy is measured of classes; this is a net for dense"):
        _ = whole.accuracy


def test_stored_answers_are_the_live_ones(few, tmp_path):
    still = replace(RECIPE, augment=None)
    live, kept = Hinton(*pair()), Hinton(*pair())
    source = kd.cache(kept.teacher, few, recipe=still, folder=tmp_path, device="cpu", progress=False)
    assert learn(live, few, recipe=still).rows == learn(kept, few, recipe=still, source=source).rows
    assert same_weights(live.student, kept.student)


def test_a_kept_view_moves_masks_with_their_images(few, tmp_path):
    """Images that tell their own masks, but where a shift has left none."""
    images = few.train.labels.unsqueeze(1).expand(-1, 3, -1, -1) + 2
    told = replace(few, train=Split(images.to(torch.uint8), few.train.labels, task=Dense()))
    source = kd.cache(unet(9), told, recipe=RECIPE, folder=tmp_path, device="cpu", progress=False, views=2)
    for batch in (*source.epoch(0, 0), *source.epoch(1, 0)):
        pixels = (batch.images[:, 0] * told.std[0] + told.mean[0]) * 255
        assert torch.equal(batch.labels.long(), (pixels.round().long() - 2).clamp(min=UNLABELLED))


def test_the_largest_logits_of_pixels_are_kept():
    z = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
    again = spread(**strongest(z, 2), K=5)
    as_samples = spread(**strongest(z.permute(0, 2, 3, 1).flatten(0, 2), 2), K=5)
    assert torch.equal(again.permute(0, 2, 3, 1).flatten(0, 2), as_samples)


def test_side_by_side_the_numbers_are_those_of_each_alone(few):
    names = ("hinton", "channelwise")
    teacher = unet(9, "unet4")

    def made(name: str) -> kd.Distiller:
        student = unet()
        kd.seed_everything(1)
        return METHODS[name](student, teacher)

    alone = [learn(made(name), few).rows for name in names]
    entries = [Entry(made(name), 1, RECIPE) for name in names]
    assert [history.rows for history in fit_together(entries, few, device="cpu", progress=False)] == alone


def test_a_stopped_run_continues_to_the_same_numbers(few, tmp_path):
    whole = Hinton(*pair())
    expected = learn(whole, few, 2)
    run = kd.train.steps(Hinton(*pair()), few, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(3):
        next(run)
    run.close()
    resumed = Hinton(*pair())
    assert learn(resumed, few, 2, out=tmp_path).rows == expected.rows and same_weights(resumed, whole)


def test_bf16_trains(few):
    history = learn(METHODS["channelwise"](*pair()), few, precision="bf16")
    assert all(math.isfinite(row.value) for row in history.rows)


def test_a_diverged_run_says_why(few):
    student, teacher = pair()
    with torch.no_grad():
        student.classifier.weight.fill_(3e38)
    with pytest.raises(DivergedError, match=r"the loss itself|no weight has moved yet"):
        learn(Hinton(student, teacher), few)
    student = unet()
    with torch.no_grad():
        student.classifier.bias[0] = math.nan
    with pytest.raises(DivergedError, match="the net answers NaN to 8 of 8 images"):
        evaluate(student, few.test, few)
