"""Where a run computes if nobody says so, and what is refused: told of machines that this one need not be."""

import pytest
import torch

from kdtutor import ConfigError, device
from kdtutor.train import devices


@pytest.fixture
def machine(monkeypatch):
    """Makes torch see these kinds of device, and forgets what the environment asks for."""

    def has(*kinds: str) -> None:
        monkeypatch.delenv(devices.DEVICE_VARIABLE, raising=False)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in kinds)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in kinds)

    return has


@pytest.mark.parametrize("kinds, best", [([], "cpu"), (["mps"], "mps"), (["cuda"], "cuda"), (["cuda", "mps"], "cuda")])
def test_the_best_device_there_is(machine, monkeypatch, kinds, best):
    machine(*kinds)
    assert device() == torch.device(best)
    monkeypatch.setenv(devices.DEVICE_VARIABLE, "")  # empty is not set
    assert device() == torch.device(best)
    monkeypatch.setenv(devices.DEVICE_VARIABLE, "cpu")
    assert device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda:1", "mps"])
def test_a_device_that_is_not_there_is_refused_by_its_name(machine, name):
    machine()
    with pytest.raises(ConfigError, match=f"^device='{name}': .*device='cpu'"):
        device(name)
    machine("cuda", "mps")
    assert device(name) == torch.device(name)


def test_devices_in_words(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda where: f"NVIDIA Test {where.index}")
    assert devices.describe(torch.device("cuda:1")) == "NVIDIA Test 1"
    assert devices.describe(torch.device("mps")) == "Apple GPU (MPS)"
    assert devices.describe(torch.device("cpu")) == f"CPU, {torch.get_num_threads()} threads"
