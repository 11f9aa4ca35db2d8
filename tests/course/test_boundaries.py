"""Lesson 06: its exercises, its studies and their stored numbers."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from kdtutor.course import check
from kdtutor.course.studies import boundaries as study
from kdtutor.course.studies import stored_results
from kdtutor.course.studies.common import MINUTE
from kdtutor.nets import Trace
from kdtutor.papers import boundaries
from tests.course.agreement import computes


def test_what_the_package_computes_passes() -> None:
    def autograd(z_s: Tensor, z_t: Tensor, margin: float) -> Tensor:
        z = z_s.clone().requires_grad_()
        return torch.autograd.grad(boundaries.boundary_loss(z, z_t, margin), z)[0]

    assert computes(check.boundary_loss, boundaries.boundary_loss) and computes(check.ab_loss, boundaries.ab_loss)
    assert computes(check.hinge_gradient, autograd)
    assert computes(check.regions, lambda n: 1 + n + n * (n - 1) // 2)


def test_the_predictions_are_true() -> None:
    s, t = torch.randn(2, 3, 4, 6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    order = [1, 2, 3, 0]
    enlarged = [F.interpolate(z, scale_factor=2) for z in (s, t)]
    found = {
        "the teacher's pre-activations doubled": (s, 2 * t, 1.0),
        "the student's pre-activations doubled": (2 * s, t, 1.0),
        "the student's doubled, and the margin too": (2 * s, t, 2.0),
        "channels of both shuffled alike": (s[:, order], t[:, order], 1.0),
        "channels of the student shuffled": (s[:, order], t, 1.0),
        "1 added to the teacher's pre-activations": (s, t + 1, 1.0),
        "both maps enlarged, every pixel four times": (*enlarged, 1.0),
        "every image twice in the batch": (torch.cat([s, s]), torch.cat([t, t]), 1.0),
    }
    loss = boundaries.boundary_loss(s, t)
    assert check.keeps_sides(lambda: {x: torch.allclose(boundaries.boundary_loss(*y), loss) for x, y in found.items()})


def test_magnitudes_take_the_places_and_weights_of_boundaries() -> None:
    few = MINUTE.data().few_labels(2, seed=0)
    loud, ours = (study.prepare(method, few, 0)[0] for method in ("magnitudes", "boundaries"))
    assert isinstance(loud, study.Magnitudes) and isinstance(ours, boundaries.ActivationBoundaries)
    assert loud.weights() == ours.weights() and [s.name for s in loud.spots()] == [s.name for s in ours.spots()]
    z = [torch.randn(2, C, 3, 3, generator=torch.Generator().manual_seed(C)) for C in (16, 32, 64)]
    s, t = (Trace(None, tuple(k * x for x in z), torch.zeros(2, 64), torch.zeros(2, 10)) for k in (2.0, 1.0))
    for spot, x in zip(loud.spots(), z, strict=True):
        torch.testing.assert_close(spot.loss(s, t), x.relu().square().sum() / 2)


def test_every_method_starts_alike_and_takes_as_many_steps() -> None:
    few = MINUTE.data().few_labels(2, seed=0)
    first = []
    for method in ("alone", "boundaries", "magnitudes", "flow", "logits", "boundaries, then logits"):
        distiller, data = study.prepare(method, few, seed=0)
        assert sum(phase.epochs for phase in distiller.phases(study.EPOCHS)) == study.EPOCHS
        assert len(data.train) >= 64, "a batch is full for every method"
        first.append(next(distiller.student.parameters()))
    assert all(torch.equal(one, first[0]) for one in first)


@pytest.mark.slow
@pytest.mark.isa
@pytest.mark.parametrize("index", range(3))
def test_the_smallest_run_of_each_study(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(study, "EPOCHS", 4)
    chosen = study.STUDIES[index]
    row = chosen.run({**chosen.cases[-1], "epochs": 4}, 0)
    assert all(0 <= value <= 1 for value in row.values())  # type: ignore[union-attr]
    assert row == chosen.run({**chosen.cases[-1], "epochs": 4}, 0)


def test_the_rates_are_those_that_tuning_chose() -> None:
    """The best mean on validation digits, or within half a point of it."""
    tuning = stored_results("boundaries_tuning")
    for (method, labels), rows in tuning.groupby(["method", "labels"]):
        means = rows.groupby(["lr", "first_lr"], dropna=False)["val"].mean()
        used = rows[rows["lr"] == study.rate(method, labels)]
        if rows["first_lr"].notna().any():
            used = used[used["first_lr"] == study.of(study.FIRST_LR, method)]
        assert used["val"].mean() >= means.max() - 0.005, (method, labels)
