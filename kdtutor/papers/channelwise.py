"""Channel-wise Knowledge Distillation for Dense Prediction (CWD; Shu et al.; ICCV 2021): where each channel looks."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import require
from ..nets import Net, Trace
from ..train import Spot
from ..train.checks import same_classes
from .adapters import check_maps, same_size, stage_pairs
from .features import Features
from .hinton import check_temperature
from .tensors import full_precision, relative_entropy, same_shape

LOGITS, FEATURES = 3.0, 50.0  # weights of the two terms (§4.2); the paper takes one of them at a time


@full_precision
def channelwise_loss(f_s: Float[Tensor, "B C H W"], f_t: Float[Tensor, "B C H W"], T: float = 4.0) -> Float[Tensor, ""]:
    """T² / C · Σ_c KL(φ(f_t)_c ‖ φ(f_s)_c) in nats, mean over B, where φ(f)_c = softmax(f_c / T) over the H · W
    positions of a channel (§3.2, equations 3 and 4): which positions a channel speaks for, whatever its offset.

    The divergence is largest where the teacher's channel is strong; the student need not follow it elsewhere. The
    teacher's side is constant. A map of one position gives 0. Raises `ShapeError` unless both are (B, C, H, W) and
    equal, `ConfigError` unless T > 0.

    >>> corner = torch.tensor([[[[4.0, 1.0]]]]).log()
    >>> round(channelwise_loss(torch.zeros(1, 1, 1, 2), corner, T=1.0).item(), 4)
    0.1927
    """
    check_temperature(T)
    check_maps(f_s, f_t, "channelwise_loss")
    same_shape(f_s, f_t, "channelwise_loss, maps")
    log_p_s, log_p_t = (F.log_softmax(f.flatten(2) / T, dim=2) for f in (f_s, f_t.detach()))
    return T**2 * (relative_entropy(log_p_t, log_p_s).sum() / (len(f_s) * f_s.shape[1]))


class Channelwise(Features):
    """What each of the teacher's channels speaks for, the student's speaks for too: the task + `logits` ·
    `channelwise_loss` of the logits' maps + `features` · `channelwise_loss` of the last active maps.

    The features are matched at the last stage; a 1×1 convolution brings the student's channels to the teacher's where
    their number differs (the authors' code has one always, with norm and ReLU), and the larger map is average-pooled.
    `logits` is by default the paper's 3 for nets that answer for each pixel, and 0 for others, whose logits are no
    maps. The paper takes one of the two terms at a time; 0 leaves one out. `T` is the temperature of both terms, and of
    `kd_loss` where `alpha` > 0.
    """

    def __init__(
        self,
        student: Net,
        teacher: Net,
        logits: float | None = None,
        features: float = FEATURES,
        alpha: float = 0.0,
        T: float = 4.0,
    ) -> None:
        super().__init__(student, teacher, beta=1.0, alpha=alpha, T=T, logits=logits, features=features)
        maps = student.per_pixel and teacher.per_pixel
        of_logits = (LOGITS if maps else 0.0) if logits is None else logits
        told = f"logits={of_logits}, features={features}: the weights must not be negative, and one must be positive"
        require(min(of_logits, features) >= 0 and max(of_logits, features) > 0, told)
        if of_logits:
            told = f"logits={of_logits}: {student.name} and {teacher.name} do not both answer for each pixel"
            require(maps, f"{told}, so their logits are no maps; set logits=0")
            same_classes(student, teacher, ", so set logits=0")
        self.of_logits, self.of_features = of_logits, features
        self.last = 0
        if features:
            i, j = stage_pairs(student, teacher)[-1]
            self.last, wide = i + 1, (student.widths[i], teacher.widths[j])
            self.connector = nn.Conv2d(*wide, kernel_size=1) if wide[0] != wide[1] else nn.Identity()
        self.train(student.training)

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each of the two terms that counts."""
        spots = (
            Spot("cwd_logits", lambda s, t: channelwise_loss(s.logits, t.logits, self.T), ("logits",), self.of_logits),
            Spot("cwd_features", self._of_last, (self.last,), self.of_features),
        )
        return tuple(spot for spot in spots if spot.weight)

    def _of_last(self, s: Trace, t: Trace) -> Float[Tensor, ""]:
        return channelwise_loss(*same_size(self.connector(s.active[-1]), t.active[-1], "avg"), self.T)
