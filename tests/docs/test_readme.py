"""What the README tells a reader to paste, from a folder of images to a student, runs: small, and for an epoch."""

import re
import shlex
from pathlib import Path

import pytest
import torch
from typer.main import get_command

import kdtutor as kd
from kdtutor.cli.app import app
from tests.cli.calls import call

TEXT = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = TEXT.partition("\n## With your own models\n")[2].partition("\n## ")[0]
BRIEF = "--epochs 1 --batch-size 10 --no-progress"
SMALLER = {
    "example": "--images 30 --size 32 --no-progress",
    "teach": f"{BRIEF} --size 32",
    "distil": BRIEF,
    "card": "--size 32",
}
"""What is added to a command, so that it takes a second."""
UNDERSTOOD = ("compare", "export", "measure")
"""Commands that are read, but not run: each trains or starts processes, in tests of its own."""
OTHER_TASKS = {f"flowers/{name}.csv" for name in ("tags", "size", "masks")}
"""Their commands are read, too: they are run in tests of their methods."""
LONGEST = 60  # lines


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """The words of each command, without what is said of it."""
    return [shlex.split(line, comments=True)[1:] for block in blocks("") for line in block.splitlines()]


@pytest.mark.slow
def test_a_reader_gets_from_a_folder_of_images_to_a_student(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    torch.save(kd.nets.build("torchvision.mobilenet_v3_large", classes=5, size=32).state_dict(), "my_net.pt")
    asked = commands()
    assert [words[0] for words in asked] == [
        "example", "teach", "distil", "compare", "evaluate", "export", "measure",
        "distil", "distil", "distil", "card", "teach",
    ]  # fmt: skip
    for words in asked:
        if words[0] in UNDERSTOOD or OTHER_TASKS.intersection(words):
            get_command(app).commands[words[0]].make_context(words[0], words[1:])  # type: ignore[attr-defined]
            continue
        done = call(*words, *SMALLER.get(words[0], "").split())
        assert done.exit_code == 0, f"{words}: {done.output}"
    student, data = kd.nets.teacher("student"), kd.data.load("flowers", size=32)
    assert student.card["accuracy"] == kd.evaluate(student, data.test, data).accuracy
    (code,) = blocks("python")
    given: dict[str, object] = {}
    exec(code.replace("size=64", "size=32").replace("epochs=30", "epochs=1"), given)
    assert Path("runs/mine/last.safetensors").is_file() and given["history"].phases == ("distil",)


def test_the_way_is_short():
    assert 0 < SECTION.count("\n") <= LONGEST
