"""Pictures of the lesson on contrastive (CRD): the student's logits over the teacher's."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from .charts import array
from .picture import Picture
from .style import look


def over_the_teacher(students: Mapping[str, Float[Tensor, "N K"]], z_t: Float[Tensor, "N K"], *, alt: str) -> Picture:
    """A panel for each student: its logits over the teacher's, and the line on which both are equal.

    TODO: the paper's own picture. Raises `ShapeError` unless all logits have one shape.
    """
    shapes = {tuple(z.shape) for z in (*students.values(), z_t)}
    require(len(shapes) == 1, f"logits of the shapes {sorted(shapes)}; they must be equal", ShapeError)
    picture = Picture(alt=alt, size=(2.8 * len(students) + 0.4, 3.0))
    axes = picture.subplots(1, len(students), sharex=True, sharey=True, squeeze=False)[0]
    for ax, (name, z_s) in zip(axes, students.items(), strict=True):
        colour = look(name)["color"]
        ax.plot(array(z_t).ravel(), array(z_s).ravel(), ".", color=colour, markersize=3)
        ax.axline((0, 0), slope=1, color="0.4", linewidth=1)
        ax.set_title(name, fontsize=11)
        ax.set_xlabel("teacher's logit")
    axes[0].set_ylabel("student's logit")
    return picture
