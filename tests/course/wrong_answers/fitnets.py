"""Lesson 02: the weight of a regressor, one pair of attention maps, the paper's form."""

import torch.nn.functional as F

from kdtutor.papers import attention
from kdtutor.papers.attention import attention_map


def _pooled(f_s, f_t, pool=F.adaptive_avg_pool2d):
    size = min(f_s.shape[2], f_t.shape[2]), min(f_s.shape[3], f_t.shape[3])
    return pool(f_s, size), pool(f_t, size)


def _pair(f_s, f_t, pool=F.adaptive_avg_pool2d, p=2):
    s, t = _pooled(f_s, f_t, pool)
    return attention_map(s, p) - attention_map(t, p).detach()


def _rows(f_s, f_t):
    return attention_map(f_s) - attention_map(f_t).detach()


ANSWERS = [
    ("regressor_ratio", "upside down", lambda c, h, w, C, H, W: (h - H + 1) * (w - W + 1) / (h * w * H * W), "upside down"),
    ("regressor_ratio", "1×1", lambda c, h, w, C, H, W: h * w * H * W, "kernel as 1×1"),
    ("regressor_ratio", "fully connected", lambda c, h, w, C, H, W: c * h * w * C * H * W, "fully connected one alone"),
    ("regressor_ratio", "convolution", lambda c, h, w, C, H, W: c * C * (h - H + 1) * (w - W + 1), "convolution alone"),
    ("regressor_ratio", "no positions", lambda c, h, w, C, H, W: H * W / ((h - H + 1) * (w - W + 1)), "has positions as well"),
    ("regressor_ratio", "no + 1", lambda c, h, w, C, H, W: h * w * H * W / max(1, (h - H) * (w - W)), ""),
    ("regressor_ratio", "square kernels", lambda c, h, w, C, H, W: h * w * H * W / (h - H + 1) ** 2, ""),
    ("regressor_ratio", "channels", lambda c, h, w, C, H, W: c * h * w * H * W / ((h - H + 1) * (w - W + 1)), "factor c_s"),
    ("regressor_ratio", "rounded", lambda c, h, w, C, H, W: round(h * w * H * W / ((h - H + 1) * (w - W + 1)), 0) // 7, ""),
    ("at_pair", "the package's", lambda s, t: attention.pair_loss(s, t), "the package's own function (pair_loss)"),
    ("at_pair", "the package's list", lambda s, t: attention.at_loss([s], [t]), "the package's own function (at_loss)"),
    ("at_pair", "no pooling", lambda s, t: F.mse_loss(attention_map(s), attention_map(t).detach()), "different size"),
    ("at_pair", "max pooling", lambda s, t: _pair(s, t, F.adaptive_max_pool2d).square().mean(), "by its maximum"),
    ("at_pair", "teacher with gradient", lambda s, t: F.mse_loss(*map(attention_map, _pooled(s, t))), "teacher's side"),
    ("at_pair", "student detached", lambda s, t: _pair(s.detach(), t).square().mean(), "no gradient"),
    ("at_pair", "sum", lambda s, t: _pair(s, t).square().sum(), "over batch and positions"),
    ("at_pair", "sum over positions", lambda s, t: _pair(s, t).square().sum(1).mean(), "summed over positions"),
    ("at_pair", "root", lambda s, t: _pair(s, t).square().mean().sqrt(), "root is too much"),
    ("at_pair", "sizes", lambda s, t: _pair(s, t).abs().mean(), "wrong numbers"),
    ("at_pair", "p = 1", lambda s, t: _pair(s, t, p=1).square().mean(), "wrong numbers"),
    ("at_pair", "batch only", lambda s, t: _pair(s, t).square().mean(1), "the mean of these"),
    ("at_norm", "mean of squares", lambda s, t: _rows(s, t).square().mean(), "authors' mean of squares"),
    ("at_norm", "no half", lambda s, t: _rows(s, t).norm(dim=1).mean(), "half is missing"),
    ("at_norm", "squared", lambda s, t: _rows(s, t).square().sum(1).mean() / 2, "squared length"),
    ("at_norm", "one root", lambda s, t: _rows(s, t).norm() / 2, "length of its own"),
    ("at_norm", "sum", lambda s, t: _rows(s, t).norm(dim=1).sum() / 2, "samples are summed"),
    ("at_norm", "L1", lambda s, t: _rows(s, t).abs().sum(1).mean() / 2, "without squares"),
    ("at_norm", "over the batch", lambda s, t: _rows(s, t).norm(dim=0).mean() / 2, "wrong numbers"),
    ("at_norm", "teacher with gradient", lambda s, t: (attention_map(s) - attention_map(t)).norm(dim=1).mean() / 2, "teacher's side"),
    ("at_norm", "student detached", lambda s, t: _rows(s.detach(), t).norm(dim=1).mean() / 2, "no gradient"),
    ("at_norm", "one by one", lambda s, t: _rows(s, t).norm(dim=1) / 2, "the mean of these"),
]  # fmt: skip
