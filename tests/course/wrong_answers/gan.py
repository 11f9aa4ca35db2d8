"""Lesson 07: the joint loss, sharpness, independent features, the arc."""

import torch
import torch.nn.functional as F

from kdtutor.papers import gan
from kdtutor.widgets.gan import between


def _joint(s, t, d, a, k, imitate=lambda x: x.square().mean(), fool=lambda d: F.softplus(-d).mean()):
    return a * k * imitate(s - t.detach()) + (1 - a) * fool(d)


def _laplacian(x, scale=127.5):
    g = scale * (x[:, 0] + 1)
    return g[:, :-2, 1:-1] + g[:, 2:, 1:-1] + g[:, 1:-1, :-2] + g[:, 1:-1, 2:] - 4 * g[:, 1:-1, 1:-1]


def _convolution(x, padding=0):
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=x.dtype).view(1, 1, 3, 3)
    return F.conv2d(127.5 * (x + 1), kernel, padding=padding).flatten(1).var(1, correction=0)


def _arc(a, b, way, angle):
    return (torch.sin((1 - way) * angle) * a + torch.sin(way * angle) * b) / torch.sin(angle)


def _angle(a, b):
    return torch.arccos(F.cosine_similarity(a, b, dim=0))


ANSWERS = [
    ("joint_loss", "exchanged", lambda s, t, d, a, k: _joint(s, t, d, 0, k) * a + (1 - a) * k * (s - t.detach()).square().mean(), "are exchanged"),
    ("joint_loss", "teacher with gradient", lambda s, t, d, a, k: a * k * F.mse_loss(s, t) + (1 - a) * F.softplus(-d).mean(), "detach them"),
    ("joint_loss", "no scale", lambda s, t, d, a, k: _joint(s, t, d, a, 1), "scale of the imitation"),
    ("joint_loss", "pixels summed", lambda s, t, d, a, k: _joint(s, t, d, a, k, lambda x: x.square().sum() / len(x)), "summed over the pixels"),
    ("joint_loss", "absolute", lambda s, t, d, a, k: _joint(s, t, d, a, k, lambda x: x.abs().mean()), "absolute"),
    ("joint_loss", "low scores", lambda s, t, d, a, k: _joint(s, t, d, a, k, fool=lambda d: F.softplus(d).mean()), "wants high scores"),
    ("joint_loss", "saturating", lambda s, t, d, a, k: _joint(s, t, d, a, k, fool=lambda d: -F.softplus(d).mean()), "saturating"),
    ("joint_loss", "Wasserstein", lambda s, t, d, a, k: _joint(s, t, d, a, k, fool=lambda d: -d.mean()), "Wasserstein"),
    ("joint_loss", "no weights", lambda s, t, d, a, k: F.mse_loss(s, t.detach()) + F.softplus(-d).mean(), "is never used"),
    ("joint_loss", "the package's", lambda s, t, d, a, k: a * k * gan.imitation_loss(s, t) + (1 - a) * gan.fooling_loss(d), "own function (imitation_loss)"),
    ("joint_loss", "scores detached", lambda s, t, d, a, k: _joint(s, t, d.detach(), a, k), "no gradient"),
    ("image_sharpness", "convolution", _convolution, "a convolution did the work"),
    ("image_sharpness", "the package's", lambda x: gan.laplacian_variance(x), "own function (laplacian_variance)"),
    ("image_sharpness", "frame", lambda x: _convolution(x, 1), "frame counts"),
    ("image_sharpness", "not 0…255", lambda x: _laplacian(x, 1.0).flatten(1).var(1, correction=0), "0…255"),
    ("image_sharpness", "0…1", lambda x: _laplacian(x, 0.5).flatten(1).var(1, correction=0), "times what is expected"),
    ("image_sharpness", "n − 1", lambda x: _laplacian(x).flatten(1).var(1), "correction=0"),
    ("image_sharpness", "spread", lambda x: _laplacian(x).flatten(1).std(1, correction=0), "standard deviation"),
    ("image_sharpness", "one number", lambda x: _laplacian(x).flatten(1).var(1, correction=0).mean(), "each image has its own"),
    ("image_sharpness", "the picture", lambda x: (127.5 * (x + 1)).flatten(1).var(1, correction=0), "not of its Laplacian"),
    ("image_sharpness", "mean square", lambda x: _laplacian(x).abs().flatten(1).mean(1), "wrong numbers"),
    ("frechet_diagonal", "means only", lambda m, s, n, t: (m - n).square().sum(), "only the means"),
    ("frechet_diagonal", "variances", lambda m, s, n, t: (m - n).square().sum() + (s**2 - t**2).square().sum(), "variances are subtracted"),
    ("frechet_diagonal", "mean", lambda m, s, n, t: (m - n).square().mean() + (s - t).square().mean(), "not a mean"),
    ("frechet_diagonal", "root", lambda m, s, n, t: ((m - n).square().sum() + (s - t).square().sum()).sqrt(), "no root"),
    ("frechet_diagonal", "no product", lambda m, s, n, t: (m - n).square().sum() + (s**2 + t**2).sum(), "product term"),
    ("frechet_diagonal", "spreads only", lambda m, s, n, t: (s - t).square().sum(), ""),
    ("frechet_diagonal", "absolute", lambda m, s, n, t: (m - n).abs().sum() + (s - t).abs().sum(), "wrong numbers"),
    ("frechet_diagonal", "s taken for a variance", lambda m, s, n, t: (m - n).square().sum() + (s + t - 2 * (s * t).sqrt()).sum(), "wrong numbers"),
    ("frechet_diagonal", "one by one", lambda m, s, n, t: (m - n).square() + (s - t).square(), "the sum of these"),
    ("great_circle", "straight", lambda a, b, w: (1 - w) * a + w * b, "straight line"),
    ("great_circle", "backwards", lambda a, b, w: _arc(b, a, w, _angle(a, b)), "starts at b"),
    ("great_circle", "length 1", lambda a, b, w: F.normalize(_arc(a, b, w, _angle(a, b)), dim=0), "length 1"),
    ("great_circle", "angle of long vectors", lambda a, b, w: _arc(a, b, w, torch.arccos((a @ b).clamp(-1, 1))), "divide a · b"),
    ("great_circle", "no clamp either", lambda a, b, w: _arc(a, b, w, torch.arccos(a @ b)), "wrong numbers"),
    ("great_circle", "no division", lambda a, b, w: _arc(a, b, w, _angle(a, b)) * torch.sin(_angle(a, b)), "wrong numbers"),
    ("great_circle", "degrees", lambda a, b, w: _arc(a, b, w, torch.rad2deg(_angle(a, b))), "wrong numbers"),
    ("great_circle", "the package's", lambda a, b, w: between(a, b, w)[0], "the package's own function (between)"),
    ("great_circle", "cosine for angle", lambda a, b, w: _arc(a, b, w, F.cosine_similarity(a, b, dim=0)), "wrong numbers"),
    ("great_circle", "start", lambda a, b, w: a, "is never used"),
]  # fmt: skip
