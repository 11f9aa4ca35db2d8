"""One run on several processes: the numbers of one process, one that writes and speaks, and what becomes of the rest
when one is lost."""

import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import kdtutor as kd
from kdtutor.files import held
from kdtutor.train.shares import synchronised

from ..children import guarded
from ..cli.calls import call
from .on_ranks import NAMES, OPTIONS, command, streamed, trained, with_norms

ROOT = Path(__file__).parents[2]
EXACT = 1e-12  # of the largest weight of a tensor, after a few steps in float64
LOST = "another process of this run has ended"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")]


def on_two_ranks(what: str, folder: Path) -> tuple[int, str]:
    """The exit code and all that was said."""
    # Hosts whose own name has no address have this one.
    here = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
    environment = {**os.environ, **here, "OMP_NUM_THREADS": "1", "HELD": str(folder / "held")}
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    with (folder / f"{what}.log").open("w+") as log:
        ranks = [*start, "-m", "tests.train.on_ranks", what, str(folder)]
        with guarded(ranks, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:
            code = process.wait(240)
        log.seek(0)
        return code, log.read()


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """A folder with a run, one of whose two ranks was killed."""
    folder = tmp_path_factory.mktemp("ranks")
    code, said = on_two_ranks("killed", folder)
    shutil.copytree(folder / "killed", folder / "killed_too")
    return folder, code, said


@pytest.fixture(scope="module")
def shared(killed: tuple[Path, int, str]) -> tuple[Path, str]:
    """The same folder after two ranks have trained all methods, and gone on with what was killed."""
    folder = killed[0]
    for i in range(12):
        path = folder / "images" / ("train", "test")[i // 8] / f"{i % 2}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (20 * i, 0, 255 - 20 * i)).save(path)
    with held(folder / "held"):
        code, said = on_two_ranks("shared", folder)
    assert code == 0, said
    return folder, said


def test_two_ranks_give_the_numbers_of_one_process(shared: tuple[Path, str]) -> None:
    apart = {}
    forms = {name: trained(name) for name in NAMES}
    forms |= {"cached": forms["hinton"], "options": trained("hinton", recipe=OPTIONS)}
    for name, here in forms.items():
        there = torch.load(shared[0] / f"{name}.pt")
        assert [row[:3] for row in here["rows"]] == [row[:3] for row in there["rows"]]
        for values in (here, there):
            values["weights"]["recorded"] = torch.tensor([row[3] for row in values["rows"]], dtype=torch.float64)
        for part, x in here["weights"].items():
            difference = (there["weights"][part] - x).abs().max() if x.numel() else torch.zeros(())
            if not difference <= EXACT * x.abs().max():
                apart[f"{name}: {part}"] = difference.item()
    assert not apart


def test_images_that_stay_on_disk_are_read_by_the_rank_that_needs_them(shared: tuple[Path, str]) -> None:
    folder = shared[0]
    there = torch.load(folder / "streamed.pt")
    here, read = streamed(folder / "images")
    torch.testing.assert_close(there, dict(here), rtol=1e-4, atol=1e-6)
    assert read == 8 and [json.loads((folder / f"read{rank}.json").read_text()) for rank in range(2)] == [4, 4]


def test_rank_0_alone_writes_and_speaks(shared: tuple[Path, str]) -> None:
    folder, said = shared
    assert (folder / "of_rank0" / "last.safetensors").exists() and not (folder / "of_rank1").exists()
    assert said.count("\ntest accuracy") == 2, "of the two runs of the command"


def test_a_killed_rank_ends_the_run_with_one_sentence(killed: tuple[Path, int, str]) -> None:
    _, code, said = killed
    assert code != 0
    assert said.count(LOST) == said.count("kdtutor: ") == 1, said
    assert "in step 12 of 24: the same command goes on from what is saved" in said


def test_what_was_killed_goes_on_to_equal_numbers(shared: tuple[Path, str]) -> None:
    folder = shared[0]
    assert call(*command(folder / "killed_too"), "--no-progress").exit_code == 0
    whole, on_two, on_one = (load_file(folder / run / "last.safetensors") for run in ("whole", "killed", "killed_too"))
    assert all(torch.equal(whole[name], on_two[name]) for name in whole)
    for name in whole:
        torch.testing.assert_close(on_one[name], whole[name], rtol=1e-5, atol=1e-6)


def test_what_several_ranks_cannot_do(shared: tuple[Path, str]) -> None:
    folder = shared[0]
    first, second = (json.loads((folder / f"refused{rank}.json").read_text()) for rank in range(2))
    assert first == second, "all end together"
    assert first.pop("busy").endswith(
        "held is in use by another run; wait until that run has ended, or choose another folder"
    )
    assert first == {
        "uneven": "a batch of 15 images cannot be shared evenly by 2 processes: choose a batch size that is a "
        "multiple, or another number of processes",
        "generated": "Adversarial takes steps that 2 processes cannot share: start it in one, without torchrun",
        "together": "runs side by side cannot be shared by 2 processes: start them without torchrun",
        "another run": "the processes of this run were asked for different ones (seed): start all of them with the "
        "same arguments",
    }
    with pytest.raises(kd.ConfigError, match="its ranks with batch norms of their own is 2, this run's is None"):
        with_norms(folder / "norms")


def test_other_commands_are_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    result = call("compare", "KD")
    assert result.exit_code == 2 and "2 processes of `kdtutor compare`, which one does alone" in result.stderr
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert call("compare", "KD").stderr == ""


def test_devices_that_several_ranks_cannot_have(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    for device, told in {"cuda": "2 processes on a machine with 1 GPU: give", "cuda:1": "leave it out"}.items():
        result = call("distil", "KD", "--device", device)
        assert result.exit_code == 2 and told in result.stderr


def test_batch_norms_are_synchronised_on_gpus_alone() -> None:
    student = kd.nets.build("resnet8", classes=10)
    state = student.state_dict().keys()
    assert synchronised(student, torch.device("cuda")).state_dict().keys() == state
    assert any(isinstance(part, torch.nn.SyncBatchNorm) for part in student.modules())
    result = call("distil", "alone", "--sync-batch-norm", "--device", "cpu")
    assert result.exit_code == 2 and "synchronises batch norms on CUDA GPUs alone, not on cpu" in result.stderr


def test_a_rank_that_waits_elsewhere_says_why_it_ends() -> None:
    code = "from kdtutor.cli import torchrun as t; t.GRACE = 0; t._end_when_told(lambda: True); print(flush=True); "
    waiting = [sys.executable, "-c", f"{code}import time; time.sleep(60)"]
    with subprocess.Popen(waiting, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1 and said.startswith("kdtutor: the run was ended from outside")


def test_the_package_is_a_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["kdtutor", "version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("kdtutor", run_name="__main__")
    assert ended.value.code == 0 and capsys.readouterr().out.strip() == kd.__version__
