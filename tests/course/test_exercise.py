import pytest
import torch
import torch.nn.functional as F

from kdtutor.course.exercise import Exercise, Verdict


def kd_loss(z_s, z_t, T):
    """The solution."""
    p_t = F.softmax(z_t.detach() / T, dim=1)
    return T**2 * F.kl_div(F.log_softmax(z_s / T, dim=1), p_t, reduction="batchmean")


def without_factor(z_s, z_t, T):
    return kd_loss(z_s, z_t, T) / T**2


def mean_over_classes(z_s, z_t, T):
    return kd_loss(z_s, z_t, T) / z_s.shape[1]


def cases():
    generator = torch.Generator().manual_seed(0)
    for T in (2.0, 4.0):
        z_s, z_t = torch.randn(2, 6, 5, generator=generator)
        yield z_s.requires_grad_(), z_t.clone().requires_grad_(), T


def exercise(**options) -> Exercise:
    keywords = {
        "mistakes": {"the factor T² is missing": without_factor, "averaged over the classes too": mean_over_classes},
        "hints": ("What does T do to the gradient?", "Multiply by T²."),
        "minutes": 8,
        "contract": "logits (B, K) twice and T → a scalar",
        **options,
    }
    return Exercise("kd_loss", kd_loss, lambda: list(cases()), **keywords)


def test_the_solution_passes():
    verdict = exercise()(kd_loss)
    assert repr(verdict) == "[passed]"
    assert verdict


def test_every_mistake_has_its_diagnosis():
    one = exercise()
    for sentence, mistaken in one.mistakes.items():
        verdict = one(mistaken)
        assert repr(verdict) == f"[not yet] {sentence}"
        assert not verdict


def unwritten(z_s, z_t, T): ...


def unfinished(z_s, z_t, T):
    raise NotImplementedError


@pytest.mark.parametrize("function", [None, ..., unwritten, unfinished, lambda *_: ...])
def test_an_unsolved_exercise_is_to_do(function):
    verdict = exercise()(function)
    assert repr(verdict) == "[to do]"
    assert "kd_loss: logits (B, K) twice and T → a scalar (about 8 minutes)" in verdict._repr_html_()
    assert repr(exercise()()) == "[to do]"


def in_place(z_s, z_t, T):
    loss = kd_loss(z_s, z_t, T)
    with torch.no_grad():
        z_t.div_(T)
    return loss


def through_the_teacher(z_s, z_t, T):
    return T**2 * F.kl_div(F.log_softmax(z_s / T, 1), F.softmax(z_t / T, 1), reduction="batchmean")


@pytest.mark.parametrize(
    "function, sentence",
    [
        (lambda z_s, z_t: 0, "it raised TypeError: <lambda>() takes 2 positional arguments but 3 were given"),
        (
            lambda z_s, z_t, T: z_s @ z_t,
            "it raised RuntimeError: mat1 and mat2 shapes cannot be multiplied (6x5 and 6x5)",
        ),
        (lambda *_: "4", "the result is '4', expected a tensor of shape ()"),
        (lambda *_: [1.0], "the result is a list of 1 values, expected a tensor of shape ()"),
        (lambda z_s, z_t, T: z_s.sum(1), "the result has shape (6,), expected ()"),
        (lambda z_s, z_t, T: kd_loss(z_s, z_t, T) + 100, "the result has the right shape but wrong numbers: 10"),
        (lambda z_s, z_t, T: z_s.sum() * float("nan"), "the result has the right shape but wrong numbers: nan"),
        (lambda z_s, z_t, T: kd_loss(z_s, z_t, T).item(), "the result is right, but no gradient comes back"),
        (lambda z_s, z_t, T: kd_loss(z_s.detach(), z_t, T), "the result is right, but no gradient comes back"),
        (through_the_teacher, "the result is right, but a gradient flows into what should be constant"),
        (in_place, "the result is right, but the function writes into its arguments"),
        (torch.zeros(3), "this is of type Tensor; give the function itself, without calling it"),
        (3, "this is of type int; give the function itself"),
    ],
)
def test_what_else_can_be_wrong_is_named(function, sentence):
    verdict = exercise()(function)
    assert verdict.state == "not yet"
    assert verdict.sentence.startswith(sentence)
    assert "\n" not in repr(verdict)


def test_a_check_never_raises_and_never_touches_its_cases():
    z = torch.ones(2, 2)

    def nasty(a):
        a.zero_()
        raise RuntimeError("first line\nsecond line")

    one = Exercise("f", lambda a: a + 1, [(z,)])
    assert repr(one(nasty)) == "[not yet] it raised RuntimeError: first line"
    assert z.sum() == 4

    def recurse(a):
        return recurse(a)

    assert "RecursionError" in repr(one(recurse))


def test_a_fault_of_the_exercise_is_not_the_readers():
    def broken():
        raise ValueError("no such file")

    verdict = Exercise("f", kd_loss, broken)(kd_loss)
    assert repr(verdict) == "[not yet] the check itself failed, which is not your fault: ValueError: no such file"
    assert "not your fault: ZeroDivisionError" in repr(Exercise("f", lambda a: a / 0, [(1,)])(lambda a: a))


def test_a_mistake_that_raises_is_passed_over():
    assert "wrong numbers" in repr(exercise(mistakes={"never": lambda: 1 / 0})(lambda z_s, z_t, T: z_s.sum()))


def test_values_of_other_kinds():
    one = Exercise("f", lambda x: {"sum": x.sum(), "parts": (x, "name", 3, True)}, [(torch.arange(3.0),)])
    assert one(lambda x: {"sum": float(x.sum()), "parts": [x.double(), "name", 3.0, True]})
    assert repr(one(lambda x: {"sum": x.sum()})) == (
        "[not yet] the result is a dictionary with the keys 'sum', expected a dictionary with the keys 'sum', 'parts'"
    )
    assert "'parts' is a tuple of 1 values, expected a tuple of 4" in repr(one(lambda x: {"sum": 3.0, "parts": (x,)}))
    assert "value 2 is 'nam', expected 'name'" in repr(one(lambda x: {"sum": 3, "parts": (x, "nam", 3, True)}))


def test_random_functions_are_compared_with_the_same_numbers():
    before = torch.get_rng_state()
    assert Exercise("f", lambda x: F.dropout(x), [(torch.ones(50),)])(lambda x: F.dropout(x, 0.5))
    assert (torch.get_rng_state() == before).all()


def test_a_module_among_the_arguments_is_copied():
    layer = torch.nn.Linear(2, 2)

    def spoil(net, x):
        torch.nn.init.zeros_(net.weight)
        return net(x)

    one = Exercise("f", lambda net, x: net(x), [(layer, torch.ones(1, 2))])
    assert not one(spoil)
    assert layer.weight.abs().sum() > 0


def test_hints_come_one_by_one():
    one = exercise()
    assert repr(one.hint()) == "Hint 1 of 2: What does T do to the gradient?"
    second = one.hint()
    assert repr(second) == repr(second) == "Hint 2 of 2: Multiply by T²."
    assert repr(one.hint()) == repr(second)
    assert second._repr_html_() == "<details><summary>Hint 2 of 2</summary><p>Multiply by T².</p></details>"
    assert "there is none for kd_loss" in repr(exercise(hints=()).hint())


def test_the_solution_shows_its_source_folded():
    shown = exercise().solution()
    assert repr(shown).startswith(
        'import torch.nn.functional as F\n\n\ndef kd_loss(z_s, z_t, T):\n    """The solution."""'
    )
    assert shown._repr_html_().startswith("<details><summary>Solution of kd_loss</summary><pre><code>import torch.nn")
    assert "cannot be read" in repr(Exercise("f", len, [("a",)]).solution())


def test_a_verdict_on_the_page():
    page = Verdict("not yet", "a < b")._repr_html_()
    assert "a &lt; b" in page
    assert "[not yet]" in page  # never by colour alone


def test_an_exercise_says_what_it_is():
    assert repr(exercise()) == "<Exercise kd_loss, 8 minutes: logits (B, K) twice and T → a scalar>"
