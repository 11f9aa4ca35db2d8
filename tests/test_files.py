"""Files: whole or absent, sealed, held by one process, and named as files can be."""

import errno
import json
import os
import subprocess
import sys
import textwrap

import pytest

import kdtutor as kd
from kdtutor import data, files, nets
from kdtutor.course.studies import Study, stored_results
from kdtutor.files import append_line, file_name, held, read_json, require_sealed, sealed, write_whole

BROKEN_JSON = ["[]", "null", '"x"', "3", "{", "", "[" * 100_000, "{}", '{"rows": 3}', '{"rows": "x"}', "\x00"]


def starve(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "deep" / "a.txt", "old")
    for name in ("_flush", "os.replace"):
        with monkeypatch.context() as patched:
            patched.setattr(f"kdtutor.files.{name}", starve)
            with pytest.raises(
                kd.DataError, match=r"a\.txt cannot be written \(No space left on device\); make room, or"
            ):
                write_whole(path, "new")
        assert path.read_text() == "old" and list(path.parent.iterdir()) == [path]
    monkeypatch.setattr("kdtutor.files._flush", starve)
    with pytest.raises(kd.DataError, match="cannot be written"):
        append_line(path, "more")


def test_what_is_written_is_flushed_before_it_is_renamed(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(files.os, "fsync", lambda number: (done.append("fsync"), fsync(number)))
    monkeypatch.setattr(files.os, "replace", lambda *paths: (done.append("rename"), replace(*paths)))
    write_whole(tmp_path / "a", b"x")
    assert done == ["fsync", "rename", *(["fsync"] if os.name == "posix" else [])]


def test_a_folder_in_the_place_of_the_file_or_a_file_in_that_of_the_folder_is_told(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "a", tmp_path / "file" / "b"):
        with pytest.raises(kd.DataError, match="cannot be written"):
            write_whole(path, "x")
    with pytest.raises(kd.ConfigError, match="is a file"), held(tmp_path / "file"):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "file"]


HOLDER = """
    import sys, time
    from kdtutor.files import held
    with held(sys.argv[1]):
        print("held", flush=True)
        time.sleep(120)
"""


def test_a_folder_is_held_by_one_process_and_free_when_that_is_killed(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(tmp_path)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(kd.BusyError, match="is in use by another run; wait until"), held(tmp_path):
            pass
    finally:
        other.kill()
        other.communicate()
    with held(tmp_path), pytest.raises(kd.BusyError), held(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_seal_is_broken_by_a_change_of_content_alone():
    content = sealed({"b": [1.5, 0.1 + 0.2, None], "a": "é"})
    require_sealed(json.loads(json.dumps(content, indent=3, sort_keys=True)))
    require_sealed({"a": 1})  # never sealed
    with pytest.raises(ValueError, match="changed after it was written"):
        require_sealed({**content, "a": "e"})


@pytest.mark.parametrize("text", BROKEN_JSON[:7])
def test_what_is_no_object_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"^(it holds|it is nested|Expecting)"):
        read_json(text)


@pytest.mark.parametrize("text", BROKEN_JSON, ids=lambda text: text[:12])
def test_broken_json_is_a_sentence_everywhere(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    (tmp_path / "card.json").write_text(text)
    (tmp_path / "x.safetensors").write_bytes(b"")
    readers = [
        lambda: stored_results("x", tmp_path), lambda: kd.History.load(tmp_path / "x.json"),
        lambda: nets.teacher(tmp_path / "x.safetensors"), lambda: nets.trained_generator(tmp_path / "x.safetensors"),
        lambda: nets.teachers(tmp_path), lambda: data.digits.digits(tmp_path),
    ]  # fmt: skip
    for read in readers:
        with pytest.raises(kd.DataError, match=r"\.json"):
            read()


@pytest.mark.parametrize(
    "name",
    [
        "../escape",
        "a/b",
        "a\\b",
        "/abs",
        "C:x",
        "",
        ".",
        "..",
        ".hidden",
        "a.",
        " a",
        "a\n",
        "a\0b",
        "con",
        "NUL.txt",
        "a*b",
    ],
)
def test_names_that_are_no_names_of_files_are_refused(tmp_path, name):
    net = nets.build("resnet8x0.25")
    card = dict.fromkeys(("data", "recipe", "seed", "accuracy", "correct", "total", "command"), 0)
    generator = nets.generator("points", channels=2, size=1)
    (tmp_path / "in").mkdir()
    for save in (
        lambda: file_name("thing", name),
        lambda: nets.save_teacher(net, name, card, folder=tmp_path / "in"),
        lambda: nets.save_generator(generator, name, card, folder=tmp_path / "in"),
        lambda: Study(name, "?", (), lambda case, seed: {}).path(tmp_path / "in"),
    ):
        with pytest.raises(kd.ConfigError, match="cannot be the name of a"):
            save()
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]


def test_names_of_what_ships_are_names():
    for card in (*nets.teachers(), *nets.teachers(data.root() / "generators")):
        assert file_name("teacher", card["name"]) == card["name"]


def test_what_ships_is_sealed():
    for folder in ("results", "teachers", "generators", "students", "digits"):
        paths = sorted((data.root() / folder).glob("*.json"))
        assert paths
        for path in paths:
            content = read_json(path.read_bytes())
            assert files.SEAL in content, f"{path.name}: made by an earlier version; `kdtutor results` seals it"
            require_sealed(content)
