"""The paper's setting at full size: its counts, and its first steps on imitation data."""

import pytest
import torch

import kdtutor as kd
from kdtutor import nets
from kdtutor.data import Data, Split
from kdtutor.settings import gan as gan_setting
from kdtutor.train import steps


def imitation_data(channels: int) -> Data:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (8, channels, 32, 32), generator=generator, dtype=torch.uint8)
    split = Split(images, torch.zeros(8).long())
    return Data("imitation", split, None, split, ("any",), (0.5,) * channels, (0.5,) * channels)


def test_sizes():
    setting = gan_setting.paper("cifar10")
    teacher = setting.teacher()
    assert teacher.shape == (3, 32, 32) and teacher.latent_dim == 100
    counts = [nets.count_parameters(setting.student(scale)) for scale in gan_setting.SCALES]
    assert nets.count_parameters(teacher) == 12_140_035 and counts[0] == 36_313
    assert counts == sorted(counts)
    assert not setting.critic().mixes and setting.critic().config["norm"] == "layer"
    assert gan_setting.paper("digits-32").data().size == (32, 32)


@pytest.mark.slow
@pytest.mark.parametrize("name", gan_setting.SETS)
def test_first_steps(name):
    """The teacher's first steps are tried at the student's size: 12 million parameters want a GPU."""
    setting = gan_setting.paper(name)
    data = imitation_data(setting.channels)
    kd.seed_everything(0)
    teacher, student = setting.student(0.02), setting.student(0.02)
    runs = [
        (setting.train_teacher(setting.student(0.02)), gan_setting.TEACHER_RECIPE, {"fooling", "critic", "penalty"}),
        (setting.distil(student, teacher), gan_setting.RECIPE, {"imitation", "fooling", "critic", "penalty"}),
        (setting.distil(student, teacher, alpha=1), gan_setting.RECIPE, {"imitation"}),
    ]
    for method, recipe, terms in runs:
        if method.critic is not None:
            method.critic = small = nets.critic("dcganx0.25", setting.channels, 32, norm="layer")
            assert small.config.keys() == setting.critic().config.keys()
        before = next(method.student.parameters()).clone()
        progress = next(steps(method, data, 1, recipe=recipe, device="cpu"))
        assert terms <= set(progress.terms) and not torch.equal(before, next(method.student.parameters()))
