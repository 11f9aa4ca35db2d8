"""How good made images are, by the eyes of a classifier: distance to real ones, score, and which classes occur."""

import math
import warnings
from dataclasses import asdict, dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.random import fork_rng

from ..data import Data, Split
from ..errors import DataError, ShapeError, require
from ..nets import Net
from ..nets.modes import evaluating
from .checks import check_net
from .evaluation import BATCH

MISSING = 0.1  # a class with less than this part of its due share, 1/K, is missing
SMALLEST = -700.0  # of a log probability: below it a class that nobody shows would give 0 · ∞


def frechet_distance(e_real: Float[Tensor, "N D"], e_made: Float[Tensor, "M D"]) -> float:
    """‖m - m'‖² + Tr(C + C' - 2 (C C')^½) with means m, m' and covariances C, C' (ddof 1) of two sets of embeddings
    (Heusel et al. 2017, equation 6).

    Computed by torchmetrics in double precision; eigenvalues of C C' count with their real root, so that covariances
    without full rank stay finite. With an embedding of ours this is no FID: it compares only with itself.

    >>> e = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
    >>> frechet_distance(e, e) < 1e-4, round(frechet_distance(e, e + 1), 2)
    (True, 2.0)
    """
    ok = e_real.ndim == e_made.ndim == 2 and e_real.shape[1] == e_made.shape[1] and min(len(e_real), len(e_made)) > 1
    found = f"{tuple(e_real.shape)} and {tuple(e_made.shape)}"
    require(ok, f"frechet_distance: embeddings {found}; expected (N, D) and (M, D) with N, M ≥ 2", ShapeError)
    from torchmetrics.image.fid import FrechetInceptionDistance  # here, because it takes seconds to import

    given = nn.Identity()  # torchmetrics asks this module for features; here they are given
    given.num_features = e_real.shape[1]  # type: ignore[assignment]  # declared as a module
    metric = FrechetInceptionDistance(feature=given).to(e_real.device)
    for embedding, real in ((e_real, True), (e_made, False)):
        metric.update(embedding.double(), real=real)
    return max(0.0, float(metric.compute()))  # of equal sets it is 0 up to rounding


def classifier_score(logits: Float[Tensor, "M K"]) -> float:
    """exp of the mean of KL(p(y|x) ‖ p(y)), from 1 to K (Salimans et al. 2016, §4, with a classifier of ours): high
    where the classifier is sure of each image and all classes occur alike. Computed by torchmetrics.

    >>> round(classifier_score(50 * torch.eye(3)), 3), round(classifier_score(torch.zeros(3, 3)), 3)
    (3.0, 1.0)
    """
    ok = logits.ndim == 2 and len(logits) > 0
    require(ok, f"classifier_score: logits {tuple(logits.shape)}; expected (M, K) with M ≥ 1", ShapeError)
    from torchmetrics.image.inception import InceptionScore

    with warnings.catch_warnings(), fork_rng(devices=[]):  # it warns of its memory, and shuffles
        warnings.simplefilter("ignore")
        metric = InceptionScore(feature=nn.Identity(), splits=1).to(logits.device)
        metric.update(logits.double().log_softmax(1).clamp(min=SMALLEST))
        return float(metric.compute()[0])


@dataclass(frozen=True)
class Balance:
    """How images spread over the classes, as a classifier sees them: the share of each."""

    shares: tuple[float, ...]

    @property
    def entropy(self) -> float:
        """Of the shares, in nats: log K if all classes occur alike, 0 if only one does."""
        return -sum(share * math.log(share) for share in self.shares if share > 0)

    @property
    def effective(self) -> float:
        """How many classes there are, counted by entropy: exp of it."""
        return math.exp(self.entropy)

    @property
    def missing(self) -> tuple[int, ...]:
        """The classes that (almost) no image belongs to: the generator has lost them."""
        return tuple(k for k, share in enumerate(self.shares) if share < MISSING / len(self.shares))

    @property
    def collapsed(self) -> bool:
        """Whether the generator has given up classes: it makes effectively fewer than half of them."""
        return self.effective < len(self.shares) / 2

    @property
    def sentence(self) -> str:
        """What a reader should know."""
        made = sum(share > 0 for share in self.shares)
        verdict = "collapsed, " if self.collapsed else ""
        return f"{verdict}{made} of {len(self.shares)} classes are made, effectively {self.effective:.1f}"


@dataclass(frozen=True)
class Quality(Balance):
    """What a judge says of made images.

    score: `classifier_score`. distance: `frechet_distance` to real images. confidence: the mean of the largest
    probability. samples: how many images were judged.
    """

    score: float
    distance: float
    confidence: float
    samples: int

    @property
    def sentence(self) -> str:
        """Which classes are missing, and whether the generator has collapsed."""
        told = f"{self.effective:.1f} of {len(self.shares)} classes, counted by entropy"
        if not self.missing:
            return f"no class is missing ({told})"
        verdict = "collapsed: " if self.collapsed else ""
        return f"{verdict}class {', '.join(map(str, self.missing))} missing ({told})"

    def numbers(self) -> dict[str, float]:
        """For a history: the first is larger for better images."""
        told = asdict(self)
        return {**{name: told[name] for name in ("score", "distance", "confidence")}, "entropy": self.entropy}


class Judge:
    """A trained classifier that looks at images instead of naming them.

    Quality depends on the classifier, on the real images and on how many are made: compare only numbers of one judge,
    one split and one count. `floor` says what as many real images reach.
    """

    def __init__(self, classifier: Net) -> None:
        check_net(classifier, "classifier")
        self.classifier = classifier.eval()
        self._real: list[tuple[Tensor, Tensor]] = []  # images, and what is seen in them

    def look(self, images: Float[Tensor, "N C H W"]) -> tuple[Float[Tensor, "N D"], Float[Tensor, "N K"]]:
        """Embeddings and logits of normalised images."""
        self.classifier.to(images.device)
        with evaluating(self.classifier):
            traces = [self.classifier.trace(part) for part in images.split(BATCH)]
        return torch.cat([t.embedding for t in traces]), torch.cat([t.logits for t in traces])

    def quality(self, images: Float[Tensor, "M C H W"], split: Split, data: Data) -> Quality:
        """Of made `images`, against the real ones of `split`, a part of `data`."""
        embedding, logits = self.look(images)
        shares: Int[Tensor, " K"] = torch.bincount(logits.argmax(1), minlength=logits.shape[1])
        return Quality(
            shares=tuple((shares / len(images)).tolist()),
            score=classifier_score(logits),
            distance=frechet_distance(self.real(split, data).to(embedding), embedding),
            confidence=float(logits.float().softmax(1).amax(1).mean()),
            samples=len(images),
        )

    def real(self, split: Split, data: Data) -> Float[Tensor, "N D"]:
        """Embeddings of the real images of a split, kept. Raises `DataError` for a split that stays on disk."""
        stored = len(split.images) == len(split)
        require(
            stored,
            f"{data.name} streams its images from disk; a judge wants them in memory: kd.data.in_memory",
            DataError,
        )
        seen = next((embedding for images, embedding in self._real if images is split.images), None)
        if seen is None:
            where = next(self.classifier.parameters()).device
            seen = self.look(data.normalise(split.images.to(where)))[0]
            self._real.append((split.images, seen))
        return seen

    def floor(self, data: Data, count: int, split: Split | None = None) -> Quality:
        """The quality of `count` real training images, always the same ones, against `split` (the test images if not
        given): no generator can be expected to do better with as many."""
        require(0 < count <= len(data.train), f"count={count}: {data.name} has {len(data.train)} training images")
        rows = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))[:count]
        return self.quality(data.normalise(data.train.images[rows]), split or data.test, data)
