"""On what data: a generator in place of a data set. Any method may learn from what it makes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..data import UNLABELLED, Batch, Data, Latents, Source
from ..data.pinned import onto
from ..errors import ShapeError, require
from ..nets import Generator, Trace
from ..train import Around, Balance, Distiller, Phase, Recipe, descend_alone, weighted_sum
from ..train.checks import check_net, same_classes
from ..train.distiller import check_task
from ..train.objective import Terms
from .adapters import unchanged_statistics
from .tensors import shape

STEPS = 120  # an epoch, where the recipe does not say: DAFL's


class Generated(Around):
    """Base of both data-free papers: `inner`, any method, learns from images that `generator` makes of latents, and the
    generator learns too. No image and no label of a data set is looked at, but to measure.

    Where `inner` weighs a task, its labels are the teacher's own answers. A subclass says when the generator moves, and
    by which `objective`; the weights of its terms are `objective_weights`. The generator has its own Adam, whose rate
    `generator_lr` follows the recipe's schedule; everything else is as `inner` and the recipe want it.
    """

    def __init__(self, inner: Distiller, generator: Generator, generator_lr: float = 1e-3, **options: Any) -> None:
        super().__init__(inner, generator=getattr(generator, "config", None), generator_lr=generator_lr, **options)
        require(
            inner.teacher is not None,
            f"{type(inner).__name__} has no teacher; without data there is nobody else to learn from",
        )
        require(
            not isinstance(inner, Generated),
            f"{type(inner).__name__} makes its images already; give {type(self).__name__} the method inside",
        )
        require(
            not inner.needs_rows,
            f"{type(inner).__name__} knows its images by their rows in a training split; generated images have none: "
            "train it on data, or choose another method",
        )
        assert inner.teacher is not None
        same_classes(inner.student, inner.teacher)  # the teacher's answers are the student's labels
        check_net(generator, "generator", Generator)
        require(generator_lr > 0, f"generator_lr={generator_lr}: the learning rate must be a positive number")
        self.generator, self.generator_lr = generator, generator_lr
        self.shares_batches = False  # its images are made by one generator, batch by batch
        self.taken = 0  # steps: a number of the CPU's, which decides without a wait who moves next
        self.train(self.student.training)

    def check(self, data: Data) -> None:
        check_task(self, data)
        super().check(data)

    def get_extra_state(self) -> Int[Tensor, " counts"]:
        """What a checkpoint keeps beside weights and buffers: the steps taken."""
        return torch.tensor([self.taken])

    def set_extra_state(self, state: Int[Tensor, " counts"]) -> None:
        (self.taken,) = state.tolist()

    def source(self, data: Data, recipe: Recipe) -> Source:
        """Latents; `data` is not looked at."""
        return Latents(self.generator.latent_dim, recipe.batch_size, recipe.steps_per_epoch or STEPS)

    def begin(self, data: Data) -> None:
        """Nothing: there is no data set to know."""

    def start_epoch(self, epoch: int, source: Source, seed: int) -> None:
        super().start_epoch(epoch, _Imagined(self, source), seed)

    def parameter_groups(self, phase: Phase) -> dict[str, list[nn.Parameter]]:
        moving = [parameter for parameter in self.generator.parameters() if parameter.requires_grad]
        return {**super().parameter_groups(phase), "generator": moving}

    def recipe_for(self, group: str, recipe: Recipe) -> Recipe:
        if group != "generator":
            return super().recipe_for(group, recipe)
        return replace(recipe, optimiser="adam", lr=self.generator_lr, weight_decay=0.0)

    def objective(self, s: Trace | None, t: Trace) -> Terms:
        """What the generator minimises, given the traces of its images."""
        raise NotImplementedError

    def objective_weights(self) -> dict[str, float]:
        """The weight of each term of the objective; without any, every term counts once."""
        return {}

    def imagine(self, latents: Float[Tensor, "B Z"]) -> Float[Tensor, "B C H W"]:
        """Images without a gradient; the generator's batch norms see the batch."""
        with torch.no_grad():
            made: Tensor = self.generator(latents)
            return made

    def answered(self, images: Float[Tensor, "B ..."], rows: Int[Tensor, " B"]) -> Batch:
        """A batch of images with the teacher's answers for labels."""
        assert self.teacher is not None
        with torch.no_grad():
            return Batch(images, self.teacher(images).argmax(1), rows)

    def learn_from(
        self,
        images: Float[Tensor, "B ..."],
        rows: Int[Tensor, " B"],
        phase: Phase,
        optimisers: Mapping[str, torch.optim.Optimizer],
    ) -> Terms:
        """One step of `inner` on `images`."""
        unlabelled = torch.full((len(images),), UNLABELLED, device=images.device)
        idle = phase.weights.get("task") == 0  # no label is asked for
        batch = Batch(images, unlabelled, rows) if idle else self.answered(images, rows)
        return self.inner.step(batch, phase, optimisers)

    def improve(self, images: Float[Tensor, "B C H W"], optimiser: torch.optim.Optimizer, look: bool) -> Terms:
        """One step of the generator on `images`, which carry its gradient; with `look` the student is looked through.

        The gradient passes through both nets and leaves nothing in them: no `.grad`, no running statistics.
        """
        assert self.teacher is not None
        with unchanged_statistics(self.student):
            s = self.student.trace(images) if look else None
            terms = self.objective(s, self.teacher.trace(images))
        total = weighted_sum(terms, self.objective_weights())
        descend_alone(total, optimiser)
        return {**{name: value.detach() for name, value in terms.items()}, "generator": total.detach()}

    def draw(self, count: int, like: Float[Tensor, "..."]) -> Float[Tensor, "count Z"]:
        """Fresh latents, beside those of the batch."""
        return onto(torch.randn(count, self.generator.latent_dim, generator=self.noise), like).to(like)


class _Imagined:
    """The images of a `Generated` as a source, for a method that looks at an epoch beforehand."""

    def __init__(self, generated: Generated, latents: Source) -> None:
        self.generated, self.latents = generated, latents
        self.steps = latents.steps

    def epoch(self, number: int, seed: int, start: int = 0) -> Any:
        where = next(self.generated.generator.parameters())
        for batch in self.latents.epoch(number, seed, start):
            batch = batch.to(where.device)
            yield self.generated.answered(self.generated.imagine(batch.images), batch.indices)


def class_balance(z_t: Float[Tensor, "B K"]) -> Balance:
    """Which classes the teacher sees in B images. Raises `ShapeError` unless (B, K).

    >>> class_balance(torch.tensor([[9.0, 0.0], [9.0, 0.0], [9.0, 0.0], [0.0, 9.0]])).shares
    (0.75, 0.25)
    """
    require(z_t.ndim == 2 and len(z_t) > 0, f"class_balance: the logits are {shape(z_t)}; expected (B, K)", ShapeError)
    shares = z_t.argmax(1).bincount(minlength=z_t.shape[1]).double() / len(z_t)
    return Balance(tuple(shares.tolist()))
