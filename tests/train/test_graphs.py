"""Graphed steps: the same numbers as eager ones, whatever a graph does. On the CPU a tape stands in for the graph."""

from dataclasses import replace

import pytest
import torch

import kdtutor as kd
from kdtutor.data import Batch
from kdtutor.errors import ConfigError, DivergedError
from kdtutor.papers import METHODS
from kdtutor.train import Entry, fit_together, steps
from kdtutor.train.capture import CAPTURES
from kdtutor.train.graphs import GRAPHS_VARIABLE, WARM_UP, GraphedStep, replayable
from tests.tape import tape
from tests.tasks import fitting

from .common import RECIPE, exact_kernels, make, same_weights, small

GRAPHABLE = ["alone", "born_again", "own_teacher", *(name for name in METHODS if name != "contrastive")]
EAGER_STEPS = WARM_UP + 2  # of a phase: the one that is recorded and the one that is compared are eager, too


@pytest.fixture(autouse=True)
def graphs(monkeypatch):
    """Steps are recorded on the CPU, too; how many were replayed for each recording."""
    replays = []

    def counted(function, device):
        replay = tape(function, device)
        number = len(replays)
        replays.append(0)

        def once():
            replays[number] += 1
            return replay()

        return once

    monkeypatch.setitem(CAPTURES, "cpu", counted)
    return replays


def method(name, teacher=None):
    if name not in METHODS:
        return make(name)
    student, teacher = small(), teacher or small(99)
    kd.seed_everything(0)  # for adapters
    return METHODS[name](student, teacher)


def trained(distiller, data, epochs=2, **options):
    return kd.fit(distiller, data, epochs, progress=False, device="cpu", **{"recipe": RECIPE, **options})


def eager(monkeypatch, *arguments, **options):
    """The same run with every step eager."""
    with monkeypatch.context() as setting:
        setting.setenv(GRAPHS_VARIABLE, "0")
        return trained(*arguments, **options)


@pytest.mark.parametrize("name", GRAPHABLE)
def test_every_number_is_that_of_eager_steps(name, digits, graphs, monkeypatch, recwarn):
    graphed, one_by_one, digits = method(name), method(name), fitting(name, digits)
    six = replace(RECIPE, steps_per_epoch=6)  # a phase has an epoch, if there are two
    history = trained(graphed, digits, recipe=six)
    assert len(graphs) == len(history.phases)  # one graph a phase
    assert not recwarn.list and sum(graphs) == 12 - (EAGER_STEPS - 1) * len(graphs)
    assert history.rows == eager(monkeypatch, one_by_one, digits, recipe=six).rows and same_weights(graphed, one_by_one)


@pytest.mark.parametrize(
    "changed",
    [
        {"optimiser": "adam", "lr": 1e-3},
        {"momentum": 0.0},
        {"channels_last": True, "schedule": "cosine"},
        {"optimiser": "adamw", "lr": 1e-3, "clip_norm": 0.1, "ema": 0.5},
        {"label_smoothing": 0.1, "class_weights": "balanced", "mixup": 0.4},
    ],
    ids=["adam", "no momentum", "channels last", "clipped and averaged", "other labels"],
)
def test_so_it_is_with_every_recipe_and_in_bf16(changed, digits, graphs, monkeypatch, recwarn):
    options = {"recipe": replace(RECIPE, **changed), "precision": "bf16"}
    graphed, one_by_one = method("attention"), method("attention")
    history = trained(graphed, digits, **options)
    assert graphs == [8 - EAGER_STEPS + 1] and not recwarn.list
    assert history.rows == eager(monkeypatch, one_by_one, digits, **options).rows
    assert same_weights(graphed, one_by_one)


def test_steps_of_which_not_all_move_the_student_are_eager(digits, graphs):
    trained(make(), digits, recipe=replace(RECIPE, accumulate=2))
    assert not graphs


def test_numbers_that_are_drawn_are_those_of_eager_steps(digits, graphs, monkeypatch, recwarn):
    def dropping():
        distiller = make()
        distiller.student.pool.append(torch.nn.Dropout(0.5))
        return distiller

    history = trained(dropping(), digits)
    assert graphs == [8 - EAGER_STEPS + 1] and not recwarn.list
    assert history.rows == eager(monkeypatch, dropping(), digits).rows


class Uneven(kd.data.Batches):
    """Batches of which the last of an epoch is smaller."""

    def epoch(self, number, seed, start=0):
        for step, batch in enumerate(super().epoch(number, seed, start), start):
            yield batch[:7] if step == 3 else batch


def test_a_batch_of_another_size_is_taken_eagerly(digits, graphs, monkeypatch, recwarn):
    uneven = Uneven(digits.train, digits, 20, steps=4)
    history = trained(make(), digits, 3, source=uneven)
    assert graphs == [12 - 3 - WARM_UP - 1] and not recwarn.list  # the third step is recorded and the fifth compared
    assert history.rows == eager(monkeypatch, make(), digits, 3, source=uneven).rows


def broken(function, device):
    function()
    raise RuntimeError("no memory\nfor a graph")


def idle(function, device):
    terms = function()
    return lambda: terms


def twice(function, device):
    replay = tape(function, device)
    return lambda: replay() and replay()


@pytest.mark.parametrize(
    ("recorder", "why"),
    [(broken, "it could not be recorded (no memory)"), (idle, "other terms"), (twice, "other")],
    ids=["broken", "idle", "twice"],
)
def test_a_wrong_graph_is_told_once_and_changes_no_number(recorder, why, digits, monkeypatch, recwarn):
    monkeypatch.setitem(CAPTURES, "cpu", recorder)
    graphed, one_by_one = make(), make()
    history = trained(graphed, digits)
    (told,) = [str(warning.message) for warning in recwarn.list]
    assert why in told and "'distil'" in told and "\n" not in told
    assert history.rows == eager(monkeypatch, one_by_one, digits).rows and same_weights(graphed, one_by_one)


class Own(kd.Alone):
    """A reader's method, whose loss grows step by step."""

    grown = 0

    def losses(self, s, t, batch):
        self.grown += 1
        return {"task": self.grown * super().losses(s, t, batch)["task"]}


class Sworn(Own):
    """It says of itself what is not so."""

    graphable = True


class Waiting(kd.Alone):
    """It asks the device for a number."""

    graphable = True

    def losses(self, s, t, batch):
        terms = super().losses(s, t, batch)
        return {"task": terms["task"] * (2 if terms["task"].item() > 1 else 1)}


def test_a_method_of_the_readers_own_is_replayed_if_it_says_so_and_does_so(digits, graphs, recwarn):
    assert not replayable(Own(small()), torch.device("cpu")) and replayable(Sworn(small()), torch.device("cpu"))
    trained(Own(small()), digits)
    assert not graphs and not recwarn.list
    with pytest.warns(RuntimeWarning, match="'alone' is not replayed as a graph: replayed it leaves other"):
        trained(Sworn(small()), digits)
    with pytest.warns(RuntimeWarning, match="could not be recorded .*_local_scalar_dense"):
        trained(Waiting(small()), digits)


def test_what_draws_or_is_told_apart_in_a_step_is_not_replayed():
    matching, attention = (METHODS[name] for name in ("matching", "attention"))
    spots = kd.papers.spot_adaptive.SpotAdaptive(attention(small(), small(99)))
    for distiller in (method("contrastive"), matching(small(), small(99), how="random"), spots):
        assert not replayable(distiller, torch.device("cpu"))


@pytest.mark.parametrize("later", ["graphed", "eager", "without a graph"])
def test_a_run_is_continued_by_either_kind_of_steps(later, digits, graphs, tmp_path, monkeypatch):
    whole = make("fsp")
    history = trained(whole, digits, 4)
    running = steps(make("fsp"), digits, 4, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(14):  # the second phase has been replayed
        next(running)
    running.close()
    if later == "eager":
        monkeypatch.setenv(GRAPHS_VARIABLE, "0")
    elif later == "without a graph":
        monkeypatch.delitem(CAPTURES, "cpu")
    resumed = make("fsp")
    again = trained(resumed, digits, 4, out=tmp_path)
    if later == "without a graph":  # another kernel of the optimiser: it rounds in another order
        assert again.curve("loss")[1] == pytest.approx(history.curve("loss")[1], rel=1e-5)
    else:
        assert again.rows == history.rows and same_weights(resumed, whole)


def test_a_run_without_a_graph_is_continued_by_graphed_steps(digits, tmp_path, monkeypatch):
    with monkeypatch.context() as without:
        without.delitem(CAPTURES, "cpu")
        history = trained(make(), digits, recipe=replace(RECIPE, optimiser="adam"))
        running = steps(make(), digits, 2, recipe=replace(RECIPE, optimiser="adam"), device="cpu", out=tmp_path)
        for _ in range(3):
            next(running)
        running.close()
    again = trained(make(), digits, recipe=replace(RECIPE, optimiser="adam"), out=tmp_path)
    assert again.curve("loss")[1] == pytest.approx(history.curve("loss")[1], rel=1e-4)


def test_runs_side_by_side_take_what_is_known_of_the_teacher(digits, graphs, monkeypatch, recwarn):
    names, teacher = ("hinton", "attention", "relational", "overhaul"), small(99)
    asked = []

    def trace(images):
        asked.append(len(images))
        return type(teacher).trace(teacher, images)

    monkeypatch.setattr(teacher, "trace", trace)
    together = [method(name, teacher) for name in names]
    histories = fit_together([Entry(m, 2, RECIPE) for m in together], digits, device="cpu", progress=False)
    # Once a step for three; overhaul runs its teacher in its own way: in its eager steps, and in the one that is
    # recorded, which is rehearsed.
    assert len(graphs) == 4 and not recwarn.list
    assert asked.count(RECIPE.batch_size) == 8 + EAGER_STEPS + 2
    for name, side_by_side, history in zip(names, together, histories, strict=True):
        alone = method(name)
        assert history.rows == eager(monkeypatch, alone, digits).rows and same_weights(alone, side_by_side)


@pytest.mark.parametrize("top_k", [None, 3])
def test_answers_that_are_kept_are_copied_for_the_graph(top_k, digits, graphs, tmp_path, monkeypatch, recwarn):
    teacher = small(99)
    kept = kd.cache(teacher, digits, views=2, top_k=top_k, recipe=RECIPE, folder=tmp_path, progress=False)
    name = "hinton" if top_k else "correlation"  # which reads embeddings
    history = trained(method(name, teacher), digits, 3, source=kept)
    assert graphs == [12 - EAGER_STEPS + 1] and not recwarn.list
    assert history.rows == eager(monkeypatch, method(name, teacher), digits, 3, source=kept).rows


def test_a_run_that_diverges_says_why_as_with_eager_steps(digits, graphs, monkeypatch):
    wild = replace(RECIPE, lr=1e9, schedule="constant", steps_per_epoch=12)
    told = []
    for setting in ("1", "0"):
        monkeypatch.setenv(GRAPHS_VARIABLE, setting)
        with pytest.raises(DivergedError) as caught:
            trained(make(), digits, recipe=wild)
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_the_switch_is_0_or_1(digits, graphs, monkeypatch):
    monkeypatch.setenv(GRAPHS_VARIABLE, "off")
    with pytest.raises(ConfigError, match="KDTUTOR_GRAPHS"):
        trained(make(), digits)


def test_what_a_graph_reads_is_written_before_and_its_rate_is_read_there():
    """The inputs of a replay are the batch's, and the rate is the present one."""
    weight = torch.nn.Parameter(torch.zeros(2))
    recipe = kd.Recipe(momentum=0.0, weight_decay=0.0)
    optimisers = {"student": recipe.optimise([weight], on_device=True)}
    distiller = kd.Alone(small())
    distiller.extra = weight

    def step(batch):
        return {"loss": kd.train.minimise({"loss": (weight * batch.images).sum()}, {}, optimisers["student"])}

    graphed = GraphedStep(step, lambda batch: None, distiller, optimisers, torch.device("cpu"), "test")
    moved = torch.zeros(2)
    for n in range(1, 7):
        kd.train.recipe.set_rate(optimisers["student"], 1 / n)
        images = torch.tensor([[1.0, n]])
        graphed(Batch(images, torch.zeros(1).long(), torch.zeros(1).long()))
        moved = moved - torch.tensor(1 / n) * images[0]
        assert torch.equal(weight.detach(), moved)
    assert graphed.trusted


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("name", GRAPHABLE)
def test_on_a_gpu_twenty_graphed_steps_are_twenty_eager_ones(name, precision, digits, monkeypatch, recwarn):
    exact_kernels(monkeypatch)
    recipe = replace(RECIPE, lr=1e-3, steps_per_epoch=10, channels_last=True)  # small steps let no rounding grow
    data, found = fitting(name, digits), []
    for setting in ("1", "0"):
        monkeypatch.setenv(GRAPHS_VARIABLE, setting)
        distiller = method(name)
        history = kd.fit(distiller, data, 4, recipe=recipe, precision=precision, progress=False, device="cuda")
        found.append((history, distiller.student.cpu().state_dict()))
    assert not recwarn.list
    (graphed, weights), (one_by_one, same) = found
    close = 1e-5 if precision == "float32" else 1e-2
    assert graphed.curve("loss")[1] == pytest.approx(one_by_one.curve("loss")[1], rel=close)
    assert all(torch.allclose(weights[key].float(), same[key].float(), rtol=close, atol=close) for key in same)
