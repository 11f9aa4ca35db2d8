"""What the command line says of itself."""

import subprocess
import sys

import pytest

import kdtutor as kd
from kdtutor import methods

from .calls import call

COMMANDS = (
    "lab", "example", "distil", "compare", "table", "evaluate", "export", "measure", "teachers", "teach", "card",
    "check", "notebooks", "results", "doctor", "map", "cite", "assign", "grade", "progress",
    "new-method", "version",
)  # fmt: skip


def test_help_lists_every_command():
    lines = call("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == list(COMMANDS)
    assert all(line.endswith(".") and not line.endswith("...") for line in lines), "a first sentence is too long"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    result = call(command, "--help")
    assert result.exit_code == 0 and result.stdout.startswith("Usage: ")


def test_help_imports_nothing_heavy():
    heavy = "torch numpy pandas matplotlib ipywidgets IPython nbformat jupyterlab rich"
    code = (
        "import sys; from kdtutor.cli.app import app; app(['--help'], standalone_mode=False); "
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_help_names_every_method():
    labels = ", ".join(row.label for row in methods.matched())
    assert "relational (RKD)" in labels and "adversarial" not in labels
    helps = {command: " ".join(call(command, "--help").stdout.split()) for command in ("distil", "compare", "table")}
    assert labels in helps["table"] and "DFAD" not in helps["table"]
    for command in ("distil", "compare"):
        assert f"{labels}, adversarial (DFAD), data_free (DAFL)" in helps[command]


def test_version():
    assert call("version").stdout.strip() == kd.__version__
