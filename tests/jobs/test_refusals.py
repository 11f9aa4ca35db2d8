"""Why a job cannot be run: the sentence of the code that would run it, without a training."""

import pytest
import torch

import kdtutor as kd
from kdtutor.jobs.job import Job
from kdtutor.jobs.refusals import Refusals
from kdtutor.jobs.setup import prepare
from kdtutor.methods import MAKERS


@pytest.fixture(scope="module")
def refusals() -> Refusals:
    return Refusals()


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        (Job("CRD", data_free="dfad"), "generated images have none"),
        (Job("DAFL", data_free="dfad"), "makes its images already"),
        (Job("alone", spots="adaptive"), "has no spots to choose from"),
        (Job("KD", teacher="no-such-teacher"), "no-such-teacher"),
        (Job("FSP", student="lenet5"), "the same number of stages"),
        (Job("KD", labels=5, data_free="dfad"), "made images have none: leave it out, or --data-free"),
        (Job("DFAD", labels=5), "made images have none: leave it out, or name a method"),
        (Job("KD", labels=5000), "has 350 training images"),
        (Job("KD", teacher="digits-resnet14", data="moons"), "trained on digits"),
    ],
)
def test_the_sentence_is_that_of_the_command_line(refusals, job, sentence):
    told = refusals.why_not(job)
    assert sentence in told
    with pytest.raises(kd.Error) as caught:
        prepare(job).check()
    assert str(caught.value) == told


def test_nets_that_cannot_read_the_images_are_refused_as_a_run_refuses_them(refusals):
    job = Job("alone", data="moons", student="resnet8")
    setup = prepare(job)
    with pytest.raises(kd.ShapeError) as caught:
        kd.fit(setup.distiller, setup.data, 1, progress=False)
    assert refusals.why_not(job) == str(caught.value) == refusals.why_not(job)


def test_every_method_for_classes_runs_as_it_is_and_no_random_number_is_drawn(refusals):
    before = torch.get_rng_state()
    names = {*kd.papers.admitting("classification"), *(row.name for row in MAKERS)}
    assert {name: refusals.why_not(Job(name)) for name in names} == dict.fromkeys(names, "")
    assert torch.equal(before, torch.get_rng_state())
