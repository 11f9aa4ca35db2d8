"""In a run every map lies as the recipe says: channels-last or contiguous, whatever the method, in student, teacher,
generator, critic and adapters."""

from dataclasses import replace

import pytest
from torch import nn

import kdtutor as kd
from kdtutor.data import for_generators
from kdtutor.nets.layout import breaks
from kdtutor.papers import METHODS, adversarial, data_free, fsp, gan, own_teacher, spot_adaptive
from tests.nets.test_layout import BOTH_LAYOUTS, lies
from tests.papers.test_methods import RECIPE, make, net
from tests.tasks import fitting


def _generator(name="deconvolutionx0.5"):
    return kd.nets.generator(name, latent=8, channels=1, size=28)


def _gan():
    student, teacher = (kd.nets.generator(f"dcganx{x}", latent=8, channels=1, size=16) for x in (0.25, 0.5))
    return gan.Distil(student, teacher, kd.nets.critic("dcganx0.25", channels=1, size=16, norm="layer"), alpha=0.5)


AROUND = {
    "spot-adaptive": lambda: spot_adaptive.SpotAdaptive(
        fsp.FSP(net("resnet8x0.5", 0, stem_stride=2), net("resnet8x0.5", 99, stem_stride=2))
    ),
    "adversarial": lambda: adversarial.Adversarial(make("hinton"), _generator()),
    "data-free": lambda: data_free.DataFree(make("attention"), _generator("upsamplingx0.25")),
    "gan": _gan,
    "own-teacher": lambda: own_teacher.OwnTeacher(kd.nets.MultiExit(net("resnet8x0.5", 0, stem_stride=2))),
}


@BOTH_LAYOUTS
@pytest.mark.parametrize("name", [*METHODS, *AROUND])
def test_every_map_of_a_run_lies_as_the_recipe_says(digits, name, channels_last):
    distiller = AROUND[name]() if name in AROUND else make(name)
    data = for_generators(digits, 16) if name == "gan" else fitting(name, digits)
    found = {}

    def look(module, x, y):
        if y.shape[1] > 1 and y[0, 0].numel() > 1:  # one channel, or one pixel: in both layouts at once
            found.setdefault(names[module], set()).add(lies(y))

    recipe = replace(RECIPE, channels_last=channels_last, steps_per_epoch=1, lr=1e-3)
    run = kd.train.steps(distiller, data, 2, recipe=recipe, device="cpu")  # looks at both nets once, before the run
    names = {module: name for name, module in distiller.named_modules()}
    for module, part in names.items():
        first = part.endswith("body.norm0")  # a generator's first map is a vector; its first convolution lays it out
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)) and not first:
            module.register_forward_hook(look)
    for _ in run:
        pass
    assert found and {part: lay for part, lay in found.items() if lay != {channels_last}} == {}
    assert not any(map(breaks, distiller.modules()))
