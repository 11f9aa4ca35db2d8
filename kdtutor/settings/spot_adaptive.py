"""The setting of spot-adaptive distillation for CIFAR-100, on top of the zoo's (`zoo`).

Its authors' configurations, github.com/zju-vipa/spot-adaptive-pytorch: the weight of each method in it is `other_kd`,
that of the logits `kd_weight`, and gamma `classify_weight`. All but two methods keep the zoo's weight.
"""

from collections.abc import Mapping
from typing import Any

PAIRS: dict[str, tuple[str, str]] = {
    f"{teacher}-{student}": (teacher, student)
    for teacher, student in (
        ("vgg13", "mobilenetv2"), ("cifar_resnet50", "mobilenetv2"), ("cifar_resnet50", "vgg8"),
        ("resnet32x4", "resnet32"), ("wrn_40_2", "shufflenetv1"),
    )
}  # fmt: skip
"""The pairs of different architectures in its table: {name: (teacher, student)}. Its MobileNetV2 has its full width;
the zoo's, whose student alone the table quotes, has half of it."""

SPOTS: Mapping[str, Any] = {"gamma": 1.0}
"""What the constructor of `SpotAdaptive` does not have by default."""
GAMMAS: Mapping[str, float] = {"attention": 2.0, "relational": 2.0, "variational": 2.0}
"""The methods around which gamma is another."""
CROSS: Mapping[str, Any] = {"head_start": 0.0}
"""What differs for `PAIRS`: the configurations' "homo" is False there."""

HOSTS: Mapping[str, Mapping[str, Any]] = {
    "hint": {"beta": 1.0},
    "hinton": {"alpha": 1.0},  # its KL at the logits, which every host has beside its own loss
}
"""What a method inside has other than outside."""
