import math
from dataclasses import replace

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.data import UNLABELLED, Batch, Batches
from kdtutor.papers.contrastive import Contrastive, ContrastiveMemory, Negatives, nce_loss

from .oracle import PRECISIONS, agree, oracle


@PRECISIONS
def test_a_step_equals_the_reference(dtype):
    case = oracle("crd_case1", dtype)
    memory = ContrastiveMemory(20, 8).to(dtype)
    memory.student.copy_(case["in_memory_v1"])
    memory.teacher.copy_(case["in_memory_v2"])
    embed = {"s": nn.Linear(6, 8).to(dtype), "t": nn.Linear(10, 8).to(dtype)}
    for side, layer in embed.items():
        layer.load_state_dict({part: case[f"w_embed_{side}_{part}"] for part in ("weight", "bias")})
    s = case["in_s0"].requires_grad_()
    loss = memory(embed["s"](s), embed["t"](case["in_t0"]), case["in_idx0"], case["in_contrast_idx0"][:, 1:])
    loss.backward()
    agree(loss, case["out_loss0"])
    agree(s.grad, case["grad_s0"])
    for side, layer in embed.items():
        agree(layer.weight.grad, case[f"grad_w_embed_{side}_weight0"])
        agree(layer.bias.grad, case[f"grad_w_embed_{side}_bias0"])
    agree(memory.student, case["out_memory_v1_after0"])
    agree(memory.teacher, case["out_memory_v2_after0"])
    agree(memory.log_Z.exp(), torch.stack([case["out_Z_v1_0"], case["out_Z_v2_0"]]))


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_hand(memory, v_s, v_t, rows, negatives, Z):
    """The formula with plain exponentials; returns the loss and Z, and moves copies of the banks."""
    N, K = len(memory["student"]), negatives.shape[1]
    total, found = 0.0, []
    v = {"student": v_s / v_s.norm(dim=1, keepdim=True), "teacher": v_t / v_t.norm(dim=1, keepdim=True)}
    for side, (name, other) in enumerate((("student", "teacher"), ("teacher", "student"))):
        candidates = torch.cat([rows[:, None], negatives], 1)
        scores = torch.exp((memory[other][candidates] * v[name][:, None]).sum(2) / 0.07)
        found.append(scores.mean().item() * N if Z is None else Z[side])
        P = scores / found[side]
        noise = K / N + 1e-7
        total -= ((P[:, 0] / (P[:, 0] + noise)).log().sum() + ((K / N) / (P[:, 1:] + noise)).log().sum()) / len(rows)
    for name in ("student", "teacher"):
        mixed = 0.5 * memory[name][rows] + 0.5 * v[name]
        memory[name][rows] = mixed / mixed.norm(dim=1, keepdim=True)
    return total, found


def test_several_steps_by_hand():
    memory = ContrastiveMemory(12, 5, generator=torch.Generator().manual_seed(0)).double()
    copies = {name: x.clone() for name, x in memory.named_buffers() if name != "log_Z"}
    Z = None
    for step in range(4):
        v_s, v_t = draw(4, 5, seed=2 * step), draw(4, 5, seed=2 * step + 1)
        generator = torch.Generator().manual_seed(step)
        rows = torch.randperm(12, generator=generator)[:4]
        negatives = torch.randint(12, (4, 7), generator=generator)
        expected, Z = by_hand(copies, v_s, v_t, rows, negatives, Z)
        assert memory(v_s, v_t, rows, negatives).item() == pytest.approx(float(expected), rel=1e-9)
        assert memory.log_Z.exp().tolist() == pytest.approx(Z)
        for name in ("student", "teacher"):
            torch.testing.assert_close(getattr(memory, name), copies[name])


def test_vectors_of_zeros_poison_nothing():
    memory = ContrastiveMemory(8, 4, generator=torch.Generator().manual_seed(0))
    before = memory.student.clone()
    zeros = torch.zeros(3, 4, requires_grad=True)
    for _ in range(2):
        loss = memory(zeros, torch.zeros(3, 4), torch.arange(3), torch.arange(3, 8).expand(3, 5))
        loss.backward()
        assert loss.isfinite() and zeros.grad.isfinite().all()
    torch.testing.assert_close(memory.student[:3], nn.functional.normalize(before[:3]))
    memory(-before[:3], before[:3], torch.arange(3), torch.arange(3, 8).expand(3, 5))  # which may cancel
    assert memory.student.isfinite().all() and (memory.student.norm(dim=1) > 0).all()


def test_of_an_image_that_comes_twice_the_last_one_counts():
    start = ContrastiveMemory(6, 4, generator=torch.Generator().manual_seed(0)).double().state_dict()
    v_s, v_t = draw(3, 4), draw(3, 4, seed=1)
    banks = []
    for keep in ([0, 1, 2], [1, 2]):
        memory = ContrastiveMemory(6, 4).double()
        memory.load_state_dict(start)
        rows = torch.tensor([5, 3, 5])[keep]
        memory(v_s[keep], v_t[keep], rows, torch.tensor([0, 1, 2]).expand(len(keep), 3))
        banks.append(memory.student)
    assert torch.equal(*banks)


def test_scores_cannot_overflow():
    memory = ContrastiveMemory(5, 3, temperature=1e-4, generator=torch.Generator().manual_seed(0))
    v = torch.randn(2, 3, requires_grad=True)
    loss = memory(v, v.detach(), torch.tensor([0, 1]), torch.tensor([[2, 3], [3, 4]]))
    loss.backward()
    assert loss.isfinite() and v.grad.isfinite().all()
    even = nce_loss(torch.full((2, 5), math.log(4 / 20), dtype=torch.float64), rows=20)
    assert even.item() == pytest.approx(5 * math.log(2), rel=1e-5)


def test_negatives_are_images_of_other_classes():
    labels = torch.tensor([2, 0, UNLABELLED, 1, 0, UNLABELLED, 1, 2, 2])
    negatives = Negatives(labels)
    assert len(negatives) == 6
    rows = torch.arange(9)
    drawn = negatives.draw(rows, 4000, torch.Generator().manual_seed(0))
    for row in rows.tolist():
        others = {i for i in range(9) if i != row and (labels[row] == UNLABELLED or labels[i] != labels[row])}
        values, counts = drawn[row].unique(return_counts=True)
        assert set(values.tolist()) == others
        assert counts.min() > 0.8 * 4000 / len(others) and counts.max() < 1.2 * 4000 / len(others)
    same = Negatives(torch.zeros(3, dtype=torch.long))
    assert len(same) == 2 and (same.draw(torch.arange(3), 50, torch.Generator()) != torch.arange(3)[:, None]).all()


def make(**options):
    student, teacher = (
        kd.nets.build(name, classes=10, channels=1, stem_stride=2) for name in ("resnet8x0.25", "resnet8")
    )
    return Contrastive(student, teacher, **options)


def test_the_number_of_negatives_follows_from_the_data():
    data = kd.data.load("digits")
    for part, expected in ((data, 3150), (data.few_labels(20), 3480)):
        distiller = make()
        distiller.begin(part)
        assert distiller.count == expected and len(distiller.memory.student) == len(part.train)
    distiller = make(negatives=100)
    distiller.begin(data)
    assert distiller.count == 100


def test_few_labels_train():
    data = kd.data.load("digits").few_labels(5, unlabelled=10)
    history = kd.fit(make(), data, 2, recipe=kd.Recipe(batch_size=50, steps_per_epoch=3), progress=False, device="cpu")
    assert all(math.isfinite(x) and x > 0 for x in history.curve("crd")[1])


def test_an_image_is_told_from_the_others():
    torch.manual_seed(0)
    memory = ContrastiveMemory(12, 8, generator=torch.Generator().manual_seed(0)).double()
    v_s, v_t, rows = draw(12, 8, seed=1).requires_grad_(), draw(12, 8, seed=2), torch.arange(12)
    optimiser = torch.optim.SGD([v_s], lr=1.0)
    others = torch.stack([rows[rows != row] for row in rows])

    def found():
        return (v_s @ memory.teacher.T).argmax(1).eq(rows).float().mean()

    assert found() < 0.5
    for _ in range(200):
        optimiser.zero_grad()
        memory(v_s, v_t, rows, others).backward()
        optimiser.step()
    assert found() > 0.9


def test_a_part_of_a_batch_may_be_contrasted():
    data = kd.data.load("digits")
    distiller = make(negatives=50)
    distiller.begin(data)
    images = torch.randn(4, 1, 28, 28)
    s, t = distiller.student.trace(images), distiller.teacher_trace(images)
    (spot,) = distiller.spots()
    distiller.rows = torch.tensor([7, 9])
    before = distiller.memory.student.clone()
    spot.loss(s[torch.tensor([True, False, True, False])], t[torch.tensor([True, False, True, False])])
    moved = (distiller.memory.student != before).any(1).nonzero().flatten()
    assert moved.tolist() == [7, 9]


class Passed:
    """A source of a kind that the method does not know."""

    def __init__(self, source):
        self.epoch, self.steps = source.epoch, source.steps


@pytest.mark.parametrize("kind", [lambda source: source, Passed])
def test_a_source_of_other_rows_is_refused_before_the_first_step(kind):
    data = kd.data.load("digits")
    few = replace(data, train=data.train[:100])
    inside = Batches(few.train, few, 50)
    assert len(kd.fit(make(), few, 1, source=kind(inside), progress=False, device="cpu").curve("crd")[1]) == 1
    with pytest.raises(ConfigError, match=r"rows from \d+ to 3\d\d\d; the contrastive memory has the rows 0 to 99 of"):
        kd.fit(make(), few, 1, source=kind(Batches(data.train, data, 500)), progress=False, device="cpu")


def test_wrong_input_is_named():
    distiller = make(negatives=50)
    images, labels = torch.randn(2, 1, 28, 28), torch.zeros(2).long()
    s, t = distiller.student.trace(images), distiller.teacher_trace(images)
    with pytest.raises(ConfigError, match="begin"):
        distiller.features(s, t, Batch(images, labels, torch.arange(2)))
    distiller.begin(kd.data.load("digits"))
    with pytest.raises(ConfigError, match=r"from -1 to -1.*rows 0 to 3499"):
        distiller.features(s, t, Batch(images, labels, torch.tensor([-1, -1])))
    memory = ContrastiveMemory(5, 3)
    with pytest.raises(ShapeError, match=r"\(2, 3\) and \(2, 4\)"):
        memory(torch.zeros(2, 3), torch.zeros(2, 4), torch.arange(2), torch.zeros(2, 2).long())
    for wrong, sentence in (
        ({"negatives": 0}, "negatives=0"),
        ({"temperature": 0.0}, "temperature=0.0"),
        ({"momentum": 1.0}, "momentum=1.0"),
        ({"width": 0}, "width=0"),
    ):
        with pytest.raises(ConfigError, match=sentence.replace(".", r"\.")):
            make(**wrong)
    with pytest.raises(ConfigError, match="rows=1"):
        ContrastiveMemory(1)
