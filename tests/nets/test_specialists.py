"""Teachers of different classes as one: what it answers, what it shows, what it refuses."""

import copy

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor.nets.digest import digest
from kdtutor.nets.specialists import joined
from tests.train.common import same_weights

HALVES = [range(5), range(5, 10)]


def net(seed, classes=5, name="resnet8x0.25"):
    kd.seed_everything(seed)
    return kd.nets.build(name, classes=classes, channels=1, **({"stem_stride": 2} if "resnet" in name else {})).eval()


def images():
    return torch.randn(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_scores_stand_side_by_side():
    low, high, x = net(1), net(2, name="lenet5"), images()
    both = kd.Specialists([low, high], HALVES)
    trace = both.trace(x)
    assert torch.equal(trace.logits, torch.cat([low(x), high(x)], 1)) and both.num_classes == 10
    for own, answer in zip((low, high), both.answers(trace.embedding), strict=True):
        assert torch.equal(answer, own(x))


def test_classes_go_where_they_belong_and_shared_ones_are_averaged():
    low, high, x = net(1, 3), net(2, 3), images()
    z = kd.Specialists([low, high], [[3, 0, 1], [1, 2, 4]], scales=[1, 2])(x)
    a, b = low(x), 2 * high(x)
    expected = torch.stack([a[:, 1], (a[:, 2] + b[:, 0]) / 2, b[:, 1], a[:, 0], b[:, 2]], 1)
    torch.testing.assert_close(z, expected)


def test_each_way_of_joining_against_its_formula():
    z = [torch.randn(4, 2, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64)]
    classes = [[0, 1], [2, 3, 4]]
    for of, change in {
        "scores": lambda z: z,
        "centred": lambda z: z - z.sum(1, keepdim=True) / z.shape[1],
        "probabilities": lambda z: (z.exp() / z.exp().sum(1, keepdim=True)).log(),
    }.items():
        torch.testing.assert_close(joined(z, classes, of), torch.cat([change(x) for x in z], 1))


def test_it_goes_on_from_its_own_stages():
    both, h = kd.Specialists([net(1, 6), net(2, 6)], [range(6), range(4, 10)]), images()
    trace = both.trace(h)
    for i, stage in enumerate(trace.active):
        h = F.relu(both.run(h, i))
        torch.testing.assert_close(h, stage)
    torch.testing.assert_close(both.run(h, 3), trace.logits)
    torch.testing.assert_close(both.embed(h), trace.embedding)


def test_maps_of_other_sizes_are_pooled_to_the_smaller():
    resnet, lenet, x = net(1), net(2, name="lenet5"), images()
    both = kd.Specialists([resnet, lenet], HALVES)
    stage = both.trace(x).active[1]
    assert both.parts[1] == (8, 16) and stage.shape == (3, 24, 7, 7)
    torch.testing.assert_close(stage[:, 8:], F.adaptive_avg_pool2d(lenet.trace(x).active[1], 7))
    assert [map.shape[1] for map in both.trace(x).active] == list(both.widths)


def test_copies_and_digests():
    both, x = kd.Specialists([net(1), net(2)], HALVES), images()
    other = copy.deepcopy(both)
    assert torch.equal(other(x), both(x)) and same_weights(other, both)
    kinds = [{"of": "centred"}, {"scales": [1, 2]}]
    different = [kd.Specialists([net(1), net(2)], HALVES, **options) for options in kinds]
    turned = kd.Specialists([net(1), net(2)], [range(5, 10), range(5)])
    assert len({digest(each) for each in (both, turned, *different)}) == 4 and digest(other) == digest(both)


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ([range(5), range(6, 11)], r"no teacher knows class 5, and the classes go up to 10"),
        ([range(5)], r"expected the numbers of the classes of each of the 2 nets"),
        (None, r"expected the numbers of the classes of each of the 2 nets"),
        ([range(5), [5, 5, 6, 7, 8]], r"expected different numbers"),
        ([range(5), [-1, 5, 6, 7, 8]], r"expected different numbers"),
        (["01234", range(5, 10)], r"expected different numbers"),
        ([range(5), range(5, 9)], r"5 outputs and is given 4 classes"),
    ],
)
def test_classes_that_do_not_fit_are_refused_in_one_sentence(classes, sentence):
    with pytest.raises(kd.ConfigError, match=sentence) as caught:
        kd.Specialists([net(1), net(2)], classes)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_put_together_is_refused():
    low, high = net(1), net(2)
    for teachers, sentence in {(low,): "give two or more", (low, "high"): "one of these is a str"}.items():
        with pytest.raises(kd.ConfigError, match=sentence):
            kd.Specialists(list(teachers), HALVES)
    with pytest.raises(kd.ConfigError, match="are a list of nets; this is a Staged"):
        kd.Specialists(low, HALVES)
    with pytest.raises(kd.ConfigError, match="answers for each pixel"):
        kd.Specialists([low, kd.nets.build("unet8", classes=5, channels=1)], HALVES)
    with pytest.raises(kd.UnknownName, match="'score'"):
        kd.Specialists([low, high], HALVES, of="score")
    with pytest.raises(kd.ConfigError, match="scales="):
        kd.Specialists([low, high], HALVES, scales=[1, 0])
    low.card, high.card = {"classes": list("01234")}, {"classes": list("45678")}
    with pytest.raises(kd.ConfigError, match=r"class 3 is '3' for resnet8x0.25 and '4'"):
        kd.Specialists([low, high], [range(5), [3, 4, 5, 6, 7]])
