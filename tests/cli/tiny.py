"""A CIFAR-100 of 300 random images, and a pair of small nets under the names of real ones.

As a program, the command line with them.
"""

import torch

import kdtutor as kd
from kdtutor.settings import PAIRS, TEACHER_PLANS, quick
from kdtutor.settings.teacher_plans import TeacherPlan

PAIR, NETS = "resnet56-resnet20", ("resnet8", "resnet8x0.25")
TEACHER = f"cifar100-quick-{NETS[0]}"
PLAN = TeacherPlan("cifar100", {"name": NETS[0], "classes": 100, "channels": 3}, quick.EPOCHS, quick.RECIPE)


def cifar() -> kd.Data:
    pixels = torch.randint(256, (300, 3, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    split = kd.data.Split(pixels, torch.arange(300) % 100)
    return kd.Data("cifar100", split, None, split[:100], tuple(map(str, range(100))), (0.5,) * 3, (0.25,) * 3)


if __name__ == "__main__":
    from kdtutor.cli.app import app

    data = cifar()
    kd.data.load = lambda name, root=None: data
    PAIRS[PAIR], TEACHER_PLANS[TEACHER] = NETS, PLAN
    app()
