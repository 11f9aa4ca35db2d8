"""A plain `import torchvision` works in a fresh process, and kdtutor_torchvision keeps out of the way where it can."""

import importlib.metadata
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

import kdtutor_torchvision


def run(code: str, **environment: str) -> str:
    """Run `code` in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """kdtutor_torchvision as if it had never been asked."""
    monkeypatch.setattr(kdtutor_torchvision, "_libraries", [])
    monkeypatch.setattr(kdtutor_torchvision, "_status", "not asked yet")


@pytest.mark.slow
def test_torchvision_can_be_the_first_import():
    shapes = run("""
        import torchvision
        import torch
        from torchvision.transforms import v2
        augment = v2.Compose([v2.RandomCrop(32, padding=4), v2.Normalize([0.5] * 3, [0.5] * 3)])
        images = augment(torch.rand(2, 3, 32, 32))
        net = torchvision.models.resnet18(weights=None, num_classes=10).eval()
        print(tuple(images.shape), tuple(net(images).shape))
    """)
    assert shapes == "(2, 3, 32, 32) (2, 10)\n"


@pytest.mark.slow
def test_without_autoload_ensure_first_is_enough():
    """TORCH_DEVICE_BACKEND_AUTOLOAD=0 switches torch's own call off; ours can be made by hand."""
    said = run(
        "import kdtutor_torchvision as k; k.ensure(); import torchvision; print(k.status())",
        TORCH_DEVICE_BACKEND_AUTOLOAD="0",
    )
    assert said.strip() in {"declared", "native"}


def test_torch_knows_the_entry_point():
    (entry,) = importlib.metadata.entry_points(group="torch.backends", name="kdtutor_torchvision")
    assert entry.load() is kdtutor_torchvision.ensure


def test_importing_the_module_imports_nothing_heavy():
    loaded = run("import sys, kdtutor_torchvision; print({'torch', 'kdtutor', 'torchvision'} & {*sys.modules})")
    assert loaded == "set()\n"


def test_a_second_call_changes_nothing():
    kdtutor_torchvision.ensure()
    before = kdtutor_torchvision.status(), list(kdtutor_torchvision._libraries)
    kdtutor_torchvision.ensure()
    assert (kdtutor_torchvision.status(), kdtutor_torchvision._libraries) == before


@pytest.mark.usefixtures("fresh")
def test_nothing_is_declared_on_a_gpu_build(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    kdtutor_torchvision.ensure()
    assert kdtutor_torchvision.status() == "native"
    assert not kdtutor_torchvision._libraries


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_nothing_is_declared_where_the_index_has_cpu_builds(monkeypatch: pytest.MonkeyPatch, platform: str):
    monkeypatch.setattr(sys, "platform", platform)
    kdtutor_torchvision.ensure()
    assert kdtutor_torchvision.status() == "native"


@pytest.mark.usefixtures("fresh")
def test_nothing_is_declared_where_the_compiled_half_loads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "_C.so").touch()
    loaded: list[str] = []
    monkeypatch.setattr(kdtutor_torchvision, "_torchvision_folder", lambda: tmp_path)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.ops, "load_library", loaded.append)
    kdtutor_torchvision.ensure()
    assert kdtutor_torchvision.status() == "native"
    assert loaded == [str(tmp_path / "_C.so")]


@pytest.mark.usefixtures("fresh")
def test_an_absent_torchvision_is_no_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kdtutor_torchvision, "find_spec", lambda name: None)
    kdtutor_torchvision.ensure()
    assert kdtutor_torchvision.status() == "absent"


@pytest.mark.usefixtures("fresh")
def test_a_failure_is_told_and_never_raised(monkeypatch: pytest.MonkeyPatch):
    def broken(name: str) -> None:
        raise ValueError("torchvision.__spec__ is None")

    monkeypatch.setattr(kdtutor_torchvision, "find_spec", broken)
    kdtutor_torchvision.ensure()
    assert kdtutor_torchvision.status() == "failed: ValueError: torchvision.__spec__ is None"
