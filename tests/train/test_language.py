"""Training of language models by the loop of all lessons, and what their writing is worth."""

import math

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError
from kdtutor.papers.minillm import MiniLLM
from kdtutor.papers.on_policy import OnPolicy
from kdtutor.papers.sequence import Sequence
from kdtutor.train import LanguageDistiller, Recipe
from kdtutor.train.language import after_prompt, measured
from kdtutor.train.writing import bits, distinct, paragraph, prompts, write

RECIPE = Recipe(lr=0.01, batch_size=2, optimiser="adamw", steps_per_epoch=2)
METHODS = {
    "alone": lambda s, t: LanguageDistiller(s, prompt=4),
    "sequence": lambda s, t: Sequence(s, t, windows=4, prompt=4),
    "on_policy": lambda s, t: OnPolicy(s, t, share=0.5, prompt=4),
    "minillm": lambda s, t: MiniLLM(s, t, prompt=4),
}


@pytest.fixture(scope="module")
def alice():
    return kd.data.text("alice", context=16)


def model(seed=0, **options):
    kd.seed_everything(seed)
    return kd.nets.language_model("gpt1x16", **{"vocabulary": 72, "context": 16, **options})


def run(method, data, **options):
    return kd.fit(method, data, 2, recipe=RECIPE, device="cpu", progress=False, **options)


@pytest.mark.parametrize("name", METHODS)
def test_a_run_that_was_stopped_goes_on_to_the_same_numbers(name, alice, tmp_path):
    whole = run(METHODS[name](model(0), model(1)), alice)
    steps = kd.train.steps(
        METHODS[name](model(0), model(1)), alice, 2, recipe=RECIPE, device="cpu", out=tmp_path / "run"
    )
    for _ in range(3):  # in the middle of the second epoch
        next(steps)
    steps.close()
    student = model(0)
    again = run(METHODS[name](student, model(1)), alice, out=tmp_path / "run")
    assert again.rows == whole.rows
    assert all(math.isfinite(row.value) for row in whole.rows) and {"val_accuracy", "val_bits"} < set(whole.terms)


def test_bits_per_character_fall_and_are_those_of_the_text(alice):
    student = model(0)
    before = measured(student, alice.val)["bits"]
    recipe = Recipe(lr=0.01, batch_size=16, optimiser="adamw", steps_per_epoch=20)
    kd.fit(LanguageDistiller(student), alice, 1, recipe=recipe, device="cpu", progress=False)
    after = measured(student, alice.val)["bits"]
    assert after < before - 0.5
    x, y = alice.val.images.long(), alice.val.labels.long()
    said = student(x).log_softmax(-1).gather(-1, y[..., None]).mean()
    assert after == pytest.approx(-said.item() / math.log(2), rel=1e-5)


def test_what_does_not_fit_is_refused_in_a_sentence(alice):
    digits = kd.data.load("digits")
    for method, data, told in (
        (LanguageDistiller(model()), digits, "reads text, and digits is a set for classification"),
        (LanguageDistiller(model(vocabulary=5)), alice, "the student knows 5 characters, alice has 72"),
        (OnPolicy(model(), model(vocabulary=5)), alice, "the teacher knows 5 characters"),
        (LanguageDistiller(model(context=8)), alice, "looks back on 8 characters, the windows of alice have 16"),
        (LanguageDistiller(model(context=32), prompt=20), alice, "prompt=20: the windows of alice have 16"),
    ):
        with pytest.raises(ConfigError, match=told):
            run(method, data)
    with pytest.raises(ConfigError, match=r"prompt=17: it must lie in 1…16"):
        LanguageDistiller(model(), prompt=17)
    with pytest.raises(ConfigError, match=r"it learns by kd\.train\.LanguageDistiller"):
        kd.Alone(model())


def test_the_places_of_a_prompt_do_not_count_but_for_its_last():
    assert after_prompt(torch.zeros(2, 4).long(), prompt=1).all()
    assert after_prompt(torch.zeros(2, 4).long(), prompt=3).tolist() == [[False, False, True, True]] * 2


def test_writing_costs_its_writer_what_it_says_and_the_teacher_more(alice):
    student, teacher = model(0), model(1)
    writing = write(student, teacher, prompts(alice.test, 6, length=4), seed=3)
    assert writing.tokens.shape == (6, 17) and writing.own.shape == writing.judged.shape == (6, 13)
    said = student(writing.tokens[:, :-1]).log_softmax(-1).gather(-1, writing.tokens[:, 1:, None]).squeeze(-1)
    torch.testing.assert_close(writing.own, -said[:, 3:] / math.log(2))
    numbers = writing.numbers()
    assert numbers["gap"] == pytest.approx(numbers["judged"] - numbers["own"])
    assert write(student, student, writing.tokens[:, :4], seed=3).numbers()["gap"] == 0
    torch.testing.assert_close(writing.by_place(5), writing.judged[:, :10].view(6, 2, 5).mean((0, 2)))
    assert torch.equal(bits(teacher, writing.tokens, 13), writing.judged)


def test_distinct_runs_are_counted_once():
    assert distinct(torch.tensor([[1, 1, 1, 1, 1]]), n=2) == 0.25
    assert distinct(torch.tensor([[1, 2, 3], [2, 3, 1]]), n=2) == 0.75
    with pytest.raises(ConfigError, match="n=4: runs of a text of 3"):
        distinct(torch.zeros(1, 3).long(), n=4)


def test_a_paragraph_goes_on_beyond_the_context():
    student = model(0, vocabulary=3, context=8)
    text = paragraph(student, "abca", "abc", length=30, seed=1)
    assert len(text) == 30 and set(text) <= set("abc")
    assert paragraph(student, "abca", "abc", length=5, seed=1) != paragraph(student, "abca", "abc", length=5, seed=4)
    u = torch.rand(1, 30, generator=torch.Generator().manual_seed(1))
    first = kd.nets.continued(student, kd.data.encode("abca", "abc")[None], u[:, :5])
    assert text.startswith(kd.data.decode(first[0, 4:], "abc"))
    with pytest.raises(ConfigError, match="a prompt of 0 characters"):
        paragraph(student, "", "abc")
