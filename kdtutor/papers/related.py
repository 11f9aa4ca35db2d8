"""The losses of six related papers: similarity, variational, probabilistic, selectivity, correlation, factor transfer.

`related_methods` trains with them. Every one takes the student's side and the teacher's side of the same samples, and
the teacher's side is constant unless said otherwise. Where the distillation zoo (github.com/HobbitLong/RepDistiller)
computes something else than the paper, the zoo's form has a name of its own: `consecutive_correlation_loss` and
`attention_factor_loss`.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from .adapters import check_maps, same_size
from .attention import attention_map
from .tensors import SMALLEST, full_precision, gram, inverse_length, same_shape, shape, unit

GAMMA, ORDER = 0.4, 2  # of CC's kernel: 1 / 2δ², and the last power of its Taylor series
PKT_SMALLEST = 1e-7  # is added to lengths and probabilities in the authors' code of PKT
VARIANCE_SMALLEST = 1e-5  # the least variance of VID, as in the authors' code


@full_precision
def similarity_loss(f_s: Float[Tensor, "B *s"], f_t: Float[Tensor, "B *t"]) -> Float[Tensor, ""]:
    """SP: ‖G_t - G_s‖²_F / B², with G the products F Fᵀ of the flattened samples, every row scaled to unit length.

    Which samples of a batch excite a net alike (Tung, Mori; ICCV 2019). Shapes after the batch
    may differ. Raises `ShapeError` unless both are (B, …) with one B.
    """
    _check_samples(f_s, f_t, "similarity_loss")
    with torch.no_grad():
        similar_t = _similarities(f_t)
    return F.mse_loss(_similarities(f_s), similar_t)


def _similarities(f: Float[Tensor, "B *shape"]) -> Float[Tensor, "B B"]:
    return unit(gram(f.flatten(1)))


@full_precision
def variational_loss(
    mean: Float[Tensor, "B C H W"], f_t: Float[Tensor, "B C H W"], log_scale: Float[Tensor, " C"]
) -> Float[Tensor, ""]:
    """VID: the mean of ½ (f_t - mean)² / σ² + ½ ln σ² over all elements, with σ²_c = softplus(log_scale_c) + 10⁻⁵.

    It is, up to a constant, the negative logarithm of the density at the teacher's f_t of a normal distribution whose
    `mean` is regressed from the student's map and whose variances are learnt (Ahn et al.; CVPR 2019): the smaller it
    is, the more the student's map tells of the teacher's. It may be negative. Vectors (B, C) are taken as well as maps.
    Raises `ShapeError` unless mean and f_t have one shape and there is a scale for each of the C channels.
    """
    same_shape(mean, f_t, "variational_loss, the regressed map and the teacher's")
    require(
        mean.ndim >= 2 and log_scale.shape == mean.shape[1:2],
        f"variational_loss: the map has shape {shape(mean)}, the scales {shape(log_scale)}; "
        "expected (B, C, …) and (C,)",
        ShapeError,
    )
    variance = F.softplus(log_scale) + VARIANCE_SMALLEST
    squares = (mean - f_t.detach()).square().transpose(0, 1).flatten(1).mean(1)  # of each channel
    return (0.5 * (squares / variance + variance.log())).mean()


@full_precision
def probabilistic_loss(e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"]) -> Float[Tensor, ""]:
    """PKT: the mean over all B² pairs of p_t ln (p_t / p_s), where p[i, j] ∝ (cos(e_i, e_j) + 1) / 2, each row summing
    to 1: how probable it is that i picks j as its neighbour (Passalis, Tefas; ECCV 2018).

    10⁻⁷ is added to lengths and probabilities, and the pairs i = j take part, as in the authors' code; their mean is
    the divergence of the paper over B². A vector of zeros has cosine 0 with all, and gradient zero. D and E may differ.
    Raises `ShapeError` unless both are (B, ·) with one B.
    """
    _check_vectors(e_s, e_t, "probabilistic_loss")
    with torch.no_grad():
        p_t = _neighbours(e_t)
    p_s = _neighbours(e_s)
    return (p_t * ((p_t + PKT_SMALLEST) / (p_s + PKT_SMALLEST)).log()).mean()


def _neighbours(e: Float[Tensor, "B D"]) -> Float[Tensor, "B B"]:
    squares = e.square().sum(1, keepdim=True)
    there = squares > SMALLEST**2  # the root has no gradient at 0
    rows = e * there / (torch.where(there, squares, 1.0).sqrt() + PKT_SMALLEST)
    closeness = ((gram(rows) + 1) / 2).clamp(min=0)  # opposite vectors may round to less than 0
    return closeness / closeness.sum(1, keepdim=True)


@full_precision
def selectivity_loss(f_s: Float[Tensor, "B C H W"], f_t: Float[Tensor, "B D h w"]) -> Float[Tensor, ""]:
    """NST: the squared maximum mean discrepancy of the channels, K(t, t) + K(s, s) - 2 K(s, t), where K(a, b) is the
    mean of ⟨a_i, b_j⟩² over samples and pairs of channels, each channel's map scaled to unit length.

    The channels of one sample are looked at as draws from a distribution over positions, and the two distributions are
    to agree (Huang, Wang; 2017; with the polynomial kernel of degree 2). Numbers of channels may differ; of two
    sizes the larger is average-pooled. Computed from products of channels: nothing is ever held for every pair of
    channels *and* every position. Raises `ShapeError` unless both are (B, C, H, W) with one B.
    """
    check_maps(f_s, f_t, "selectivity_loss")
    s, t = (f.flatten(2) for f in same_size(f_s, f_t, "avg"))
    with torch.no_grad():
        products_t = gram(t)
        lengths_t = inverse_length(products_t.diagonal(dim1=1, dim2=2))
        kernel_t = _kernel(products_t, lengths_t, lengths_t)
    products_s = gram(s)
    lengths_s = inverse_length(products_s.diagonal(dim1=1, dim2=2))
    across = _kernel(torch.bmm(s, t.detach().mT), lengths_s, lengths_t)
    return kernel_t + _kernel(products_s, lengths_s, lengths_s) - 2 * across


def _kernel(products: Float[Tensor, "B C D"], a: Float[Tensor, "B C"], b: Float[Tensor, "B D"]) -> Float[Tensor, ""]:
    return (products * a.unsqueeze(2) * b.unsqueeze(1)).square().mean()


@full_precision
def correlation_loss(
    e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"], gamma: float = GAMMA, order: int = ORDER
) -> Float[Tensor, ""]:
    """CC as in the paper: ‖ψ_s - ψ_t‖²_F / B², where ψ[i, j] is the Gaussian kernel exp(-γ ‖e_i - e_j‖²) of two
    samples of unit length, by its Taylor series (Peng et al.; ICCV 2019):

        ψ[i, j] = e^(-2γ) · Σ_{p = 0 … order} (2γ)^p / p! · ⟨e_i, e_j⟩^p.

    D and E may differ. Raises `ShapeError` unless both are (B, ·) with one B, `ConfigError` unless γ > 0 and order ≥ 1.
    """
    require(gamma > 0, f"gamma={gamma}: the kernel's width needs a positive number (0.4 is usual)")
    require(order >= 1, f"order={order}: the series needs at least its first power (2 is usual)")
    _check_vectors(e_s, e_t, "correlation_loss")
    with torch.no_grad():
        psi_t = _correlations(e_t, gamma, order)
    return F.mse_loss(_correlations(e_s, gamma, order), psi_t)


def _correlations(e: Float[Tensor, "B D"], gamma: float, order: int) -> Float[Tensor, "B B"]:
    cosines = gram(unit(e))
    psi = torch.zeros_like(cosines)
    for p in range(order, -1, -1):  # Horner's rule
        psi = psi * cosines + (2 * gamma) ** p / math.factorial(p)
    return math.exp(-2 * gamma) * psi


@full_precision
def consecutive_correlation_loss(e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B D"]) -> Float[Tensor, ""]:
    """CC as in the zoo: the mean over i of ⟨δ_i, δ_{i+1}⟩, with δ = |e_s - e_t|, for samples that follow each other.

    No kernel, and the order of the samples matters. One sample follows no other: 0. The teacher's side is not constant
    here: in the zoo e_t comes from a layer that learns as well. Raises `ShapeError` unless the shapes are equal.
    """
    _check_vectors(e_s, e_t, "consecutive_correlation_loss")
    same_shape(e_s, e_t, "consecutive_correlation_loss, embeddings")
    delta = (e_s - e_t).abs()
    return (delta[:-1] * delta[1:]).sum() / max(1, len(delta) - 1)


@full_precision
def factor_loss(q_s: Float[Tensor, "B *shape"], q_t: Float[Tensor, "B *shape"]) -> Float[Tensor, ""]:
    """FT as in the paper: the mean of |q_s / ‖q_s‖ - q_t / ‖q_t‖| over all elements, each sample's factor scaled by its
    length over all channels and positions (Kim, Park, Kwak; NeurIPS 2018; with p = 1).

    q_t comes from a `Paraphraser`, q_s from a `Translator`. Raises `ShapeError` unless the shapes are equal.
    """
    _check_samples(q_s, q_t, "factor_loss")
    same_shape(q_s, q_t, "factor_loss, factors")
    with torch.no_grad():
        target = unit(q_t.flatten(1))
    return F.l1_loss(unit(q_s.flatten(1)), target)


@full_precision
def attention_factor_loss(q_s: Float[Tensor, "B C H W"], q_t: Float[Tensor, "B D H W"]) -> Float[Tensor, ""]:
    """FT as in the zoo: the mean of |a_s - a_t|, where a = `attention_map` of the factor: its channels are summed up.

    Raises `ShapeError` unless both are (B, C, H, W) with one B and one size.
    """
    check_maps(q_s, q_t, "attention_factor_loss")
    with torch.no_grad():
        target = attention_map(q_t)
    attention = attention_map(q_s)
    same_shape(attention, target, "attention_factor_loss, attention maps (batch, positions)")
    return F.l1_loss(attention, target)


def _check_samples(s: Tensor, t: Tensor, what: str) -> None:
    require(
        min(s.ndim, t.ndim) >= 2 and len(s) == len(t) > 0,
        f"{what}: the student's shape is {shape(s)}, the teacher's {shape(t)}; expected (B, …) with one B ≥ 1",
        ShapeError,
    )


def _check_vectors(s: Tensor, t: Tensor, what: str) -> None:
    require(
        s.ndim == t.ndim == 2 and len(s) == len(t) > 0,
        f"{what}: the embeddings have shapes {shape(s)} and {shape(t)}; expected (B, D) with one B ≥ 1",
        ShapeError,
    )
