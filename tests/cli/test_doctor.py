"""The doctor says what is well, finds what is broken, names the cure, and never falls ill itself."""

import hashlib
import json
import shutil
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from kdtutor.cli import doctor
from kdtutor.cli.doctor import Finding
from kdtutor.data import SHIPPED

NAMES = [
    "Python", "torch", "device", "CPU", "torchvision", "Jupyter", "widgets", "data", "teachers", "generators",
    "language models", "students", "results", "disk",
]  # fmt: skip


KINDS = ("teachers", "generators", "language_models", "students")


def ask(name: str) -> Finding:
    return doctor._ask(name, doctor.QUESTIONS[name])


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a small file of each set and kind, all as their cards say, and one study."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results/coin.json").write_text('{"rows": []}')
    kinds = ((f"{kind}/{kind[0]}.safetensors", f"{kind}/{kind[0]}.json") for kind in KINDS)
    sets = [*(f"{name}/{name}.npz" for name in SHIPPED), "alice/alice.txt"]
    for file, card in (*((file, f"{Path(file).parent}/card.json") for file in sets), *kinds):
        path = tmp_path / file
        path.parent.mkdir()
        path.write_bytes(file.encode())
        (tmp_path / card).write_text(json.dumps({"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))
    monkeypatch.setattr("kdtutor.data.root", lambda: tmp_path)
    return tmp_path


def test_everything_is_well_in_the_environment_of_the_tests():
    findings = doctor.diagnose()
    assert [f.name for f in findings] == NAMES
    assert [f for f in findings if not f.ok and f.name != "disk"] == []


@pytest.mark.parametrize("here", [(3, 10, 4), (3, 14, 0)])
def test_python_out_of_range(monkeypatch: pytest.MonkeyPatch, here: tuple[int, ...]):
    monkeypatch.setattr(sys, "version_info", here)
    finding = ask("Python")
    assert not finding.ok
    assert "3.11 to 3.13" in finding.advice


@pytest.mark.parametrize(
    "question,package,found,expected",
    [
        ("torch", "torch", "2.10.1+cpu", "torch 2.10.1+cpu is not <2.15,>=2.11"),
        ("torchvision", "torchvision", "0.25.0", "torchvision 0.25.0 is not >=0.26"),
        ("Jupyter", "ipykernel", "6.31.0", "ipykernel 6.31.0 is not <8,>=7.4"),
        ("Jupyter", "jupyterlab", None, "jupyterlab is not installed"),
        ("widgets", "ipywidgets", "7.8.5", "ipywidgets 7.8.5 is not <9,>=8.1.5"),
    ],
)
def test_wrong_versions(monkeypatch: pytest.MonkeyPatch, question: str, package: str, found: str, expected: str):
    real = doctor.version

    def version(name: str) -> str:
        if name != package:
            return real(name)
        if found is None:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(doctor, "version", version)
    finding = ask(question)
    assert not finding.ok
    assert expected in finding.detail
    assert "make lab" in finding.advice


def test_a_torch_that_cannot_be_imported_is_a_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    finding = ask("torch")
    assert not finding.ok
    assert "torch" in finding.detail
    assert finding.advice


def test_cuda_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    gpu = SimpleNamespace(name="NVIDIA Test", total_memory=24 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: gpu)
    assert ask("device") == Finding("device", True, "CUDA: NVIDIA Test, 24 GB and 1 more")


@pytest.mark.parametrize("cuda,words", [(None, "a CUDA build of torch would use it"), ("13.0", "update the driver")])
def test_an_unused_nvidia_driver_is_worth_a_word(monkeypatch: pytest.MonkeyPatch, cuda: str | None, words: str):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(shutil, "which", lambda name: "nvidia-smi")
    finding = ask("device")
    assert finding.ok
    assert finding.detail.startswith("CPU")
    assert words in finding.advice


def test_the_instructions_of_the_cpu_are_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    assert ask("CPU") == Finding("CPU", True, "x86_64, torch uses AVX512")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert ask("CPU").detail == "x86_64, torch uses AVX512; ONEDNN_MAX_CPU_ISA holds its convolutions to AVX2"


def test_a_lab_without_the_widget_extension(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *parts: [str(tmp_path)])
    finding = ask("widgets")
    assert not finding.ok
    assert "jupyterlab_widgets" in finding.advice


def test_a_jupyter_without_the_kernel(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.find_kernel_specs", lambda self: {"julia": "/"})
    finding = ask("Jupyter")
    assert not finding.ok
    assert "ipykernel install" in finding.advice


def test_files_as_their_cards_say(shipped: Path):
    assert ask("data") == Finding("data", True, "digits, fashion, alice")
    for kind in KINDS:
        name = kind.replace("_", " ")
        assert ask(name) == Finding(name, True, kind[0])
    assert ask("results") == Finding("results", True, "1 stored studies")


@pytest.mark.parametrize(
    "question,file",
    [
        ("data", "digits/digits.npz"),
        ("data", "fashion/fashion.npz"),
        ("data", "alice/alice.txt"),
        *((kind.replace("_", " "), f"{kind}/{kind[0]}.safetensors") for kind in KINDS),
    ],
)
def test_damaged_and_absent_files(shipped: Path, question: str, file: str):
    path = shipped / file
    path.write_bytes(b"cut sh")
    assert ask(question).detail == f"{path.name} is damaged"
    path.unlink()
    finding = ask(question)
    assert (finding.ok, finding.detail) == (False, f"{path.name} is absent")
    assert f"git checkout data/{file.split('/')[0]}" in finding.advice


def test_nothing_there_at_all(shipped: Path):
    for kind in (*KINDS, "results"):
        shutil.rmtree(shipped / kind)
    for kind in (kind.replace("_", " ") for kind in KINDS):
        assert ask(kind).detail == f"none of the {kind} is here"
    assert ask("results").detail == "no stored result is here"


def test_a_study_that_was_cut_short(shipped: Path):
    (shipped / "results/coin.json").write_text('{"rows": [')
    finding = ask("results")
    assert not finding.ok
    assert "coin.json is damaged" in finding.detail
    assert "git checkout data/results" in finding.advice


def test_a_card_that_is_not_json(shipped: Path):
    (shipped / "digits/card.json").write_text("{")
    finding = ask("data")
    assert not finding.ok
    assert finding.detail.startswith("JSONDecodeError")


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1.25e9))
    assert ask("disk") == Finding("disk", False, "1.2 GB free", "make room: a long run wants 2 GB")


def test_one_broken_question_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch):
    def broken() -> doctor.Answer:
        raise RuntimeError("first line\nsecond line")

    questions = {"torch": broken, "disk": lambda: (True, "9.0 GB free", "")}
    monkeypatch.setattr(doctor, "QUESTIONS", questions)
    torch_line, disk_line = doctor.diagnose()
    assert (torch_line.ok, torch_line.detail) == (False, "RuntimeError: first line")
    assert disk_line.ok


def test_the_report_has_one_line_each_and_the_json_says_the_same():
    findings = [Finding("Python", True, "3.11.7"), Finding("data", False, "digits.npz is absent", "bring it back")]
    assert doctor.report(findings).splitlines() == [
        "Python       ok     3.11.7",
        "data         TO DO  digits.npz is absent. To do: bring it back",
    ]
    told = json.loads(doctor.as_json(iter(findings)))
    assert told["ok"] is False
    assert [Finding(**f) for f in told["findings"]] == findings
