"""The names that the README and the notebooks rely on."""

import subprocess
import sys

import torch

import kdtutor as kd
from kdtutor.data import Data


def test_every_public_name_resolves() -> None:
    assert all(getattr(kd, name) is not None for name in kd.__all__)
    assert set(kd.__all__) <= set(dir(kd))


def test_the_readme_in_small() -> None:
    whole = kd.data.load("digits")
    digits = Data("few", whole.train[::25], whole.val[::10], whole.test[::20], whole.classes, whole.mean, whole.std)
    teacher = kd.nets.teacher("digits-resnet14")
    student = kd.nets.build("resnet8x0.25", classes=10)  # three input channels: grey digits are repeated
    history = kd.fit(kd.papers.fsp.FSP(student, teacher), digits, epochs=2, seed=0, progress=False)
    assert history.phases == ("match the flow", "learn the task")
    assert "curve" in history.plot().alt.lower()


def test_a_foreign_model_can_be_student_and_teacher() -> None:
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()
    from torchvision.models import resnet18

    stages = ["layer1", "layer2", "layer3", "layer4"]
    teacher, student = (kd.nets.wrap(resnet18(num_classes=5), stages=stages) for _ in "ts")
    images = torch.randint(256, (8, 3, 32, 32), dtype=torch.uint8)
    split = kd.data.Split(images, torch.arange(8) % 5)
    photos = Data("photos", split, None, split, tuple("abcde"), (0.5,) * 3, (0.25,) * 3)
    for method in (kd.papers.hinton.Hinton(student, teacher), kd.papers.fsp.FSP(student, teacher)):
        history = kd.fit(method, photos, epochs=2, recipe=kd.Recipe(batch_size=4), progress=False)
        assert 0 <= history.last("test_accuracy") <= 1


def test_importing_kdtutor_loads_nothing_heavy() -> None:
    code = "import sys, kdtutor; print([m for m in ('torch', 'matplotlib', 'ipywidgets') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120).stdout.strip() == "[]"
    )
    heavy = "matplotlib ipywidgets pandas torchvision pytorch_metric_learning"
    code = (
        "import sys, kdtutor.nets, kdtutor.papers.metric, kdtutor.train; kdtutor.train.embed; "
        f"print([m for m in {heavy.split()} if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120).stdout.strip() == "[]"
    )
