"""What a method may do around the steps: know its data, prepare an epoch, move its own way, measure in its own way."""

from dataclasses import replace

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor.data import Batches
from kdtutor.train import Phase, Recipe, descend, steps
from kdtutor.train.recipe import rate

from .common import RECIPE, make, same_weights, small


class Watchful(kd.Alone):
    """Writes down what it is told, and is judged by two numbers."""

    def __init__(self, student):
        super().__init__(student)
        self.calls = []

    def begin(self, data):
        self.calls.append(("begin", data.name))

    def start_epoch(self, epoch, source, seed):
        self.calls.append((epoch, source.steps, seed))

    def measure(self, split, data):
        self.calls.append(("measure", len(split)))
        return {"misses": len(split) / 1e6, "accuracy": 0.5}


def test_the_order_of_the_hooks_and_the_names_of_the_measures(digits):
    method = Watchful(small())
    history = kd.fit(method, digits, 2, recipe=RECIPE, seed=7, progress=False, device="cpu")
    epochs = [(0, 4, 7), ("measure", len(digits.val)), (1, 4, 7), ("measure", len(digits.val))]
    assert method.calls == [("begin", digits.name), *epochs, ("measure", len(digits.test))]
    assert {"val_misses", "val_accuracy", "test_misses", "test_accuracy"} <= set(history.terms)
    assert history.last("test_misses") == len(digits.test) / 1e6


def test_an_epoch_that_is_continued_is_not_started_again(digits, tmp_path):
    running = steps(Watchful(small()), digits, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(2):
        next(running)
    running.close()
    resumed = Watchful(small())
    kd.fit(resumed, digits, 2, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    assert resumed.calls[0][0] == "begin" and [call[0] for call in resumed.calls[1:]] == [
        "measure",
        1,
        "measure",
        "measure",
    ]


class TwoOptimisers(kd.Alone):
    """A student by SGD, and a number that Adam moves at a constant rate, only every third step."""

    def __init__(self, student):
        super().__init__(student)
        self.number, self.every = nn.Parameter(torch.zeros(())), 3
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))
        self.asked, self.rates = [], []

    def phases(self, epochs):
        first = Phase("first", 1, self.losses, needs_teacher=False, lr=0.02, schedule="cosine")
        return (first, Phase("second", epochs - 1, self.losses, needs_teacher=False))

    def parameter_groups(self, phase):
        return {"student": list(self.student.parameters()), "number": [self.number]}

    def recipe_for(self, group, recipe):
        self.asked.append((group, recipe.lr, recipe.schedule))
        if group == "student":
            return recipe
        return replace(recipe, optimiser="adam", lr=recipe.lr / 10, schedule="constant", betas=(0.5, 0.9))

    def step(self, batch, phase, optimisers):
        self.rates.append({name: optimiser.param_groups[0]["lr"] for name, optimiser in optimisers.items()})
        terms = super().step(batch, phase, optimisers)
        self.taken += 1
        if int(self.taken) % self.every:
            return terms
        descend((self.number - batch.labels.float().mean()) ** 2, optimisers["number"])
        return {**terms, "number": self.number.detach().clone()}


def test_each_optimiser_has_its_own_rate_over_the_schedule(digits):
    method = TwoOptimisers(small())
    kd.fit(method, digits, 3, recipe=RECIPE, progress=False, device="cpu")
    assert method.asked == [
        ("student", 0.02, "cosine"), ("number", 0.02, "cosine"),
        ("student", RECIPE.lr, "one-cycle"), ("number", RECIPE.lr, "one-cycle"),
    ]  # fmt: skip
    first = [0.02 * rate("cosine", i / 4) for i in range(4)]
    second = [RECIPE.lr * rate("one-cycle", i / 8) for i in range(8)]
    assert [rates["student"] for rates in method.rates] == pytest.approx([*first, *second])
    assert [rates["number"] for rates in method.rates] == pytest.approx([0.002] * 4 + [RECIPE.lr / 10] * 8)


def test_an_optimiser_is_made_as_its_own_recipe_says(digits):
    method = TwoOptimisers(small())
    seen = []
    method.step = lambda batch, phase, optimisers: seen.append(optimisers) or {"loss": torch.zeros(())}
    kd.fit(method, digits, 2, recipe=RECIPE, progress=False, device="cpu")
    assert isinstance(seen[0]["student"], torch.optim.SGD) and isinstance(seen[0]["number"], torch.optim.Adam)
    assert seen[0]["number"].param_groups[0]["betas"] == (0.5, 0.9)
    assert seen[3] is seen[0] and seen[4] is not seen[0], "a phase starts with fresh optimisers"


def test_a_term_told_in_some_steps_is_averaged_over_those(digits):
    method = TwoOptimisers(small())
    told = [[], [], []]
    *every, at = steps(method, digits, 3, recipe=RECIPE, device="cpu")
    for step in every:
        if "number" in step.terms:
            told[step.epoch - 1].append(step.terms["number"])
    assert [len(values) for values in told] == [1, 1, 2]
    means = [sum(values) / len(values) for values in told]
    assert at.history.curve("number")[1] == pytest.approx(means)


def test_a_term_that_is_never_told_in_an_epoch_has_no_row_there(digits):
    method = TwoOptimisers(small())
    method.every = 6  # of 12 steps in 3 epochs
    history = kd.fit(method, digits, 3, recipe=RECIPE, progress=False, device="cpu")
    assert history.curve("number")[0] == [2, 3] and history.curve("task")[0] == [1, 2, 3]


@pytest.mark.parametrize("stop_at", [1, 3, 4, 6, 8, 10])
def test_a_stopped_run_keeps_every_optimiser_and_what_was_told(digits, tmp_path, stop_at):
    whole = TwoOptimisers(small())
    expected = kd.fit(whole, digits, 3, recipe=RECIPE, progress=False, device="cpu")
    running = steps(TwoOptimisers(small()), digits, 3, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(stop_at):
        next(running)
    running.close()
    resumed = TwoOptimisers(small())
    history = kd.fit(resumed, digits, 3, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    assert history.rows == expected.rows and same_weights(resumed, whole)
    assert resumed.rates == whole.rates[stop_at:]


class OwnSource(kd.Alone):
    """Always the same batch, three times an epoch."""

    def source(self, data, recipe):
        self.told = data, recipe
        return Batches(data.train[:10], data, 10, steps=3)


def test_a_method_may_have_a_source_of_its_own(digits):
    method = OwnSource(small())
    seen = []
    original = method.step
    method.step = lambda batch, *rest: seen.append(sorted(batch.indices.tolist())) or original(batch, *rest)
    history = kd.fit(method, digits, 2, recipe=RECIPE, progress=False, device="cpu")
    assert seen == [list(range(10))] * 6 and history.config["steps_per_epoch"] == 3
    data, recipe = method.told
    assert recipe is RECIPE and data.name == digits.name and torch.equal(data.train.images, digits.train.images)
    seen.clear()
    kd.fit(method, digits, 1, recipe=RECIPE, progress=False, source=Batches(digits.train, digits, 5, steps=2))
    assert [len(rows) for rows in seen] == [5, 5], "a source that is passed counts before the method's own"


def test_nothing_is_begun_where_student_and_data_do_not_fit(digits, tmp_path):
    method = Watchful(kd.nets.build("resnet8x0.25", classes=7, channels=1))
    with pytest.raises(kd.ConfigError, match="tells 7 classes apart, few has 10; build it with classes=10"):
        steps(method, digits, 1, recipe=RECIPE, out=tmp_path / "run")
    assert not method.calls and not (tmp_path / "run").exists()


class Indifferent(kd.Alone):
    """A method that looks at no label."""

    def check(self, data):
        pass

    def losses(self, s, t, batch):
        return {"size": s.logits.square().mean()}

    def measure(self, split, data):
        return {"nothing": 0.0}


def test_a_method_may_say_itself_what_fits(digits):
    method = Indifferent(kd.nets.build("resnet8x0.25", classes=7, channels=1, stem_stride=2))
    assert kd.fit(method, digits, 1, recipe=RECIPE, progress=False, device="cpu").last("test_nothing") == 0


def test_the_preparation_is_the_first_of_the_phases():
    assert make("hinton").preparation(9) == make("fsp").preparation(9) == ()  # FSP's first phase teaches the student
    factor = kd.papers.factor.Factor(small(), small(9), paraphraser_epochs=2)
    told = [[(phase.name, phase.epochs) for phase in f(9)] for f in (factor.preparation, factor.phases)]
    assert told[0] == [("paraphrase the teacher", 2)] == told[1][:1]


@pytest.mark.parametrize("schedule", ["one-cycle", "cosine", "steps", "constant"])
def test_a_rate_is_the_schedule_times_the_recipes_own(schedule):
    recipe = Recipe(lr=0.3, schedule=schedule, milestones=(0.5, 0.75))
    for done in (0.0, 0.2, 0.5, 0.74, 0.75, 0.99):
        assert recipe.rate(done) == pytest.approx(0.3 * rate(schedule, done, (0.5, 0.75)))
    expected = {"one-cycle": 0.3 / 25, "cosine": 0.3, "steps": 0.3, "constant": 0.3}
    assert recipe.rate(0.0) == pytest.approx(expected[schedule])


def test_the_steps_of_a_rate():
    recipe = Recipe(lr=1.0, schedule="steps", milestones=(0.5, 0.75))
    assert [recipe.rate(done) for done in (0.49, 0.5, 0.74, 0.75)] == pytest.approx([1, 0.1, 0.1, 0.01])


def test_adam_gets_its_betas_and_sgd_its_momentum():
    weights = [nn.Parameter(torch.zeros(2))]
    assert Recipe(optimiser="adam", betas=(0.5, 0.99)).optimise(weights).defaults["betas"] == (0.5, 0.99)
    assert Recipe(optimiser="adam").optimise(weights).defaults["betas"] == (0.9, 0.999)
    assert Recipe(momentum=0.0).optimise(weights).defaults["nesterov"] is False


@pytest.mark.parametrize(("betas", "sentence"), [((1.0, 0.9), "a beta=1.0"), ((0.9, -0.1), "a beta=-0.1")])
def test_betas_out_of_range(betas, sentence):
    with pytest.raises(kd.ConfigError, match=rf"{sentence}: it must lie in \[0, 1\)"):
        Recipe(betas=betas)


@pytest.mark.parametrize(("old", "new"), [("teach", "teacher_trace"), ("shares", "the weight of each spot")])
def test_a_method_that_defines_a_hook_by_its_old_name_is_told(old, new):
    """Nobody would call it, and the run would go another way without a word."""
    with pytest.raises(kd.ConfigError, match=f"Mine defines {old}, .* it is {new} now"):
        type("Mine", (kd.Distiller,), {old: lambda self: None})
