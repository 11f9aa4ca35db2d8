"""What every test shares: one thread, no settings of the user's own, and honest skips."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


def pytest_configure(config: pytest.Config) -> None:
    """Kernels started from here see neither the user's IPython profile nor their Jupyter settings."""
    home = tempfile.mkdtemp(prefix="kdtutor-tests-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ["IPYTHONDIR"] = f"{home}/ipython"
    os.environ["JUPYTER_CONFIG_DIR"] = f"{home}/jupyter"
    os.environ.setdefault("KDTUTOR_DEVICE", "cpu")  # what is stored was computed there; set it to try another device


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors gain nothing from threads, and a sum in one thread has the same rounding on every machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def find_chromium() -> str:
    """The path of a Chromium; without one the test skips, but under CI=true it fails."""
    for name in CHROMIUMS:
        if path := shutil.which(name):
            return path
    sentence = f"no Chromium on PATH ({', '.join(CHROMIUMS)}): install one to run the browser tests"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def needs_chromium() -> str:
    """The path of a Chromium to drive."""
    return find_chromium()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser"):
        find_chromium()
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no CUDA device here: this test runs only on a GPU")
