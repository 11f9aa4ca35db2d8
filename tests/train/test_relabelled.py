"""What a recipe makes of the labels of training batches, against the formulas; and who cannot have it."""

import random
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor.data import UNLABELLED, Batch, Classification, Dense, MultiLabel, Regression
from kdtutor.train.relabelled import mixed, relabelled

from .common import RECIPE, make, small


def test_smoothed_and_weighted_cross_entropy_is_torchs_where_each_has_a_label():
    logits, labels = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 2, 1, 1, 2, 2])
    weights = (0.5, 2.0, 1.5)
    for changed in (
        {"label_smoothing": 0.2},
        {"class_weights": weights},
        {"label_smoothing": 0.2, "class_weights": weights},
    ):
        given = {**changed, "weight": torch.tensor(changed["class_weights"]) if "class_weights" in changed else None}
        given.pop("class_weights", None)
        expected = F.cross_entropy(logits, labels, **given)
        task = Classification(**changed)
        torch.testing.assert_close(task.loss(logits, labels), expected)
        some = torch.cat([labels, torch.full((2,), UNLABELLED)])
        torch.testing.assert_close(task.loss(torch.cat([logits, logits[:2]]), some), expected)  # those do not count
        assert task.loss(logits, torch.full((6,), UNLABELLED)) == 0


def test_mixed_images_have_the_loss_of_both_labels_by_their_shares():
    """λ · loss of the first + (1 - λ) · loss of the second, as Zhang et al. write it."""
    images, labels = torch.randn(4, 5), torch.tensor([0, 2, 1, UNLABELLED])
    batch = mixed(Batch(images, labels, torch.arange(4)), alpha=0.7, seed=3, outputs=3)
    others = torch.randperm(4, generator=torch.Generator().manual_seed(3))
    share = random.Random(3).betavariate(0.7, 0.7)
    torch.testing.assert_close(batch.images, share * images + (1 - share) * images[others])
    logits = torch.randn(4, 3)
    parts = [(F.cross_entropy(logits, y, ignore_index=UNLABELLED, reduction="sum"), (y != UNLABELLED).sum())
             for y in (labels, labels[others])]  # fmt: skip
    (one, n), (other, m) = parts
    expected = (share * one + (1 - share) * other) / (share * n + (1 - share) * m)
    torch.testing.assert_close(batch.task.loss(logits, batch.labels), expected)
    assert batch.task.labelled(batch.labels).tolist() == [
        any(y[i] != UNLABELLED for y in (labels, labels[others])) for i in range(4)
    ]
    right = [(logits.argmax(1) == y).sum() for y in (labels, labels[others])]
    told = batch.task.scores(logits, batch.labels)["accuracy"]
    torch.testing.assert_close(told, (share * right[0] + (1 - share) * right[1]) / (share * n + (1 - share) * m))


@pytest.mark.parametrize("task", [MultiLabel(), Regression((0.0,) * 2, (1.0,) * 2)], ids=str)
def test_numbers_are_mixed_as_they_are_and_unknown_ones_stay_unknown(task):
    labels = torch.tensor([[1.0, 0.0], [0.0, torch.nan]])
    batch = mixed(Batch(torch.eye(2), labels, torch.arange(2), task=task), 1.0, seed=0, outputs=2)
    share = batch.images  # rows of the identity, mixed as the labels are
    torch.testing.assert_close(batch.labels[:, 0], share @ labels[:, 0])
    assert batch.labels[:, 1].isnan().any() and task.loss(torch.zeros(2, 2), batch.labels).isfinite()


def test_balanced_weights_are_from_the_labels_of_the_training_images(digits):
    few = digits.few_labels(2)
    counts = few.train.labels[few.train.labels != UNLABELLED].bincount(minlength=10)
    method = make()
    source = relabelled(method.source(few, RECIPE), method, few, kd.Recipe(class_weights="balanced"))
    batch = next(source.epoch(0, 0))
    torch.testing.assert_close(torch.tensor(batch.task.class_weights), counts.sum() / (10 * counts))
    assert few.train.task == Classification()  # what is measured has no weights


REFUSED = {
    "no data": (
        lambda: kd.papers.adversarial.Adversarial(make(), kd.nets.generator("deconvolution", size=28)),
        {"label_smoothing": 0.1},
        "a generator makes its images",
    ),
    "by class": (
        lambda: kd.papers.decoupled.Decoupled(small(), small(99)),
        {"mixup": 0.1},
        "Decoupled asks which class",
    ),
    "around it": (
        lambda: kd.papers.spot_adaptive.SpotAdaptive(kd.papers.decoupled.Decoupled(small(), small(99))),
        {"mixup": 0.1},
        "SpotAdaptive asks",
    ),
    "by row": (lambda: kd.papers.method("contrastive")(small(), small(99)), {"mixup": 0.1}, "Contrastive asks"),
    "no labels": (
        lambda: kd.papers.method("logits")(small(), small(99)),
        {"class_weights": "balanced"},
        "Logits gives the labels no weight",
    ),
    "triplets": (
        lambda: kd.papers.metric.Triplets(small()),
        {"label_smoothing": 0.1},
        "Triplets gives the labels no weight",
    ),
    "other classes": (make, {"class_weights": (1.0, 2.0)}, "class_weights has 2 numbers, few 10 classes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_method_cannot_do_with_labels_is_refused(case, digits):
    method, options, sentence = REFUSED[case]
    with pytest.raises(kd.ConfigError, match=sentence):
        kd.fit(method(), digits, 1, recipe=replace(RECIPE, augment=None, **options), progress=False)


def test_a_cache_has_no_answers_to_mixed_images(digits, tmp_path):
    teacher = small(99)
    recipe = replace(RECIPE, augment=None, mixup=0.2)
    source = kd.cache(teacher, digits, recipe=recipe, folder=tmp_path, device="cpu", progress=False)
    with pytest.raises(kd.ConfigError, match=r"mixup=0\.2: a cache holds answers"):
        kd.fit(kd.papers.method("hinton")(small(), teacher), digits, recipe=recipe, source=source, progress=False)


def test_other_tasks_say_what_they_cannot_have():
    masks = torch.zeros(8, 4, 4, dtype=torch.long)
    pixels = torch.zeros(8, 1, 4, 4, dtype=torch.uint8)
    for task, labels, options in (
        (Dense(), masks, {"mixup": 0.1}),
        (MultiLabel(), torch.zeros(8, 2), {"label_smoothing": 0.1}),
    ):
        split = kd.data.Split(pixels, labels, task=task)
        data = kd.Data("own", split, None, split, ("a", "b"), (0.5,), (0.25,))
        method = kd.Alone(kd.nets.build("lenet5x0.5", classes=2, channels=1))
        with pytest.raises(kd.ConfigError, match=f"{next(iter(options))}=0.1.* for {task}"):
            relabelled(method.source(data, RECIPE), method, data, kd.Recipe(**options))
