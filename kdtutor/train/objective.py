"""The objective of a step: named terms, their weighted sum, and one step down its gradient."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..data import CLASSIFICATION, Batch
from ..errors import require
from .shares import average_gradients

Terms = dict[str, Float[Tensor, ""]]


def task_loss(logits: Float[Tensor, "B K"], labels: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    """The loss of classification: cross-entropy in nats, mean over the labelled samples; 0 if none is labelled.

    >>> logits, labels = torch.zeros(3, 2), torch.tensor([0, 1, kd.data.UNLABELLED])
    >>> round(task_loss(logits, labels).item(), 4)  # log 2; the third has no label
    0.6931
    """
    return CLASSIFICATION.loss(logits, labels)


def accuracy(logits: Float[Tensor, "B K"], labels: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    """Share of the labelled samples whose largest logit is their class; 0 if none is labelled.

    >>> accuracy(torch.tensor([[2.0, 1.0], [0.0, 1.0]]), torch.tensor([0, 0])).item()
    0.5
    """
    return CLASSIFICATION.scores(logits, labels)["accuracy"]


def scores(outputs: Float[Tensor, "B K ..."], batch: Batch) -> Terms:
    """What is recorded of a step beside its loss, as "train_" and the name of each: of classes the accuracy.

    >>> batch = kd.data.Batch(torch.zeros(2, 1), torch.tensor([0, 0]), torch.arange(2))
    >>> scores(torch.tensor([[2.0, 1.0], [0.0, 1.0]]), batch)
    {'train_accuracy': tensor(0.5000)}
    """
    return {f"train_{name}": value for name, value in batch.task.scores(outputs, batch.labels).items()}


def weighted_sum(terms: Mapping[str, Float[Tensor, ""]], weights: Mapping[str, float]) -> Float[Tensor, ""]:
    """Σ weight · term over all `terms`. Without any weights every term counts once.

    Raises `ConfigError` unless every weight has its term and every term its weight: one that is misspelt or forgotten
    would leave its term at 1.

    >>> weighted_sum({"task": torch.tensor(2.0), "kd": torch.tensor(3.0)}, {"task": 1.0, "kd": 0.5}).item()
    3.5
    """
    if not weights:
        return torch.stack(list(terms.values())).sum()
    if weights.keys() != terms.keys():
        _refuse(terms, weights)
    return torch.stack([weights[name] * value for name, value in terms.items()]).sum()


def _refuse(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> None:
    strange, missing = sorted(weights.keys() - terms.keys()), sorted(terms.keys() - weights.keys())
    require(
        not strange,
        f"the weight {strange[:1]} belongs to no term; the terms are {', '.join(sorted(terms))}: "
        "correct its name, or leave it out of the phase's weights",
    )
    require(
        not missing,
        f"the term {missing[:1]} has no weight; the weights are those of {', '.join(sorted(weights))}: "
        "give it one too, or give the phase no weights, and every term counts once",
    )


def minimise(
    terms: Mapping[str, Tensor], weights: Mapping[str, float], optimiser: torch.optim.Optimizer
) -> Float[Tensor, ""]:
    """One step of `optimiser` down the `weighted_sum` of `terms`, which is returned without its gradient.

    >>> w = torch.nn.Parameter(torch.tensor(2.0))
    >>> minimise({"task": w**2}, {}, torch.optim.SGD([w], lr=0.25)).item(), w.item()
    (4.0, 1.0)
    """
    total = weighted_sum(terms, weights)
    descend(total, optimiser)
    return total.detach()


def descend(loss: Float[Tensor, ""], optimiser: torch.optim.Optimizer) -> None:
    """One step of `optimiser` down the gradient of `loss`. Parameters that `loss` does not reach stay as they are.

    The gradient is averaged over the processes that share the run. Raises `ConfigError` where it reaches none at all.

    >>> w = torch.nn.Parameter(torch.tensor(2.0))
    >>> descend(w**2, torch.optim.SGD([w], lr=0.25))
    >>> w.item()
    1.0
    """
    require(
        loss.requires_grad,
        "the loss reaches no parameter that may move: what it is computed from is frozen (requires_grad=False) or "
        "detached; thaw a part of the student with requires_grad_(True), or give the loss a weight",
    )
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    average_gradients(optimiser)
    optimiser.step()


def descend_alone(loss: Float[Tensor, ""], optimiser: torch.optim.Optimizer) -> None:
    """One step of `optimiser` down the gradient of `loss`, which is computed for the parameters of `optimiser` alone:
    whatever else `loss` passes through is left without one.

    >>> w, other = (torch.nn.Parameter(torch.tensor(2.0)) for _ in "ab")
    >>> descend_alone(w * other, torch.optim.SGD([w], lr=0.25))
    >>> w.item(), other.grad
    (1.5, None)
    """
    own = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for parameter, gradient in zip(own, torch.autograd.grad(loss, own), strict=True):
        parameter.grad = gradient
    average_gradients(optimiser)
    optimiser.step()
