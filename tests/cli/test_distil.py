"""What a job comes down to: the student, the teacher, the method around them, and for how long."""

import pytest
import torch

import kdtutor as kd
from kdtutor import papers
from kdtutor.cli.distil import prepare
from kdtutor.cli.job import Job
from kdtutor.papers.attention import Attention
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.settings import PAIRS, PLANS

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


def test_the_paper_preset_counts_first_phases_on_top():
    paper = kd.preset("paper")
    assert (paper.epochs_for("hinton"), paper.epochs_for("fsp")) == (240, 270)
    assert paper.options_for("hinton") == {"T": 4.0, "alpha": 0.9}
    assert paper.options_for("boundaries") == {"margin": 1.0, "beta": 3 / 1000, "boundary_epochs": 30}
    assert paper.options_for("fsp", epochs=27) == {"pool": "max", "flow_epochs": 3}
    assert paper.options_for("fsp", epochs=2) == {"pool": "max", "flow_epochs": 1}


@pytest.mark.parametrize("name", kd.papers.METHODS)
def test_the_paper_preset_knows_every_method(name):
    paper = kd.preset("paper")
    assert set(paper.options) <= set(kd.papers.METHODS)
    student, teacher = (kd.nets.build(net, classes=10, channels=1) for net in ("resnet8x0.25", "resnet8"))
    distiller = kd.papers.method(name)(student, teacher, **paper.options_for(name))
    phases = distiller.phases(paper.epochs_for(name))
    assert phases[-1].epochs == 240 and sum(phase.epochs for phase in phases) == paper.epochs_for(name)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_paper_preset_knows_every_pair(pair):
    paper = kd.preset("paper", pair)
    teacher, student = PAIRS[pair]
    assert f"{teacher}-{student}" == pair and paper.teacher_name in PLANS
    assert paper.recipe.lr == (0.01 if student in ("mobilenetv2", "shufflenetv1") else 0.05)
    with torch.device("meta"):
        net = paper.student()
    assert net.name == student and net.num_classes == 100
    assert net.config["stem_stride"] == (2 if student == "mobilenetv2" else 1)


def test_spot_adaptive_distillation_has_the_settings_of_its_authors():
    paper, cross = kd.preset("paper"), kd.preset("paper", "resnet32x4-resnet32")
    assert set(paper.hosts) <= set(kd.papers.METHODS) >= set(paper.gammas)
    assert paper.spots_for("attention") == {"alpha": 1.0, "T": 4.0, "gamma": 2.0}
    assert paper.spots_for("similarity") == {"alpha": 1.0, "T": 4.0, "gamma": 1.0}
    assert cross.spots_for("relational") == {"alpha": 1.0, "T": 4.0, "gamma": 2.0, "head_start": 0.0}
    assert kd.preset("minute").spots_for("attention") == {}
    changed = {name for name, own in paper.hosts.items() if not own.items() <= paper.options[name].items()}
    assert changed == {"hint", "hinton"}, "the other weights are the zoo's"


@pytest.fixture
def paper_on_digits(monkeypatch):
    """The preset "paper" where neither CIFAR-100 nor a teacher for it is needed."""
    monkeypatch.setattr("kdtutor.cli.distil.find_teacher", lambda name: kd.preset("minute").teacher())
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
