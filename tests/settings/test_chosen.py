"""The set is chosen by the variable, else by what is stored; studies and tests hold theirs whatever is chosen."""

import os

import pytest

import kdtutor as kd
from kdtutor import ConfigError, DataError, UnknownName
from kdtutor.cli.notebooks import clean_environment
from kdtutor.course.studies import common
from kdtutor.jobs.job import Job
from kdtutor.jobs.setup import prepare
from kdtutor.settings import choose_set, chosen_set
from kdtutor.settings.chosen import CHOICE


@pytest.fixture
def reader(monkeypatch, tmp_path):
    """A folder of lessons in which nothing is chosen yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KDTUTOR_SET")
    return monkeypatch


def test_a_reader_who_chose_nothing_has_the_digits(reader):
    assert chosen_set() == kd.preset("minute").data_name == "digits"


def test_what_is_stored_holds_until_the_variable_names_another(reader):
    choose_set("fashion")
    assert kd.preset("minute").data_name == "fashion" and kd.preset("minute", data="digits").data_name == "digits"
    reader.setenv("KDTUTOR_SET", "digits")
    assert chosen_set() == "digits"
    reader.setenv("KDTUTOR_SET", "")  # as good as unset
    assert chosen_set() == "fashion"


def test_each_set_has_a_teacher_of_its_own():
    for name in kd.data.SHIPPED:
        minute = kd.preset("minute", data=name)
        assert minute.teacher().card["data"] == minute.data_name == name


def test_studies_tests_and_notebooks_do_not_see_the_choice(reader):
    choose_set("fashion")
    assert common.MINUTE.data_name == "digits" and common.minute_of("fashion").data_name == "fashion"
    with clean_environment():  # that of `kdtutor notebooks` and `kdtutor check`
        assert chosen_set() == "digits"
    assert chosen_set() == "fashion" and "KDTUTOR_SET" not in os.environ


def test_nbval_holds_the_digits():
    assert os.environ["KDTUTOR_SET"] == "digits"  # from conftest.py at the root, as for the kernels of nbval


def test_a_run_says_in_its_name_what_it_learns_from(reader):
    usual = Job("hinton")
    choose_set("fashion")
    chosen = Job("hinton")
    assert chosen == Job("hinton", data="fashion") and chosen.folder != usual.folder
    assert chosen.command == "kdtutor distil hinton --data fashion"
    assert Job("hinton", preset="paper").data is None
    setups = [prepare(job) for job in (chosen, Job("hinton", data="digits"))]
    assert [setup.distiller.teacher.card["name"] for setup in setups] == ["fashion-resnet14", "digits-resnet14"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"set": '])
def test_a_damaged_choice_is_one_sentence(reader, text):
    CHOICE.parent.mkdir()
    CHOICE.write_text(text)
    with pytest.raises(DataError, match=r"set\.json names no set .*; remove it, or choose again in lesson 0"):
        chosen_set()


def test_unknown_names_are_refused_with_those_that_exist(reader):
    CHOICE.parent.mkdir()
    CHOICE.write_text('{"set": "cloths"}')
    listed = "Choose from: digits, fashion"
    with pytest.raises(UnknownName, match=f"'cloths' is not a known set of the course .*set.json.*{listed}"):
        chosen_set()
    reader.setenv("KDTUTOR_SET", "fashon")
    with pytest.raises(UnknownName, match=f"KDTUTOR_SET.. Did you mean 'fashion'\\? {listed}"):
        Job("hinton")
    with pytest.raises(UnknownName, match=listed):
        kd.preset("minute", data="cifar10")
    with pytest.raises(ConfigError, match="data='fashion': only the preset minute has sets to choose from"):
        kd.preset("paper", data="fashion")
