"""Exercises of the lesson on Hinton's distillation: softmax, the loss and its traps, its gradient, a missing class."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..cases import generator
from ..exercise import Exercise
from ..rules import by_hand, calling, without


def _soften(z: Tensor, T: float) -> Tensor:
    z = z / T
    e = (z - z.max(dim=1, keepdim=True).values).exp()  # the largest exponent is 0: nothing overflows
    return e / e.sum(dim=1, keepdim=True)


def _kd_loss(z_s: Tensor, z_t: Tensor, T: float) -> Tensor:
    log_p_s = F.log_softmax(z_s / T, dim=1)
    p_t = F.softmax(z_t.detach() / T, dim=1)
    return T**2 * F.kl_div(log_p_s, p_t, reduction="batchmean")


def _kd_gradient(z_s: Tensor, z_t: Tensor, T: float) -> Tensor:
    p_s, p_t = F.softmax(z_s / T, dim=1), F.softmax(z_t / T, dim=1)
    return T / len(z_s) * (p_s - p_t)


def _best_bias(logits: Tensor, labels: Tensor, k: int, biases: list[float]) -> float:
    accuracies = []
    for bias in biases:
        raised = logits.clone()
        raised[:, k] += bias
        accuracies.append((raised.argmax(1) == labels).float().mean().item())
    return biases[accuracies.index(max(accuracies))]


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _pairs() -> list[tuple[Tensor, Tensor, float]]:
    """Logits of a student, which require gradients, logits of a teacher, and a temperature."""
    rng = generator(1)
    sizes = ((4, 5, 2.0), (7, 3, 4.0), (2, 10, 1.0), (1, 6, 3.0))
    pairs = [(3 * torch.randn(2, B, K, generator=rng), T) for B, K, T in sizes]
    pairs.append((torch.randn(2, 4, 4, generator=rng, dtype=torch.float64), 2.5))
    return [(z[0].requires_grad_(), z[1], T) for z, T in pairs]


def _far_apart() -> list[tuple[Tensor, Tensor, float]]:
    """Some probabilities are 0 in single precision."""
    return [*_pairs(), (torch.tensor([[300.0, 0, -200]]).requires_grad_(), torch.tensor([[0.0, 250, -200]]), 1.0)]


def _large() -> list[tuple[Tensor, float]]:
    rng = generator(2)
    z = 4 * torch.randn(6, 5, generator=rng)
    spread = torch.tensor([[1000.0, 0, -1000], [-1000, -1500, -1001], [0, 1, 2]])
    return [(z, 1.0), (z, 4.0), (2 * z[:4, :4] + 1000, 2.0), (z[:1].double(), 3.0), (spread, 1.0), (spread.T, 1.0)]


def _omitted() -> list[tuple[Tensor, Tensor, int, list[float]]]:
    """A classifier that is mostly right, except that its bias of class `k` is far too low."""
    rng = generator(3)
    biases = [0.0, 1.5, 2.5, 3.5, 4.5, 5.5, 7.0, 9.0, 12.0]
    cases = []
    for k in (3, 0):
        labels = torch.arange(200) % 5
        logits = torch.randn(200, 5, generator=rng) + 3 * F.one_hot(labels, 5)
        logits[:, k] -= 4.0
        cases.append((logits, labels, k, biases))
    cases.append((cases[0][0].double()[:, :4], labels.clamp(max=3), 2, [9.0, 1.5, 0.0, 3.5]))
    clear = 10.0 * F.one_hot(torch.tensor([0, 1, 2, 2]), 3)  # right with most biases: the first of them wins
    cases.append((clear, torch.tensor([0, 1, 2, 2]), 2, [20.0, 5.0, -1.0, 2.0, -30.0]))
    cases.append((clear, torch.tensor([2, 2, 2, 1]), 2, [-4.0, 11.0, 12.0]))
    return cases


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _detached(z_t: Tensor, T: float) -> Tensor:
    return F.softmax(z_t.detach() / T, dim=1)


def _shifted(shift: Callable[[Tensor], Tensor]) -> Callable[[Tensor, float], Tensor]:
    """A softmax that subtracts something else than each row's largest logit."""

    def mistaken(z: Tensor, T: float) -> Tensor:
        e = (z / T - shift(z / T)).exp()
        return e / e.sum(1, keepdim=True)

    return mistaken


def _over_the_batch(s: Tensor, t: Tensor, T: float) -> Tensor:
    return T**2 * F.kl_div(F.log_softmax(s / T, dim=0), F.softmax(t.detach() / T, dim=0), reduction="batchmean")


def _last_tie(logits: Tensor, labels: Tensor, k: int, biases: list[float]) -> float:
    return _best_bias(logits, labels, k, biases[::-1])


def _with_one_bias(logits: Tensor, labels: Tensor, k: int, biases: list[float]) -> float:
    """All classes get the bias, so nothing changes and the first one wins."""
    return biases[0]


def _for_k_alone(logits: Tensor, labels: Tensor, k: int, biases: list[float]) -> float:
    return _best_bias(logits[labels == k], labels[labels == k], k, biases)


def _best_accuracy(logits: Tensor, labels: Tensor, k: int, biases: list[float]) -> float:
    raised = logits.clone()
    raised[:, k] += _best_bias(logits, labels, k, biases)
    return (raised.argmax(1) == labels).float().mean().item()


soften = Exercise(
    "soften",
    _soften,
    _large,
    mistakes={
        "exp overflows for large logits and gives NaN; subtract each row's largest logit first": lambda z, T: (
            (z / T).exp() / (z / T).exp().sum(1, keepdim=True)
        ),
        "the temperature multiplies the logits; it has to divide them": lambda z, T: _soften(z * T, 1.0),
        "the temperature is not used": lambda z, T: _soften(z, 1.0),
        "the sum runs over the samples (dim=0) instead of the classes (dim=1)": lambda z, T: F.softmax(z / T, dim=0),
        "the largest logit of the batch is subtracted: a row far below it becomes 0/0; take each row's own": _shifted(
            lambda z: z.max()
        ),
        "the mean is subtracted, so a large exponent can still overflow; subtract each row's largest logit": _shifted(
            lambda z: z.mean(1, keepdim=True)
        ),
        "the mean of the batch is subtracted; subtract each row's largest logit": _shifted(lambda z: z.mean()),
        "each column's largest logit is subtracted; it has to be each row's, dim=1": _shifted(lambda z: z.amax(0)),
        "the smallest logit is subtracted, so exponents still overflow; subtract the largest": _shifted(
            lambda z: z.amin(1, keepdim=True)
        ),
        "a small number in the denominator does not help: exp has overflowed before": lambda z, T: (
            (z / T).exp() / ((z / T).exp().sum(1, keepdim=True) + 1e-8)
        ),
        "the logits are cut off; large ones then look alike. Subtract each row's largest logit": lambda z, T: F.softmax(
            (z / T).clamp(-80, 80), dim=1
        ),
        "these are log-probabilities; take the exponential": lambda z, T: F.log_softmax(z / T, dim=1),
    },
    hints=(
        "Divide by T first. What is left is an ordinary softmax.",
        "softmax does not change if a row is shifted by a number. Which shift makes the largest exponent 0?",
        "z.max(dim=1, keepdim=True).values has shape (B, 1) and can be subtracted from z.",
    ),
    rules=(without("softm", sentence="torch's softmax did the work; write it with exp and a sum"),),
    samples=(0,),
    minutes=5,
    contract="logits (B, K), T → probabilities (B, K) at temperature T, finite for any logits; without torch's softmax",
)

kd_loss = Exercise(
    "kd_loss",
    _kd_loss,
    _far_apart,
    mistakes={
        "the softmax runs over the samples (dim=0) instead of the classes (dim=1)": _over_the_batch,
        "two things: the softmax runs over the samples (dim=0), and 'mean' divides by K too": lambda s, t, T: (
            _over_the_batch(s, t, T) / s.shape[1]
        ),
        "softmax, then log: where a probability is 0 in single precision this is -∞; use log_softmax": lambda s, t, T: (
            T**2 * F.kl_div(F.softmax(s / T, 1).log(), _detached(t, T), reduction="batchmean")
        ),
        "reduction='mean' also divides by the number of classes K; 'batchmean' divides by B only": lambda s, t, T: (
            _kd_loss(s, t, T) / s.shape[1]
        ),
        "reduction='sum' does not divide by the batch size B; use 'batchmean'": lambda s, t, T: (
            _kd_loss(s, t, T) * len(s)
        ),
        "the factor T² is missing": lambda s, t, T: _kd_loss(s, t, T) / T**2,
        "the factor is T; it has to be T²": lambda s, t, T: _kd_loss(s, t, T) / T,
        "two things: the factor T² is missing, and reduction='mean' also divides by K": lambda s, t, T: (
            _kd_loss(s, t, T) / T**2 / s.shape[1]
        ),
        "two things: the factor T² is missing, and reduction='sum' does not divide by B": lambda s, t, T: (
            _kd_loss(s, t, T) / T**2 * len(s)
        ),
        "the log is missing: the first argument of kl_div is the student's log-probabilities, use log_softmax": (
            lambda s, t, T: T**2 * F.kl_div(F.softmax(s / T, dim=1), _detached(t, T), reduction="batchmean")
        ),
        "the second argument of kl_div is the teacher's probabilities, not their logarithms": lambda s, t, T: (
            T**2 * F.kl_div(F.log_softmax(s / T, dim=1), F.log_softmax(t.detach() / T, dim=1), reduction="batchmean")
        ),
        "the direction is reversed: this is KL(student ‖ teacher); the student's log-probabilities come first": (
            lambda s, t, T: (
                T**2 * F.kl_div(F.log_softmax(t.detach() / T, dim=1), F.softmax(s / T, dim=1), reduction="batchmean")
            )
        ),
        "only the student is softened; the teacher's logits are divided by T too": lambda s, t, T: (
            T**2 * F.kl_div(F.log_softmax(s / T, dim=1), _detached(t, 1.0), reduction="batchmean")
        ),
        "only the teacher is softened; the student's logits are divided by T too": lambda s, t, T: (
            T**2 * F.kl_div(F.log_softmax(s, dim=1), _detached(t, T), reduction="batchmean")
        ),
        "this is the cross-entropy: its gradient is right, but it does not fall to 0; subtract the teacher's entropy": (
            lambda s, t, T: T**2 * F.cross_entropy(s / T, _detached(t, T))
        ),
    },
    hints=(
        "Four questions: what goes first into kl_div, what second, which reduction, which factor?",
        "kl_div(input, target) computes target · (log target - input): input is a logarithm, target is not.",
        "'mean' divides by B · K, 'sum' by nothing, 'batchmean' by B. The formula has 1/B and T².",
    ),
    rules=(calling("kl_div", "the task is to write it with one call of F.kl_div"),),
    samples=(0, 1),
    minutes=8,
    contract="logits z_s, z_t (B, K) and T → T² · KL(p_t ‖ p_s), mean over B, a scalar; with one call of F.kl_div",
)

kd_gradient = Exercise(
    "kd_gradient",
    _kd_gradient,
    lambda: [(s.detach(), t, T) for s, t, T in _pairs()],
    mistakes={
        "the sign is wrong: the gradient points away from the teacher, p_s - p_t": lambda s, t, T: (
            -_kd_gradient(s, t, T)
        ),
        "the mean over the batch is missing: divide by B": lambda s, t, T: _kd_gradient(s, t, T) * len(s),
        "the factor is T, not T²: dividing the logits by T takes one T away again": lambda s, t, T: (
            _kd_gradient(s, t, T) * T
        ),
        "the factor T is missing: T² from the loss, 1/T from the logits": lambda s, t, T: _kd_gradient(s, t, T) / T,
        "the factor T² of the loss is missing: what remains is 1/T, it has to be T": lambda s, t, T: (
            _kd_gradient(s, t, T) / T**2
        ),
        "the softmax runs over the samples (dim=0) instead of the classes (dim=1)": lambda s, t, T: (
            T / len(s) * (F.softmax(s / T, dim=0) - F.softmax(t / T, dim=0))
        ),
        "the gradient is a difference of probabilities, not of logits": lambda s, t, T: T / len(s) * (s - t),
        "it divides by all elements; only the batch is averaged": lambda s, t, T: _kd_gradient(s, t, T) / s.shape[1],
        "both probabilities are those of temperature T; here they are not softened": lambda s, t, T: (
            T / len(s) * (F.softmax(s, dim=1) - F.softmax(t, dim=1))
        ),
    },
    hints=(
        "Start from one sample and T = 1: the gradient of the cross-entropy with targets p_t is p_s - p_t.",
        "The chain rule through z / T gives one factor 1/T; the loss carries T²; the mean over the batch gives 1/B.",
    ),
    rules=(by_hand,),
    samples=(0, 1),
    minutes=8,
    contract="logits z_s, z_t (B, K) and T → dL/dz_s (B, K) of the loss above, without autograd",
)

best_bias = Exercise(
    "best_bias",
    _best_bias,
    _omitted,
    mistakes={
        "this maximises the accuracy on class k alone, which any large bias does; count all samples": _for_k_alone,
        "this is the accuracy; return the bias that reaches it": _best_accuracy,
        "several biases are equally good here; return the first of them": _last_tie,
        "this is the smallest of the best biases; return the first in the list": lambda z, y, k, b: _best_bias(
            z, y, k, sorted(b)
        ),
        "the bias is taken away; it has to be added": lambda z, y, k, b: -_best_bias(z, y, k, [-x for x in b]),
        "this always returns the last bias: any accuracy seems to win": lambda z, y, k, b: b[-1],
        "this is the largest bias, not the one with the best accuracy": lambda z, y, k, b: max(b),
        "this always returns the first bias: is it added to all the classes, or to none?": _with_one_bias,
        "this is the position of the bias in the list; return the bias itself": lambda z, y, k, b: b.index(
            _best_bias(z, y, k, b)
        ),
    },
    hints=(
        "One loop over the biases: copy the logits, add to column k, compare argmax with the labels.",
        "clone() before you add, or every round adds on top of the round before.",
    ),
    samples=(0, 1),
    minutes=6,
    contract="logits (N, K), labels (N,), k, a list of biases → the first bias with the best accuracy on all samples",
)
