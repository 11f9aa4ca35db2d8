"""Data-free is a source of batches: every method runs on it, without special cases, and no image is looked at."""

from collections.abc import Callable

import pytest
import torch

import kdtutor as kd
from kdtutor import nets
from kdtutor.data import UNLABELLED, Data, Split
from kdtutor.nets import Net
from kdtutor.papers import METHODS
from kdtutor.papers.adversarial import Adversarial
from kdtutor.papers.contrastive import Contrastive
from kdtutor.papers.data_free import DataFree
from kdtutor.papers.generated import Generated
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.train import Distiller, Recipe, steps
from tests.tasks import of_classes
from tests.train.common import same_weights

RECIPE = Recipe(lr=1e-3, batch_size=5, steps_per_epoch=3)
OPTIONS = {"attention": {"alpha": 0.5}, "factor": {"paraphraser_epochs": 1}, "matching": {"images": 10}}
ROWS = {"contrastive"}  # wants to know which images of a training split it sees
Make = Callable[[Net, Net], Distiller]


def plain(name: str) -> Make:
    return lambda student, teacher: METHODS[name](student, teacher, **OPTIONS.get(name, {}))


def at_spots(name: str) -> Make:
    return lambda student, teacher: SpotAdaptive(plain(name)(student, teacher), strategy="adaptive")


INNER: dict[str, Make] = {
    **{name: plain(name) for name in of_classes() if name not in ROWS},
    **{f"{name} at chosen spots": at_spots(name) for name in ("attention", "hinton")},
}
"""What may learn from generated images. Spots are chosen inside: Generated(SpotAdaptive(method)) has the batches made
first, and then looked at. The other way round the routing would be asked about a data set that is not there."""

OUTER: dict[str, Callable[..., Generated]] = {
    "adversarial": lambda inner, generator: Adversarial(inner, generator, k=2),
    "data-free": lambda inner, generator: DataFree(inner, generator, replay=2, memory=12),
}
EVERY = pytest.mark.parametrize("inner", INNER)
BOTH = pytest.mark.parametrize("outer", OUTER)


def net(name: str, seed: int) -> Net:
    kd.seed_everything(seed)
    return nets.build(name, classes=10, channels=1, stem_stride=2)


def make(outer: str, inner: str, seed: int = 0) -> Generated:
    student, teacher = net("resnet8x0.25", seed), net("resnet8x0.5", 99)
    made = nets.generator("deconvolutionx0.25", latent=4, channels=1, size=28)
    return OUTER[outer](INNER[inner](student, teacher), made)


class Locked(Split):
    """A split that, once it is locked, must not be looked at: reading its images raises. (Its labels are asked for
    their range, whenever a `Data` is made; test_adversarial shows that they change nothing.)"""

    def __getattribute__(self, name: str) -> object:
        closed = object.__getattribute__(self, "__dict__").get("closed", False)
        assert not closed or name not in ("images", "labelled"), f"training data: the {name} were read"
        return super().__getattribute__(name)

    def __len__(self) -> int:
        return 100

    def to(self, device: object) -> Split:
        return self

    def lock(self) -> None:
        self.__dict__["closed"] = True


@pytest.fixture(scope="module")
def locked() -> Data:
    whole = kd.data.load("digits")
    train = Locked(whole.train.images[:100], whole.train.labels[:100])
    few = Data("few", train, whole.val[::50], whole.test[::100], whole.classes, whole.mean, whole.std)
    train.lock()
    return few


def learn(distiller: Distiller, data: Data, epochs: int = 2, **options) -> kd.train.History:
    return kd.fit(distiller, data, epochs, recipe=RECIPE, **options, progress=False, device="cpu")


def test_the_locked_data_are_locked(locked):
    with pytest.raises(AssertionError, match="training data"):
        learn(kd.Alone(net("resnet8x0.25", 0)), locked, 1)


@pytest.mark.parametrize(("outer", "constant"), [("adversarial", False), ("data-free", True)])
def test_the_generator_s_rate_follows_the_schedule_where_it_plays_against_the_student(outer, constant):
    recipe = Recipe(lr=0.1, schedule="steps", milestones=(0.5,), weight_decay=0.1)
    told = make(outer, "logits").recipe_for("generator", recipe)
    assert told.optimiser == "adam" and told.weight_decay == 0
    assert told.rate(0.4) == pytest.approx(1e-3)
    assert told.rate(0.6) == pytest.approx(1e-3 if constant else 1e-4)


@BOTH
@EVERY
def test_every_method_learns_without_data(locked, outer, inner):
    distiller = make(outer, inner)
    student, generator = ([p.clone() for p in n.parameters()] for n in (distiller.student, distiller.generator))
    teacher = [x.clone() for x in distiller.teacher.state_dict().values()]
    history = learn(distiller, locked)
    assert all(torch.tensor(row.value).isfinite() for row in history.rows)
    assert not all(torch.equal(a, b) for a, b in zip(student, distiller.student.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(generator, distiller.generator.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(teacher, distiller.teacher.state_dict().values(), strict=True))
    assert "generator" in history.terms and "test_accuracy" in history.terms


@BOTH
@pytest.mark.parametrize("inner", ["hinton", "factor", "matching", "attention at chosen spots"])
def test_a_stopped_run_continues_bit_by_bit(locked, tmp_path, outer, inner):
    """Stopped twice: in the first epoch and, having gone on, in the second."""
    whole = make(outer, inner)
    expected = learn(whole, locked)
    for stop_at in (2, 4):
        running = steps(make(outer, inner), locked, 2, recipe=RECIPE, device="cpu", out=tmp_path)
        for at in running:
            if at.step == stop_at:
                break
        running.close()
        torch.manual_seed(1234)  # whatever happened in between
    resumed = make(outer, inner)
    assert learn(resumed, locked, out=tmp_path).rows == expected.rows and same_weights(resumed, whole)


@BOTH
def test_a_task_is_learnt_from_the_teacher_s_answers(locked, outer):
    distiller, seen = make(outer, "hinton"), []
    step = distiller.inner.step
    distiller.inner.step = lambda batch, *rest: seen.append(batch) or step(batch, *rest)
    learn(distiller, locked, 1)
    for batch in seen:
        assert torch.equal(batch.labels, distiller.teacher(batch.images).argmax(1))
    distiller, seen = make(outer, "logits"), []
    step = distiller.inner.step
    distiller.inner.step = lambda batch, *rest: seen.append(batch) or step(batch, *rest)
    learn(distiller, locked, 1)
    assert seen and all((batch.labels == UNLABELLED).all() for batch in seen), "nobody asks for them"


@BOTH
def test_a_method_that_needs_rows_says_so(outer):
    generator = nets.generator("deconvolutionx0.25", channels=1, size=28)
    contrastive = Contrastive(net("resnet8x0.25", 0), net("resnet8x0.5", 1))
    for inner in (contrastive, SpotAdaptive(contrastive, strategy="always")):
        with pytest.raises(kd.ConfigError, match="rows in a training split; generated images have none") as caught:
            OUTER[outer](inner, generator)
        assert str(caught.value).count(".") == 0


@BOTH
def test_who_makes_images_already_is_not_wrapped_again(outer):
    made = make(outer, "hinton")
    with pytest.raises(kd.ConfigError, match="makes its images already"):
        OUTER[outer](made, made.generator)
    with pytest.raises(kd.ConfigError, match="wrap it the other way round"):
        SpotAdaptive(made)


@BOTH
def test_a_student_alone_has_nobody_to_learn_from(outer):
    with pytest.raises(kd.ConfigError, match="Alone has no teacher"):
        OUTER[outer](kd.Alone(net("resnet8x0.25", 0)), nets.generator("deconvolutionx0.25", channels=1, size=28))


def test_the_options_of_all_layers_are_told(locked):
    told = learn(make("data-free", "attention at chosen spots"), locked, 1).config["options"]
    assert told["replay"] == 2 and told["generator"]["name"] == "deconvolutionx0.25"
    assert told["inner"]["method"] == "SpotAdaptive"
