"""Tasks: each loss, score and measure against its formula, what is not known, and what is refused."""

import math

import pytest
import torch
from torch import nan

import kdtutor as kd
from kdtutor.data import CLASSIFICATION, TASKS, UNLABELLED, Data, Dense, MultiLabel, Regression, Split
from kdtutor.data.tasks import average_precisions, on_card, task_of

SIZES = Regression((10.0, -2.0), (4.0, 0.5))


def data_of(labels, task, classes, name="mine"):
    images = torch.zeros(len(labels), 1, 4, 4, dtype=torch.uint8)
    split = Split(images, labels, task=task)
    return Data(name, split, None, split, classes, (0.5,), (0.5,))


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_several_labels_against_the_formula():
    z, y = random(5, 3), (random(5, 3, seed=1) > 0).float()
    y[0, 1] = y[3] = nan
    terms, right = [], []
    for i, j in [(i, j) for i in range(5) for j in range(3) if not y[i, j].isnan()]:
        p = 1 / (1 + math.exp(-z[i, j]))
        terms.append(-math.log(p if y[i, j] else 1 - p))
        right.append((p > 0.5) == bool(y[i, j]))
    task = MultiLabel()
    assert task.loss(z, y).item() == pytest.approx(sum(terms) / len(terms), rel=1e-5)
    assert task.scores(z, y)["accuracy"].item() == pytest.approx(sum(right) / len(right))
    assert task.measures(z, y)["accuracy"] == pytest.approx(sum(right) / len(right))
    assert task.labelled(y).tolist() == [True, True, True, False, True]
    none = torch.full_like(y, nan)
    assert task.loss(z, none) == 0 == task.scores(z, none)["accuracy"]


def average_precision(scores, labels):
    """The mean, over the images that have the label, of its share among those that score as high."""
    shares = [
        sum(y for s, y in zip(scores, labels, strict=True) if s >= own) / sum(s >= own for s in scores)
        for own, has in zip(scores, labels, strict=True)
        if has
    ]
    return sum(shares) / len(shares)


def test_the_mean_average_precision():
    z, y = random(30, 3).double(), (random(30, 3, seed=1) > 0.4).float()
    expected = [average_precision(z[:, k].tolist(), y[:, k].tolist()) for k in range(3)]
    torch.testing.assert_close(average_precisions(z, y), torch.tensor(expected).double())
    assert MultiLabel().measures(z, y)["map"] == pytest.approx(sum(expected) / 3)
    assert next(iter(MultiLabel().measures(z, y))) == "map"
    hidden = y.clone()
    hidden[::2, 0], hidden[:, 2] = nan, 0.0
    rows = range(1, 30, 2)
    first = average_precision(z[rows, 0].tolist(), y[rows, 0].tolist())
    assert MultiLabel().measures(z, hidden)["map"] == pytest.approx((first + expected[1]) / 2), "no image has the third"
    assert MultiLabel().measures(z, torch.zeros_like(y))["map"] == 0, "nor any of them"


def test_sure_logits_keep_their_order():
    """float32 has no number between σ(20) and 1."""
    z, y = torch.tensor([[40.0], [30.0], [20.0], [25.0]]), torch.tensor([[1.0], [0.0], [0.0], [1.0]])
    assert average_precisions(z, y).item() == pytest.approx((1 + 2 / 3) / 2)
    assert MultiLabel().measures(z.bfloat16(), y)["map"] == pytest.approx((1 + 2 / 3) / 2, rel=1e-2)


def test_numbers_against_the_formula():
    z, y = random(6, 2), torch.tensor([10.0, -2.0]) + torch.tensor([4.0, 0.5]) * random(6, 2, seed=1)
    y[2, 0], y[5] = nan, nan
    known = [(i, j) for i in range(6) for j in range(2) if not y[i, j].isnan()]
    told = {(i, j): z[i, j].item() * SIZES.std[j] + SIZES.mean[j] for i, j in known}
    errors = {(i, j): told[i, j] - y[i, j].item() for i, j in known}
    loss = sum((error / SIZES.std[j]) ** 2 for (_, j), error in errors.items()) / len(known)
    assert SIZES.loss(z, y).item() == pytest.approx(loss, rel=1e-5)
    mae = sum(map(abs, errors.values())) / len(known)
    r2 = []
    for j in range(2):
        column = [y[i, k].item() for i, k in known if k == j]
        mean = sum(column) / len(column)
        r2.append(1 - sum(e**2 for (_, k), e in errors.items() if k == j) / sum((x - mean) ** 2 for x in column))
    measures = SIZES.measures(z, y)
    assert list(measures) == ["r2", "mae"]
    assert measures["mae"] == pytest.approx(mae, rel=1e-5) and measures["r2"] == pytest.approx(sum(r2) / 2, rel=1e-5)
    assert SIZES.scores(z, y)["mae"].item() == pytest.approx(mae, rel=1e-5)
    none = torch.full_like(y, nan)
    assert SIZES.loss(z, none) == 0 == SIZES.scores(z, none)["mae"]


def test_units_there_and_back():
    y = torch.tensor([[14.0, -2.5]])
    assert SIZES.standard(y).tolist() == [[1.0, -1.0]] and torch.equal(SIZES.predictions(SIZES.standard(y)), y)
    assert SIZES.measures(SIZES.standard(y), y) == {"r2": 0.0, "mae": 0.0}, "one image has no spread"
    perfect = torch.tensor([[14.0, -2.5], [2.0, -2.5]])
    assert SIZES.measures(SIZES.standard(perfect), perfect) == {"r2": 1.0, "mae": 0.0}
    measured = Regression.of(torch.tensor([[1.0, 5.0], [3.0, 5.0], [nan, 5.0]]))
    assert measured == Regression((2.0, 5.0), (1.0, 1.0))


def test_targets_may_be_whole_numbers_of_one_column_or_doubles():
    ages = torch.tensor([20, 30, 40])
    task = Regression.of(ages)
    assert Split(torch.zeros(3, 2), ages, task=task).labels.tolist() == [[20.0], [30.0], [40.0]]
    far = torch.tensor([[1.7e9], [1.7e9 + 1]], dtype=torch.float64)
    task = Regression.of(far)
    points = Split(torch.randn(2, 2), far, task=task)
    data = Data("far", points, None, points, ("seconds",), (), ())
    history = kd.fit(kd.Alone(kd.nets.build("mlp8", classes=1)), data, 1, progress=False, device="cpu")
    assert history.last("test_mae") < 10 and task.standard(points.labels).flatten().tolist() == [-1.0, 1.0]


def test_pixels_against_the_formula():
    z, y = random(2, 3, 4, 5), (random(2, 4, 5, seed=1) * 2).long().clamp(0, 2)
    y[0, 0] = UNLABELLED
    task, told = Dense(), z.argmax(1)
    known = y != UNLABELLED
    logs = z.log_softmax(1).permute(0, 2, 3, 1)[known].gather(1, y[known][:, None])
    torch.testing.assert_close(task.loss(z, y), -logs.mean())
    shares = []
    for k in range(3):
        both, either = ((told == k) & (y == k) & known).sum(), (((told == k) | (y == k)) & known).sum()
        shares.append(both / either)
    assert task.measures(task.answers(z), y)["miou"] == pytest.approx(sum(shares).item() / 3)
    right = ((told == y) & known).sum() / known.sum()
    assert task.scores(z, y)["pixel_accuracy"] == right
    assert task.measures(task.answers(z), y)["pixel_accuracy"] == pytest.approx(right.item())


def test_half_precision_loses_no_digits_of_a_loss():
    z, y = random(400, 3), (random(400, 3, seed=1) > 0).float()
    for task, labels in ((MultiLabel(), y), (Regression((0.5,) * 3, (0.5,) * 3), y)):
        exact = task.loss(z.bfloat16().float(), labels)
        with torch.autocast("cpu", torch.bfloat16):
            assert task.loss(z.bfloat16(), labels) == exact


REFUSED = {
    "a row for several labels": (lambda: data_of(torch.zeros(3), MultiLabel(), ("a",)), r"\(3,\), expected \(N, K\)"),
    "columns and names": (lambda: data_of(torch.zeros(3, 2), MultiLabel(), ("a",)), "2 columns for 1 names"),
    "a label that is 2": (lambda: data_of(torch.full((3, 1), 2.0), MultiLabel(), ("a",)), r"hold \[2.0\]; expected"),
    "an infinite label": (lambda: data_of(torch.full((3, 1), math.inf), MultiLabel(), ("a",)), r"hold \[inf\]"),
    "numbers without names": (lambda: data_of(torch.zeros(3, 2), SIZES, ("a",)), "their task 2 means, for 1"),
    "an infinite number": (lambda: data_of(torch.full((3, 2), math.inf), SIZES, ("a", "b")), "infinite numbers; NaN"),
    "no spread": (lambda: data_of(torch.zeros(3, 1), Regression((0.0,), (0.0,)), ("a",)), r"std=\(0.0,\): targets are"),
    "no mean": (lambda: data_of(torch.zeros(3, 1), Regression((nan,), (1.0,)), ("a",)), "expected finite numbers"),
    "a bare mean": (lambda: Regression(5.0, 2.0), r"mean=5.0: expected a number for each target, such as \(5.0,\) for"),
    "nothing known": (lambda: Regression.of(torch.full((3, 1), nan)), "no image has a number"),
    "nothing varies": (lambda: Regression.of(torch.tensor([[2.5, 4], [2.5, nan]])), r"equal \(2.5, 4\), so"),
    "numbers as classes": (lambda: data_of(torch.zeros(3), CLASSIFICATION, ("a",)), "task=kd.data.Regression.of"),
    "rows as classes": (lambda: data_of(torch.zeros(3, 2), CLASSIFICATION, ("a",)), r"task=kd.data.MultiLabel\(\)"),
    "masks of one image": (lambda: data_of(torch.zeros(3, 2), Dense(), ("a",)), r"expected \(N, H, W\)"),
    "masks of numbers": (lambda: data_of(torch.zeros(3, 2, 2), Dense(), ("a",)), "whole numbers, the classes"),
    "a class too many": (lambda: data_of(torch.full((3, 4, 4), 4), Dense(), ("a",)), "masks run from 4 to 4; with 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_in_one_sentence(case):
    make, says = REFUSED[case]
    with pytest.raises(kd.Error, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_splits_of_one_set_have_one_task():
    images = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
    first, second = (Split(images, torch.zeros(2, 1), task=task) for task in (MultiLabel(), Regression((0,), (1,))))
    with pytest.raises(kd.ConfigError, match="the task of train is multi-label, that of test regression"):
        Data("mine", first, None, second, ("a",), (0.5,), (0.5,))


def test_a_student_has_an_output_for_each_column():
    data = data_of(torch.zeros(3, 2), MultiLabel(), ("a", "b"))
    with pytest.raises(kd.ConfigError, match="the student has 3 outputs, mine asks for 2; build it with classes=2"):
        kd.Alone(kd.nets.build("lenet5x0.5", classes=3, channels=1)).check(data)


@pytest.mark.parametrize("name", TASKS)
def test_a_card_tells_the_task(name):
    task = SIZES if name == "regression" else TASKS[name]()
    assert task_of(on_card(task)) == task and str(task) == name
    assert task_of({"task": name}) == (None if name == "regression" else task), "a name alone has no units"
    assert task_of({}) is None
    with pytest.raises(kd.UnknownName, match="'segmentation' is not a known task"):
        task_of({"task": "segmentation"})
