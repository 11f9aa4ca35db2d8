"""The settings of the papers agree with one another where they ought to."""

from kdtutor.settings.presets import PAPER_OPTIONS, SAKD_OPTIONS


def test_spot_adaptive_distillation_takes_the_zoo_s_weights():
    """Its authors' weights are the zoo's for every method but the hint, which they weigh less, and the logits' KL."""
    shared = {name: set(SAKD_OPTIONS[name]) & set(PAPER_OPTIONS[name]) for name in SAKD_OPTIONS}
    differ = {
        name
        for name, options in shared.items()
        if any(SAKD_OPTIONS[name][option] != PAPER_OPTIONS[name][option] for option in options)
    }
    assert all(shared.values()) and differ == {"hint", "hinton"}
    assert SAKD_OPTIONS["hint"]["beta"] < PAPER_OPTIONS["hint"]["beta"]
