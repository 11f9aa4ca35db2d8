"""Whose run a folder holds: everything that shapes a run decides, and nothing else does."""

import copy
import io
from dataclasses import replace

import pytest
import torch
from PIL import Image
from torch import nn

import kdtutor as kd
from kdtutor.data.image_folder import image_folder
from kdtutor.papers.hinton import Hinton
from kdtutor.train import Alone, Recipe, steps
from kdtutor.train.checkpoint import CHECKPOINT, read_checkpoint
from kdtutor.train.identity import difference, identity

from .common import RECIPE, make, small

QUICK = Recipe(batch_size=10, steps_per_epoch=2)


def fit(distiller, data, out, epochs=1, **options):
    options = {"recipe": QUICK, "progress": False, "device": "cpu", **options}
    return kd.fit(distiller, data, epochs, out=out, **options)


def told(one, other, data, other_data=None, source=None, other_source=None):
    """What is said of a folder with the run of `one` when `other` is asked for."""
    batches = one.source(data, QUICK)
    then = identity(one, data, one.phases(2), batches, source)
    now = identity(other, other_data or data, other.phases(2), batches, other_source)
    return difference(then, now, other, one.state_dict())


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (lambda: Hinton(small(), small(5)), "its teacher's weights differ"),
        (lambda: Hinton(small(5), small(99)), "its student's first weights differ"),
        (
            lambda: kd.papers.attention.Attention(small(), small(99)),
            "its method is 'Hinton', this run's is 'Attention'",
        ),
        (lambda: Hinton(small(), small(99), T=3.0), "its options is"),
    ],
    ids=["teacher", "student", "method", "options"],
)
def test_another_run_is_refused_with_what_differs(digits, tmp_path, other, sentence):
    first = fit(make(), digits, tmp_path)
    with pytest.raises(kd.ConfigError, match=f"holds another run: {sentence}.*choose another folder"):
        fit(other(), digits, tmp_path)
    assert fit(make(), digits, tmp_path).rows == first.rows


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.few_labels(3),
        lambda data: replace(data, train=replace(data.train, images=255 - data.train.images)),
        lambda data: replace(data, train=data.train[list(range(len(data.train)))[::-1]]),
        lambda data: replace(data, test=data.test[:-1]),
        lambda data: replace(data, mean=(0.5,)),
    ],
    ids=["labels", "pixels", "order", "test split", "statistics"],
)
def test_other_data_of_the_same_name_are_another_run(digits, change):
    assert "its data differ" in told(make(), make(), digits, change(digits))


def test_the_same_call_is_the_same_run(digits):
    assert not told(make("fsp"), make("fsp"), digits)
    assert not told(make("fsp"), copy.deepcopy(make("fsp")).to(memory_format=torch.channels_last), digits)


def test_adapters_that_begin_elsewhere_are_another_run(digits):
    student, teacher = small(), small(99)
    one, other = (kd.papers.fitnets.FitNets(student, teacher) for _ in range(2))
    assert told(one, other, digits) == "the weights of its regressor differ"


@pytest.mark.parametrize("outer", [kd.papers.adversarial.Adversarial, kd.papers.data_free.DataFree])
def test_another_generator_is_another_run(digits, outer):
    def run(seed):
        torch.manual_seed(seed)
        generator = kd.nets.generator("deconvolution", channels=1, size=28)
        return outer(kd.papers.adversarial.Logits(small(), small(99)), generator)

    assert not told(run(0), run(0), digits)
    assert told(run(0), run(1), digits) == "the weights of its generator differ"


def test_wrapped_models_that_differ_only_inside_are_told_apart(digits):
    class Model(nn.Module):
        def __init__(self, activation):
            super().__init__()
            torch.manual_seed(0)
            self.conv, self.activation, self.last = nn.Conv2d(1, 4, 3, stride=2), activation, nn.Linear(4, 10)

        def forward(self, x):
            return self.last(self.activation(self.conv(x)).mean((2, 3)))

    def wrapped(activation, offset=0.0):
        model = Model(activation).eval()
        with torch.no_grad():
            model.last.bias += offset
        return kd.nets.wrap(model, example=torch.zeros(1, 1, 28, 28))

    relu = Hinton(small(), wrapped(nn.ReLU()))
    assert not told(relu, Hinton(small(), wrapped(nn.ReLU())), digits)
    assert told(relu, Hinton(small(), wrapped(nn.ReLU(), 0.5)), digits) == "its teacher's weights differ"
    assert told(relu, Hinton(small(), wrapped(nn.GELU())), digits) == "the layers of its nets differ"


class Panel(Alone):
    """A student with several teachers in a list, a tensor among its options and a setting that is no option."""

    def __init__(self, student, teachers, shares, temperature=1.0):
        super().__init__(student)
        self.options = {"shares": shares, "first": teachers[0]}
        self.teachers, self.temperature = teachers, temperature


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (lambda: Panel(small(), [small(1), small(3)], torch.ones(2)), "its distiller's teachers differs"),
        (lambda: Panel(small(), [small(1), small(2)], torch.ones(2), 4.0), "its distiller's temperature differs"),
        (lambda: Panel(small(), [small(1), small(2)], torch.zeros(2)), "its options is"),
        (lambda: Panel(small(), [small(4), small(2)], torch.ones(2)), "its options is"),
    ],
    ids=["a list of nets", "an attribute", "a tensor", "a net"],
)
def test_whatever_a_distiller_holds_counts(digits, tmp_path, other, sentence):
    def first():
        return Panel(small(), [small(1), small(2)], torch.ones(2))

    history = fit(first(), digits, tmp_path)
    assert fit(first(), digits, tmp_path).rows == history.rows
    assert kd.History.load(tmp_path / "history.json").config["options"]["shares"].startswith("Tensor ")
    with pytest.raises(kd.ConfigError, match=sentence):
        fit(other(), digits, tmp_path)


def test_changed_code_of_a_class_of_ones_own_is_another_run(digits):
    def mine(power):
        class Mine(Alone):
            def weights(self):
                return {"task": 2.0**power}

        return Mine(small())

    assert not told(mine(1), mine(1), digits)
    assert told(mine(1), mine(2), digits) == "the code of its distiller differs"


def test_another_source_of_batches_is_another_run(digits):
    source = kd.data.Batches(digits.train, digits, 10, steps=2)
    other = kd.data.Batches(digits.train, digits, 10, kd.data.Augment(pad=1), steps=2)
    assert not told(make(), make(), digits, source=source, other_source=copy.copy(source))
    assert told(make(), make(), digits, source=source, other_source=other) == "its source of batches differs"


def test_streamed_images_count_by_name_size_and_label(tmp_path):
    def folder(name, shade=0):
        for part, label, k in [(p, c, k) for p in ("train", "test") for c in "ab" for k in range(3)]:
            path = tmp_path / name / "set" / part / label / f"{k}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (shade, 0, 0)).resize((8 + shade, 8)).save(path)
        return image_folder(tmp_path / name / "set", size=8, in_memory=0, workers=0)

    def run():
        kd.seed_everything(0)
        return Alone(kd.nets.build("resnet8x0.25", classes=2))

    here, moved, other = folder("here"), folder("moved"), folder("other", 40)
    assert not told(run(), run(), here, moved)
    assert "the train split" in told(run(), run(), here, other)
    assert "the train split" in told(run(), run(), here, here.few_labels(1))


def test_the_same_student_goes_on_after_a_stop_and_after_the_end(digits, tmp_path):
    expected = fit(make("fsp"), digits, None, 2, recipe=RECIPE).rows
    student, teacher = small(), small(99)
    running = steps(kd.papers.fsp.FSP(student, teacher), digits, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(6):
        next(running)
    running.close()
    for _ in range(2):  # once to the end, and once more: around new adapters, with whatever weights they begin
        assert fit(kd.papers.fsp.FSP(student, teacher), digits, tmp_path, 2, recipe=RECIPE).rows == expected
    with pytest.raises(kd.ConfigError, match="its teacher's weights differ"):
        fit(kd.papers.fsp.FSP(student, small(98)), digits, tmp_path, 2, recipe=RECIPE)
    with torch.no_grad():
        student.classifier.bias += 1
    with pytest.raises(kd.ConfigError, match="its student's first weights differ"):
        fit(kd.papers.fsp.FSP(student, teacher), digits, tmp_path, 2, recipe=RECIPE)


@pytest.mark.parametrize("at", [1, 6])
def test_the_same_call_goes_on_after_an_interrupt_in_the_middle_of_a_step(digits, tmp_path, monkeypatch, at):
    expected = fit(make(), digits, None, 2, recipe=RECIPE).rows
    method, calls = make(), iter(range(1, 100))
    whole = Hinton.step

    def interrupted(self, *arguments):
        result = whole(self, *arguments)
        if next(calls) == at:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(Hinton, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(method, digits, tmp_path, 2, recipe=RECIPE)
    assert fit(method, digits, tmp_path, 2, recipe=RECIPE).rows == expected


def test_a_run_of_an_earlier_version_is_refused_in_a_sentence(digits, tmp_path):
    fit(make(), digits, tmp_path)
    old = {k: v for k, v in read_checkpoint(tmp_path / CHECKPOINT).items() if k != "identity"}
    buffer = io.BytesIO()
    torch.save(old, buffer)
    (tmp_path / CHECKPOINT).write_bytes(buffer.getvalue())
    with pytest.raises(kd.ConfigError, match=r"a run of an earlier kdtutor.*cannot be told; choose another folder"):
        fit(make(), digits, tmp_path)


def test_another_torch_is_another_run(digits, tmp_path, monkeypatch):
    fit(make(), digits, tmp_path)
    here = torch.__version__.split("+")[0]
    monkeypatch.setattr(torch, "__version__", "9.9.9+cpu")
    with pytest.raises(kd.ConfigError, match=f"its version of torch is {here}, this run's is 9.9.9"):
        fit(make(), digits, tmp_path)
