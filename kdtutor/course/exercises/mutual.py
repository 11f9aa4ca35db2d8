"""Exercises of the lesson on mutual learning: the loss, its pull, entropy, shaken weights, and what is symmetric."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction
from ..rules import by_hand


def _mutual_loss(z: Tensor, peers: list[Tensor]) -> Tensor:
    log_p = z.log_softmax(dim=1)  # B K
    total = z.new_zeros(())
    for peer in peers:
        log_q = peer.detach().log_softmax(dim=1)  # B K
        total = total + (log_q.exp() * (log_q - log_p)).sum(dim=1).mean()
    return total / len(peers)


def _mutual_gradient(z: Tensor, peers: list[Tensor]) -> Tensor:
    target = torch.stack([peer.softmax(dim=1) for peer in peers]).mean(dim=0)  # B K
    return (z.softmax(dim=1) - target) / len(z)


def _mean_entropy(z: Tensor) -> Tensor:
    log_p = z.log_softmax(dim=1)  # B K, finite where p is 0
    return -(log_p.exp() * log_p).sum(dim=1).mean()


def _shaken_loss(w: Tensor, A: Tensor, noise: Tensor, sigma: float) -> Tensor:
    moved = w + sigma * noise  # D n, a row for each draw
    return ((moved @ A) * moved).sum(dim=1).mean() / 2


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _cohorts() -> list[tuple[Tensor, list[Tensor]]]:
    """Logits of one net, and of one to three peers, which all require gradients: the peers' must not come back."""
    cases = []
    for peers, (B, K) in enumerate(((4, 5), (7, 3), (1, 6)), 1):
        z, *others = (x.detach() * 2 for x in drawn(peers, *[(B, K)] * (peers + 1)))
        cases.append((z.requires_grad_(), [other.requires_grad_() for other in others]))
    return cases


def _plain_cohorts() -> list[tuple[Tensor, list[Tensor]]]:
    return [(z.detach(), [peer.detach() for peer in peers]) for z, peers in _cohorts()]


def _logits() -> list[tuple[Tensor]]:
    """The last has a class of probability exactly 0."""
    sure = torch.tensor([[200.0, 0.0, -50.0], [0.0, 0.0, 0.0]])
    return [(2 * z,) for z in drawn(5, (6, 4), (3, 10))] + [(sure,)]


def _bowls(*sizes: tuple[int, int, float]) -> list[tuple[Tensor, Tensor, Tensor, float]]:
    cases = []
    for seed, (n, draws, sigma) in enumerate(sizes or ((3, 4, 0.5), (2, 200, 0.1), (5, 7, 1.5))):
        w, root, noise = drawn(seed, (n,), (n, n), (draws, n))
        cases.append((w, root @ root.T, noise, sigma))
    return cases


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _kl(p: Tensor, q: Tensor) -> Tensor:
    """KL(p ‖ q) of logits, mean over the samples."""
    log_p, log_q = p.log_softmax(1), q.log_softmax(1)
    return (log_p.exp() * (log_p - log_q)).sum(1).mean()


def _each(z: Tensor, peers: list[Tensor]) -> Tensor:
    return torch.stack([_kl(peer.detach(), z) for peer in peers])


def _one_voice(z: Tensor, peers: list[Tensor]) -> Tensor:
    voice = torch.stack([peer.detach().softmax(1) for peer in peers]).mean(0)
    return (voice * (voice.log() - z.log_softmax(1))).sum(1).mean()


def _probabilities(peers: list[Tensor]) -> Tensor:
    return torch.stack([peer.softmax(1) for peer in peers])


mutual_loss = Exercise(
    "mutual_loss",
    _mutual_loss,
    _cohorts,
    mistakes={
        "the direction is turned round: a peer's probabilities are the target, so KL(p_peer ‖ p) is wanted": (
            lambda z, peers: torch.stack([_kl(z, peer.detach()) for peer in peers]).mean()
        ),
        "the peer is not detached: it would move too, towards this net, on top of its own loss": (
            lambda z, peers: torch.stack([_kl(peer, z) for peer in peers]).mean()
        ),
        "the terms of the peers are summed; take their mean, 1 / (K − 1)": lambda z, peers: _each(z, peers).sum(),
        "the mean counts the net itself as one of its peers: divide by their number": (
            lambda z, peers: _each(z, peers).sum() / (len(peers) + 1)
        ),
        "this is the KL from the peers' mean probabilities: take a KL for each peer, then their mean": (_one_voice),
        "the peers' logits are averaged; each peer has a term of its own": (
            lambda z, peers: _kl(torch.stack(peers).detach().mean(0), z)
        ),
        "F.kl_div has log-probabilities as its first argument: give it log_softmax of z, not softmax": (
            lambda z, peers: torch.stack(
                [F.kl_div(z.softmax(1), peer.detach().softmax(1), reduction="batchmean") for peer in peers]
            ).mean()
        ),
        "it sums over the samples; take the mean over the batch": lambda z, peers: len(z) * _each(z, peers).mean(),
        "the mean runs over the classes too; sum over them": lambda z, peers: _each(z, peers).mean() / z.shape[1],
        "this is the cross-entropy with the peers' probabilities; the KL is less by their entropy": (
            lambda z, peers: F.cross_entropy(z, _probabilities(peers).detach().mean(0))
        ),
    },
    hints=(
        "One peer first: KL(q ‖ p) = Σ q (log q − log p), with q the peer's probabilities, detached.",
        "Sum over the classes, mean over the batch.",
        "Then the mean over the peers: add up and divide by len(peers).",
    ),
    samples=(0, 1),
    minutes=8,
    contract="logits z (B, K) and a list of the peers' logits → the mean over the peers of KL(p_peer ‖ p), a scalar",
)

mutual_gradient = Exercise(
    "mutual_gradient",
    _mutual_gradient,
    _plain_cohorts,
    mistakes={
        "the sign is turned: the gradient points uphill, away from the peers": lambda z, peers: (
            -_mutual_gradient(z, peers)
        ),
        "the loss is a mean over the B samples, so divide by B": lambda z, peers: len(z) * _mutual_gradient(z, peers),
        "average the peers' probabilities; these are the probabilities of their mean logits": (
            lambda z, peers: (z.softmax(1) - torch.stack(peers).mean(0).softmax(1)) / len(z)
        ),
        "the peers are summed; their mean has probabilities that sum to 1": (
            lambda z, peers: (z.softmax(1) - _probabilities(peers).sum(0)) / len(z)
        ),
        "these are differences of logits; take those of probabilities": (
            lambda z, peers: (z - torch.stack(peers).mean(0)) / len(z)
        ),
    },
    hints=(
        "Of one peer it is (p − p_peer) / B: what the net says too much, minus what it says too little.",
        "The mean over the peers can be taken inside: (p − mean of the p_peer) / B.",
    ),
    rules=(by_hand,),
    samples=(0, 1),
    minutes=6,
    contract="z (B, K) and a list of the peers' logits → the gradient by z of the loss above, without autograd",
)

mean_entropy = Exercise(
    "mean_entropy",
    _mean_entropy,
    _logits,
    mistakes={
        "p log p is no number where p is 0: take log_softmax of the logits, which stays finite": (
            lambda z: -(z.softmax(1) * z.softmax(1).log()).sum(1).mean()
        ),
        "the sign is missing: log p is negative, and entropy is not": lambda z: -_mean_entropy(z),
        "these are bits; nats have the natural logarithm": lambda z: _mean_entropy(z) / torch.tensor(2.0).log(),
        "this is the entropy of the mean prediction; take the mean of the entropies": lambda z: torch.special.entr(
            z.softmax(1).mean(0)
        ).sum(),
        "it sums over the samples; take their mean": lambda z: len(z) * _mean_entropy(z),
        "the mean runs over the classes too; sum over them": lambda z: _mean_entropy(z) / z.shape[1],
    },
    hints=(
        "H(p) = −Σ p log p for each row, then the mean over the rows.",
        "z.log_softmax(dim=1) is log p, and finite for any logits; its exp() is p.",
    ),
    samples=(0,),
    minutes=5,
    contract="logits (N, K) → the mean entropy of the N predictions in nats, finite for any logits",
)

shaken_loss = Exercise(
    "shaken_loss",
    _shaken_loss,
    _bowls,
    mistakes={
        "the noise of one draw is still there at the next: begin each draw from w": lambda w, A, noise, sigma: (
            _shaken_loss(w, A, noise.cumsum(0), sigma)
        ),
        "this is the loss at the mean of the shaken weights; take the mean of the losses": lambda w, A, noise, sigma: (
            (m := w + sigma * noise.mean(0)) @ A @ m / 2
        ),
        "sigma is a standard deviation: the noise is multiplied by it, not by its square or its root": (
            lambda w, A, noise, sigma: _shaken_loss(w, A, noise, sigma**2)
        ),
        "the noise is added as it is; multiply it by sigma": lambda w, A, noise, sigma: _shaken_loss(w, A, noise, 1.0),
        "this is how much the loss has risen; the loss itself is asked for": lambda w, A, noise, sigma: (
            _shaken_loss(w, A, noise, sigma) - w @ A @ w / 2
        ),
        "the ½ of the loss is missing": lambda w, A, noise, sigma: 2 * _shaken_loss(w, A, noise, sigma),
        "it sums over the draws; take their mean": lambda w, A, noise, sigma: (
            len(noise) * _shaken_loss(w, A, noise, sigma)
        ),
    },
    hints=(
        "w + sigma * noise has a row for each draw, each from the same w.",
        "For a row m the loss is ½ m A m; (m @ A) * m, summed over its numbers, does all rows at once.",
    ),
    hidden=lambda: _bowls((4, 6, 0.8), (1, 3, 0.2)),
    minutes=6,
    contract="w (n,), A (n, n), noise (D, n), σ → the mean over the D draws of L(w + σ · noise), L(w) = ½ wᵀ A w",
)

nothing_is_symmetric = Prediction(
    "nothing_is_symmetric",
    {
        "KL(p_1 ‖ p_2) and KL(p_2 ‖ p_1) are equal": (
            False, "each weighs the logarithms by another net's probabilities",
        ),
        "the gradients of both nets' mutual losses are opposite": (
            True, "p_1 − p_2 for the first and p_2 − p_1 for the second, each by its own logits",
        ),
        "without any label, both nets' loss can become zero": (
            True, "they only have to agree, on whatever it is",
        ),
        "two equal nets with equal first weights teach each other something": (
            False, "they say the same to every batch, so each difference of probabilities is zero, for ever",
        ),
        "of three nets, the mean of two KLs and the KL from their mean move the first net alike": (
            True, "both gradients are p minus the mean of the peers' probabilities",
        ),
        "a peer that is not detached leaves the first net's gradient by its own logits unchanged": (
            True, "what is wrong is the gradient that arrives in the peer",
        ),
        "the better net cannot lose by teaching": (
            False, "it is pulled towards the worse one as strongly as that one towards it",
        ),
    },
    hints=(
        "The gradient of the loss by z is (p − p_peer) / B; most sentences follow from it.",
        "The explorer of section 1 shows the third and the last.",
    ),
    minutes=5,
    contract="{sentence about two nets or more: True or False}",
)  # fmt: skip
