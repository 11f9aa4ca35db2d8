"""Compressing GANs: the reference's step, who learns and who stays, stop and go, and what the black box never reads."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, UnknownName, nets
from kdtutor.data import Data, Latents, Split
from kdtutor.papers import gan
from kdtutor.papers.gan import Distil, critic_loss, fooling_loss, gradient_penalty, imitation_loss, laplacian_variance
from kdtutor.train import Judge, Recipe, steps
from tests.train.common import same_weights

from .oracle import agree, oracle

RECIPE = Recipe(lr=1e-3, batch_size=8, steps_per_epoch=3)
WAYS = {"scratch": 0.0, "joint": 0.5, "black box": 1.0}
EVERY_WAY = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(scope="module")
def data() -> Data:
    whole = kd.data.load("digits-16")
    return replace(whole, train=whole.train[::35], val=whole.val[::10], test=whole.test[::20])


def small(seed: int = 0, **options: object) -> nets.Generator:
    kd.seed_everything(seed)
    return nets.generator(**{"name": "dcganx0.125", "latent": 5, "size": 16, **options})


def make(way: str = "joint", seed: int = 0, **options: object) -> Distil:
    alpha = WAYS[way]
    student, teacher = small(seed), small(99)
    critic = None if alpha == 1 else nets.critic("dcganx0.25", norm="batch")
    return Distil(student, teacher if alpha else None, critic, **{"alpha": alpha, **options})


def learn(method: Distil, data: Data, epochs: int = 2, **options: object):
    return kd.fit(method, data, epochs, **{"recipe": RECIPE, **options}, progress=False, device="cpu")


# ---- the reference


def nets_of(case: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(name): value for key, value in case.items() if key.startswith(name)}


def reference_generator(widths: tuple[int, int, int]) -> nn.Sequential:
    a, b, c = widths
    return nn.Sequential(
        nn.ConvTranspose2d(8, a, 3), nn.BatchNorm2d(a), nn.ReLU(),
        nn.ConvTranspose2d(a, b, 4, 2), nn.BatchNorm2d(b), nn.ReLU(),
        nn.ConvTranspose2d(b, c, 4, 2, 1), nn.BatchNorm2d(c), nn.ReLU(),
        nn.ConvTranspose2d(c, 1, 4, 2, 1), nn.Tanh(),
    ).double()  # fmt: skip


def score(weights: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    h = F.leaky_relu(F.conv2d(x, weights["c1.weight"], weights["c1.bias"], 2, 1), 0.2)
    h = F.leaky_relu(F.conv2d(h, weights["c2.weight"], weights["c2.bias"], 2, 1), 0.2)
    return F.linear(h.flatten(1), weights["f.weight"], weights["f.bias"]).flatten()


def test_one_joint_step_equals_the_reference():
    case = oracle("gankd_joint_case1")
    alpha, real = float(case["alpha"]), case["real"]
    s0, t0, d0 = (nets_of(case, name) for name in ("S0.layers.", "T0.layers.", "D0."))
    student, teacher = reference_generator((10, 5, 2)), reference_generator((30, 15, 7)).eval()
    student.load_state_dict(s0)
    teacher.load_state_dict(t0)
    critic = {name: weight.requires_grad_() for name, weight in d0.items()}
    made = functional_call(student, dict(student.named_parameters()), case["noise"])
    with torch.no_grad():
        target = teacher(case["noise"])
    agree(target, case["teacher_img"])
    agree(made, case["student_img"])

    loss_s = (1 - alpha) * fooling_loss(score(critic, made), "wasserstein") + alpha * imitation_loss(made, target)
    agree(imitation_loss(made, target), case["mse"])
    agree(loss_s, case["loss_G"])
    parameters = dict(student.named_parameters())
    for name, gradient in zip(parameters, torch.autograd.grad(loss_s, list(parameters.values())), strict=True):
        expected = case[f"gradS.layers.{name}"]
        torch.testing.assert_close(gradient, expected, rtol=1e-8, atol=1e-12)

    fake = made.detach()
    penalty = gradient_penalty(lambda x: score(critic, x), real, fake, case["eps"])
    loss_d = critic_loss(score(critic, real), score(critic, fake), "wasserstein") + gan.PENALTY * penalty
    agree(penalty, case["gp"])
    agree(loss_d, case["loss_D"])
    for name, gradient in zip(critic, torch.autograd.grad(loss_d, list(critic.values())), strict=True):
        torch.testing.assert_close(gradient, case[f"gradD.{name}"], rtol=1e-8, atol=1e-11)


# ---- losses by hand


def test_the_losses_by_hand():
    on_real, on_fake = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 0.0])
    by_hand = F.binary_cross_entropy_with_logits(on_real, torch.ones(2)) + F.binary_cross_entropy_with_logits(
        on_fake, torch.zeros(2)
    )
    torch.testing.assert_close(critic_loss(on_real, on_fake), by_hand)
    torch.testing.assert_close(fooling_loss(on_fake), -torch.sigmoid(on_fake).log().mean())
    assert critic_loss(on_real, on_fake, "wasserstein") == 0.25 - 0.5
    assert fooling_loss(on_fake, "wasserstein") == -0.25
    assert torch.isfinite(fooling_loss(torch.tensor([-1e4]))) and torch.isfinite(critic_loss(-on_real * 1e4, on_fake))


def test_the_penalty_of_a_linear_critic_is_that_of_its_slope():
    w = torch.tensor([3.0, 4.0]).view(1, 1, 1, 2)
    penalty = gradient_penalty(lambda x: (x * w).sum((1, 2, 3)), torch.zeros(2, 1, 1, 2), torch.ones(2, 1, 1, 2),
                               torch.rand(2, 1, 1, 1))  # fmt: skip
    assert float(penalty) == pytest.approx((5 - 1) ** 2)


def test_sharpness_by_hand():
    flat, dot = torch.zeros(1, 1, 5, 5), torch.full((1, 1, 5, 5), -1.0)
    dot[0, 0, 2, 2] = 1
    assert laplacian_variance(flat).item() == 0
    inner = 255 * torch.tensor([0.0, 1, 0, 1, -4, 1, 0, 1, 0])
    assert laplacian_variance(dot).item() == pytest.approx(inner.var(correction=0).item(), rel=1e-5)
    assert laplacian_variance(dot.expand(2, 3, 5, 5)).tolist() == pytest.approx([laplacian_variance(dot).item()] * 2)
    with pytest.raises(ShapeError, match=r"\(1, 2, 5, 5\)"):
        laplacian_variance(torch.zeros(1, 2, 5, 5))


def test_a_large_error_keeps_its_digits_in_half_precision():
    x = torch.full((1, 1, 32, 32), 0.5, dtype=torch.bfloat16)
    assert imitation_loss(x, -x).dtype == torch.float32 and imitation_loss(x, -x) == 1


# ---- training


@EVERY_WAY
def test_the_student_learns_and_the_teacher_stays(data, way):
    method = make(way)
    before = {name: value.clone() for name, value in method.state_dict().items()}
    history = learn(method, data)
    changed = {name for name, value in method.state_dict().items() if not torch.equal(value, before[name])}
    parameters = {f"student.{name}" for name, _ in method.student.named_parameters()}
    assert parameters <= changed and not any(name.startswith("teacher") for name in changed)
    assert (way == "black box") == (not any(name.startswith("critic") for name in changed))
    if method.teacher is not None:
        assert not method.teacher.training and all(p.grad is None for p in method.teacher.parameters())
        assert history.last("test_explained") < 1
    assert history.phases == ({"scratch": "adversarial"}.get(way, way),)
    assert {"scratch": {"fooling", "critic"}, "joint": {"imitation", "fooling", "critic"}, "black box": {"imitation"}}[
        way
    ] <= set(history.terms)


@EVERY_WAY
@pytest.mark.parametrize("stop_at", [2, 4])
def test_a_stopped_run_continues_to_the_same_numbers(data, tmp_path, way, stop_at):
    whole = make(way)
    expected = learn(whole, data)
    running = steps(make(way), data, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(stop_at):
        next(running)
    running.close()
    torch.manual_seed(1234)
    resumed = make(way)
    history = learn(resumed, data, out=tmp_path)
    assert history.rows == expected.rows and same_weights(resumed, whole)


@EVERY_WAY
def test_a_batch_of_one(data, way):
    options = {"game": "wasserstein", "critic": nets.critic("dcganx0.25", norm="layer")}
    method = make(way)
    if way != "black box":
        alpha = WAYS[way]
        method = Distil(small(), small(99) if alpha else None, alpha=alpha, **options)
    assert learn(method, data, 1, recipe=replace(RECIPE, batch_size=1)).last("loss") is not None


class Forbidden(Split):
    """A training split that counts, but lets nobody look."""

    def __getattribute__(self, name):
        if name == "images":
            raise AssertionError("the training images were read")
        return super().__getattribute__(name)

    def to(self, device):
        return self


def forbidden(split: Split) -> Split:
    hidden = object.__new__(Forbidden)
    object.__setattr__(hidden, "labels", split.labels)
    return hidden


def test_the_black_box_never_looks_at_the_data(data):
    hidden = replace(data, train=forbidden(data.train))
    learn(make("black box"), hidden)
    assert isinstance(make("black box").source(hidden, RECIPE), Latents)
    with pytest.raises(AssertionError, match="were read"):
        learn(make("joint"), hidden)


def test_the_terms_are_weighed():
    method = make("joint", alpha=0.25, scale=8.0)
    assert method.weights() == {"imitation": 2.0, "fooling": 0.75}
    kd.seed_everything(0)
    z = torch.randn(4, 5)
    terms = method.train().compare(z)
    torch.testing.assert_close(terms["imitation"], imitation_loss(method.student(z), method.teacher(z)))
    assert set(make("scratch").compare(z)) == {"fooling"} and set(make("black box").compare(z)) == {"imitation"}


def test_the_student_leaves_no_trace_in_the_critic_and_the_critic_none_in_the_student(data):
    method = make("joint").train()
    statistics = {name: value.clone() for name, value in method.student.state_dict().items()}
    optimiser = torch.optim.Adam(method.critic.parameters())
    method.sharpen(data.normalise(data.train.images[:4]), optimiser)
    assert all(torch.equal(value, statistics[name]) for name, value in method.student.state_dict().items())
    assert all(p.grad is None for p in method.student.parameters())
    for p in method.critic.parameters():
        p.grad = None
    sum(method.compare(torch.randn(4, 5)).values()).backward()
    assert all(p.grad is None and p.requires_grad for p in method.critic.parameters())
    assert all(p.grad is not None for p in method.student.parameters())


def test_recipes_of_both_optimisers():
    method = make("joint", critic_lr=0.01)
    recipes = {group: method.recipe_for(group, RECIPE) for group in ("student", "critic")}
    assert [recipe.betas for recipe in recipes.values()] == [gan.BETAS] * 2
    assert (recipes["student"].lr, recipes["critic"].lr) == (1e-3, 0.01)
    assert {recipe.optimiser for recipe in recipes.values()} == {"adam"}
    assert set(method.parameter_groups(method.phases(1)[0])) == {"student", "critic"}
    assert set(make("black box").parameter_groups(method.phases(1)[0])) == {"student"}


def test_a_judge_measures(data):
    method = make("joint", judge=Judge(nets.teacher("digits-16-resnet8")))
    history = learn(method, data, 1)
    assert history.last("val_distance") > 0 and 1 <= history.last("test_score") <= 10
    assert {"val_score", "val_entropy", "val_explained"} <= set(history.terms)


def test_a_perfect_copy_explains_everything(data):
    method = make("black box")
    method.student.load_state_dict(method.teacher.state_dict())
    assert method.measure(data.test, data)["explained"] == pytest.approx(1)


def test_the_best_weights_are_kept_however_bad(data, tmp_path):
    """After its first steps a copy may explain less than nothing."""
    method = make("black box")
    history = kd.fit(method, data, 1, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    assert history.last("val_explained") < -1
    assert (tmp_path / "best.safetensors").exists()


def test_a_run_that_diverges_says_so(data):
    with pytest.raises(kd.DivergedError, match=r"'loss' became inf .* each of its terms is finite, so a weight"):
        learn(make("joint", scale=1e39), data)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"alpha": 0.5}, ConfigError, "no teacher"),
        ({"teacher": small(1), "alpha": 0.5}, ConfigError, "asks for a critic"),
        ({"teacher": small(1), "alpha": 1, "critic": nets.critic()}, ConfigError, "black box"),
        ({"teacher": small(1), "alpha": 1.5}, ConfigError, "alpha=1.5"),
        ({"teacher": small(1, latent=6), "alpha": 1}, ShapeError, "reads 6 numbers, the student 5"),
        ({"teacher": small(1, size=32), "alpha": 1}, ShapeError, "must be equal"),
        ({"alpha": 0, "critic": nets.critic(norm="batch"), "game": "wasserstein"}, ConfigError, "norm='layer'"),
        ({"alpha": 0, "critic": nets.critic(), "game": "chess"}, UnknownName, "chess"),
        ({"teacher": small(1), "alpha": 1, "scale": 0}, ConfigError, "scale=0"),
        ({"alpha": 0, "critic": nets.critic(), "critic_steps": 0}, ConfigError, "critic_steps=0"),
    ],
)
def test_what_does_not_fit_is_named(options, error, words):
    with pytest.raises(error, match=words):
        Distil(small(), **options)


def test_data_that_do_not_fit_are_named(data):
    with pytest.raises(ShapeError, match="for_generators"):
        learn(make("joint"), kd.data.load("digits"))
    with pytest.raises(ConfigError, match="another range"):
        learn(make("joint"), replace(data, mean=(0.1,), std=(0.3,)))
    with pytest.raises(ShapeError, match="for_generators"):
        learn(make("black box", judge=Judge(nets.teacher("digits-16-resnet8"))), kd.data.load("digits"))
