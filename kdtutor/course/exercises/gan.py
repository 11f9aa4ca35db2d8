"""Exercises of the lesson on GAN compression: the joint loss, sharpness, a Fréchet distance, a great circle, claims."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction
from ..rules import without


def _joint_loss(x_s: Tensor, x_t: Tensor, on_fake: Tensor, alpha: float, scale: float) -> Tensor:
    imitation = (x_s - x_t.detach()).square().mean()
    fooling = F.softplus(-on_fake).mean()
    return alpha * scale * imitation + (1 - alpha) * fooling


def _image_sharpness(x: Tensor) -> Tensor:
    g = 127.5 * (x[:, 0] + 1)
    neighbours = g[:, :-2, 1:-1] + g[:, 2:, 1:-1] + g[:, 1:-1, :-2] + g[:, 1:-1, 2:]
    laplacian = (neighbours - 4 * g[:, 1:-1, 1:-1]).flatten(1)
    return (laplacian - laplacian.mean(1, keepdim=True)).square().mean(1)


def _frechet_diagonal(m: Tensor, s: Tensor, m_made: Tensor, s_made: Tensor) -> Tensor:
    return (m - m_made).square().sum() + (s - s_made).square().sum()


def _great_circle(a: Tensor, b: Tensor, way: float) -> Tensor:
    angle = torch.arccos(a @ b / (a.norm() * b.norm()))
    return (torch.sin((1 - way) * angle) * a + torch.sin(way * angle) * b) / torch.sin(angle)


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _students() -> list[tuple[Tensor, Tensor, Tensor, float, float]]:
    found = []
    for seed, (alpha, scale, B, C) in enumerate([(0.9, 10.0, 3, 1), (0.3, 4.0, 5, 2), (0.6, 2.0, 1, 1)]):
        x_s, x_t, on_fake = drawn(seed, (B, C, 4, 3), (B, C, 4, 3), (B,), grad=True, double=seed == 2)
        found.append((x_s, x_t, on_fake, alpha, scale))
    return found


def _images() -> list[tuple[Tensor]]:
    found = [x.tanh() for x in drawn(3, (3, 1, 6, 7), (2, 1, 16, 16), (1, 1, 5, 4))]
    return [(x,) for x in (*found, 0.01 * found[0].double())]


def _hills() -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    m, s, m_made, s_made = drawn(5, (4,), (4,), (4,), (4,))
    n, t, n_made, t_made = drawn(6, (7,), (7,), (7,), (7,), double=True)
    return [
        (m, s.abs() + 0.2, m_made, s_made.abs() + 0.2),
        (m, s.abs() + 0.2, m, s_made.abs() + 0.2),
        (n, t.abs() + 0.2, n_made, t_made.abs() + 0.2),
    ]


def _ways() -> list[tuple[Tensor, Tensor, float]]:
    a, b = drawn(8, (6,), (6,))
    c, d = (3 * x.double() for x in drawn(9, (9,), (9,)))
    return [(a, b, way) for way in (0.0, 0.3, 0.5, 1.0)] + [(c, d, 0.8)]


# -- mistakes ---------------------------------------------------------------------------------------------------------

Loss = Callable[[Tensor, Tensor, Tensor, float, float], Tensor]


def _mixed(imitation: Callable[[Tensor, Tensor], Tensor], fooling: Callable[[Tensor], Tensor]) -> Loss:
    return lambda x_s, x_t, on_fake, alpha, scale: alpha * scale * imitation(x_s, x_t) + (1 - alpha) * fooling(on_fake)


def _mse(x_s: Tensor, x_t: Tensor) -> Tensor:
    return (x_s - x_t.detach()).square().mean()


def _fool(on_fake: Tensor) -> Tensor:
    return F.softplus(-on_fake).mean()


def _bordered(x: Tensor) -> Tensor:
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=x.dtype).view(1, 1, 3, 3)
    return F.conv2d(127.5 * (x + 1), kernel, padding=1).flatten(1).var(1, correction=0)


joint_loss = Exercise(
    "joint_loss",
    _joint_loss,
    _students,
    mistakes={
        "alpha and 1 - alpha are exchanged: alpha = 1 is imitation alone": lambda s, t, d, a, k: (
            (1 - a) * k * _mse(s, t) + a * _fool(d)
        ),
        "the teacher's images carry a gradient: detach them": _mixed(lambda s, t: (s - t).square().mean(), _fool),
        "the scale of the imitation is missing": lambda s, t, d, a, k: a * _mse(s, t) + (1 - a) * _fool(d),
        "the imitation is summed over the pixels; take the mean": _mixed(
            lambda s, t: (s - t.detach()).square().sum() / len(s), _fool
        ),
        "these are absolute differences; square them": _mixed(lambda s, t: (s - t.detach()).abs().mean(), _fool),
        "the generator wants high scores: softplus(-score), this rewards low ones": _mixed(
            _mse, lambda d: F.softplus(d).mean()
        ),
        "this is the saturating form, -log(1 + exp(score)): right in sign, but flat where the critic is sure": _mixed(
            _mse, lambda d: -F.softplus(d).mean()
        ),
        "this is the Wasserstein form, minus the score; here softplus(-score) is asked for": _mixed(
            _mse, lambda d: -d.mean()
        ),
    },
    hints=(
        "Two lines: the imitation, a mean over all pixels, and the fooling term, a mean over the batch.",
        "F.softplus(-on_fake) is -log of the probability that the critic gives to 'real'.",
        "alpha * scale * imitation + (1 - alpha) * fooling, with x_t.detach().",
    ),
    minutes=6,
    contract="the student's and the teacher's images of the same z, the critic's scores of the student's, alpha and "
    "scale → alpha · scale · MSE + (1 - alpha) · softplus(-score)",
)

image_sharpness = Exercise(
    "image_sharpness",
    _image_sharpness,
    _images,
    mistakes={
        "the pixels run from -1 to 1 here: bring them to 0…255 first": lambda x: _image_sharpness(x) / 127.5**2,
        "the frame counts here: at the border neighbours are missing, leave it out": _bordered,
        "this is the standard deviation; its square is asked for": lambda x: _image_sharpness(x).sqrt(),
        "it is one number for the whole batch; each image has its own": lambda x: _image_sharpness(x).mean(),
        "this divides by the number of pixels less one; take the plain mean (correction=0)": lambda x: (
            _image_sharpness(x) * (n := (x.shape[2] - 2) * (x.shape[3] - 2)) / (n - 1)
        ),
        "this is the variance of the picture, not of its Laplacian": lambda x: (
            (127.5 * (x + 1)).flatten(1).var(1, correction=0)
        ),
    },
    hints=(
        "Bring the pixels to 0…255: 127.5 · (x + 1).",
        "Slices do it: g[:, :-2, 1:-1] is the neighbour above each inner pixel.",
        "Four neighbours minus four times the pixel; then .flatten(1).var(1, correction=0).",
    ),
    rules=(without("conv", "unfold", sentence="a convolution did the work; slices are asked for"),),
    minutes=6,
    contract="grey images (B, 1, H, W) from -1 to 1 → (B,), the variance of the Laplacian over the inner pixels, in "
    "units of 0…255",
)

frechet_diagonal = Exercise(
    "frechet_diagonal",
    _frechet_diagonal,
    _hills,
    mistakes={
        "only the means are compared; the spreads belong to it": lambda m, s, n, t: (m - n).square().sum(),
        "the variances are subtracted; it is the standard deviations": lambda m, s, n, t: (
            (m - n).square().sum() + (s**2 - t**2).square().sum()
        ),
        "it is a sum over the features, not a mean": lambda m, s, n, t: _frechet_diagonal(m, s, n, t) / len(m),
        "no root at the end: the Fréchet distance that is reported is a square": lambda m, s, n, t: _frechet_diagonal(
            m, s, n, t
        ).sqrt(),
        "the product term is missing: s² + s'² - 2 s s'": lambda m, s, n, t: (
            (m - n).square().sum() + (s**2 + t**2).sum()
        ),
    },
    hints=(
        "With diagonal covariances the matrix root is the root of each entry: Tr (C C')^½ = Σ s s'.",
        "s² + s'² - 2 s s' is a square you know.",
    ),
    minutes=5,
    contract="means m, spreads s (standard deviations) of independent real features, then those of made ones → the "
    "Fréchet distance",
)

great_circle = Exercise(
    "great_circle",
    _great_circle,
    _ways,
    mistakes={
        "this is the straight line: in the middle it is too short": lambda a, b, w: torch.lerp(a, b, w),
        "it starts at b and ends at a": lambda a, b, w: _great_circle(a, b, 1 - w),
        "the result has length 1; it should be as long as its ends": lambda a, b, w: F.normalize(
            _great_circle(a, b, w), dim=0
        ),
        "the angle is that of vectors of length 1: divide a · b by both lengths": lambda a, b, w: (
            (torch.sin((1 - w) * (x := torch.arccos((a @ b).clamp(-1, 1)))) * a + torch.sin(w * x) * b) / torch.sin(x)
        ),
    },
    hints=(
        "First the angle: its cosine is a · b divided by both lengths.",
        "sin((1 - way) · angle) · a + sin(way · angle) · b, and one division that makes way = 0 give a.",
    ),
    minutes=6,
    contract="two latents a, b (Z,) and way in 0…1 → the point of the arc from a to b",
)

gan_truths = Prediction(
    "gan_truths",
    {
        "the black box can be trained without one real image": (True, "its loss asks for T(z) and S(z), nothing else"),
        "a student from scratch makes the teacher's digit of the same z": (
            False,
            "nothing ties its z to the teacher's; only imitation does",
        ),
        "1 added to every score changes the Wasserstein critic's loss": (False, "it is a difference of two means"),
        "1 added to every score changes the softplus critic's loss": (True, "there a score is a log-odds, with a zero"),
        "a generator that repeats one perfect 3 has a classifier score of 1": (
            True,
            "all answers are equal to their mean, the divergence is 0 and exp 0 = 1",
        ),
        "equal Fréchet distance means equal sharpness": (False, "the judge's features need not notice blur"),
        "100 real images are as near to the test images as 3,500 are": (
            False,
            "means and covariances of few images are off, and that counts as distance",
        ),
    },
    hints=(
        "Write down each loss, and look for what occurs in it.",
        "For the last two, look again at the pictures of sharpness over the size and of the distance over the count.",
    ),
    minutes=5,
    contract="{claim: True or False}",
)
