"""The pictures of the first lesson: the four questions, the data, and what a teacher finds hard."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from torch import Tensor

from ..data import Split
from .charts import show_images
from .picture import Picture
from .style import ROLES, bare, long

QUESTIONS = (
    ("What", "is matched?", "logits, features, flows, boundaries, relations"),
    ("Where", "is it matched?", "at every spot, or at some, sample by sample"),
    ("On what data", "?", "real images, a generator's, the student's own text"),
    ("Between which networks", "?", "thin nets, cheap nets, peers, transformers"),
)


def four_questions() -> Picture:
    """Teacher, student, and between them the four questions that the papers of the course answer."""
    picture = Picture(
        alt="A wide box, the teacher, and a narrow box, the student; four arrows lead from one to the other, named "
        + ", ".join(f"{head} {rest}".replace(" ?", "?") for head, rest, _ in QUESTIONS)
        + ".",
        size=(8.6, 3.0),
    )
    ax = bare(picture.subplots())
    ax.set(xlim=(0, 10), ylim=(0, 4))
    _box(ax, (0.15, 0.2), 1.7, 3.6, "teacher")
    _box(ax, (9.0, 0.2), 0.85, 3.6, "student")
    for i, (head, rest, answers) in enumerate(QUESTIONS):
        y = 3.3 - 0.95 * i
        ax.add_patch(FancyArrowPatch((2.0, y), (8.85, y), arrowstyle="-|>", mutation_scale=14, color="0.6"))
        ax.text(2.15, y + 0.12, f"{head} {rest}".replace(" ?", "?"), fontsize=11, weight="bold", va="bottom")
        ax.text(8.55, y + 0.12, answers, fontsize=9.5, color="0.35", va="bottom", ha="right")
    return picture


def _box(ax: Axes, corner: tuple[float, float], width: float, height: float, role: str) -> None:
    colour = ROLES["taught" if role == "student" else role]["color"]
    ax.add_patch(
        FancyBboxPatch(
            corner, width, height, boxstyle="round,pad=0.08", facecolor="white", edgecolor=colour, linewidth=2
        )
    )
    ax.text(corner[0] + width / 2, corner[1] + height / 2, role, ha="center", va="center", fontsize=12, color=colour)


def class_examples(split: Split, classes: Sequence[str], per_class: int = 10) -> Picture:
    """The first `per_class` images of every class, one class a row, its name before it."""
    rows = [(split.labels == k).nonzero().flatten()[:per_class] for k in range(len(classes))]
    picture = show_images(
        split.images[torch.cat(rows)],
        alt=f"{len(classes)} rows of {per_class} images; each row shows one class: {', '.join(classes)}.",
        columns=per_class,
        width=0.55,
    )
    for ax, name in zip(picture.axes[::per_class], classes, strict=True):
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
    picture.set_figwidth(picture.get_figwidth() + 0.09 * max(map(len, classes)))  # room for the names
    return picture


def second_opinions(
    images: Tensor, labels: Int[Tensor, " N"], probabilities: Float[Tensor, "N K"], classes: Sequence[str], alt: str
) -> Picture:
    """Images with their true class and the two classes a net finds most probable."""
    top = probabilities.topk(2, dim=1)
    between = "\n" if long(classes) else "  "
    captions = [
        f"true {classes[y]}\n{classes[k[0]]}: {p[0]:.2f}{between}{classes[k[1]]}: {p[1]:.2f}"
        for y, k, p in zip(labels.tolist(), top.indices.tolist(), top.values.tolist(), strict=True)
    ]
    return show_images(images, captions, alt=alt, columns=6, width=1.45)
