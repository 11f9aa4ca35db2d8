"""Several teachers as one: the mean against its formula, what it shows, and every place where a teacher is accepted."""

import copy
import math
import pickle

import pytest
import torch

import kdtutor as kd
from kdtutor.data import Dense, MultiLabel, Regression
from kdtutor.data.tasks import on_card
from kdtutor.nets.ensemble import MEANS, averaged
from kdtutor.papers import METHODS
from kdtutor.train import Entry, fit_together, steps
from tests.tasks import as_task, fitting
from tests.train.common import same_weights, small

ONE = kd.Recipe(batch_size=10, steps_per_epoch=2)


@pytest.fixture(scope="module")
def digits():
    whole = kd.data.load("digits")
    return kd.Data("few", whole.train[::70], whole.val[::50], whole.test[::50], whole.classes, whole.mean, whole.std)


def pair(**options):
    return kd.Ensemble([small(1).eval(), small(2).eval()], **options)


def learn(method, data, epochs=1, **options):
    return kd.fit(method, data, epochs, progress=False, device="cpu", **{"recipe": ONE, **options})


def test_each_mean_against_its_formula():
    z = [torch.randn(4, 3, generator=torch.Generator().manual_seed(n), dtype=torch.float64) for n in range(3)]
    weights = [0.5, 0.3, 0.2]
    for of, mean in {
        "probabilities": lambda z: z.exp() / z.exp().sum(1, keepdim=True),
        "labels": lambda z: 1 / (1 + (-z).exp()),
        "logits": lambda z: z,
    }.items():
        expected = sum(weight * mean(x) for weight, x in zip(weights, z, strict=True))
        torch.testing.assert_close(mean(averaged(z, weights, of)), expected)
    p = averaged(z, weights).exp()
    torch.testing.assert_close(p.sum(1), torch.ones(4).double())


def test_the_mean_of_pixels_is_that_of_each():
    z = [torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 5)]
    one = averaged([x[:, :, 1, 2] for x in z], [0.5, 0.5])
    torch.testing.assert_close(averaged(z, [0.5, 0.5])[:, :, 1, 2], one)


@pytest.mark.parametrize("of", MEANS)
def test_sure_answers_stay_numbers(of):
    z = torch.tensor([[1e4, -1e4, 0.0]])
    assert averaged([z, -z], [0.5, 0.5], of).isfinite().all()
    assert averaged([z, z], [0.25, 0.75], of)[0, :2].diff().item() < -1e3
    torch.testing.assert_close(averaged([z.bfloat16(), z.bfloat16()], [0.5, 0.5], "logits"), z.bfloat16().float())


def test_it_answers_with_the_mean_of_its_nets():
    nets, images = [small(1).eval(), small(2).eval()], torch.randn(3, 1, 28, 28)
    both = kd.Ensemble(nets, weights=[1, 3]).eval()
    expected = 0.25 * nets[0](images).softmax(1) + 0.75 * nets[1](images).softmax(1)
    torch.testing.assert_close(both(images).exp(), expected)
    trace = both.trace(images)
    assert trace.embedding.shape == (3, both.embedding_dim) and both.embedding_dim == 2 * nets[0].embedding_dim
    assert torch.equal(trace.embedding[:, : nets[0].embedding_dim], nets[0].trace(images).embedding)
    torch.testing.assert_close(both.classify(both.embed(images)), trace.logits)
    assert torch.equal(both.run(images, 0), trace.logits) and both.widths == both.norms == ()
    assert both.weights == (0.25, 0.75) and both.num_classes == 10 and both.name == "resnet8x0.25 + resnet8x0.25"


def test_copies_pickles_and_digests():
    both, images = pair(weights=[2, 1]).eval(), torch.randn(2, 1, 28, 28)
    for other in (copy.deepcopy(both), pickle.loads(pickle.dumps(both))):
        assert torch.equal(other(images), both(images)) and same_weights(other, both)
    from kdtutor.nets.digest import digest

    others = [pair(), pair(weights=[1, 2]), pair(weights=[2, 1], of="logits")]
    assert len({digest(net) for net in (both, *others)}) == 4 and digest(pair(weights=[4, 2])) == digest(both)


WITHOUT_STAGES = ("fitnets", "hint", "attention", "fsp", "boundaries", "overhaul", "matching", "variational",
                  "selectivity", "factor", "similarity", "channelwise")  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_taught_by_it_or_refuses_it_in_one_sentence(digits, name):
    data = fitting(name, digits)
    teacher = pair(of="logits" if isinstance(data.task, Regression) else None)
    if name in WITHOUT_STAGES:
        with pytest.raises(kd.ConfigError, match=r"an ensemble, .* no features; take one of these") as caught:
            METHODS[name](small(), teacher)
        assert "\n" not in str(caught.value)
        return
    method, before = METHODS[name](small(), teacher), copy.deepcopy(teacher)
    history = learn(method, data)
    assert same_weights(teacher, before) and not any(p.requires_grad for p in teacher.parameters())
    assert all(math.isfinite(row.value) for row in history.rows)


def test_a_stopped_run_continues_to_the_same_numbers(digits, tmp_path):
    make = lambda: kd.papers.hinton.Hinton(small(), pair())  # noqa: E731
    whole = make()
    expected = learn(whole, digits, 2)
    running = steps(make(), digits, 2, recipe=ONE, device="cpu", out=tmp_path)
    next(running)
    running.close()
    resumed = make()
    assert learn(resumed, digits, 2, out=tmp_path).rows == expected.rows and same_weights(resumed, whole)
    with pytest.raises(kd.ConfigError, match="holds another run"):
        learn(kd.papers.hinton.Hinton(small(), pair(weights=[1, 2])), digits, 2, out=tmp_path)


def test_its_answers_can_be_kept_and_shared(digits, tmp_path):
    teacher = pair()
    live, kept = (kd.papers.hinton.Hinton(small(), teacher) for _ in "ab")
    plain = kd.Recipe(batch_size=10, steps_per_epoch=2, augment=None)
    source = kd.cache(teacher, digits, recipe=plain, folder=tmp_path, device="cpu", progress=False)
    expected = learn(live, digits, recipe=plain)
    assert learn(kept, digits, recipe=plain, source=source).rows == expected.rows
    side = [kd.papers.hinton.Hinton(small(), teacher), kd.papers.relational.Relational(small(), teacher)]
    first, _ = fit_together([Entry(method, 1, plain) for method in side], digits, device="cpu", progress=False)
    assert first.rows == expected.rows


def test_spots_are_chosen_and_images_made_with_it(digits):
    inner = kd.papers.hinton.Hinton(small(), pair())
    learn(kd.papers.spot_adaptive.SpotAdaptive(inner), digits)
    made = kd.nets.generator("deconvolutionx0.25", 4, 1, 28)
    learn(kd.papers.adversarial.Adversarial(kd.papers.hinton.Hinton(small(), pair()), made, k=1), digits)


@pytest.mark.parametrize(("task", "of"), [("multi-label", "labels"), ("regression", "logits")])
def test_the_cards_say_what_is_averaged(digits, task, of):
    data, nets = as_task(digits, task), [small(1), small(2)]
    for number, net in enumerate(nets):
        net.card = {
            "name": f"t{number}",
            "data": "few",
            "sha256": str(number),
            **on_card(data.task),
            "classes": ["a"] * 10,
        }
    both = kd.Ensemble(nets)
    assert both.of == of and both.card["name"] == "t0 + t1" and both.card["classes"] == ["a"] * 10
    assert both.card["teachers"] == [{"name": "t0", "sha256": "0"}, {"name": "t1", "sha256": "1"}]
    learn(kd.papers.logits.Logits(small(), both), data)
    nets[1].card["classes"] = ["b"] * 10
    with pytest.raises(kd.ConfigError, match="other classes, or in another order"):
        kd.Ensemble(nets)


def test_a_mean_that_is_none_for_the_task_is_refused(digits):
    for task, of, right in (("regression", "probabilities", "logits"), ("multi-label", "probabilities", "labels"),
                            ("classification", "labels", "probabilities")):  # fmt: skip
        with pytest.raises(kd.ConfigError, match=f"mean of {of} is none for {task}; say.*of='{right}'"):
            learn(method_for(task, of), as_task(digits, task))
    pair().check_task(Dense())
    pair(of="labels").check_task(MultiLabel())


def method_for(task, of):
    kind = {"regression": kd.papers.bounded.Bounded, "multi-label": kd.papers.binary.Binary}
    return kind.get(task, kd.papers.hinton.Hinton)(small(), pair(of=of))


def net_of(classes):
    return kd.nets.build("lenet5x0.5", classes=classes, channels=1)


def with_card(**card):
    net = net_of(3)
    net.card = card
    return net


METRES, FEET = (on_card(Regression((mean,) * 3, (1.0,) * 3)) for mean in (2.0, 6.6))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: kd.Ensemble(net_of(3)), "made of a list of nets; this is a LeNet|a Staged"),
        (lambda: kd.Ensemble([net_of(3)]), "an ensemble of 1 is none"),
        (lambda: kd.Ensemble([net_of(3), "resnet8"]), "one of these is a str"),
        (lambda: kd.Ensemble([net_of(3), net_of(4)]), "has 3 outputs and lenet5x0.5 has 4"),
        (lambda: kd.Ensemble([net_of(3), net_of(3)], weights=[1]), r"weights=\[1\]: expected 2 positive"),
        (lambda: kd.Ensemble([net_of(3), net_of(3)], weights=[1, 0]), r"weights=\[1, 0\]: expected 2 positive"),
        (lambda: kd.Ensemble([net_of(3), net_of(3)], weights=3), "weights=3: expected 2 positive"),
        (lambda: kd.Ensemble([net_of(3), net_of(3)], of="logit"), "'logit' is not.*'logits'"),
        (lambda: kd.Ensemble([with_card(**METRES), with_card(**FEET)]), "regression in other units"),
        (lambda: kd.Ensemble([with_card(**METRES), with_card(task="dense")]), "for regression and for dense"),
        (lambda: kd.Ensemble([with_card(mean=[0.5], std=[1.0]), with_card(mean=[0.4], std=[1.0])]), "pixels of other"),
    ],
)  # fmt: skip
def test_what_is_no_ensemble_is_refused_in_one_sentence(make, says):
    with pytest.raises(kd.Error, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_pixels_are_averaged_one_by_one():
    nets = [kd.nets.build("unet2", classes=3).eval() for _ in "ab"]
    both, images = kd.Ensemble(nets).eval(), torch.randn(2, 3, 16, 16)
    expected = (nets[0](images).softmax(1) + nets[1](images).softmax(1)) / 2
    torch.testing.assert_close(both(images).exp(), expected)
    assert both.per_pixel and both.trace(images).embedding.shape == (2, both.embedding_dim)
    with pytest.raises(kd.ConfigError, match="answers for each pixel, the other for whole images"):
        kd.Ensemble([nets[0], net_of(3)])


def test_a_student_within_its_own_teacher_is_refused():
    student = small()
    with pytest.raises(kd.ConfigError, match="share"):
        kd.papers.hinton.Hinton(student, kd.Ensemble([student, small(1)]))
