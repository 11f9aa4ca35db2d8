"""Pages in the one browser of the run."""

import pytest

from .session import Visit, visiting


@pytest.fixture
def visit(request: pytest.FixtureRequest, needs_chromium: str) -> Visit:
    """Calls a function with a page and the address of JupyterLab."""
    return visiting(request.config, needs_chromium)
