"""For tests and notebooks alike: which set they run on, what a kernel died of, and which line of a cell failed."""

import os

pytest_plugins = ["kdtutor.cli.kernels"]


def pytest_configure() -> None:
    """Stored outputs are of the digits, whatever a reader has chosen in the folder of the lessons."""
    os.environ["KDTUTOR_SET"] = "digits"
