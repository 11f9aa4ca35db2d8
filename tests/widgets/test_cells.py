"""A cell that runs again closes what it made before, and the kernel forgets it."""

import gc
from collections.abc import Callable, Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from ipywidgets.widgets.widget import _instances
from traitlets.config import Config

from kdtutor.widgets import LiveFigure

Run = Callable[[str], object]

FIRST = (
    "from kdtutor.widgets import Alive, Film, LiveFigure, LiveRun, Retrain\nfrom tests.widgets.fake import fake_steps"
)
CELLS = {
    "one": "Alive()",
    "two": "first, second = Alive(3), Alive(4)",
    "film": "class Short(Film):\n    def draw(self, moment):\n        return str(moment)\n"
    "Short([1, 2, 3], {}, LiveFigure(alt='Nothing.'))",
    "run": "run = LiveRun(fake_steps, name='again')\nrun.start().wait(20)\nrun",
}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> InteractiveShell:
    quiet = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
    return InteractiveShell(config=quiet, ipython_dir=str(tmp_path_factory.mktemp("ipython")))


@pytest.fixture
def run(shell: InteractiveShell) -> Iterator[Run]:
    """Runs a cell. Only meanwhile is there a shell at all: other tests must not find themselves in a notebook."""
    InteractiveShell._instance, before = shell, InteractiveShell._instance

    def run_cell(source: str) -> object:
        with capture_output():
            done = shell.run_cell(source, store_history=True)
        done.raise_error()
        return done.result

    run_cell(FIRST)
    yield run_cell
    InteractiveShell._instance = before


def alive() -> tuple[int, int]:
    """Widgets that are open, and live figures in memory."""
    gc.collect()
    return len(_instances), sum(type(one) is LiveFigure for one in gc.get_objects())


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_many_runs_leave_as_much_as_one(run: Run, cell: str):
    run(cell)
    run(cell)
    before = alive()
    for _ in range(5):
        run(cell)
    assert alive() == before


def test_other_cells_keep_theirs_and_controls_that_are_used_again_stay_open(run: Run):
    kept = run("alive = Alive()\nalive")
    run("from ipywidgets import FloatSlider\nlevel = FloatSlider(0.5, max=1, description='level')")
    lab = "lab = Retrain(fake_steps, {'level': level}, name='lab', alt='Accuracy.')\nlab"
    earlier = run(lab)
    again = run(lab)
    assert earlier.comm is None and earlier.run.comm is None
    assert all(widget.comm is not None for widget in (kept, again, again.run, again.controls["level"]))
    assert again.controls["level"] is earlier.controls["level"]
