"""Stored answers of a teacher: equal to its live ones, found again, and refused where they are stale."""

import copy
import dataclasses
import math

import pytest
import torch

import kdtutor as kd
from kdtutor.data import Augment, Batches
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.train import Entry, fit_together, steps
from kdtutor.train.stored_trace import spread, strongest

from .common import RECIPE, make, same_weights, small

STILL = dataclasses.replace(RECIPE, augment=None)
FULL = RECIPE.batch_size
SERVED = ("KD", "DKD", "RKD", "CRD")  # of logits, with labels; of embeddings, with a memory of rows


def stored(digits, folder, recipe=STILL, teacher=None, **options):
    teacher = small(99) if teacher is None else teacher
    return kd.cache(teacher, digits, recipe=recipe, folder=folder, device="cpu", progress=False, **options)


def learn(distiller, digits, recipe=STILL, epochs=1, **options):
    return kd.fit(distiller, digits, epochs, recipe=recipe, device="cpu", progress=False, **options)


def frozen(seed=99):
    """The same teacher again, as a method holds it."""
    return small(seed).eval().requires_grad_(False)


@pytest.mark.isa
@pytest.mark.parametrize("method", SERVED)
def test_one_view_gives_the_live_numbers_to_the_last_bit_without_the_teacher(digits, tmp_path, method):
    build = kd.papers.get(method)
    kd.seed_everything(3)
    live = build(small(), small(99))
    kd.seed_everything(3)
    kept = build(small(), small(99))
    source = stored(digits, tmp_path)
    expected = learn(live, digits)
    seen = []
    kept.teacher.classifier.register_forward_hook(lambda *_: seen.append(1))
    run = steps(kept, digits, 1, recipe=STILL, device="cpu", source=source)
    seen.clear()  # a first look at the images, before the run
    history = [at.history for at in run][-1]
    assert history.rows == expected.rows and same_weights(kept.student, live.student) and not seen


def test_without_end_the_views_are_live_to_the_last_bit(digits, tmp_path):
    for method in ("hinton", "fsp"):  # one that reads maps as well: the teacher runs
        live, source = make(method), stored(digits, tmp_path / "none", RECIPE, views=math.inf)
        again = make(method)
        assert learn(live, digits, RECIPE, 2).rows == learn(again, digits, RECIPE, 2, source=source).rows
        assert same_weights(live.student, again.student)
    assert source.folder is None and not (tmp_path / "none").exists()


def test_a_view_is_one_augmentation_and_the_teachers_answer_is_to_it(digits, tmp_path):
    teacher = frozen()
    source = stored(digits, tmp_path, RECIPE, views=2)
    order = Batches(digits.train, digits, RECIPE.batch_size, None, RECIPE.steps_per_epoch)
    epochs = [list(source.epoch(number, seed=5)) for number in range(4)]
    for number, batches in enumerate(epochs):
        for batch, plain in zip(batches, order.epoch(number, 5), strict=True):
            assert torch.equal(batch.indices, plain.indices) and torch.equal(batch.labels, plain.labels)
            known, told = teacher.trace(batch.images), batch.answer(teacher, batch.images)
            assert torch.equal(told.logits, known.logits) and torch.equal(told.embedding, known.embedding)

    def by_row(batches):
        return {int(row): image for batch in batches for row, image in zip(batch.indices, batch.images, strict=True)}

    first, second, third = (by_row(batches) for batches in epochs[:3])
    assert all(torch.equal(first[row], third[row]) for row in first.keys() & third.keys())
    assert any(not torch.equal(first[row], second[row]) for row in first.keys() & second.keys())
    assert [b.images.shape for b in source.epoch(1, 5, start=3)] == [epochs[1][3].images.shape]


def test_a_copy_has_what_was_kept_in_memory_of_its_own(digits, tmp_path):
    for top_k, parts in ((None, 2), (3, 1)):
        batch = next(iter(stored(digits, tmp_path / str(parts), top_k=top_k).epoch(0, 0)))
        trace = batch.answer(frozen(), batch.images)
        before = trace.logits.clone()
        copied = trace.copy()
        assert len(copied.tensors()) == parts and all(map(torch.equal, copied.tensors(), trace.tensors()))
        for tensor in copied.tensors():
            tensor.zero_()
        assert torch.equal(trace.logits, before) and not copied.logits.any()


def test_top_k_keeps_the_strongest_exactly_and_shares_the_rest_evenly(digits, tmp_path):
    z = torch.randn(6, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    kept = strongest(z, 3)
    again = spread(kept["top"], kept["classes"], kept["rest"], 10)
    p, q = z.softmax(1), again.softmax(1)
    top = z.argsort(1, descending=True)
    rest = p.gather(1, top[:, 3:]).sum(1, keepdim=True) / 7
    expected = torch.cat([p.gather(1, top[:, :3]), rest.expand(-1, 7)], 1)
    torch.testing.assert_close(q.gather(1, top), expected)
    warm, warm_again = (x.div(4).softmax(1).gather(1, top[:, 3:]).sum(1) for x in (z, again))
    assert (warm_again > warm).all()  # an even share is the flattest
    source = stored(digits, tmp_path, top_k=3)
    batch = next(iter(source.epoch(0, 0)))
    expected = frozen()(batch.images)
    told = batch.answer(frozen(), batch.images).logits
    assert torch.equal(told.topk(3).values, expected.topk(3).values)
    torch.testing.assert_close(told.logsumexp(1), expected.logsumexp(1))
    assert math.isfinite(learn(make(), digits, source=source).last("kd"))


def test_caching_goes_on_and_a_second_call_asks_nothing(digits, tmp_path, monkeypatch):
    teacher, folder = small(99), tmp_path / "kept"
    once = stored(digits, folder, RECIPE, teacher, views=3)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(before) == ["card.json", "view-0.safetensors", "view-1.safetensors", "view-2.safetensors"]
    asked = []
    monkeypatch.setattr(type(teacher), "trace", count(asked, type(teacher).trace))
    again = stored(digits, folder, RECIPE, teacher, views=3)
    assert FULL not in asked and again.digests == once.digests
    (folder / "view-1.safetensors").unlink()  # as one that a kill kept from being written
    stored(digits, folder, RECIPE, teacher, views=3)
    assert asked.count(FULL) == len(digits.train) / FULL  # one view
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def count(asked, function):
    """`function`, which notes of how many images it is asked."""

    def counted(*arguments):
        asked.append(len(arguments[1]))
        return function(*arguments)

    return counted


def test_a_cache_of_one_s_own_place_is_found_by_what_it_holds(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, same, other = stored(digits, None), stored(digits, None), stored(digits, None, teacher=small(98))
    assert first.folder == same.folder != other.folder
    assert first.folder.parent.as_posix() == "runs/cache" and first.folder.name.startswith("few-")


def test_a_stopped_run_goes_on_to_the_same_numbers_and_not_with_another_cache(digits, tmp_path):
    source = stored(digits, tmp_path / "kept", RECIPE, views=2)
    whole, resumed = make(), make()
    expected = learn(whole, digits, RECIPE, 3, source=source)
    running = steps(make(), digits, 3, recipe=RECIPE, device="cpu", out=tmp_path / "run", source=source)
    for _ in range(6):
        next(running)
    running.close()
    moved = stored(digits, tmp_path / "elsewhere", RECIPE, views=2)
    history = learn(resumed, digits, RECIPE, 3, source=moved, out=tmp_path / "run")
    assert history.rows == expected.rows and same_weights(resumed.student, whole.student)
    one = stored(digits, tmp_path / "kept", RECIPE, views=1)
    with pytest.raises(kd.ConfigError, match="its source of batches differs"):
        learn(make(), digits, RECIPE, 3, source=one, out=tmp_path / "run")


def test_runs_side_by_side_have_the_numbers_of_runs_alone(digits, tmp_path):
    teacher = small(99)
    source = stored(digits, tmp_path, RECIPE, teacher, views=2)
    build = kd.papers.get

    def methods():
        return [build(name)(small(seed), teacher) for seed, name in enumerate(("KD", "PKT"))] + [kd.Alone(small(4))]

    alone = [learn(method, digits, RECIPE, source=source) for method in methods()]
    entries = [Entry(method, 1, RECIPE, source=source) for method in methods()]
    beside = fit_together(entries, digits, device="cpu", progress=False)
    assert [history.rows for history in beside] == [history.rows for history in alone]


@pytest.mark.parametrize("strategy", ["adaptive", "random"])
def test_spots_are_chosen_of_what_is_kept(digits, tmp_path, strategy):
    def build():
        kd.seed_everything(1)
        return SpotAdaptive(kd.papers.get("RKD")(small(), small(99)), strategy=strategy)

    source = stored(digits, tmp_path)
    live, kept = build(), build()
    assert learn(live, digits).rows == learn(kept, digits, source=source).rows


def test_a_copied_teacher_is_known_and_one_that_has_learnt_is_not(digits, tmp_path):
    source, teacher = stored(digits, tmp_path), frozen()
    batch = next(iter(source.epoch(0, 0)))
    assert batch.answer(copy.deepcopy(teacher), batch.images) is not None
    assert batch.answer(frozen(98), batch.images) is None
    assert batch.answer(teacher.requires_grad_(True), batch.images) is None
    with torch.no_grad():
        teacher.classifier.bias += 1
    with pytest.raises(kd.ConfigError, match=r"the cache is stale: its teacher is resnet8x0.25, with other weights"):
        learn(kd.papers.get("KD")(small(), teacher), digits, source=source)


def test_half_precision_and_another_layout_read_the_same_answers(digits, tmp_path):
    source = stored(digits, tmp_path)
    last = dataclasses.replace(STILL, channels_last=True)
    history = kd.fit(make(), digits, 1, recipe=last, precision="bf16", source=source, device="cpu", progress=False)
    plain = learn(make(), digits, epochs=1)
    assert history.last("kd") == pytest.approx(plain.last("kd"), rel=0.05)


def test_an_augmentation_that_draws_elsewhere_is_noticed(digits, tmp_path):
    class Restless(Augment):
        def __call__(self, images, generator):
            return super().__call__(images, torch.Generator().manual_seed(int(torch.randint(10**6, ()))))

    recipe = dataclasses.replace(RECIPE, augment=Restless(pad=1))
    source = stored(digits, tmp_path, recipe)
    with pytest.raises(kd.ConfigError, match=r"draws other images .* draw from its generator alone"):
        next(iter(source.epoch(0, 0)))


def generated():
    student, teacher = small(), small(99)
    return kd.papers.get("DAFL")(kd.papers.get("KD")(student, teacher), kd.nets.generator("deconvolution", latent=8))


def refusals(digits):
    other = dataclasses.replace(digits, name="other")
    learning = SpotAdaptive(kd.papers.get("KD")(small(), small(99)), learning_teacher=True)
    overhaul = kd.papers.get("OFD")(small(), small(99))
    return {
        "images of its own": (generated(), digits, STILL, "DataFree makes its images itself"),
        "maps": (make("fsp"), digits, STILL, "FSP reads maps of the teacher (for stage [1])"),
        "batch statistics": (overhaul, digits, STILL, "['Overhaul'] runs its teacher in a way of its own"),
        "a teacher that learns": (learning, digits, STILL, "the teacher of SpotAdaptive learns"),
        "other data": (make(), other, STILL, "the cache is of other data (few) than the run's (other)"),
        "other images": (make(), dataclasses.replace(digits, train=digits.train[1:]), STILL, "the cache is of other"),
        "other batches": (make(), digits, dataclasses.replace(STILL, batch_size=20), "batch_size=25 in the recipe"),
        "augmentation": (make(), digits, RECIPE, "augment=None in the recipe of the cache, Augment(pad=1"),
        "another teacher": (kd.papers.get("KD")(small(), small(98)), digits, STILL, "the cache is stale"),
    }


def test_what_a_cache_cannot_serve_is_refused_before_the_first_step(digits, tmp_path):
    source = stored(digits, tmp_path)
    for distiller, data, recipe, says in refusals(digits).values():
        with pytest.raises(kd.ConfigError) as caught:
            steps(distiller, data, 5, recipe=recipe, device="cpu", source=source)
        assert says in str(caught.value), caught.value
    few = stored(digits, tmp_path / "few", top_k=2)
    with pytest.raises(kd.ConfigError, match="reads the teacher's embedding, and with top_k=2 the cache holds logits"):
        steps(kd.papers.get("PKT")(small(), small(99)), digits, 2, recipe=STILL, device="cpu", source=few)


def test_a_method_that_hides_what_it_reads_is_told_when_it_reads(digits, tmp_path):
    class Hidden(kd.papers.hinton.Hinton):
        def spots(self):
            return (kd.train.Spot("maps", lambda s, t: t.active[0].sum() + s.logits.sum()),)

        def weights(self):
            return {"task": 1.0, "maps": 1.0}

    with pytest.raises(kd.ConfigError, match="reads the teacher's stages, and the cache holds its logits and its emb"):
        learn(Hidden(small(), small(99)), digits, source=stored(digits, tmp_path))


@pytest.mark.gpu
def test_a_gpu_reads_its_answers_there(digits, tmp_path):
    source = kd.cache(small(99), digits, recipe=STILL, folder=tmp_path, device="cuda", progress=False)
    batch = next(iter(source.epoch(0, 0)))
    assert batch.images.is_cuda and source._drawn(0)[1]["logits"].is_cuda
    on_gpu = kd.fit(make(), digits, 2, recipe=STILL, device="cuda", source=source, progress=False)
    assert on_gpu.curve("kd")[1] == pytest.approx(learn(make(), digits, epochs=2).curve("kd")[1], rel=0.02)
