"""Recall against a count by hand, embeddings of a split, prototypes of an episode."""

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError
from kdtutor.data import Episode, episodes
from kdtutor.train import embed, few_shot, prototypes, recall_at


def clusters(seed: int = 0, spread: float = 2.0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(6).repeat_interleave(5)
    centres = 2 * torch.randn(6, 3, generator=generator)
    return centres[labels] + spread * torch.randn(30, 3, generator=generator), labels


def recall_by_hand(e: torch.Tensor, labels: torch.Tensor, k: int) -> float:
    hits = 0
    for i in range(len(e)):
        others = [j for j in range(len(e)) if j != i]
        nearest = sorted(others, key=lambda j: float((e[j] - e[i]).norm()))[:k]
        hits += any(int(labels[j]) == int(labels[i]) for j in nearest)
    return hits / len(e)


@pytest.mark.parametrize("normalise", [False, True])
def test_recall_is_the_count_by_hand(normalise):
    e, labels = clusters()
    found = recall_at(e, labels, k=(1, 2, 4), normalise=normalise)
    compared = torch.nn.functional.normalize(e, dim=1) if normalise else e
    for k in (1, 2, 4):
        assert found[f"recall@{k}"] == pytest.approx(recall_by_hand(compared, labels, k))
    assert 0 < found["recall@1"] <= found["recall@2"] <= found["recall@4"] <= 1


def test_who_has_no_partner_or_no_label_is_left_out():
    e, labels = clusters()
    whole = recall_at(e, labels)
    far = torch.tensor([[1e3, 0, 0], [0, 1e3, 0]])
    assert recall_at(torch.cat([e, far]), torch.cat([labels, torch.tensor([-1, 77])])) == whole


def test_recall_of_too_few_is_refused():
    e, labels = clusters()
    with pytest.raises(ConfigError, match="needs more of them"):
        recall_at(e[:3], labels[:3], k=(3,))
    with pytest.raises(ConfigError, match="at least 1"):
        recall_at(e, labels, k=(0,))


def test_embeddings_come_in_order_and_leave_the_net_as_it_was():
    digits = kd.data.load("digits")
    kd.seed_everything(0)
    net = kd.nets.build("resnet8x0.25", classes=10, channels=1, stem_stride=2).train()
    split = digits.val[torch.arange(21)]
    e = embed(net, split, digits, batch_size=8)
    assert e.shape == (21, 16) and not e.requires_grad and net.training
    with torch.no_grad():
        torch.testing.assert_close(net.eval().trace(digits.normalise(split.images)).embedding, e)


def test_prototypes_and_the_nearest_of_them():
    assert prototypes(torch.tensor([[[1.0, 0], [3, 2]], [[0, 0], [0, 0]]])).tolist() == [[2, 1], [0, 0]]
    e = torch.tensor([[0.0, 0], [2, 0], [10, 0], [12, 0], [1, 1], [2, 2], [11, 1], [4, 0]])
    task = Episode(torch.tensor([[0, 1], [2, 3]]), torch.tensor([[4, 5], [6, 7]]))
    assert few_shot(e, [task]).tolist() == [0.75]
    assert len(few_shot(e, [task, task], normalise=True)) == 2


def test_good_embeddings_solve_episodes():
    e, labels = clusters(spread=0.01)
    assert few_shot(e, episodes(labels, way=3, shot=1, queries=2, count=10)).min() == 1
