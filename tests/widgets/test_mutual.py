"""The explorers of lesson 13 at their smallest, middle and largest settings."""

import re

import pytest
import torch

from kdtutor.papers.mutual import ensemble_loss, mutual_loss
from kdtutor.widgets.mutual import MOST, RATE, STARTS, CohortExplorer, NoiseExplorer, TriangleExplorer, walk


def told(explorer):
    return [float(number) for number in re.findall(r"<b>(-?[\d.]+)%?</b>", explorer.text.value)]


def test_the_walk_goes_down_the_gradient_of_both_losses():
    z = STARTS.clone().requires_grad_()
    task = torch.nn.functional.cross_entropy(z, torch.zeros(2).long(), reduction="sum")
    (0.3 * task + 2.0 * (mutual_loss(z[:1], [z[1:]]) + mutual_loss(z[1:], [z[:1]]))).backward()
    way = walk(0.3, 2.0, "both teach each other", steps=1)
    torch.testing.assert_close(way[1], STARTS - RATE * z.grad)
    alone = walk(0.3, 2.0, "nobody teaches", steps=1)[1]
    for taught, who in ((0, "2 teaches 1"), (1, "1 teaches 2")):
        one = walk(0.3, 2.0, who, steps=1)[1]
        assert torch.equal(one[taught], way[1, taught]) and torch.equal(one[1 - taught], alone[1 - taught])


def test_without_a_label_they_meet_at_the_mean_of_their_logits():
    shown = TriangleExplorer(label=0.0, weight=4.0)
    goal = 100 * STARTS.mean(0).softmax(0)[0].item()
    first, second, total = told(shown)
    assert first == second == pytest.approx(goal, abs=0.6) and total == pytest.approx(
        STARTS[:, 0].sum().item(), abs=0.01
    )
    torch.testing.assert_close(walk(0.0, 4.0, "both teach each other").sum(1), STARTS.sum(0).expand(MOST + 1, 3))


def test_no_divergence_is_below_zero():
    shown = TriangleExplorer(label=1.0, weight=4.0)
    assert all("-0.000" not in shown.set(steps=steps).text.value for steps in range(40, MOST + 1))


def test_the_cohort_s_losses_are_the_package_s():
    shown = CohortExplorer(nets=3, spread=4.0)
    peers = [torch.tensor([[z, 0.0]]) for z in (-1.0, 3.0)]
    net = torch.tensor([[2.0, 0.0]])
    i = int((shown._z - 2).abs().argmin())
    for curve, loss in zip(
        shown._curves.values(),
        (mutual_loss(net, peers), ensemble_loss(net, peers), mutual_loss(net, [torch.stack(peers).mean(0)])),
        strict=True,
    ):
        assert curve.get_ydata()[i] == pytest.approx(loss.item(), abs=1e-5)
    each, mean, gap, logits = told(shown)
    assert each == mean != logits == 1.0 and gap == pytest.approx(
        (mutual_loss(net, peers) - ensemble_loss(net, peers)).item(), abs=1e-3
    )


def noise():
    sigmas = torch.tensor([0.0, 0.1, 0.2])
    losses = {"alone": torch.tensor([[0.1, 0.1], [0.4, 0.6], [2.0, 3.0]]), "together": torch.full((3, 2), 0.2)}
    return {"absolute": (sigmas, losses), "relative": (3 * sigmas, losses)}


def test_the_slider_reads_the_mean_of_the_draws():
    shown = NoiseExplorer(noise())
    assert told(shown.set(noise="relative", strength=1)) == [0.5, 0.2] and "σ = 0.3 of the length" in shown.text.value
    assert told(shown.set(noise="absolute", strength=2)) == [2.5, 0.2] and "σ = 0.2 in every" in shown.text.value


@pytest.mark.parametrize("make", [TriangleExplorer, CohortExplorer, lambda: NoiseExplorer(noise())])
def test_every_corner_is_another_picture(make):
    shown = make()
    pictures = {shown.set(**settings).png() for settings in shown.corners()}
    assert len(pictures) > 2 and repr(shown).startswith(f"<{type(shown).__name__} ")
