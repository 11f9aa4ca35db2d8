"""Compressing GANs using Knowledge Distillation (Aguinaldo, Chiang, Gain, Patil, Pearson, Feizi; arXiv 1902.00159)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch, Data, Latents, Source, Split
from ..data.pinned import onto
from ..errors import ShapeError, choose, require
from ..nets import Critic, Generator
from ..train import Judge, Phase, Recipe, Trainable, descend, evaluating, minimise
from ..train.checks import check_net
from ..train.objective import Terms
from .adapters import unchanged_statistics
from .tensors import full_precision, same_shape, shape

Game = Literal["non-saturating", "wasserstein"]
BETAS = (0.5, 0.999)  # of Adam, in every GAN here: Radford et al. 2016
PENALTY = 10.0  # of the slope: Gulrajani et al. 2017
SCALE = 10.0  # of the imitation: brings its 0.01 … 0.1 to the size of the adversarial term (ours; the paper is silent)
STEPS = 100  # an epoch of a black box, where the recipe does not say
LATENTS = 500  # on which a student is measured
LUMA = (0.299, 0.587, 0.114)  # of red, green, blue in grey: ITU-R BT.601


@full_precision
def imitation_loss(x_s: Float[Tensor, "B C H W"], x_t: Float[Tensor, "B C H W"]) -> Float[Tensor, ""]:
    """mean over B, C, H, W of (S(z) - T(z))², both images of the same z (§3, black box). The teacher's is constant.

    >>> imitation_loss(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.5)).item()
    0.25
    """
    same_shape(x_s, x_t, "imitation_loss, images")
    return F.mse_loss(x_s, x_t.detach())


@full_precision
def fooling_loss(on_fake: Float[Tensor, " B"], game: Game = "non-saturating") -> Float[Tensor, ""]:
    """What a generator minimises, given a critic's scores of its images, mean over B.

    "non-saturating": softplus(-D(G(z))) = -log σ(D(G(z))), Goodfellow et al.'s second form (2014, §3).
    "wasserstein": -D(G(z)).

    >>> round(fooling_loss(torch.zeros(3)).item(), 4), fooling_loss(torch.ones(3), "wasserstein").item()
    (0.6931, -1.0)
    """
    return F.softplus(-on_fake).mean() if game == "non-saturating" else -on_fake.mean()


@full_precision
def critic_loss(
    on_real: Float[Tensor, " B"], on_fake: Float[Tensor, " N"], game: Game = "non-saturating"
) -> Float[Tensor, ""]:
    """What a critic minimises, given its scores of real and of made images, each a mean over its batch.

    "non-saturating": softplus(-D(x)) + softplus(D(G(z))), cross-entropy of "real" and "made". "wasserstein":
    D(G(z)) - D(x), to which `gradient_penalty` belongs.

    >>> critic_loss(torch.full((3,), 2.0), torch.ones(3), "wasserstein").item()
    -1.0
    """
    if game == "non-saturating":
        return F.softplus(-on_real).mean() + F.softplus(on_fake).mean()
    return on_fake.mean() - on_real.mean()


def gradient_penalty(
    critic: Callable[[Float[Tensor, "B C H W"]], Float[Tensor, " B"]],
    real: Float[Tensor, "B C H W"],
    fake: Float[Tensor, "B C H W"],
    share: Float[Tensor, "B 1 1 1"],
) -> Float[Tensor, ""]:
    """mean over B of (‖∇ D(x̂)‖₂ - 1)² at x̂ = share · real + (1 - share) · fake (Gulrajani et al. 2017, equation 3).

    Its gradient reaches the critic alone.

    >>> x = torch.zeros(2, 1, 1, 1)
    >>> gradient_penalty(lambda x: 3 * x.flatten(1).sum(1), x, x + 1, torch.full((2, 1, 1, 1), 0.5)).item()  # (3 - 1)²
    4.0
    """
    same_shape(fake, real, "gradient_penalty, images")
    between = (share * real + (1 - share) * fake).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    made: Tensor = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    return made


@full_precision
def laplacian(x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B h w"]:
    """[[0, 1, 0], [1, -4, 1], [0, 1, 0]] at the inner pixels of each image in grey, in units of 0…255.

    The images run from -1 to 1; C is 1, or 3 for red, green, blue. Raises `ShapeError` for other images.

    >>> dot = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]).reshape(1, 1, 3, 3)
    >>> laplacian(dot).item()  # -4 · 127.5
    -510.0
    """
    ok = x.ndim == 4 and x.shape[1] in (1, 3) and min(x.shape[2:]) >= 3
    require(ok, f"laplacian: the shape is {shape(x)}; expected (B, 1 or 3, H, W), H, W ≥ 3", ShapeError)
    weights = x.new_tensor(LUMA if x.shape[1] == 3 else (1.0,))
    grey = 127.5 * (torch.einsum("bchw,c->bhw", x, weights) + 1)
    middle = grey[:, 1:-1, 1:-1]
    return grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * middle


@full_precision
def laplacian_variance(x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
    """Sharpness (§4): the variance over the inner pixels of the `laplacian` of each image.

    >>> flat = torch.zeros(1, 1, 5, 5)
    >>> laplacian_variance(flat).item(), laplacian_variance(torch.eye(5).reshape(1, 1, 5, 5)).item() > 0
    (0.0, True)
    """
    return laplacian(x).flatten(1).var(1, correction=0)


class Distil(Trainable):
    """A small generator learns from a large one:

    L_S = (1 - alpha) · `fooling_loss`(D(S(z))) + alpha · scale · `imitation_loss`(S(z), T(z)), the same z in both (§3).

    alpha = 1 is the black box: no critic and no data, only the teacher's images with their z. Otherwise a critic learns
    beside the student to tell its images from the real ones, `critic_steps` steps for each of the student's. alpha = 0
    without a teacher is an ordinary GAN. Adam with betas (0.5, 0.999) moves both, at the recipe's rate or the critic at
    `critic_lr`.

    judge: measures the images against the held-out ones after each epoch; without one, imitation is measured, and
    without a teacher too, sharpness alone, which says little: give a GAN a judge.
    Raises `ConfigError` for a critic with batch norm where there is a gradient penalty.
    """

    kind = Generator
    student: Generator
    teacher: Generator | None

    def __init__(
        self,
        student: Generator,
        teacher: Generator | None = None,
        critic: Critic | None = None,
        alpha: float = 0.5,
        scale: float = SCALE,
        game: Game = "non-saturating",
        critic_steps: int = 1,
        critic_lr: float | None = None,
        judge: Judge | None = None,
    ) -> None:
        super().__init__(
            student, teacher, alpha=alpha, scale=scale, game=game, critic_steps=critic_steps, critic_lr=critic_lr,
            critic=getattr(critic, "config", None),
        )  # fmt: skip
        if critic is not None:
            check_net(critic, "critic", Critic)
        _check(student, teacher, critic, alpha, game)
        require(scale > 0, f"scale={scale}: it multiplies the imitation and must be positive")
        require(critic_steps >= 1, f"critic_steps={critic_steps}: the critic moves at least once for each student step")
        require(critic_lr is None or critic_lr > 0, f"critic_lr={critic_lr}: a learning rate must be positive")
        self.critic, self.judge = critic, judge
        self.alpha, self.scale, self.game = alpha, scale, game
        self.critic_steps, self.critic_lr = critic_steps, critic_lr
        self.train(student.training)

    def weights(self) -> dict[str, float]:
        """The weight of each term that the student's loss has."""
        both = {"imitation": self.alpha * self.scale, "fooling": 1 - self.alpha}
        return {name: weight for name, weight in both.items() if weight}

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        name = "adversarial" if self.alpha == 0 else "joint" if self.critic else "black box"
        return (Phase(name, epochs, self.compare, self.weights(), needs_teacher=self.alpha > 0),)

    def check(self, data: Data) -> None:
        if self.critic is None and self.judge is None:
            return
        found = tuple(data.test.images.shape[1:])
        what = f"{data.name} has images {found}, the student makes {self.student.shape}"
        require(found == self.student.shape, f"{what}; data.for_generators brings images to a size", ShapeError)
        require(
            {*data.mean, *data.std} == {0.5},
            f"{data.name} has pixels of another range than the student's tanh, -1 to 1; use data.for_generators",
        )

    def source(self, data: Data, recipe: Recipe) -> Source:
        """Real images for the critic; for the black box latents, and `data` is not looked at."""
        if self.critic is not None:
            return super().source(data, recipe)
        return Latents(self.student.latent_dim, recipe.batch_size, recipe.steps_per_epoch or STEPS)

    def measure(self, split: Split, data: Data) -> dict[str, float]:
        """With a judge its `Quality`, whose score finds the best epoch; with a teacher the share of the variance of its
        images that the student explains, on latents of its own: 1 is a perfect copy."""
        where = next(self.student.parameters())
        z = torch.randn(LATENTS, self.student.latent_dim, generator=torch.Generator().manual_seed(0)).to(where)
        with evaluating(self.student):
            images = self.student(z)
            told = self.judge.quality(images, split, data).numbers() if self.judge is not None else {}
            if self.teacher is not None:
                target = self.teacher(z)
                told["explained"] = 1 - float(F.mse_loss(images, target) / (target - target.mean(0)).square().mean())
        return told or {"sharpness": float(laplacian_variance(images).mean())}

    def parameter_groups(self, phase: Phase) -> dict[str, list[nn.Parameter]]:
        nets = {"student": self.student} | ({"critic": self.critic} if self.critic is not None else {})
        return {name: [p for p in net.parameters() if p.requires_grad] for name, net in nets.items()}

    def recipe_for(self, group: str, recipe: Recipe) -> Recipe:
        lr = self.critic_lr if group == "critic" and self.critic_lr else recipe.lr
        return replace(recipe, optimiser="adam", betas=BETAS, weight_decay=0.0, lr=lr)

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        images, recorded = batch.images, {}
        if self.critic is not None:
            for _ in range(self.critic_steps):
                recorded = self.sharpen(images, optimisers["critic"])
        z = images if self.critic is None else self.draw(len(images), images)
        terms = phase.losses(z)
        loss = minimise(terms, phase.weights, optimisers["student"])
        return {**{name: value.detach() for name, value in terms.items()}, **recorded, "loss": loss}

    def compare(self, z: Float[Tensor, "B Z"]) -> Terms:
        """The terms of the student's loss on these latents; those of weight 0 are left out."""
        made, terms = self.student(z), {}
        if self.teacher is not None and self.alpha > 0:
            with torch.no_grad():
                target = self.teacher(z)
            terms["imitation"] = imitation_loss(made, target)
        if self.critic is not None:
            with frozen(self.critic):
                terms["fooling"] = fooling_loss(self.critic(made), self.game)
        return terms

    def sharpen(self, real: Float[Tensor, "B C H W"], optimiser: torch.optim.Optimizer) -> Terms:
        """One step of the critic on real images and as many of the student's, which leaves no trace in the student."""
        assert self.critic is not None
        with torch.no_grad(), unchanged_statistics(self.student):
            fake = self.student(self.draw(len(real), real))
        loss = critic_loss(self.critic(real), self.critic(fake), self.game)
        recorded = {"critic": loss.detach()}
        if self.game == "wasserstein":
            share = onto(torch.rand(len(real), 1, 1, 1, generator=self.noise), real).to(real)
            penalty = gradient_penalty(self.critic, real, fake, share)
            loss, recorded["penalty"] = loss + PENALTY * penalty, penalty.detach()
        descend(loss, optimiser)
        return recorded

    def draw(self, count: int, like: Float[Tensor, "..."]) -> Float[Tensor, "count Z"]:
        """Fresh latents, beside those of the batch."""
        return onto(torch.randn(count, self.student.latent_dim, generator=self.noise), like).to(like)


@contextmanager
def frozen(net: nn.Module) -> Iterator[None]:
    """Gradients pass through `net` and leave none in its parameters.

    >>> net = torch.nn.Linear(1, 1)
    >>> with frozen(net):
    ...     [p.requires_grad for p in net.parameters()]
    [False, False]
    """
    wanted = [parameter for parameter in net.parameters() if parameter.requires_grad]
    net.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in wanted:
            parameter.requires_grad_()


def _check(student: Generator, teacher: Generator | None, critic: Critic | None, alpha: float, game: str) -> None:
    """Raises `ConfigError` or `ShapeError` where the nets do not fit each other or the loss."""
    choose("game", game, ("non-saturating", "wasserstein"))
    require(0 <= alpha <= 1, f"alpha={alpha}: the share of the imitation must lie in 0…1")
    if alpha > 0:
        require(teacher is not None, f"alpha={alpha} asks for imitation, but there is no teacher; alpha=0 needs none")
    if alpha < 1:
        require(critic is not None, f"alpha={alpha} asks for a critic; make one with nets.critic, or take alpha=1")
    else:
        require(critic is None, "alpha=1 is the black box: the critic would learn from data that nobody uses; leave it")
    for what, net in (("teacher", teacher), ("critic", critic)):
        fits = net is None or net.shape == student.shape
        found = getattr(net, "shape", None)
        require(fits, f"the {what}'s images are {found}, the student's {student.shape}; they must be equal", ShapeError)
    if teacher is not None:
        told = f"the teacher reads {teacher.latent_dim} numbers, the student {student.latent_dim}"
        require(teacher.latent_dim == student.latent_dim, f"{told}; the same z must fit both", ShapeError)
    if critic is not None and game == "wasserstein":
        why = "batch norm mixes the images of a batch, and a gradient penalty asks for each image's own slope"
        require(not critic.mixes, f"{why}; make the critic with norm='layer' or norm='none'")
