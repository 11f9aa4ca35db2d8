"""What every test shares: one thread, no settings of the user's own, and honest skips."""

import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import shapes
from .children import end_with
from .chromium import need_chromium

shapes.install()

ROOT = Path(__file__).parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Kernels started from here see neither the user's IPython profile nor their Jupyter settings."""
    home = tempfile.mkdtemp(prefix="kdtutor-tests-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ["IPYTHONDIR"] = f"{home}/ipython"
    os.environ["JUPYTER_CONFIG_DIR"] = f"{home}/jupyter"
    os.environ.setdefault("KDTUTOR_DEVICE", "cpu")  # what is stored was computed there; set it to try another device
    if "PYTEST_XDIST_WORKER" in os.environ:
        end_with(os.getppid())
    if starter := os.environ.get("KDTUTOR_TESTS_END_WITH"):
        end_with(int(starter))  # `make test` names itself: the tests end with it, also when it is killed
    if config.getoption("nbval", default=False):
        from .browser import lessons

        config.pluginmanager.register(lessons, "lessons")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Count lines in the tests of the packages named and of them all, there in the first case of each test: elsewhere
    tracing would only cost time."""
    if config.pluginmanager.hasplugin("_cov"):  # it is there if --cov is given
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        tests = ROOT / "tests"
        counted = {tests, *(tests / Path(package).name for package in project["tool"]["coverage"]["run"]["source"])}
        begun: set[tuple[Path, str]] = set()
        for item in items:
            test = item.path, getattr(item, "originalname", item.name)
            if item.path.parent not in counted or test in begun:
                item.add_marker("no_cover")
            begun.add(test)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors gain nothing from threads, and a sum in one thread has the same rounding on every machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def needs_chromium() -> str:
    """The path of a Chromium to drive."""
    return need_chromium()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser"):
        need_chromium()
    if item.get_closest_marker("cluster"):
        pytest.importorskip("ray", reason="Ray is not installed here: `make test-cluster` brings it")
    for marker in item.iter_markers("extra"):
        for module in marker.args:
            pytest.importorskip(module, reason=f"{module} is not installed here: `make test-extras` brings it")
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no CUDA device here: this test runs only on a GPU")
