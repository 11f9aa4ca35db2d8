"""How good an embedding is at classes it was never trained on: nearest neighbours, and few-shot episodes."""

from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..data import UNLABELLED, Data, Episode, Split
from ..errors import require
from ..nets import Net
from .checks import check_net
from .evaluation import BATCH, shown

NEIGHBOURS = 512  # queries whose distances are held at once


def embed(net: Net, split: Split, data: Data, batch_size: int = BATCH) -> Float[Tensor, "N D"]:
    """The embedding of every image of `split`, in order. Modes and random state stay untouched.

    >>> digits = kd.data.load("digits")
    >>> embed(kd.nets.build("lenet5", classes=10, channels=1), digits.test[:4], digits).shape
    torch.Size([4, 84])
    """
    check_net(net, "net")
    return shown(net, lambda images: net.trace(images).embedding, split, data, batch_size)


def recall_at(
    embeddings: Float[Tensor, "N D"], labels: Int[Tensor, " N"], k: Sequence[int] = (1,), normalise: bool = False
) -> dict[str, float]:
    """Recall@k, the share of samples with one of their class among their k nearest others: {"recall@1": …}.

    pytorch-metric-learning looks for the neighbours and counts. Samples that are the only one of their class, or have
    no label, are left out. With `normalise`, embeddings are compared at unit length.

    >>> recall_at(torch.tensor([[0.0], [0.1], [5.0], [5.1]]), torch.tensor([0, 0, 1, 1]))
    {'recall@1': 1.0}
    """
    from pytorch_metric_learning.distances import LpDistance
    from pytorch_metric_learning.utils.inference import CustomKNN

    known = labels != UNLABELLED
    embeddings, labels = embeddings[known].detach(), labels[known].to(embeddings.device)
    require(len(k) > 0 and min(k) >= 1, f"k={tuple(k)}: give the numbers of neighbours, each at least 1")
    require(len(labels) > max(k), f"{len(labels)} labelled samples: recall@{max(k)} needs more of them")
    knn = CustomKNN(LpDistance(normalize_embeddings=normalise), batch_size=NEIGHBOURS)
    counted = _calculator()(
        include=("precision_at_1", "recall_at_k"), k=max(k), knn_func=knn, kmeans_func=False, device=embeddings.device
    ).get_accuracy(embeddings, labels)
    found: list[float] = counted["recall_at_k"]
    return {f"recall@{n}": found[n - 1] for n in k}


def _calculator() -> type:
    """pytorch-metric-learning's `AccuracyCalculator`, which knows recall@1 only, with recall@1…k."""
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    class RecallCalculator(AccuracyCalculator):  # type: ignore[misc]  # the library has no types
        def calculate_recall_at_k(
            self,
            knn_labels: Int[Tensor, "N k"],
            query_labels: Int[Tensor, " N"],
            not_lone_query_mask: Bool[Tensor, " N"],
            **_: object,
        ) -> list[float]:
            hits = (knn_labels == query_labels[:, None])[not_lone_query_mask]
            return hits.cummax(1).values.float().mean(0).tolist()

        def requires_knn(self) -> list[str]:
            return [*super().requires_knn(), "recall_at_k"]

    return RecallCalculator


def prototypes(support: Float[Tensor, "way shot D"]) -> Float[Tensor, "way D"]:
    """The mean embedding of each class's known samples (Snell et al. 2017).

    >>> prototypes(torch.tensor([[[0.0], [2.0]], [[5.0], [7.0]]]))
    tensor([[1.],
            [6.]])
    """
    return support.mean(1)


def few_shot(
    embeddings: Float[Tensor, "N D"], tasks: Iterable[Episode], normalise: bool = False
) -> Float[Tensor, " episodes"]:
    """The accuracy of each episode: a query belongs to the class of the nearest prototype.

    >>> labels = torch.arange(2).repeat_interleave(4)
    >>> few_shot(labels.unsqueeze(1).float(), kd.data.episodes(labels, way=2, queries=2, count=3))
    tensor([1., 1., 1.])
    """
    if normalise:
        embeddings = F.normalize(embeddings, dim=1)
    shares = []
    for task in tasks:
        way, queries = task.queries.shape
        asked = embeddings[task.queries].flatten(0, 1)
        nearest = torch.cdist(asked, prototypes(embeddings[task.support])).argmin(1)
        truth = torch.arange(way, device=nearest.device).repeat_interleave(queries)
        shares.append((nearest == truth).float().mean())
    return torch.stack(shares)
