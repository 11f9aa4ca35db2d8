"""Docstrings as reStructuredText."""

from docutils.core import publish_parts

from docs.text import to_rest


def html(text: str) -> str:
    rest = "\n".join(to_rest(text.splitlines(), lambda word: None))
    return publish_parts(rest, writer="html5", settings_overrides={"report_level": 1, "halt_level": 1})["body"]


def test_nothing_but_backticks_is_markup() -> None:
    assert html("-1/B Σ_b |x_b| * y_ · `z_s` \\ `B`s").strip() == (
        '<p>-1/B Σ_b |x_b| * y_ · <span class="docutils literal">z_s</span> \\ '
        '<span class="docutils literal">B</span>s</p>'
    )
    assert html("1. is the first; *what* is stressed.").strip() == "<p>1. is the first; <em>what</em> is stressed.</p>"


def test_names_before_colons_are_a_list_where_there_are_several() -> None:
    told = html("alpha: the share\n    of the teacher.\ntau, final_tau: temperatures.\n\nOf two maps: the larger.")
    assert told.count("<li>") == 2 and "<li><p>alpha: the share of the teacher.</p>" in told
    assert "<p>Of two maps: the larger.</p>" in told


def test_indented_lines_and_examples_stay_as_they_are() -> None:
    told = html("A formula:\n\n    m = |x| · y_\n\n    n = 2\n\nand\n\n>>> 1 + 1\n2")
    assert "m = |x| · y_\n\nn = 2" in told and told.count("<pre") == 2 and "doctest" in told
