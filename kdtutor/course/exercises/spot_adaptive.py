"""Exercises of the lesson on spot-adaptive distillation: a hard coin with a gradient, soft against hard, anti, where
gradients are cut, and which spot drops first."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..cases import generator
from ..exercise import Exercise
from ..prediction import Prediction


def _hard_decision(logits: Tensor, noise: Tensor, tau: float) -> Tensor:
    noisy = logits + noise
    soft = F.softmax(noisy / tau, dim=2)[..., 0]
    hard = (noisy[..., 0] >= noisy[..., 1]).to(soft)
    return hard - soft.detach() + soft


def _anti_chosen(decisions: Tensor) -> Tensor:
    return decisions.detach() < 0.5


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _coins() -> list[tuple[Tensor, Tensor, float]]:
    """Logits and noise of a few samples and spots, and τ; some logits are far apart."""
    found = []
    for seed, (B, spots, tau) in enumerate([(5, 3, 5.0), (4, 2, 1.0), (3, 4, 0.5), (1, 3, 2.0)]):
        rng = generator(seed)
        logits = 2 * torch.randn(B, spots, 2, generator=rng)
        noise = -torch.log(-torch.log(torch.rand(B, spots, 2, generator=rng)))
        if seed == 2:
            logits, noise = logits.double(), noise.double()
        found.append((logits.requires_grad_(), noise, tau))
    return found


def _decided() -> list[tuple[Tensor]]:
    """Decisions as `decide` returns them: 0 and 1 up to rounding, with a gradient."""
    return [
        (torch.tensor(rows).requires_grad_(),)
        for rows in ([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]], [[0.9999999], [1e-7]], [[1.0]])
    ]


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _softened(logits: Tensor, noise: Tensor, tau: float) -> Tensor:
    return F.softmax((logits + noise) / tau, dim=2)[..., 0]


def _hard(noisy: Tensor) -> Tensor:
    return (noisy[..., 0] >= noisy[..., 1]).float()


def _along(dim: int, logits: Tensor, noise: Tensor, tau: float) -> Tensor:
    return _through(_hard(logits + noise), F.softmax((logits + noise) / tau, dim=dim)[..., 0])


def _decided_along(dim: int, logits: Tensor, noise: Tensor, tau: float) -> Tensor:
    soft = F.softmax((logits + noise) / tau, dim=dim)[..., 0]
    return _through((soft > 0.5).to(soft), soft)


def _through(hard: Tensor, soft: Tensor) -> Tensor:
    return hard - soft.detach() + soft


hard_decision = Exercise(
    "hard_decision",
    _hard_decision,
    _coins,
    mistakes={
        "the softmax runs over the spots (dim=1); it belongs over the last dimension, distil or not": (
            lambda logits, noise, tau: _along(1, logits, noise, tau)
        ),
        "the softmax runs over the samples (dim=0); it belongs over the last dimension, distil or not": (
            lambda logits, noise, tau: _along(0, logits, noise, tau)
        ),
        "softmax and decision look along the spots (dim=1); look along the last dimension": lambda logits, noise, tau: (
            _decided_along(1, logits, noise, tau)
        ),
        "softmax and decision look along the samples (dim=0); look along the last dimension": (
            lambda logits, noise, tau: _decided_along(0, logits, noise, tau)
        ),
        "it is soft: the value has to be 0 or 1": _softened,
        "no gradient comes back: the argmax alone is flat": lambda logits, noise, tau: _hard(logits + noise),
        "the noise is missing: the policy could never try what it believes to be worse": lambda logits, noise, tau: (
            _through(_hard(logits), F.softmax(logits / tau, dim=2)[..., 0])
        ),
        "tau is missing from the soft decision, and so from the gradient": lambda logits, noise, tau: _through(
            _hard(logits + noise), _softened(logits, noise, 1.0)
        ),
        "the noise belongs inside: (logits + noise) / tau": lambda logits, noise, tau: _through(
            _hard(logits / tau + noise), F.softmax(logits / tau + noise, dim=2)[..., 0]
        ),
        'index 0 is "distil", not index 1': lambda logits, noise, tau: 1 - _hard_decision(logits, noise, tau),
        "the soft part has to be cut off once and kept once: hard - soft.detach() + soft": lambda logits, noise, tau: (
            _hard(logits + noise) - _softened(logits, noise, tau) + _softened(logits, noise, tau)
        ),
    },
    hints=(
        "First the soft decision: softmax of (logits + noise) / tau over the last dimension, index 0.",
        "Then the hard one: is the noisy logit 0 at least the noisy logit 1? As a float.",
        "Something of value 0 and with the gradient of soft: soft - soft.detach(). Add it.",
    ),
    samples=(0, 1),
    minutes=7,
    contract="logits and noise (B, spots, 2), tau → (B, spots) of 0 and 1 with the gradient of the soft decision",
)

anti_chosen = Exercise(
    "anti_chosen",
    _anti_chosen,
    _decided,
    mistakes={
        "this is adaptive itself; anti distils where the policy says no": lambda d: d.detach() > 0.5,
        "1 - decisions are numbers, and with a gradient; a mask of True and False is wanted: compare with 0.5": (
            lambda d: 1 - d
        ),
        "these are 1 and 0 as numbers; a mask of True and False is wanted": lambda d: (d.detach() < 0.5).float(),
        "these are -1 and 0: a tensor of numbers is not turned round by a minus": lambda d: -d,
        "the decisions are 0 and 1 only up to rounding: (1 - decisions).bool() is True for 1e-7 too": lambda d: (
            1 - d.detach()
        ).bool(),
        "everything is chosen here, or nothing": lambda d: d.detach() < 2,
        "these are the rows where anti distils; a mask has the shape of the decisions": lambda d: (
            d.detach() < 0.5
        ).nonzero(),
        "the decisions are 0 and 1 only up to rounding: compare with 0.5, not with 0": lambda d: d.detach() == 0,
    },
    hints=("Adaptive is decisions > 0.5.", "Turn the sign round."),
    samples=(0,),
    hidden=lambda: [(torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]).requires_grad_(),)],
    minutes=2,
    contract="decisions (B, spots), 1 for distil → mask (B, spots), True where anti distils",
)

soft_or_hard = Prediction(
    "soft_or_hard",
    {
        "hard decisions are 1 as often as the softmax says": (True, "that is what Gumbel noise is made for"),
        "a larger τ makes hard decisions more even": (
            False,
            "dividing both noisy logits by τ does not change which one is larger",
        ),
        "a larger τ makes soft decisions more even": (True, "softmax of smaller numbers lies closer to one half"),
        "with soft decisions every route is a mixture of both nets": (
            True,
            "h = a · teacher + (1 - a) · student with 0 < a < 1, which no net has ever seen",
        ),
        "the straight-through gradient is the exact derivative of the hard decision": (
            False,
            "that is 0 wherever there is one; straight-through puts the soft decision's in its place",
        ),
        "with logits 10 apart and τ = 1 the policy hardly gets a gradient": (
            True,
            "the derivative of the soft decision is near 0 there; τ = 5 keeps it alive",
        ),
    },
    hints=("Try the extremes of τ in the explorer above.", "Which of the two outputs, hard or soft, knows of τ?"),
    minutes=4,
    contract="{statement: True or False}",
)

why_detach = Prediction(
    "why_detach",
    {
        "the routing loss changes the student's weights": (
            False,
            "it reaches policy and adapters only; the student learns by its own loss",
        ),
        "the policy learns to make the feature losses small": (
            False,
            "it decides by routes; otherwise never distilling would be its best answer, for no loss is smaller than 0",
        ),
        "without detach, autograd could carry the routing loss through the policy's input into the student": (
            True,
            "a gradient would run from the routing loss through the policy's input into the student",
        ),
        "the policy sees the label of the sample": (
            False,
            "its input are two embeddings; the label appears in its loss, so it learns of labels on average only",
        ),
        "the teacher's segments pass gradients back to earlier decisions": (
            True,
            "their weights are frozen, but the derivative with respect to their input is needed",
        ),
    },
    hints=(
        "Look at the film of section 3: which boxes say “nothing”?",
        "What is in the input of the policy, and what in its loss?",
    ),
    minutes=4,
    contract="{statement: True or False}",
)

first_to_drop = Prediction(
    "first_to_drop",
    {
        "stage 1, the shallowest spot, is the first to fall below one half": (
            False,
            "that would be the paper's reading; in our curves stages 2 and 3 fall in epoch 2",
        ),
        "stages 2 and 3 fall below one half": (True, "in the second epoch, in every mean curve of one family"),
        "the logits fall below one half": (False, "they are near 1 from the second epoch on"),
        "noisy images are distilled less than clean ones at stages 2 and 3": (True, "see the planted images"),
        "images with a black half are distilled less than clean ones there": (False, "they are distilled more"),
        "images with a wrong label are treated as clean ones": (True, "the policy cannot see a label"),
    },
    hints=("Look at the left panel of the curves, under Deeper.", "And at the picture of the planted images."),
    minutes=3,
    contract="{statement: True or False}",
)
