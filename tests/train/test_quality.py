"""Quality of made images: the reference's distance, floors, collapsed and rank-deficient sets, the judge."""

import math
from dataclasses import replace

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, nets
from kdtutor.train import Balance, Judge, classifier_score, frechet_distance
from tests.papers.oracle import oracle


def test_the_distance_equals_the_reference():
    case = oracle("frechet_case1")
    assert frechet_distance(case["feats1"], case["feats2"]) == pytest.approx(float(case["fd"]), rel=1e-9)
    assert frechet_distance(case["feats2"], case["feats1"]) == pytest.approx(float(case["fd"]), rel=1e-9)


def test_equal_sets_have_no_distance():
    e = torch.randn(50, 8, generator=torch.Generator().manual_seed(0))
    assert frechet_distance(e, e) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(e, e + 2) == pytest.approx(8 * 4, rel=1e-5)
    assert frechet_distance(e, -e + 2 * e.mean(0)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("count", [2, 5, 30])
def test_covariances_without_full_rank_stay_finite(count):
    generator = torch.Generator().manual_seed(count)
    few, many = torch.randn(count, 64, generator=generator), torch.randn(200, 64, generator=generator)
    many[:, :20] = 0  # features that are never active
    assert math.isfinite(frechet_distance(many, few)) and frechet_distance(many, few) > 0
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-5)
    assert frechet_distance(many, torch.zeros(5, 64)) > 0


def test_the_score_of_sure_answers_counts_the_classes():
    sure = 1000 * torch.eye(10).repeat(3, 1)
    assert classifier_score(sure) == pytest.approx(10)
    assert classifier_score(sure[:5]) == pytest.approx(5)
    assert classifier_score(sure[:1].repeat(20, 1)) == pytest.approx(1)  # finite, though nine classes never occur
    assert classifier_score(torch.zeros(4, 10)) == pytest.approx(1)


def test_scoring_leaves_the_random_numbers_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    classifier_score(torch.randn(6, 3, generator=torch.Generator()))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_judge_of_real_images():
    data = kd.data.load("digits-16")
    judge = Judge(nets.teacher("digits-16-resnet8"))
    floor, itself = judge.floor(data, 2000), judge.quality(data.normalise(data.test.images), data.test, data)
    assert itself.distance == pytest.approx(0, abs=1e-6) and 0.001 < floor.distance < 0.2
    assert floor.samples == 2000 and not floor.missing and floor.sentence.startswith("no class is missing")
    assert floor.score > 9 and floor.entropy == pytest.approx(math.log(10), abs=0.01)
    threes = data.normalise(data.test.images[data.test.labels == 3])
    collapsed = judge.quality(threes, data.test, data)
    assert collapsed.distance > 20 * floor.distance and set(collapsed.missing) >= {0, 1, 6}
    assert collapsed.sentence.startswith("collapsed: class 0, 1")
    assert set(collapsed.numbers()) == {"score", "distance", "confidence", "entropy"}


def test_a_judge_knows_its_splits_apart():
    data = kd.data.load("digits-16")
    few = replace(data, test=data.test[::10])
    judge = Judge(nets.teacher("digits-16-resnet8"))
    images = data.normalise(data.val.images[:40])
    distances = [judge.quality(images, split, few).distance for split in (few.test, few.val, few.test)]
    assert distances[0] == distances[2] != distances[1]


def test_shares_make_the_entropy():
    assert Balance((1.0, 0.0)).entropy == 0 and Balance((1.0, 0.0)).missing == (1,)
    assert Balance((0.5, 0.5)).entropy == pytest.approx(math.log(2))


def test_what_is_missing_depends_on_how_many_classes_there_are():
    """2,000 images of 100 classes, drawn evenly, lack some by chance alone."""
    drawn = torch.randint(100, (2000,), generator=torch.Generator().manual_seed(0)).bincount(minlength=100) / 2000
    even = Balance(tuple(drawn.tolist()))
    assert not even.missing and not even.collapsed and even.effective > 90
    half = Balance((0.25,) * 4 + (0.0,) * 6)
    assert half.missing == (4, 5, 6, 7, 8, 9) and half.collapsed and half.effective == pytest.approx(4)
    most = Balance((0.125,) * 8 + (0.0,) * 2)
    assert most.missing == (8, 9) and not most.collapsed


@pytest.mark.parametrize("shapes", [((3, 4), (3, 5)), ((1, 4), (3, 4)), ((3,), (3,))])
def test_embeddings_of_the_wrong_shape(shapes):
    with pytest.raises(ShapeError, match="frechet_distance"):
        frechet_distance(*(torch.zeros(shape) for shape in shapes))
    with pytest.raises(ShapeError, match="classifier_score"):
        classifier_score(torch.zeros(0, 4))


def test_a_floor_of_more_images_than_there_are():
    judge = Judge(nets.teacher("digits-16-resnet8"))
    with pytest.raises(ConfigError, match="count=4000: digits-16 has 3500 training images"):
        judge.floor(kd.data.load("digits-16"), 4000)
