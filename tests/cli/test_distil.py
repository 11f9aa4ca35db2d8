"""What a job comes down to: the student, the teacher, the method around them, and for how long."""

from dataclasses import replace

import pytest
import torch

import kdtutor as kd
from kdtutor import papers
from kdtutor.jobs.job import Job
from kdtutor.jobs.setup import prepare
from kdtutor.methods import find
from kdtutor.papers.attention import Attention
from kdtutor.papers.spot_adaptive import SpotAdaptive

pytestmark = pytest.mark.usefixtures("few")


def test_every_method_starts_from_the_same_student():
    students = [prepare(Job(method, seed=3)).distiller.student for method in ("alone", "hinton", "fsp")]
    for student in students[1:]:
        assert all(torch.equal(a, b) for a, b in zip(students[0].parameters(), student.parameters(), strict=True))
    other = prepare(Job("alone", seed=4)).distiller.student
    assert not torch.equal(next(students[0].parameters()), next(other.parameters()))


def test_the_student_fits_the_data():
    setup = prepare(Job("alone", data="moons", student="mlp"))
    assert setup.distiller.student.config == {"name": "mlp", "classes": 2, "channels": 2, "stem_stride": 1}
    assert setup.recipe.augment is None
    setup = prepare(Job("hinton", student="lenet5"))
    assert setup.distiller.student.config["stem_stride"] == 1
    assert prepare(Job("hinton", student="resnet14")).distiller.student.config["stem_stride"] == 2


@pytest.fixture
def paper_on_digits(monkeypatch):
    """The preset "paper" where neither CIFAR-100 nor a teacher for it is needed."""
    monkeypatch.setattr("kdtutor.jobs.setup.find_teacher", lambda name: kd.preset("minute").teacher())
    return {"preset": "paper", "data": "digits", "student": "resnet8x0.25"}


def test_spots_are_chosen_around_any_method(paper_on_digits):
    plain = prepare(Job("hint", **paper_on_digits))
    setup = prepare(Job("hint", **paper_on_digits, spots="adaptive"))
    assert isinstance(setup.distiller, SpotAdaptive) and setup.distiller.strategy == "adaptive"
    assert (plain.distiller.weights()["hint"], setup.distiller.weights()["hint"]) == (100.0, 1.0)
    assert setup.distiller.gamma == 1.0
    assert prepare(Job("attention", **paper_on_digits, spots="random")).distiller.gamma == 2.0
    first = prepare(Job("hint", spots="always")).distiller.student
    alone = prepare(Job("alone")).distiller.student
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), alone.parameters(), strict=True))


def test_of_a_methods_own_phases_only_a_preparation_counts_on_top(paper_on_digits):
    epochs = {name: prepare(Job(name, **paper_on_digits, spots="always")).epochs for name in ("hint", "fsp", "factor")}
    assert epochs == {"hint": 240, "fsp": 240, "factor": 270}
    assert prepare(Job("fsp", **paper_on_digits)).epochs == 270
    assert prepare(Job("fsp", spots="always", epochs=5)).epochs == 5


def test_a_choice_of_spots_that_cannot_be_made():
    with pytest.raises(kd.UnknownName, match=r"'adaptiv' is not a known choice of spots\. Did you mean 'adaptive'"):
        prepare(Job("fsp", spots="adaptiv"))
    with pytest.raises(kd.ConfigError, match="the student alone has no spots to choose from: leave --spots out"):
        prepare(Job("alone", spots="always"))


@pytest.mark.parametrize("data", ["digits-16", "digits-32"])
def test_the_same_data_in_another_size_may_have_the_presets_teacher(data):
    assert prepare(Job("hinton", data=data)).distiller.teacher.card["data"] == "digits"


def test_the_presets_teacher_is_not_that_of_other_data():
    with pytest.raises(kd.ConfigError, match=r"digits-resnet14 was trained on digits .*not on moons"):
        prepare(Job("hinton", data="moons", student="mlp"))


@pytest.mark.parametrize("maker", ["dfad", "dafl"])
def test_any_method_learns_from_a_generator(maker):
    setup = prepare(Job("attention", data_free=maker, epochs=1))
    assert isinstance(setup.distiller, papers.get(maker)) and setup.distiller.generator.shape == (1, 28, 28)
    on_data = prepare(Job("attention")).distiller.student
    assert all(
        torch.equal(a, b) for a, b in zip(on_data.parameters(), setup.distiller.student.parameters(), strict=True)
    )


def test_spots_and_generated_images_compose():
    setup = prepare(Job("attention", spots="adaptive", data_free="dafl"))
    assert isinstance(setup.distiller.inner, SpotAdaptive) and isinstance(setup.distiller.inner.inner, Attention)


@pytest.mark.parametrize(("paper", "distance"), [("dfad", "l1"), ("dafl", "kl")])
def test_a_data_free_paper_is_run_with_its_own_imitation(paper, distance):
    distiller = prepare(Job(paper, spots="always" if paper == "dfad" else None)).distiller
    inner = distiller.inner.inner if paper == "dfad" else distiller.inner
    assert type(distiller) is papers.get(paper) and type(inner) is papers.get("logits")
    assert inner.distance == distance


@pytest.fixture
def photos(few, monkeypatch, paper_on_digits) -> kd.Data:
    """A stand-in for CIFAR-10: its name and its shapes."""
    split = kd.data.Split(torch.randint(0, 256, (20, 3, 32, 32), dtype=torch.uint8), torch.arange(20) % 10)
    data = kd.Data("cifar10", split, None, split, few.classes, (0.5,) * 3, (0.5,) * 3)
    monkeypatch.setattr("kdtutor.data.load", lambda name, root=None: data if name == "cifar10" else few)
    teacher = kd.nets.build("resnet8x0.25", classes=10, channels=3)
    monkeypatch.setattr("kdtutor.jobs.setup.find_teacher", lambda name: teacher)
    return data


@pytest.mark.parametrize("maker", ["dfad", "dafl"])
def test_the_paper_preset_without_data_has_the_published_setting(photos, maker):
    published = kd.settings.published(maker, "cifar10")
    for method in ("attention", maker):
        job = Job(method, preset="paper", data="cifar10", data_free=None if method == maker else maker)
        setup = prepare(job)
        assert setup.distiller.generator.config == published.maker().config
        assert setup.distiller.generator_lr == published.generator_lr
        assert setup.distiller.student.name == published.student and setup.epochs == published.epochs
        assert setup.recipe == published.recipe
        assert f"{find(maker).acronym} was published with for cifar10" in setup.generator
    if maker == "dfad":
        assert setup.distiller.k == published.k == 5
    else:
        assert setup.distiller.losses_of_generator == published.losses and setup.distiller.inner.distance == "kl"
    with pytest.raises(kd.ConfigError, match=r"--pair vgg13-vgg8: with the published generator .* teaches cifar_r"):
        prepare(replace(job, pair="vgg13-vgg8"))
    small = prepare(replace(job, student="resnet8x0.25", epochs=1))
    assert small.distiller.student.name == "resnet8x0.25" and small.epochs == 1
    small.check()


def test_without_a_published_setting_the_report_says_so(paper_on_digits):
    setup = prepare(Job("hinton", **paper_on_digits, data_free="dfad"))
    assert setup.generator == "of the course's generator (deconvolution); DFAD has no published setting for few"
    assert setup.distiller.generator.config["name"] == "deconvolution" and setup.epochs == 240
    assert prepare(Job("hinton", data_free="dfad")).generator == "of the course's generator (deconvolution)"


@pytest.mark.parametrize(
    ("job", "says"),
    [
        (Job("alone", data_free="dafl"), "the student alone learns from labels"),
        (Job("dafl", data_free="dfad"), r"data_free \(DAFL\) makes its images already: leave --data-free out"),
        (Job("CRD", data_free="DFAD"), "rows in a training split; generated images have"),
    ],
)
def test_a_generator_that_cannot_be(job, says):
    with pytest.raises(kd.ConfigError, match=says):
        prepare(job)
