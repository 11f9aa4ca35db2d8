"""Lesson 09: the distance, its gradient, the generator's turn, whose turn."""

import torch
import torch.nn.functional as F

from kdtutor.papers import adversarial


def _autograd(z_s, z_t):
    z = z_s.clone().requires_grad_()
    F.l1_loss(z, z_t).backward()
    return z.grad


ANSWERS = [
    ("discrepancy", "squares", lambda s, t: F.mse_loss(s, t), "squared here"),
    ("discrepancy", "sum over K", lambda s, t: (s - t).abs().sum(1).mean(), "not divided by K"),
    ("discrepancy", "sum", lambda s, t: (s - t).abs().sum(), "sum over everything"),
    ("discrepancy", "sum over B", lambda s, t: (s - t).abs().mean(1).sum(), "len(z_s)"),
    ("discrepancy", "no size", lambda s, t: (s - t).mean(), "cancel"),
    ("discrepancy", "probabilities", lambda s, t: (s.softmax(1) - t.softmax(1)).abs().mean(), "these are probabilities"),
    ("discrepancy", "teacher detached", lambda s, t: (s - t.detach()).abs().mean(), "teacher's side is detached"),
    ("discrepancy", "student detached", lambda s, t: (s.detach() - t).abs().mean(), "no gradient"),
    ("discrepancy", "the package's", lambda s, t: adversarial.discrepancy(s, t), "own function (discrepancy)"),
    ("discrepancy", "length", lambda s, t: (s - t).norm(dim=1).mean(), "wrong numbers"),
    ("discrepancy_gradient", "autograd", _autograd, "autograd"),
    ("discrepancy_gradient", "sign", lambda s, t: torch.sign(t - s) / s.numel(), "the sign is wrong"),
    ("discrepancy_gradient", "no mean", lambda s, t: torch.sign(s - t), "divide by B · K"),
    ("discrepancy_gradient", "batch only", lambda s, t: torch.sign(s - t) / len(s), "only the batch"),
    ("discrepancy_gradient", "classes only", lambda s, t: torch.sign(s - t) / s.shape[1], "len(z_s)"),
    ("discrepancy_gradient", "squares", lambda s, t: 2 * (s - t) / s.numel(), "shrinks with the difference"),
    ("discrepancy_gradient", "size", lambda s, t: (s - t).abs() / s.numel(), "wrong numbers"),
    ("discrepancy_gradient", "0 and 1", lambda s, t: (s > t) / s.numel(), "wrong numbers"),
    ("generation_loss", "student's sign", lambda a, b, x: (x @ a - x @ b).abs().mean(), "sign is the student's"),
    ("generation_loss", "teacher detached", lambda a, b, x: -(x @ a - (x @ b).detach()).abs().mean(), "teacher's answer is detached"),
    ("generation_loss", "student detached", lambda a, b, x: -((x @ a).detach() - x @ b).abs().mean(), "student's answer is detached"),
    ("generation_loss", "image detached", lambda a, b, x: -(x.detach() @ a - x.detach() @ b).abs().mean(), "no gradient"),
    ("generation_loss", "sum", lambda a, b, x: -(x @ a - x @ b).abs().sum(), "sum over everything"),
    ("generation_loss", "squares", lambda a, b, x: -(x @ a - x @ b).square().mean(), "wrong numbers"),
    ("generation_loss", "weights", lambda a, b, x: -(a - b).abs().mean(), "wrong numbers"),
    ("generation_loss", "transposed", lambda a, b, x: -(a @ x - b @ x).abs().mean(), "transposed"),
    ("generation_loss", "the package's", lambda a, b, x: -adversarial.discrepancy(x @ a, x @ b), "own function (discrepancy)"),
    ("turns", "rounded up", lambda n, k, b: (-(-n // k), n * b, -(-n // k) * b), "no full k"),
    ("turns", "fresh images", lambda n, k, b: (n // k, n // k * b, n // k * b), "in every one of its steps"),
    ("turns", "k times", lambda n, k, b: (n * k, n * b, n * k * b), "once after k steps"),
    ("turns", "no images of its own", lambda n, k, b: (n // k, n * b, 0), "images of its own"),
    ("turns", "fractions", lambda n, k, b: (n / k, n * b, n / k * b), "wrong numbers"),
    ("turns", "two numbers", lambda n, k, b: (n // k, n * b), "expected a tuple of 3"),
    ("turns", "added up", lambda n, k, b: n // k + n * b + n // k * b, "expected a tuple of 3"),
    ("turns", "steps for images", lambda n, k, b: (n // k, n, n // k), "value 2"),
    ("turns", "exchanged", lambda n, k, b: (n // k, n // k * b, n * b), ""),
]  # fmt: skip
