"""Data-free learning: the reference numbers, vanishing classes, replay, and what a run leaves behind."""

import math
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, nets
from kdtutor.data import Data
from kdtutor.papers.adversarial import Logits
from kdtutor.papers.data_free import DataFree, activation_loss, entropy_loss, one_hot_loss
from kdtutor.papers.generated import class_balance
from kdtutor.train import Recipe, steps
from tests.train.common import same_weights

from .oracle import PRECISIONS, agree, oracle

RECIPE = Recipe(lr=1e-3, optimiser="adam", schedule="constant", weight_decay=0.0, batch_size=6, steps_per_epoch=4)


def net(name: str, seed: int) -> kd.Net:
    kd.seed_everything(seed)
    return nets.build(name, classes=10, channels=1)


def make(seed: int = 0, student: str = "lenet5_half", **options) -> DataFree:
    teacher, learner = net("lenet5x0.5", 99), net(student, seed)
    made = nets.generator("deconvolutionx0.25", latent=5, channels=1, size=28)
    return DataFree(Logits(learner, teacher, "kl"), made, **options)


def learn(distiller: kd.Distiller, data: Data, epochs: int = 2, **options) -> kd.train.History:
    return kd.fit(distiller, data, epochs, **({"recipe": RECIPE} | options), progress=False, device="cpu")


@dataclass
class Answers:
    """As much of a trace as the losses read."""

    logits: Tensor
    embedding: Tensor


def gradients(value: Tensor, *leaves: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(value, leaves, retain_graph=True)


# -- the losses


@PRECISIONS
def test_the_losses_equal_the_reference(dtype):
    """The reference takes the entropy to base 10, and so do its weights."""
    case = oracle("dafl_losses_case1", dtype)
    z_t, e_t = (case[f"teacher_{what}"].requires_grad_() for what in ("logits", "feat"))
    found = {
        "one_hot": (one_hot_loss(z_t), z_t),
        "activation": (activation_loss(e_t), e_t),
        "information_entropy": (entropy_loss(z_t) / math.log(10), z_t),
    }
    for name, (loss, leaf) in found.items():
        agree(loss, case[f"loss_{name}"])
        agree(*gradients(loss, leaf), case[f"grad_loss_{name}"])
    agree(z_t.softmax(1).mean(0), case["p_mean"])
    assert torch.equal(z_t.argmax(1), case["pseudo_label"])


@PRECISIONS
def test_the_whole_objective_equals_the_reference(dtype):
    """One backward pass of the reference is two of ours: the generator's part and the student's do not mix."""
    case = oracle("dafl_losses_case1", dtype)
    z_s, z_t, e_t = (case[name].requires_grad_() for name in ("student_logits", "teacher_logits", "teacher_feat"))
    weights = {name: float(case[key]) for name, key in (("one_hot", "oh"), ("activation", "a"))}
    method = make(**weights, entropy=float(case["ie"]) / math.log(10))
    terms = method.objective(None, Answers(z_t, e_t))
    of_generator = sum(method.objective_weights()[name] * value for name, value in terms.items())
    of_student = method.inner.spots()[0].loss(Answers(z_s, e_t), Answers(z_t, e_t))
    agree(of_student, case["loss_kd"])
    agree(of_generator + of_student, case["loss"])
    agree(*gradients(of_student, z_s), case["grad_student_logits"])
    for leaf, who in ((z_t, "logits"), (e_t, "feat")):
        agree(*gradients(of_generator, leaf), case[f"grad_teacher_{who}"])


def test_the_default_weights_are_the_authors_in_natural_logarithms():
    weights = make().objective_weights()
    assert weights["one_hot"] == 1 and weights["activation"] == 0.1
    assert weights["entropy"] * math.log(10) == pytest.approx(5)


@pytest.mark.parametrize("height", [0.0, 10.0, 1e3, 1e30])
def test_the_entropy_stays_finite_where_a_class_vanishes(height):
    z_t = torch.zeros(6, 10)
    z_t[:, 0] = height  # from 110 on the others have no probability in single precision
    z_t.requires_grad_()
    loss = entropy_loss(z_t)
    (gradient,) = gradients(loss, z_t)
    assert loss.isfinite() and gradient.isfinite().all()
    assert -math.log(10) - 1e-6 <= loss.item() <= 1e-6
    if height >= 1e3:
        assert loss.item() == pytest.approx(0, abs=1e-6)


def test_bounds():
    even, sure = torch.zeros(20, 10), 1e3 * torch.eye(10)
    assert entropy_loss(even).item() == pytest.approx(-math.log(10))
    assert entropy_loss(sure).item() == pytest.approx(-math.log(10)), "sure of each image, and all classes alike"
    assert one_hot_loss(even).item() == pytest.approx(math.log(10)) and one_hot_loss(sure).item() == 0
    assert activation_loss(torch.tensor([[1.0, -3.0]])).item() == -2


@pytest.mark.parametrize("loss", [one_hot_loss, entropy_loss, activation_loss])
def test_gradients_half_precision_and_shapes(loss):
    x = torch.randn(5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(loss, x.clone().requires_grad_())
    assert loss(x.bfloat16()).dtype == torch.float32
    for wrong in (torch.zeros(3), torch.zeros(2, 3, 4), torch.zeros(0, 3)):
        with pytest.raises(ShapeError, match=r"expected \(B, ·\)"):
            loss(wrong)


# -- collapse


def test_collapse_is_counted_and_named():
    even = class_balance(torch.eye(10).repeat(3, 1))
    assert even.effective == pytest.approx(10) and not even.collapsed and "collapsed" not in even.sentence
    three = class_balance(torch.eye(10)[:3].repeat(4, 1))
    assert three.effective == pytest.approx(3) and three.collapsed
    assert three.sentence.startswith("collapsed, 3 of 10 classes") and sum(three.shares) == pytest.approx(1)
    assert class_balance(torch.eye(10)[:1]).effective == 1
    with pytest.raises(ShapeError, match=r"\(3,\); expected \(B, K\)"):
        class_balance(torch.zeros(3))


# -- one step


def test_the_generator_learns_through_the_teacher_and_leaves_no_trace():
    distiller = make(student="resnet8x0.25").train()
    before = [x.clone() for one in (distiller.student, distiller.teacher) for x in one.state_dict().values()]
    weights = [p.clone() for p in distiller.generator.parameters()]
    told = distiller.improve(
        distiller.generator(torch.randn(6, 5)), torch.optim.Adam(distiller.generator.parameters()), look=False
    )
    after = [x for one in (distiller.student, distiller.teacher) for x in one.state_dict().values()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(p.grad is None for one in (distiller.student, distiller.teacher) for p in one.parameters())
    assert all(p.grad is not None for p in distiller.generator.parameters())
    assert not all(torch.equal(a, b) for a, b in zip(weights, distiller.generator.parameters(), strict=True))
    assert set(told) == {"one_hot", "activation", "entropy", "generator"}


def test_the_student_learns_from_the_images_as_they_were_before_the_generator_moved(digits):
    """As the authors' single backward pass: both take their step on the same images."""
    distiller, seen = make().train(), []
    learn_from = distiller.learn_from
    distiller.learn_from = lambda images, *rest: seen.append(images) or learn_from(images, *rest)
    z = next(distiller.source(digits, RECIPE).epoch(0, 0)).images
    next(steps(distiller, digits, 1, recipe=RECIPE, device="cpu"))
    torch.testing.assert_close(seen[0], make().train().generator(z).detach(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("off", ["one_hot", "activation", "entropy"])
def test_a_weight_of_zero_leaves_its_loss_out(digits, off):
    history = learn(make(**{off: 0.0}), digits, 1)
    assert off not in history.terms and "generator" in history.terms


# -- replay


def test_replay_says_when_the_generator_moves(digits):
    *every, _ = steps(make(replay=3, memory=20), digits, 2, recipe=RECIPE, device="cpu")  # the last is of no new step
    told = [at.terms for at in every]
    assert ["generator" in terms for terms in told] == [True, False, False] * 2 + [True, False]


def test_the_memory_fills_then_forgets_at_random():
    distiller = make(replay=2, memory=8)
    distiller.noise.manual_seed(0)

    def images(count, value):
        return torch.full((count, 1, 28, 28), float(value))

    distiller.remember(images(6, 1))
    assert int(distiller.held) == 6 and set(distiller.remembered(50).unique().tolist()) == {1.0}
    distiller.remember(images(6, 2))
    kept = distiller.images[:, 0, 0, 0].tolist()
    assert int(distiller.held) == 8 and kept.count(2.0) == 6 and kept.count(1.0) == 2
    distiller.remember(images(20, 3))
    assert set(distiller.images.unique().tolist()) == {3.0}


@pytest.mark.slow
def test_the_memory_forgets_as_fast_as_the_lesson_says():
    """After u batches of B the share (1 - B/M)^u of the first images is left."""
    distiller = make(replay=2, memory=400)
    distiller.noise.manual_seed(1)
    distiller.remember(torch.ones(400, 1, 28, 28))
    for _ in range(10):
        distiller.remember(torch.zeros(40, 1, 28, 28))
    assert distiller.images.amax((1, 2, 3)).mean().item() == pytest.approx(0.9**10, abs=0.07)


def test_without_replay_there_is_no_memory():
    assert make().images.numel() == 0 and make(replay=2, memory=16).images.shape == (16, 1, 28, 28)


# -- whole runs


@pytest.mark.parametrize("options", [{}, {"replay": 3, "memory": 16}], ids=["faithful", "replay"])
@pytest.mark.parametrize("stop_at", [1, 3, 5])
def test_a_stopped_run_continues_to_the_same_numbers(digits, tmp_path, options, stop_at):
    whole = make(**options)
    expected = learn(whole, digits)
    running = steps(make(**options), digits, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(stop_at):
        next(running)
    running.close()
    torch.manual_seed(1234)  # whatever happened in between
    resumed = make(**options)
    assert learn(resumed, digits, out=tmp_path).rows == expected.rows and same_weights(resumed, whole)


def test_batches_of_one_and_half_precision(digits):
    one = Recipe(lr=1e-3, batch_size=1, steps_per_epoch=3)
    history = learn(make(replay=2), digits, 1, recipe=one, precision="bf16")
    assert all(torch.tensor(row[3]).isfinite() for row in history.rows)


def test_the_terms_and_the_options_are_told(digits):
    history = learn(make(replay=2), digits)
    assert {"logits", "one_hot", "activation", "entropy", "generator", "test_accuracy"} <= set(history.terms)
    assert history.config["options"]["replay"] == 2


def test_a_run_that_diverges_says_so(digits):
    with pytest.raises(kd.DivergedError, match="lower the learning rate"):
        learn(make(), digits, 4, recipe=replace(RECIPE, optimiser="sgd", lr=1e30))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"one_hot": -1}, "one_hot=-1: the weight of a loss must not be negative"),
        ({"one_hot": 0, "activation": 0, "entropy": 0}, "all three weights are 0"),
        ({"replay": 0}, "replay=0: the student takes at least one step"),
        ({"replay": 2, "memory": 0}, "memory=0"),
        ({"generator_lr": 0}, "generator_lr=0"),
    ],
)
def test_options_that_cannot_be(options, says):
    with pytest.raises(ConfigError, match=says):
        make(**options)
