"""Lesson 13: the loss, its gradient, entropy, shaken weights."""

import torch
import torch.nn.functional as F

from kdtutor.papers import mutual


def _kl(z, peer):
    return F.kl_div(z.log_softmax(1), peer.softmax(1), reduction="batchmean")


def _all(z, peers):
    return sum(_kl(z, peer.detach()) for peer in peers)


def _said(peers):
    return torch.stack([peer.softmax(1) for peer in peers])


def _moved(w, noise, sigma):
    return w + sigma * noise


ANSWERS = [
    ("mutual_loss", "turned round", lambda z, peers: sum(_kl(p.detach(), z) for p in peers) / len(peers), "direction is turned"),
    ("mutual_loss", "not detached", lambda z, peers: sum(_kl(z, p) for p in peers) / len(peers), "not detached"),
    ("mutual_loss", "summed", _all, "are summed"),
    ("mutual_loss", "over K", lambda z, peers: _all(z, peers) / (len(peers) + 1), "counts the net itself"),
    ("mutual_loss", "of the mean", lambda z, peers: _kl(z, _said(peers).detach().mean(0).log()), "peers' mean probabilities"),
    ("mutual_loss", "of the mean logits", lambda z, peers: _kl(z, torch.stack(peers).detach().mean(0)), "logits are averaged"),
    ("mutual_loss", "summed over samples", lambda z, peers: len(z) * _all(z, peers) / len(peers), "mean over the batch"),
    ("mutual_loss", "torch's mean", lambda z, peers: _all(z, peers) / len(peers) / z.shape[1], "over the classes too"),
    ("mutual_loss", "cross-entropy", lambda z, peers: -(_said(peers).detach().mean(0) * z.log_softmax(1)).sum(1).mean(), "cross-entropy"),
    ("mutual_loss", "kl_div of probabilities", lambda z, peers: sum(F.kl_div(z.softmax(1), p.detach().softmax(1), reduction="batchmean") for p in peers) / len(peers), "log-probabilities as its first"),
    ("mutual_loss", "the first peer alone", lambda z, peers: _kl(z, peers[0].detach()), ""),
    ("mutual_loss", "the package's", lambda z, peers: mutual.mutual_loss(z, peers), "own function (mutual_loss)"),
    ("mutual_gradient", "uphill", lambda z, peers: (_said(peers).mean(0) - z.softmax(1)) / len(z), "sign is turned"),
    ("mutual_gradient", "no mean", lambda z, peers: z.softmax(1) - _said(peers).mean(0), "divide by B"),
    ("mutual_gradient", "mean logits", lambda z, peers: (z.softmax(1) - torch.stack(peers).mean(0).softmax(1)) / len(z), "mean logits"),
    ("mutual_gradient", "summed", lambda z, peers: (z.softmax(1) - _said(peers).sum(0)) / len(z), "are summed"),
    ("mutual_gradient", "logits", lambda z, peers: (z - torch.stack(peers).mean(0)) / len(z), "differences of logits"),
    ("mutual_gradient", "autograd", lambda z, peers: torch.autograd.grad(_all(z := z.clone().requires_grad_(), peers) / len(peers), z)[0], "autograd did this"),
    ("mutual_gradient", "first peer", lambda z, peers: (z.softmax(1) - peers[0].softmax(1)) / len(z), ""),
    ("mutual_gradient", "over all numbers", lambda z, peers: (z.softmax(1) - _said(peers).mean(0)) / z.numel(), ""),
    ("mutual_gradient", "one number", lambda z, peers: ((z.softmax(1) - _said(peers).mean(0)) / len(z)).sum(), ""),
    ("mean_entropy", "of probabilities", lambda z: -(z.softmax(1) * z.softmax(1).log()).sum(1).mean(), "no number where p is 0"),
    ("mean_entropy", "negative", lambda z: (z.softmax(1) * z.log_softmax(1)).sum(1).mean(), "sign is missing"),
    ("mean_entropy", "bits", lambda z: -(z.softmax(1) * z.log_softmax(1)).sum(1).mean() / 0.693147, "bits"),
    ("mean_entropy", "of the mean", lambda z: torch.special.entr(z.softmax(1).mean(0)).sum(), "mean prediction"),
    ("mean_entropy", "summed", lambda z: -(z.softmax(1) * z.log_softmax(1)).sum(), "sums over the samples"),
    ("mean_entropy", "over classes", lambda z: -(z.softmax(1) * z.log_softmax(1)).mean(), "over the classes too"),
    ("mean_entropy", "one a sample", lambda z: -(z.softmax(1) * z.log_softmax(1)).sum(1), ""),
    ("mean_entropy", "the largest", lambda z: -z.log_softmax(1).max(1).values.mean(), ""),
    ("shaken_loss", "piling up", lambda w, A, noise, sigma: ((m := _moved(w, noise.cumsum(0), sigma)) @ A * m).sum(1).mean() / 2, "still there"),
    ("shaken_loss", "at the mean", lambda w, A, noise, sigma: (m := _moved(w, noise, sigma).mean(0)) @ A @ m / 2, "mean of the losses"),
    ("shaken_loss", "variance", lambda w, A, noise, sigma: ((m := _moved(w, noise, sigma**2)) @ A * m).sum(1).mean() / 2, "standard deviation"),
    ("shaken_loss", "no sigma", lambda w, A, noise, sigma: ((m := w + noise) @ A * m).sum(1).mean() / 2, "multiply it by sigma"),
    ("shaken_loss", "the rise", lambda w, A, noise, sigma: ((m := _moved(w, noise, sigma)) @ A * m).sum(1).mean() / 2 - w @ A @ w / 2, "has risen"),
    ("shaken_loss", "no half", lambda w, A, noise, sigma: ((m := _moved(w, noise, sigma)) @ A * m).sum(1).mean(), "½"),
    ("shaken_loss", "summed", lambda w, A, noise, sigma: ((m := _moved(w, noise, sigma)) @ A * m).sum() / 2, "sums over the draws"),
    ("shaken_loss", "unshaken", lambda w, A, noise, sigma: w @ A @ w / 2, ""),
]  # fmt: skip
