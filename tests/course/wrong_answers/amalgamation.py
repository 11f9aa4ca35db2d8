"""Lesson 15: scores side by side, shared classes, MMD."""

import torch

from kdtutor.papers import amalgamation, common_features


def _t(a, b):
    return torch.cat([a, b], dim=1)


def _filled(order, add=False):
    def answer(z_1, z_2, of_1, of_2):
        made = torch.zeros(len(z_1), 1 + max(*of_1, *of_2))
        for z, own in ((z_1, of_1), (z_2, of_2))[::order]:
            made[:, list(own)] = made[:, list(own)] + z if add else z
        return made

    return answer


def _pairs(a, b):
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")


def _mmd(scale, x, y, cross=2):
    k = lambda a, b: torch.exp(-((a[:, None] - b[None]) ** 2).sum(2) / scale).mean()  # noqa: E731
    return k(x, x) + k(y, y) - cross * k(x, y)


def _unbiased(x, y, s):
    k = lambda a, b: torch.exp(-((a[:, None] - b[None]) ** 2).sum(2) / (2 * s**2))  # noqa: E731
    off = lambda a: k(a, a)[~torch.eye(len(a), dtype=torch.bool)].mean()  # noqa: E731
    return off(x) + off(y) - 2 * k(x, y).mean()


ANSWERS = [
    ("amalgamated_loss", "order", lambda s, a, b: 0.5 * ((s - _t(b, a)) ** 2).sum(1).mean(), "wrong order"),
    (
        "amalgamated_loss",
        "softmaxes",
        lambda s, a, b: ((s.softmax(1) - _t(a.softmax(1), b.softmax(1))) ** 2).sum(1).mean() / 2,
        "compares softmaxes",
    ),
    (
        "amalgamated_loss",
        "block by block",
        lambda s, a, b: (
            ((_t(s[:, : a.shape[1]].softmax(1), s[:, a.shape[1] :].softmax(1)) - _t(a.softmax(1), b.softmax(1))) ** 2)
            .sum(1)
            .mean()
            / 2
        ),
        "softmax over each block",
    ),
    (
        "amalgamated_loss",
        "mean over classes",
        lambda s, a, b: ((s - _t(a, b)) ** 2).mean() / 2,
        "mean over the classes",
    ),
    ("amalgamated_loss", "mse_loss", lambda s, a, b: torch.nn.functional.mse_loss(s, _t(a, b)), "F.mse_loss"),
    ("amalgamated_loss", "sum over the batch", lambda s, a, b: ((s - _t(a, b)) ** 2).sum() / 2, "sums over the batch"),
    ("amalgamated_loss", "no half", lambda s, a, b: ((s - _t(a, b)) ** 2).sum(1).mean(), "half is missing"),
    ("amalgamated_loss", "not squared", lambda s, a, b: (s - _t(a, b)).norm(dim=1).mean() / 2, "norm itself"),
    (
        "amalgamated_loss",
        "the first teacher alone",
        lambda s, a, b: ((s[:, : a.shape[1]] - a) ** 2).sum(1).mean() / 2,
        "",
    ),
    ("amalgamated_loss", "one number an image", lambda s, a, b: ((s - _t(a, b)) ** 2).sum(1) / 2, "shape"),
    (
        "amalgamated_loss",
        "the package's",
        lambda s, a, b: amalgamation.score_loss(s, _t(a, b)),
        "own function (score_loss)",
    ),
    ("shared_scores", "the last wins", _filled(1), "second teacher writes over"),
    ("shared_scores", "the first wins", _filled(-1), "first teacher writes over"),
    ("shared_scores", "added", _filled(1, add=True), "twice as good"),
    ("shared_scores", "side by side", lambda a, b, of_a, of_b: _t(a, b), "one column"),
    ("shared_scores", "all halved", lambda *x: _filled(1, add=True)(*x) / 2, "only a class that both know"),
    ("shared_scores", "the larger", lambda *x: torch.maximum(_filled(1)(*x), _filled(-1)(*x)), "larger score"),
    ("shared_scores", "columns as they come", lambda a, b, of_a, of_b: _t(a, b)[:, : 1 + max(*of_a, *of_b)], ""),
    ("shared_scores", "probabilities", lambda a, b, of_a, of_b: _filled(1)(a.softmax(1), b.softmax(1), of_a, of_b), ""),
    ("mmd_squared", "width not squared", lambda x, y, s: _mmd(2 * s, x, y), "not squared"),
    ("mmd_squared", "no two", lambda x, y, s: _mmd(s**2, x, y), "2 before"),
    ("mmd_squared", "unbiased", _unbiased, "unbiased"),
    ("mmd_squared", "one cross term", lambda x, y, s: _mmd(2 * s**2, x, y, cross=1), "count once"),
    ("mmd_squared", "root", lambda x, y, s: _mmd(2 * s**2, x, y) ** 0.5, "root"),
    ("mmd_squared", "means", lambda x, y, s: ((x.mean(0) - y.mean(0)) ** 2).sum(), "means of the sets"),
    (
        "mmd_squared",
        "distances",
        lambda x, y, s: sum(
            c * torch.exp(-((a[:, None] - b[None]) ** 2).sum(2).sqrt() / (2 * s**2)).mean()
            for a, b, c in ((x, x, 1), (y, y, 1), (x, y, -2))
        ),
        "not squared in the kernel",
    ),
    ("mmd_squared", "plus", lambda x, y, s: _mmd(2 * s**2, x, y, cross=-2), ""),
    ("mmd_squared", "the package's", lambda x, y, s: common_features.mmd(x, y, (s,)), ""),
    (
        "mmd_squared",
        "the package's kernel",
        lambda x, y, s: sum(
            c * common_features.gaussian_kernels(a, b, (s,)).mean() for a, b, c in ((x, x, 1), (y, y, 1), (x, y, -2))
        ).float(),
        "",
    ),
]
