"""How the tests call the command line: in this process, or as a program of its own that heeds Ctrl-C."""

import signal
import sys

from typer.testing import CliRunner, Result

from kdtutor.cli.app import app

KDTUTOR = [sys.executable, "-c", "from kdtutor.cli.app import app; app()"]
MLP = ["alone", "--data", "moons", "--student", "mlp", "--no-progress"]


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def heed_ctrl_c() -> None:
    """A shell that starts the tests in the background lets its children ignore Ctrl-C; a terminal does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
