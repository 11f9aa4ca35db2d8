"""The losses of six related papers in one place; each has a file of its own, with its method.

Every one takes the student's side and the teacher's side of the same samples, and the teacher's side is constant unless
said otherwise. Where the distillation zoo (github.com/HobbitLong/RepDistiller) computes something else than the paper,
the zoo's form has a name of its own: `consecutive_correlation_loss` and `attention_factor_loss`.
"""

from .correlation import consecutive_correlation_loss, correlation_loss
from .factor import attention_factor_loss, factor_loss
from .probabilistic import probabilistic_loss
from .selectivity import selectivity_loss
from .similarity import similarity_loss
from .variational import variational_loss

__all__ = [
    "attention_factor_loss", "consecutive_correlation_loss", "correlation_loss", "factor_loss", "probabilistic_loss",
    "selectivity_loss", "similarity_loss", "variational_loss",
]  # fmt: skip
