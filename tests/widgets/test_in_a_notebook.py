"""The widgets in a real kernel, without a page: executed by nbclient, then compared by nbval."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

ROOT = Path(__file__).parents[2]

CELLS = [
    f"import sys; sys.path.insert(0, {str(ROOT)!r})",
    """from tests.widgets.fake import fake_history, fake_steps
from kdtutor.figures import confusion_matrix, curves
from kdtutor.widgets import Alive, LiveRun, Retrain
from ipywidgets import FloatSlider""",
    "alive = Alive()\nalive",
    "alive.controls['petals'].value = 8\nalive.text.value",
    "run = LiveRun(lambda: fake_steps(pause=0.01), name='notebook', alt='Two curves.')\nrun.start()",
    "history = await run.finished()\nassert history.last('val_accuracy') == 0.9\nlen(history.rows)",
    "curves(history)",
    "Retrain(fake_steps, {'level': FloatSlider(0.5, max=1, description='level')}, name='again', alt='Accuracy.')",
    # seaborn imports pyplot: from here on Jupyter has its own idea of how a figure is displayed
    "confusion_matrix([0, 1, 1], [0, 1, 0], ['cat', 'dog'], alt='Counts.')",
    "curves(history)",
    "LiveRun(lambda: fake_steps(pause=0.01, per_epoch=100000), name='left', alt='Never ends.').start()",
    "lab = Retrain(fake_steps, {'level': FloatSlider(0.5, max=1, description='level')}, name='last', alt='Accuracy.')",
    "lab",
    "history = await lab.finished()\nhistory.stopped",
    # as on Colab: a page that neither answers nor brings up to date what it has shown
    """import types; sys.modules["google.colab"] = types.ModuleType("google.colab")
run = LiveRun(lambda: fake_steps(pause=0.01), name='colab', alt='Two curves.')
run.start()""",
    "history = await run.finished()",
]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = new_notebook(
        cells=[new_code_cell(cell) for cell in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    path = tmp_path_factory.mktemp("notebook") / "widgets.ipynb"
    NotebookClient(made, timeout=120, kernel_name="python3").execute()
    nbformat.write(made, path)
    return path


@pytest.mark.slow
def test_a_page_that_brings_nothing_up_to_date_gets_the_finished_picture_below_the_cell_that_waits(notebook):
    cells = nbformat.read(notebook, 4).cells
    (shown,) = cells[-1].outputs
    assert shown.metadata["image/png"]["alt"] == shown.data["text/plain"] == "Two curves."
    assert shown.data["image/png"] == cells[-2].outputs[0].data["image/png"], "of the finished run, as `keep` stores it"
    assert cells[5].outputs[0].output_type == "execute_result", "elsewhere the cell shows nothing but its value"


@pytest.mark.slow
def test_pictures_are_stored_with_text_and_alternative_text(notebook):
    cells = nbformat.read(notebook, 4).cells
    expected = {
        2: "<Alive petals=5: A flower; the slider sets the number of its petals.>",
        4: "<LiveRun notebook: Two curves.>",
        6: "<Picture: Curves over the epochs: task, kd, loss; train accuracy, validation accuracy.>",
        7: "<Retrain again level=0.5: Accuracy.>",
        8: "<Picture: Counts.>",
        9: "<Picture: Curves over the epochs: task, kd, loss; train accuracy, validation accuracy.>",
        10: "<LiveRun left: Never ends.>",
        12: "<Retrain last level=0.5: Accuracy.>",
    }
    for number, text in expected.items():
        (output,) = cells[number].outputs
        assert output.data["text/plain"] == text
        assert set(output.data) <= {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"}
        assert output.metadata["image/png"]["alt"] in text
        assert len(output.data["image/png"]) < 40_000
    assert not [o for cell in cells for o in cell.outputs if o.output_type in ("stream", "error")]


@pytest.mark.slow
def test_the_cell_of_a_run_stores_the_finished_picture(notebook):
    """Blue is the run itself: curves, not only the little that a legend shows of a line."""
    cells = nbformat.read(notebook, 4).cells

    def blue(number: int) -> int:
        png = base64.b64decode(cells[number].outputs[0].data["image/png"])
        return int(
            (
                np.abs(
                    np.asarray(Image.open(io.BytesIO(png)).convert("RGBA").convert("RGB")).astype(int) - (0, 114, 178)
                )
                < 9
            )
            .all(-1)
            .sum()
        )

    assert blue(4) > 200 and blue(12) > 200
    assert blue(7) == 0  # nobody waited for this one


@pytest.mark.slow
def test_nbval_finds_the_same_outputs(notebook):
    command = ["-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider", notebook.name]
    done = subprocess.run([sys.executable, *command], cwd=notebook.parent, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:]
    assert f"{len(CELLS)} passed" in done.stdout
