"""Wrong input, all over the public surface: each gets one sentence with the value, what was expected and what to do."""

import pytest

from kdtutor import ConfigError, DataError, DivergedError, Error, ShapeError, UnknownName

from .bad_input import (
    commands,
    data,
    dense,
    elsewhere,
    embeddings,
    figures,
    generators,
    maps,
    models,
    nets,
    own_data,
    own_tables,
    stored,
    train,
)

TABLES = (
    data, own_data, own_tables, dense, nets, elsewhere, train, stored, maps, embeddings, generators, figures, commands,
    models,
)  # fmt: skip
BAD = {name: bad for table in TABLES for name, bad in table.BAD.items()}
LONGEST = 440  # a name that is none of the methods is answered with all of them


def test_no_row_hides_another():
    assert len(BAD) == sum(len(table.BAD) for table in TABLES)


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_clear_sentence(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bad, folder = BAD[name], tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(Error) as caught:
        bad.call(folder)
    sentence = str(caught.value)
    assert type(caught.value) is bad.error
    assert [part for part in bad.says if part not in sentence] == [], sentence
    assert "\n" not in sentence and 10 < len(sentence) <= LONGEST


def test_python_users_find_the_errors_they_expect():
    assert (
        issubclass(ShapeError, ValueError)
        and issubclass(ConfigError, ValueError)
        and issubclass(UnknownName, ValueError)
    )
    assert issubclass(DataError, FileNotFoundError) and issubclass(DivergedError, RuntimeError)
