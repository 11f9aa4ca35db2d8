"""The pages, written once for all tests that read them, and only by the process that runs those."""

import pytest

import docs.pages


@pytest.fixture(scope="session")
def pages() -> docs.pages.Pages:
    """Every page by its file; the repository is called ROOT."""
    return docs.pages.pages("ROOT")
