"""What is touched in the lesson on sequence (SeqKD): one logit of the student, and its loss."""

import numpy as np
import torch
from ipywidgets import FloatSlider

from ..figures.style import BLUE, VERMILION
from ..papers.sequence import sequence_loss
from .explorer import Explorer
from .live import LiveFigure

REACH = 5.0  # logits are drawn from -REACH to REACH


class PullExplorer(Explorer):
    """The loss over one logit of the student, the teacher's being fixed; where the slider stands, its slope.

    TODO: what the paper's idea looks like when it is touched.
    """

    def __init__(self, z_s: float = -2.0, z_t: float = 1.0) -> None:
        live = LiveFigure(
            alt="A curve, the loss over one logit of the student, lowest at the teacher's logit; a point rides on it.",
            size=(6.4, 3.0),
        )
        (ax,) = live.axes
        self._grid = np.linspace(-REACH, REACH, 101)
        (self._curve,) = ax.plot(self._grid, self._grid, color=BLUE)
        (self._point,) = ax.plot([0.0], [0.0], "o", color=VERMILION, markersize=8)
        ax.set(xlim=(-REACH, REACH), ylim=(-2, (2 * REACH) ** 2), xlabel="student's logit", ylabel="loss")
        live.live(self._curve, self._point)
        super().__init__(
            {
                "z_s": FloatSlider(z_s, min=-REACH, max=REACH, step=0.1, description="student's logit"),
                "z_t": FloatSlider(z_t, min=-REACH, max=REACH, step=0.1, description="teacher's logit"),
            },
            figure=live,
        )

    def draw(self, z_s: float, z_t: float) -> str:
        here, goal = torch.tensor([[z_s]], requires_grad=True), torch.tensor([[z_t]])
        loss = sequence_loss(here, goal)
        (slope,) = torch.autograd.grad(loss, here)
        along = [sequence_loss(torch.tensor([[z]]), goal).item() for z in self._grid]
        self._curve.set_ydata(along)
        self._point.set_data([z_s], [loss.item()])
        return f"The loss is <b>{loss.item():.2f}</b>, its slope <b>{slope.item():.2f}</b>."
