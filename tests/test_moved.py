"""Names that have moved answer in their old places, and say where they are now."""

from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pytest

import kdtutor
from kdtutor.moved import MOVED

OLD = pytest.mark.parametrize("old", MOVED)


@OLD
def test_an_old_name_gives_the_very_object_and_names_its_new_place(old):
    package, _, name = old.rpartition(".")
    place = MOVED[old].replace(":", ".")
    with pytest.warns(DeprecationWarning, match=old) as told:
        found = getattr(import_module(package), name)
    (warning,) = told
    assert str(warning.message) == f"{old} is {place} now; the old name goes with kdtutor 0.3"
    assert Path(warning.filename) == Path(__file__)  # the line that has to change
    home, _, attribute = place.rpartition(".")
    assert found is resolve_name(MOVED[old]) and found is getattr(import_module(home), attribute)


@OLD
def test_it_can_be_imported_from_there(old):
    package, _, name = old.rpartition(".")
    with pytest.warns(DeprecationWarning, match=old):
        exec(f"from {package} import {name}", {})


@pytest.mark.parametrize("package", sorted({old.rpartition(".")[0] for old in MOVED}))
def test_a_name_that_never_was_there_is_none(package):
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        getattr(import_module(package), "nothing")  # noqa: B009


def test_old_names_go_in_time():
    assert tuple(map(int, kdtutor.__version__.split(".")[:2])) < (0, 3), "take the table of moved names out"
