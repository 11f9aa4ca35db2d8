"""A run that stops at a number which is none says where it came from, and advises only what can help."""

import math
from dataclasses import replace

import pytest
import torch

import kdtutor as kd
from kdtutor.data import Data, Split
from kdtutor.papers import adversarial, hinton
from kdtutor.train import Phase, Recipe

from .common import RECIPE, small


def why(method: kd.Distiller, data: Data, recipe: Recipe = RECIPE, epochs: int = 1) -> str:
    with pytest.raises(kd.DivergedError) as caught:
        kd.fit(method, data, epochs, recipe=recipe, progress=False, device="cpu")
    sentence = str(caught.value)
    assert "\n" not in sentence and len(sentence) < 330
    return sentence


def test_the_images(digits):
    images = digits.normalise(digits.train.images)
    images[17, 0, 3, 3] = math.nan
    spoilt = replace(digits, train=Split(images, digits.train.labels))
    told = why(hinton.Hinton(small(), small(9)), spoilt, replace(RECIPE, augment=None))
    assert "1 of the batch's 25 images hold NaN" in told and "row 17" in told and "learning rate" not in told


def test_the_teachers_weights_and_its_answers(digits):
    teacher = small(9)
    with torch.no_grad():
        teacher.classifier.bias[0] = math.nan
    told = why(hinton.Hinton(small(), teacher), digits)
    assert "the teacher's weights hold NaN" in told and "classifier.bias" in told and "learning rate" not in told
    with torch.no_grad():
        teacher.classifier.bias[0] = 0.0
        teacher.classifier.weight.fill_(3e38)
    told = why(hinton.Hinton(small(), teacher), digits)
    assert "the teacher's logits holds NaN" in told and "learning rate" not in told


def test_the_students_first_outputs(digits):
    student = small()
    with torch.no_grad():
        student.classifier.weight.fill_(3e38)
    told = why(kd.Alone(student), digits)
    assert "no weight has moved yet" in told and "lower" not in told


def test_weights_that_have_grown(digits):
    told = why(kd.Alone(small()), digits, replace(RECIPE, lr=1e30))
    assert "in step 2" in told and "lower the learning rate (now 1e+30)" in told


class Logarithm(kd.Alone):
    """A loss of its own that takes the logarithm of 0, beside a sound task."""

    def losses(self, s, t, batch):
        return {**super().losses(s, t, batch), "mine": s.logits.sum() * 0 + torch.zeros(()).log()}

    def phases(self, epochs):
        return (Phase("alone", epochs, self.losses, {"task": 1.0, "mine": 0.5}, needs_teacher=False),)


def test_one_term_beside_sound_ones(digits):
    told = why(Logarithm(small()), digits)
    assert "'mine' became -inf in step 1" in told and "the loss itself, since 'task'" in told
    assert "learning rate" not in told


def test_a_weight(digits):
    method = hinton.Hinton(small(), small(9))
    method.weights = lambda: {"task": 1.0, "kd": 1e39}
    assert "each of its terms is finite, so a weight is too large" in why(method, digits)


def test_without_data_the_latents_are_not_shown_to_the_teacher(digits):
    maker = kd.nets.generator("deconvolutionx0.25", latent=8, size=28)
    method = adversarial.Adversarial(adversarial.Logits(small(), small(9)), maker, k=1, generator_lr=1e-3)
    recipe = Recipe(batch_size=10, steps_per_epoch=6, lr=1e30)
    assert "lower the learning rate (now 1e+30)" in why(method, digits, recipe)


def test_answers_that_are_no_numbers_are_not_measured(digits):
    net = small()
    with torch.no_grad():
        net.classifier.bias[3] = math.nan
    with pytest.raises(kd.DivergedError, match=f"answers NaN to {len(digits.test)} of {len(digits.test)} images"):
        kd.evaluate(net, digits.test, digits)


def test_a_teacher_may_rule_classes_out(digits):
    """A logit of -∞ is a probability of 0: it teaches, and the run goes on."""
    teacher = small(9)
    ruled_out = torch.zeros(10)
    ruled_out[[2, 5]] = -math.inf
    trace = teacher.trace
    teacher.trace = lambda x: replace(trace(x), logits=trace(x).logits + ruled_out)
    history = kd.fit(hinton.Hinton(small(), teacher), digits, 1, recipe=RECIPE, progress=False, device="cpu")
    assert 0 < history.last("kd") < math.inf
