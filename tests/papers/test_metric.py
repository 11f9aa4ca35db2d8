"""Metric learning: the triplet loss, who is trained by what, and what is measured."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor import ConfigError, UnknownName
from kdtutor.data import UNLABELLED, ClassBatches, apart
from kdtutor.papers.metric import RelationalMetric, Triplets, triplets
from kdtutor.papers.relational import angle_loss, distance_loss
from kdtutor.train import embed, recall_at
from kdtutor.train.graphs import replayable

OPTIONS = {"classes": 10, "channels": 1, "stem_stride": 2}


def net(name: str = "resnet8x0.25", seed: int = 0) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build(name, **OPTIONS)


@pytest.fixture(scope="module")
def task() -> kd.Data:
    digits = kd.data.load("digits")
    return apart(digits, range(7), range(7, 10))


def triplets_by_hand(e: torch.Tensor, labels: torch.Tensor, margin: float) -> torch.Tensor:
    chosen = [
        (a, p, n)
        for a, p, n in product(range(len(e)), repeat=3)
        if a != p and labels[a] == labels[p] and labels[a] != labels[n]
    ]
    values = torch.stack([(e[a] - e[p]).norm() - (e[a] - e[n]).norm() + margin for a, p, n in chosen]).clamp(min=0)
    return values.sum() / (values > 0).sum()


@pytest.mark.parametrize("normalise", [False, True])
def test_the_triplet_loss_is_the_mean_over_the_triplets_that_violate_the_margin(normalise):
    e = torch.randn(8, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 2, 3])
    mine = triplets(0.5, normalise, "all")(e, labels)
    by_hand = triplets_by_hand(F.normalize(e, dim=1) if normalise else e, labels, 0.5)
    torch.testing.assert_close(mine, by_hand)
    torch.testing.assert_close(*(torch.autograd.grad(loss, e)[0] for loss in (mine, by_hand)))


def test_without_labels_or_triplets_the_loss_is_zero():
    e = torch.randn(4, 3, requires_grad=True)
    for labels in (torch.full((4,), UNLABELLED), torch.zeros(4).long(), torch.arange(4)):
        loss = triplets()(e, labels)
        loss.backward()
        assert loss == 0 and torch.isfinite(e.grad).all()


def test_an_unlabelled_image_is_in_no_triplet():
    e, labels = torch.randn(6, 3), torch.tensor([0, 0, 1, 1, 1, 0])
    more = torch.cat([e, torch.randn(3, 3)]), torch.cat([labels, torch.full((3,), UNLABELLED)])
    torch.testing.assert_close(triplets(kind="all")(*more), triplets(kind="all")(e, labels))


def test_a_net_alone_learns_and_its_recall_is_measured(task):
    student = net()
    source = ClassBatches(task.train, task, classes=5, per_class=4, steps=3)
    history = kd.fit(Triplets(student), task, 2, seed=0, device="cpu", progress=False, source=source)
    assert history.terms == ("triplet", "loss", "val_recall@1", "test_recall@1")
    found = recall_at(embed(student, task.test, task), task.test.labels, normalise=True)
    assert history.last("test_recall@1") == pytest.approx(found["recall@1"])


def test_a_step_that_counts_its_triplets_is_not_replayed_on_a_gpu():
    assert replayable(kd.Alone(net()), torch.device("cuda"))
    for method in (Triplets(net()), RelationalMetric(net(), net(seed=1))):
        assert not replayable(method, torch.device("cuda"))


@pytest.mark.parametrize("triplet", [0.0, 1.0])
def test_the_terms_of_a_taught_student(task, triplet):
    student, teacher = net(), net("resnet8", 1)
    method = RelationalMetric(student, teacher, distance=2.0, angle=3.0, triplet=triplet)
    source = ClassBatches(task.train, task, classes=5, per_class=4, steps=1)
    batch = next(source.epoch(0, 0))
    (phase,) = method.phases(1)
    s, t = student.trace(batch.images), method.teacher_trace(batch.images)
    terms = phase.losses(s, t, batch)
    e_t = F.normalize(t.embedding, dim=1)
    torch.testing.assert_close(terms["distance"], distance_loss(s.embedding, e_t))
    torch.testing.assert_close(terms["angle"], angle_loss(s.embedding, e_t))
    assert ("triplet" in terms) == bool(triplet) and "task" not in terms
    assert phase.weights == {"distance": 2.0, "angle": 3.0} | ({"triplet": triplet} if triplet else {})


@pytest.mark.parametrize("triplet", [0.0, 1.0])
def test_the_last_layer_takes_no_part(task, triplet):
    student, teacher = net(), net("resnet8", 1)
    before = student.classifier.weight.clone()
    source = ClassBatches(task.train, task, classes=5, per_class=4, steps=2)
    method = RelationalMetric(student, teacher, triplet=triplet)
    recipe = kd.Recipe(weight_decay=0.1)
    kd.fit(method, task, 1, recipe=recipe, seed=0, device="cpu", progress=False, source=source)
    assert torch.equal(student.classifier.weight, before)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Triplets(net(), margin=0), "margin=0"),
        (lambda: RelationalMetric(net(), net(seed=1), triplet=-1), "triplet=-1"),
        (lambda: RelationalMetric(net(), net(seed=1), 0, 0), "one must be positive"),
    ],
)
def test_wrong_settings_are_named(make, sentence):
    with pytest.raises(ConfigError, match=sentence):
        make()
    with pytest.raises(UnknownName, match="'semi' is not a known kind of triplet"):
        triplets(kind="semi")
