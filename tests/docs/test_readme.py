"""What the README tells a reader to paste, from a folder of images to a student, is run: small, and for an epoch."""

import re
import shlex
from pathlib import Path

import pytest
import torch

import kdtutor as kd
from tests.cli.calls import call

TEXT = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = TEXT.partition("\n## With your own models\n")[2].partition("\n## ")[0]
BRIEF = "--epochs 1 --batch-size 10 --no-progress"
SMALLER = {
    "example": "--images 30 --size 32 --no-progress",
    "teach": f"{BRIEF} --size 32",
    "distil": BRIEF,
    "compare": f"{BRIEF} --seeds 0 --workers 1",
    "measure": "--seconds 0.01",
    "card": "--size 32",
}
"""What is added to a command, so that it takes a second."""
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
    torch.save(kd.nets.build("torchvision.resnet50", classes=5, size=32).state_dict(), "my_resnet50.pt")
    asked = commands()
    assert [words[0] for words in asked] == [
        "example", "teach", "distil", "compare", "evaluate", "export", "measure", "card", "teach",
    ]  # fmt: skip
    for words in asked:
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
