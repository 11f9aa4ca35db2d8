"""Exercises of the lesson on language models: what comes next, two divergences, a reward, and a prediction."""

import torch
from torch import Tensor

from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction


def _next_characters(tokens: Tensor) -> tuple[Tensor, Tensor]:
    return tokens[:, :-1], tokens[:, 1:]


def _token_kd(z_s: Tensor, z_t: Tensor, counted: Tensor) -> Tensor:
    log_p_s, log_p_t = z_s.log_softmax(-1), z_t.detach().log_softmax(-1)
    kl = (log_p_t.exp() * (log_p_t - log_p_s)).sum(-1)
    return kl[counted].mean()


def _jsd(z_s: Tensor, z_t: Tensor, beta: float) -> Tensor:
    log_p_s, log_p_t = z_s.log_softmax(-1), z_t.detach().log_softmax(-1)
    log_m = (beta * log_p_t.exp() + (1 - beta) * log_p_s.exp()).log()
    forward = (log_p_t.exp() * (log_p_t - log_m)).sum(-1)
    reverse = (log_p_s.exp() * (log_p_s - log_m)).sum(-1)
    return (beta * forward + (1 - beta) * reverse).mean()


def _reward_loss(z_s: Tensor, z_t: Tensor, written: Tensor) -> Tensor:
    log_p_s, log_p_t = (z.log_softmax(-1).gather(1, written[:, None]).squeeze(1) for z in (z_s, z_t))
    reward = (log_p_t - log_p_s).detach()
    return -(reward * log_p_s).mean()


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _texts() -> list[tuple[Tensor]]:
    return [(torch.arange(B * L).view(B, L) ** 2 % 11,) for B, L in ((2, 6), (1, 3), (3, 3))]


def _places() -> list[tuple[Tensor, Tensor, Tensor]]:
    """Logits of a student, which require gradients, and of a teacher, (B, L, K), and which places count."""
    found = []
    for seed, (B, L, K) in enumerate(((2, 4, 5), (3, 2, 3))):
        z_s, z_t = drawn(seed, (B, L, K), (B, L, K))
        counted = torch.arange(B * L).view(B, L) % 3 != 1
        found.append(((2 * z_s).requires_grad_(), 2 * z_t, counted))
    return found


def _pairs() -> list[tuple[Tensor, Tensor, float]]:
    sizes = ((0.2, (4, 5)), (0.7, (3, 3)), (0.5, (1, 6)))
    made = [(drawn(seed, size, size), beta) for seed, (beta, size) in enumerate(sizes)]
    return [((2 * z_s).requires_grad_(), 2 * z_t, beta) for (z_s, z_t), beta in made]


def _written() -> list[tuple[Tensor, Tensor, Tensor]]:
    found = []
    for seed, (B, K) in enumerate(((5, 4), (3, 6))):
        z_s, z_t = drawn(seed, (B, K), (B, K))
        found.append(((2 * z_s).requires_grad_(), 2 * z_t, (3 * torch.arange(B) + 1) % K))
    return found


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _kl(z_a: Tensor, z_b: Tensor) -> Tensor:
    """KL(a ‖ b) at each place."""
    log_a, log_b = z_a.log_softmax(-1), z_b.log_softmax(-1)
    return (log_a.exp() * (log_a - log_b)).sum(-1)


def _mixed(z_s: Tensor, z_t: Tensor, weight: float, mixture: float) -> Tensor:
    """The divergence with one β as a weight and another in the mixture."""
    p_s, p_t = z_s.softmax(-1), z_t.softmax(-1)
    m = mixture * p_t + (1 - mixture) * p_s
    terms = weight * p_t * (p_t / m).log() + (1 - weight) * p_s * (p_s / m).log()
    return terms.sum(-1).mean()


def _said(z: Tensor, written: Tensor) -> Tensor:
    return z.log_softmax(-1).gather(1, written[:, None]).squeeze(1)


next_characters = Exercise(
    "next_characters",
    _next_characters,
    _texts,
    mistakes={
        "what is read and what is to be said are the same: the model would only have to copy": lambda x: (x, x),
        "it is shifted the wrong way: the model would have to say what it has just read before": lambda x: (
            x[:, 1:],
            x[:, :-1],
        ),
        "two places are skipped: what comes next is one place further": lambda x: (x[:, :-2], x[:, 2:]),
        "the rows are shifted, which are other texts; shift the places, dimension 1": lambda x: (x[:-1], x[1:]),
        "the last character is said from itself: read one place less": lambda x: (x, torch.roll(x, -1, 1)),
        "the first character is still among those to be said; nothing has been read before it": lambda x: (
            x[:, :-1],
            x[:, :-1],
        ),
    },
    hints=(
        "At place l the model has read places 1…l, and is to say place l + 1.",
        "tokens[:, :-1] is all but the last place; tokens[:, 1:] all but the first.",
    ),
    samples=(0,),
    hidden=lambda: [(torch.arange(B * L).view(B, L) * 7 % 13,) for B, L in ((4, 5), (2, 2), (1, 8))],
    minutes=3,
    contract="texts (B, L) → what is read (B, L - 1), and what comes next at each of its places (B, L - 1)",
)

token_kd = Exercise(
    "token_kd",
    _token_kd,
    _places,
    mistakes={
        "places that do not count are counted, too": lambda s, t, c: _kl(t, s).mean(),
        "places that do not count are set to 0, and yet divided by: divide by how many count": lambda s, t, c: (
            _kl(t, s) * c
        ).mean(),
        "the direction is swapped: forward KL is the teacher's mean, KL(p_t ‖ p_s)": lambda s, t, c: _kl(s, t)[
            c
        ].mean(),
        "this is the mean over the vocabulary, too; sum over the characters": lambda s, t, c: (
            _kl(t, s)[c].mean() / s.shape[-1]
        ),
        "it sums over the places; take their mean": lambda s, t, c: _kl(t, s)[c].sum(),
        "it sums over each text; take the mean over all places that count": lambda s, t, c: _kl(t, s)[c].sum() / len(s),
        "the teacher's entropy is in it: this is the cross-entropy, and not 0 where both agree": lambda s, t, c: (
            -(t.softmax(-1) * s.log_softmax(-1)).sum(-1)[c].mean()
        ),
        "the softmax runs over the places; it belongs over the characters, the last dimension": lambda s, t, c: (
            (t.softmax(1) * (t.log_softmax(1) - s.log_softmax(1))).sum(-1)[c].mean()
        ),
    },
    hints=(
        "First a number for each place, (B, L): the sum over the characters. Then only those that count.",
        "kl[counted].mean() is the mean over the places that count.",
    ),
    samples=(0, 1, 2),
    minutes=6,
    contract="logits (B, L, K) twice and marks (B, L) → KL(p_t ‖ p_s), mean over the places that count",
)

jsd = Exercise(
    "jsd",
    _jsd,
    _pairs,
    mistakes={
        "the mixture is half and half; it has β in it, too": lambda s, t, b: _mixed(s, t, b, 0.5),
        "the terms are weighed half and half; they have β in them, too": lambda s, t, b: _mixed(s, t, 0.5, b),
        "β is at the student's side of the mixture; it belongs to the teacher's": lambda s, t, b: _mixed(
            s, t, b, 1 - b
        ),
        "β and 1 - β are swapped": lambda s, t, b: _mixed(s, t, 1 - b, 1 - b),
        "the weights are swapped: β weighs the teacher's KL": lambda s, t, b: _mixed(s, t, 1 - b, b),
        "there is no mixture: this is a mean of forward and reverse KL, which are not bounded": lambda s, t, b: (
            b * _kl(t, s).mean() + (1 - b) * _kl(s, t).mean()
        ),
        "only the teacher's half is there": lambda s, t, b: (
            b * (t.softmax(-1) * (t.softmax(-1) / (b * t.softmax(-1) + (1 - b) * s.softmax(-1))).log()).sum(-1).mean()
        ),
        "the samples are summed; take their mean": lambda s, t, b: _mixed(s, t, b, b) * len(s),
        "this is the mean over the vocabulary, too; sum over the characters": lambda s, t, b: (
            _mixed(s, t, b, b) / s.shape[-1]
        ),
    },
    hints=(
        "m = β p_t + (1 - β) p_s is a mixture of probabilities, not of logits.",
        "Both KL are to m, from the teacher and from the student: β · KL(p_t ‖ m) + (1 - β) · KL(p_s ‖ m).",
    ),
    samples=(0, 1),
    minutes=7,
    contract="logits (B, K) twice and 0 < β < 1 → the generalised Jensen-Shannon divergence, mean over B",
)

reward_loss = Exercise(
    "reward_loss",
    _reward_loss,
    _written,
    mistakes={
        "the gradient passes through the reward; what was earned is constant: detach it": lambda s, t, y: (
            -((_said(t, y) - _said(s, y)) * _said(s, y)).mean()
        ),
        "the sign is wrong: what earns much would become less probable": lambda s, t, y: -_reward_loss(s, t, y),
        "the student's own log-probability is missing in the reward: without it the student would only seek the "
        "teacher's first choice": lambda s, t, y: -(_said(t, y).detach() * _said(s, y)).mean(),
        "this is the reward alone; its gradient is not the policy gradient": lambda s, t, y: (
            -(_said(t, y) - _said(s, y)).mean()
        ),
        "the probability stands where its logarithm belongs": lambda s, t, y: (
            -((_said(t, y) - _said(s, y)).detach() * _said(s, y).exp()).mean()
        ),
        "the rows are summed; take their mean": lambda s, t, y: _reward_loss(s, t, y) * len(y),
        "all characters are in it; only the written one earns": lambda s, t, y: (
            -((t.log_softmax(-1) - s.log_softmax(-1)).detach() * s.log_softmax(-1)).sum(-1).mean()
        ),
    },
    hints=(
        "Two numbers a row: the log-probability that each side gave to the written character (gather).",
        "reward = (log_p_t - log_p_s).detach(); the loss is the mean of -reward · log_p_s.",
    ),
    samples=(0, 1, 2),
    minutes=6,
    contract="logits (B, K) twice, written characters (B,) → -reward · log p_s, mean over B; reward log p_t - log p_s",
)

which_divergence = Prediction(
    "which_divergence",
    {
        "forward KL is infinite where the student never says what the teacher says": (
            True,
            "p_t log(p_t / 0): the teacher's mean is over what the teacher says",
        ),
        "reverse KL is infinite where the student never says what the teacher says": (
            False,
            "0 · log(0 / p_t) is 0: what the student does not say costs it nothing",
        ),
        "the Jensen-Shannon divergence can be infinite": (
            False,
            "m has something of both, so no ratio is above 1/β or 1/(1 - β)",
        ),
        "on-policy batches need the next characters of the text": (
            False,
            "they need its prompts; at each place of what is written the teacher answers",
        ),
        "sequence-level distillation needs the teacher's logits while the student learns": (
            False,
            "it reads text; the teacher may be gone by then, or never have shown more than text",
        ),
        "a student whose writing its teacher likes has few bits per character on the book": (
            False,
            "it may say the same few probable things for ever, and be surprised by everything else",
        ),
    },
    hints=("Put a 0 into p_s, then into p_t, and look at each term.",),
    minutes=4,
    contract="for each statement True or False",
)
