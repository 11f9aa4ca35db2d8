"""The reference form of a training computes what ours does, so that its time is a peer's."""

from dataclasses import replace

import pytest
import torch

import kdtutor as kd
from benchmarks import zoo
from kdtutor.data import Batch


@pytest.mark.parametrize("method", zoo.OBJECTIVES)
def test_a_step_of_the_zoos_loop_is_a_step_of_ours(method):
    torch.manual_seed(0)
    student, teacher = (kd.nets.build(name, classes=10) for name in ("resnet8", "resnet14"))
    batch = Batch(torch.randn(6, 3, 32, 32), torch.arange(6), torch.arange(6))
    recipe = replace(kd.settings.zoo.RECIPE, lr=0.1)
    theirs = zoo.training(method, student, teacher, recipe, torch.device("cpu"))
    theirs.student.train()
    theirs.teacher.eval()
    losses, top1, top5 = zoo.Meter(), zoo.Meter(), zoo.Meter()
    loss = theirs.step(batch.images, batch.labels, losses, top1, top5)

    distiller = zoo.ours(method, student, teacher).train()
    (phase,) = distiller.phases(1)
    terms = distiller.step(batch, phase, {"student": recipe.optimise(student.parameters())})
    assert losses.average == loss == pytest.approx(terms["loss"].item(), rel=1e-5)
    assert top1.average == pytest.approx(100 * terms["train_accuracy"].item())
    for moved, expected in zip(theirs.student.state_dict().values(), student.state_dict().values(), strict=True):
        torch.testing.assert_close(moved, expected, rtol=1e-4, atol=1e-5)
