"""Each preset sets what it ought to, once, and finds it by every name of a method."""

import inspect
from typing import Any

import pytest
import torch

import kdtutor as kd
from kdtutor import UnknownName, methods
from kdtutor.papers import METHODS
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.settings import CROSS_PAIRS, FAMILY_PAIRS, PAIRS, TEACHER_PLANS, minute, preset, spot_adaptive, zoo

NAME = pytest.mark.parametrize("name", METHODS)

# The weights of the scripts behind the zoo's table (github.com/HobbitLong/RepDistiller, scripts/run_cifar_distill.sh
# and train_student.py), and where it has no such method or another than its paper, those of the authors.
ZOO: dict[str, dict[str, Any]] = {
    "hinton": {"T": 4.0, "alpha": 0.9},
    "hint": {"layer": 2, "beta": 100.0},
    "fitnets": {"layer": 2, "T": 4.0, "alpha": 0.9, "hint_epochs": 30},  # in two phases, as its paper
    "attention": {"p": 2, "beta": 1000.0},
    "fsp": {"pool": "max", "flow_epochs": 30},  # its paper's; the zoo takes means
    "boundaries": {"margin": 1.0, "beta": 3 / 1000, "boundary_epochs": 30},
    "overhaul": {"beta": 1 / 1000},  # github.com/clovaai/overhaul-distillation
    "matching": {"beta": 1 / 10_000, "every": 2, "images": 20_000},  # github.com/KaiyuYue/mgd
    "relational": {"distance": 25.0, "angle": 50.0},
    "similarity": {"beta": 3000.0},
    "variational": {"beta": 1.0},
    "probabilistic": {"beta": 30_000.0},
    "selectivity": {"beta": 50.0},
    "correlation": {"form": "consecutive", "beta": 0.02},
    "factor": {"form": "attention", "beta": 200.0, "paraphraser_epochs": 30},
    "contrastive": {"negatives": 16_384, "beta": 0.8},
    "logits": {"distance": "l1"},  # github.com/VainF/Data-Free-Adversarial-Distillation
}
# other_kd (and of the logits kd_weight), and classify_weight where it is not 1, of the configurations in
# github.com/zju-vipa/spot-adaptive-pytorch.
SAKD: dict[str, dict[str, Any]] = {
    "hint": {"beta": 1.0},
    "hinton": {"alpha": 1.0},
    **{name: ZOO[name] for name in ("attention", "relational", "similarity", "variational", "probabilistic",
                                    "selectivity", "correlation", "contrastive")},
    "factor": {"form": "attention", "beta": 200.0},
}  # fmt: skip
SAKD_GAMMA = {"attention": 2.0, "relational": 2.0, "variational": 2.0}


def defaults(of: type) -> dict[str, Any]:
    return {name: one.default for name, one in inspect.signature(of).parameters.items()}


def distiller(name: str, options: dict[str, Any]) -> kd.Distiller:
    student, teacher = (kd.nets.build(net, classes=10, channels=1) for net in ("resnet8x0.25", "resnet8"))
    return kd.papers.method(name)(student, teacher, **options)


@NAME
def test_nothing_is_stored_that_the_constructor_has_by_default(name):
    usual = defaults(METHODS[name])
    for stored in (minute.OPTIONS, zoo.OPTIONS, zoo.EXTRA_EPOCHS):
        assert not stored.get(name, {}).items() & usual.items()
    alone = {**usual, **preset("paper").options_for(name)}
    assert not spot_adaptive.HOSTS.get(name, {}).items() & alone.items()


def test_nor_what_spot_adaptive_distillation_has():
    usual = defaults(SpotAdaptive)
    assert not {**spot_adaptive.SPOTS, **spot_adaptive.CROSS}.items() & usual.items()
    assert spot_adaptive.SPOTS["gamma"] not in spot_adaptive.GAMMAS.values()
    tables = (minute.OPTIONS, zoo.OPTIONS, zoo.EXTRA_EPOCHS, spot_adaptive.GAMMAS, spot_adaptive.HOSTS)
    assert all(table.keys() <= METHODS.keys() for table in tables)


@NAME
def test_the_paper_preset_has_the_published_settings(name):
    """Those that its methods have in the end, whether stored or by default."""
    paper = preset("paper")
    made = distiller(name, paper.options_for(name))
    assert made.options.items() >= ZOO.get(name, {}).items()  # the rest have none, and keep their own
    phases = made.phases(paper.epochs_for(name))
    assert phases[-1].epochs == 240 and sum(phase.epochs for phase in phases) == paper.epochs_for(name)


@pytest.mark.parametrize("name", SAKD)
def test_spot_adaptive_distillation_has_the_settings_of_its_authors(name):
    paper, cross = preset("paper"), preset("paper", "resnet32x4-resnet32")
    inner = distiller(name, paper.host_for(name))
    assert inner.options.items() >= SAKD[name].items()
    told = {"alpha": 1.0, "T": 4.0, "gamma": SAKD_GAMMA.get(name, 1.0)}
    assert SpotAdaptive(inner, **paper.spots_for(name)).options.items() >= told.items()
    assert cross.spots_for(name) == {**paper.spots_for(name), "head_start": 0.0}
    assert preset("minute").spots_for(name) == {}


def test_spot_adaptive_distillation_takes_the_zoo_s_weights():
    """For every method but the hint, which it weighs less, and the logits' KL."""
    paper = preset("paper")
    changed = {name for name in METHODS if paper.host_for(name) != paper.options_for(name)}
    assert changed == {"hint", "hinton"} and paper.host_for("hint")["beta"] < ZOO["hint"]["beta"]


def test_first_phases_come_on_top_and_keep_their_proportion():
    paper = preset("paper")
    assert (paper.epochs_for("alone"), paper.epochs_for("hinton"), paper.epochs_for("fsp")) == (240, 240, 270)
    assert [paper.options_for("fsp", epochs=n) for n in (27, 2)] == [{"flow_epochs": 3}, {"flow_epochs": 1}]


@pytest.mark.parametrize("pair", PAIRS)
def test_the_paper_preset_knows_every_pair(pair):
    paper = preset("paper", pair)
    teacher, student = PAIRS[pair]
    assert f"{teacher}-{student}" == pair and paper.teacher_name in TEACHER_PLANS
    assert paper.recipe.lr == (0.01 if student in ("mobilenetv2", "shufflenetv1") else 0.05)
    with torch.device("meta"):
        net = paper.student()
    assert net.name == student and net.num_classes == 100
    assert net.config["stem_stride"] == (2 if student == "mobilenetv2" else 1)


@pytest.mark.parametrize("row", methods.matched(), ids=lambda row: row.name)
def test_a_method_has_its_settings_by_every_name(row):
    for chosen in (preset("minute"), preset("paper")):
        for called in row.keys:
            assert chosen.epochs_for(called) == chosen.epochs_for(row.name)
            assert chosen.options_for(called, 27) == chosen.options_for(row.name, 27)
            assert chosen.host_for(called) == chosen.host_for(row.name)
            assert chosen.spots_for(called) == chosen.spots_for(row.name)
    assert {zoo.published("vgg13-vgg8", called) for called in row.keys} == {zoo.published("vgg13-vgg8", row.name)}


@pytest.mark.parametrize("ask", [
    lambda name: preset("paper").epochs_for(name), lambda name: preset("paper").options_for(name),
    lambda name: preset("minute").host_for(name), lambda name: preset("minute").spots_for(name),
    lambda name: zoo.published("vgg13-vgg8", name),
])  # fmt: skip
def test_an_unknown_method_is_answered_with_the_nearest_name_and_acronym(ask):
    with pytest.raises(UnknownName, match=r"'atention' is not a known method\. Did you mean 'attention' \(AT\)\?"):
        ask("atention")
    with pytest.raises(UnknownName, match=r"Did you mean 'relational' \(RKD\)\?"):
        ask("rkdd")
    with pytest.raises(UnknownName, match=r"'SAKD' is not a known method\."):  # says where, not what
        ask("SAKD")


def test_the_zoo_s_table():
    """From its README: a number for every pair of one family, but for FSP between unequal widths."""
    first = "resnet56-resnet20"
    assert set(zoo.PAIRS) == set(FAMILY_PAIRS) and all(map(zoo.published_teacher, zoo.PAIRS))
    assert not any(zoo.published(pair, "KD") for pair in CROSS_PAIRS)
    assert zoo.published(first, "CRD") == 71.16 and zoo.published(first, "alone") == 69.06
    assert zoo.published("wrn_40_2-wrn_16_2", "RKD") == 73.35 and zoo.published("vgg13-vgg8", "RKD") == 71.48
    assert zoo.published_teacher(first) == 72.34 and zoo.published_teacher("wrn_40_2-wrn_40_1") == 75.61
    assert zoo.published("wrn_40_2-wrn_40_1", "FSP") is None and zoo.published("wrn_40_2-wrn_16_2", "FSP") == 72.91
    missing = {name for name in ZOO if zoo.published(first, name) is None}
    assert missing == {"fitnets", "overhaul", "matching", "logits"}
    with pytest.raises(UnknownName, match=r"'resnet56-resnet21' is not a known pair\. Did you mean 'resnet56-"):
        zoo.published("resnet56-resnet21", "KD")
