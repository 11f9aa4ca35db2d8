"""Teachers that know half of the classes of a set that ships: for a student that is to learn all from two of them."""

from ..data import Augment
from ..train import Recipe

EPOCHS = {"digits": 20, "fashion": 12}
RESNET: dict[str, object] = {"name": "resnet8x0.5", "stem_stride": 2}
NETS: tuple[tuple[str, str, dict[str, object], float, int], ...] = (
    ("low", "resnet8", RESNET, 0.1, 0),
    ("high", "resnet8", RESNET, 0.1, 1),
    ("high", "lenet5", {"name": "lenet5"}, 0.02, 1),  # of another family, for students of unlike teachers
)
"""Which half, what the teacher is called after, its net, rate and seed."""
PLANS: dict[str, tuple[str, dict[str, object], int, Recipe, int]] = {
    f"{data}-{half}-{kind}": (
        f"{data}-{half}", {**net, "classes": 5, "channels": 1}, epochs, Recipe(lr=lr, augment=Augment(pad=2)), seed,
    )
    for data, epochs in EPOCHS.items()
    for half, kind, net, lr, seed in NETS
}  # fmt: skip
"""Data, net, epochs, recipe and seed of each, by name."""
