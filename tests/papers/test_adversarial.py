"""Data-free adversarial distillation: the reference numbers, who moves when, and what a run leaves behind."""

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor, nn

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, nets
from kdtutor.data import UNLABELLED, Data, Split
from kdtutor.papers.adversarial import DISTANCES, Adversarial, Logits, discrepancy, divergence
from kdtutor.papers.hinton import kd_loss
from kdtutor.train import Recipe, steps
from tests.train.common import same_weights

from .oracle import PRECISIONS, agree, oracle

RECIPE = Recipe(lr=1e-3, optimiser="adam", schedule="constant", weight_decay=0.0, batch_size=6, steps_per_epoch=4)


def net(name: str, seed: int) -> kd.Net:
    kd.seed_everything(seed)
    return nets.build(name, classes=10, channels=1)


def make(seed: int = 0, student: str = "lenet5_half", k: int = 3, size: int = 28, **options) -> Adversarial:
    teacher, learner = net("lenet5", 99), net(student, seed)
    made = nets.generator("deconvolutionx0.25", latent=5, channels=1, size=size)
    return Adversarial(Logits(learner, teacher), made, k=k, **options)


def learn(distiller: kd.Distiller, data: Data, epochs: int = 2, **options) -> kd.train.History:
    return kd.fit(distiller, data, epochs, **({"recipe": RECIPE} | options), progress=False, device="cpu")


# -- the distances


@PRECISIONS
def test_values_and_all_gradients_equal_the_reference(dtype):
    case = oracle("dfad_discrepancy_case1", dtype)
    z_s, z_t = (case[who].requires_grad_() for who in ("student", "teacher"))
    loss = Logits(*two_nets()).spots()[0].loss(Logit(z_s), Logit(z_t))
    agree(loss, case["loss_S"])
    agree(*gradients(loss, z_s), case["grad_loss_S_wrt_student"])
    for name, distance in (("loss_G", "l1"), ("loss_G_log", "log")):
        loss = -DISTANCES[distance](z_s, z_t)
        agree(loss, case[name])
        for leaf, who in ((z_s, "student"), (z_t, "teacher")):
            agree(*gradients(loss, leaf), case[f"grad_{name}_wrt_{who}"])


@dataclass
class Logit:
    """As much of a trace as a loss on logits reads."""

    logits: Tensor


def two_nets() -> tuple[kd.Net, kd.Net]:
    return net("lenet5x0.25", 0), net("lenet5x0.25", 1)


def gradients(value: Tensor, *leaves: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(value, leaves, retain_graph=True)


def test_the_student_pulls_nothing_out_of_the_teacher():
    z_s, z_t = (torch.randn(3, 10, requires_grad=True) for _ in "st")
    for distance in ("l1", "kl"):
        loss = Logits(*two_nets(), distance=distance).spots()[0].loss(Logit(z_s), Logit(z_t))
        assert torch.autograd.grad(loss, z_t, allow_unused=True) == (None,)


def lengths(gap: float) -> dict[str, float]:
    """The length of each distance's gradient with respect to the student's logits, `gap` from the teacher's."""
    generator = torch.Generator().manual_seed(0)
    z_t, way = (torch.randn(8, 10, generator=generator, dtype=torch.float64) for _ in "td")
    z_s = (z_t + gap * way).requires_grad_()
    return {name: gradients(measure(z_s, z_t), z_s)[0].norm().item() for name, measure in DISTANCES.items()}


def test_the_gradient_of_kl_vanishes_at_agreement_and_that_of_l1_does_not():
    far, near = lengths(1e-1), lengths(1e-5)
    assert near["l1"] == far["l1"] == pytest.approx(80**-0.5)
    assert near["log"] == pytest.approx(near["l1"], rel=1e-3)
    assert near["kl"] == pytest.approx(1e-4 * far["kl"], rel=0.1)
    assert lengths(0.0)["kl"] < 1e-12


def test_divergence_is_kl_and_its_gradient_reaches_both_sides():
    z_s, z_t = (torch.randn(5, 7, dtype=torch.float64, requires_grad=True) for _ in "st")
    torch.testing.assert_close(divergence(z_s, z_t), kd_loss(z_s, z_t, 1))
    torch.testing.assert_close(gradients(divergence(z_s, z_t), z_s), gradients(kd_loss(z_s, z_t, 1), z_s))
    assert torch.autograd.gradcheck(divergence, (z_s, z_t)) and torch.autograd.gradcheck(DISTANCES["log"], (z_s, z_t))


def test_kl_does_not_see_what_the_softmax_does_not_see():
    z_t = torch.randn(4, 10)
    assert divergence(z_t + 3, z_t).abs() < 1e-6 and discrepancy(z_t + 3, z_t) == pytest.approx(3)


@pytest.mark.parametrize("measure", DISTANCES.values(), ids=DISTANCES)
def test_other_classes_are_refused(measure):
    with pytest.raises(ShapeError, match=r"\(4, 3\).*\(4, 2\)"):
        measure(torch.zeros(4, 3), torch.zeros(4, 2))


# -- one step of the generator


def state(distiller: Adversarial) -> list[Tensor]:
    nets_ = (distiller.student, distiller.teacher)
    return [x.clone() for one in nets_ for x in one.state_dict().values()]


@pytest.mark.parametrize("student", ["lenet5_half", "resnet8x0.25"])  # without batch norms and with some
@pytest.mark.parametrize("distance", DISTANCES)
def test_the_generator_learns_through_both_nets_and_leaves_no_trace_in_either(student, distance):
    distiller = make(student=student, distance=distance).train()
    before, weights = state(distiller), [p.clone() for p in distiller.generator.parameters()]
    optimiser = torch.optim.Adam(distiller.generator.parameters(), lr=1e-3)
    images = distiller.generator(torch.randn(6, 5))
    told = distiller.improve(images, optimiser, look=True)
    assert all(torch.equal(a, b) for a, b in zip(before, state(distiller), strict=True))
    assert all(p.grad is None for one in (distiller.student, distiller.teacher) for p in one.parameters())
    assert not any(torch.equal(a, b) for a, b in zip(weights, distiller.generator.parameters(), strict=True))
    assert told["disagreement"] == told["generator"] < 0


def test_its_gradient_is_that_of_the_distance_through_both_nets():
    """Without one of the two paths it would be another."""
    distiller = make().train()
    z = torch.randn(6, 5)
    images = distiller.generator(z)
    s, t = distiller.student, distiller.teacher
    parameters = list(distiller.generator.parameters())

    def through(student: bool, teacher: bool) -> Tensor:
        z_s, z_t = s(images if student else images.detach()), t(images if teacher else images.detach())
        found = torch.autograd.grad(-discrepancy(z_s, z_t), parameters, retain_graph=True)
        return torch.cat([g.flatten() for g in found])

    both, only_s, only_t = through(True, True), through(True, False), through(False, True)
    distiller.improve(distiller.generator(z), torch.optim.SGD(parameters, lr=0.0), look=True)
    used = torch.cat([p.grad.flatten() for p in parameters])
    torch.testing.assert_close(used, both, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(both, only_s + only_t, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(both, only_s, rtol=0.1) and not torch.allclose(both, only_t, rtol=0.1)


def test_a_step_of_the_generator_finds_more_disagreement():
    distiller = make().train()
    optimiser, z = torch.optim.SGD(distiller.generator.parameters(), lr=1e-3), torch.randn(6, 5)
    first = distiller.improve(distiller.generator(z), optimiser, look=True)["disagreement"]
    assert distiller.improve(distiller.generator(z), optimiser, look=True)["disagreement"] < first


def test_the_student_s_steps_do_not_move_the_generator():
    distiller = make(k=3)
    running = steps(distiller, small_digits(), 1, recipe=RECIPE, device="cpu")
    moved = []
    weights = distiller.generator.body.linear.weight
    for _ in range(4):
        before = weights.detach().clone()
        next(running)
        moved.append(not torch.equal(before, weights))
    running.close()
    assert moved == [False, False, True, False]


def small_digits() -> Data:
    whole = kd.data.load("digits")
    return replace(whole, val=whole.val[::25], test=whole.test[::50])


# -- whole runs


@pytest.mark.parametrize("stop_at", [1, 2, 3, 5, 8])
def test_a_stopped_run_continues_to_the_same_numbers_and_counts_k_on(digits, tmp_path, stop_at):
    whole = make()
    expected = learn(whole, digits)
    running = steps(make(), digits, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(stop_at):
        next(running)
    running.close()
    torch.manual_seed(1234)  # whatever happened in between
    resumed = make()
    continued = steps(resumed, digits, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    told = [("generator" in at.terms, at.step) for at in continued if at.terms]
    assert [step for moved, step in told if moved] == [step for step in (3, 6) if step > stop_at]
    assert learn(make(), digits, out=tmp_path).rows == expected.rows and same_weights(resumed, whole)
    assert int(resumed.taken) == 8


def test_equal_seeds_give_equal_runs_and_others_do_not(digits):
    runs = [learn(make(), digits, seed=seed).rows for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("student", ["lenet5_half", "resnet8x0.25"])
@pytest.mark.parametrize("distance", DISTANCES)
def test_batches_of_one_and_half_precision(digits, student, distance):
    one = Recipe(lr=1e-3, batch_size=1, steps_per_epoch=3)
    history = learn(make(student=student, distance=distance), digits, 1, recipe=one, precision="bf16")
    assert all(torch.tensor(row[3]).isfinite() for row in history.rows)


class Locked(Split):
    """A split that must not be looked at."""

    def __init__(self) -> None:
        object.__setattr__(self, "images", Untouchable())
        object.__setattr__(self, "labels", torch.full((10,), UNLABELLED))

    def __getitem__(self, rows):
        raise AssertionError("the training data were read")

    def chunks(self, rows):
        raise AssertionError("the training data were read")

    def to(self, device):
        return self


class Untouchable:
    def __getattr__(self, name):
        raise AssertionError(f"the training images were asked for {name}")


def test_no_training_image_is_touched(digits):
    locked = replace(digits, train=Locked())
    with pytest.raises(AssertionError, match="training"):
        learn(kd.Alone(net("lenet5_half", 0)), locked, 1)
    history = learn(make(), locked, 1)
    assert history.last("test_accuracy") >= 0


def test_labels_are_not_looked_at(digits):
    shuffled = replace(digits, train=Split(digits.train.images, digits.train.labels.flip(0)))
    assert learn(make(), digits).rows == learn(make(), shuffled).rows


def test_terms_of_both_players_are_told(digits):
    history = learn(make(), digits)
    assert {"logits", "disagreement", "generator", "test_accuracy"} <= set(history.terms)
    assert all(value < 0 for value in history.curve("disagreement")[1])
    assert history.config["options"]["k"] == 3


def test_a_run_that_diverges_says_so(digits):
    with pytest.raises(kd.DivergedError, match="learning rate"):
        learn(make(), digits, 40, recipe=replace(RECIPE, optimiser="sgd", lr=1e4))


def test_points_of_the_plane():
    moons = kd.data.load("moons", None)
    kd.seed_everything(0)
    teacher, student = (nets.build("mlp8", classes=2) for _ in "ts")
    made = nets.generator("points", latent=2, channels=2, size=1)
    distiller = Adversarial(Logits(student, teacher), made, k=2)
    learn(distiller, moons, 1)
    points = made(100 * torch.randn(50, 2))
    assert points.shape == (50, 2, 1, 1) and points.abs().max() <= 2
    assert points.abs().max() > 0.5 and all(isinstance(m, nn.Module) for m in made.modules())


@pytest.mark.parametrize("k", [0, -1])
def test_k_counts_from_one(k):
    with pytest.raises(ConfigError, match=f"k={k}"):
        make(k=k)


def test_nets_of_other_classes_are_refused():
    other = nets.build("lenet5", classes=7, channels=1)
    with pytest.raises(ConfigError, match="7 classes"):
        Logits(net("lenet5_half", 0), other)
