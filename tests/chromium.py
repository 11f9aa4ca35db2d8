"""The browser that is driven: whatever Chromium is on PATH."""

import os
import shutil

import pytest

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The path of a Chromium, or None."""
    return next((path for name in CHROMIUMS if (path := shutil.which(name))), None)


def need_chromium() -> str:
    """The path of a Chromium; without one the test skips, but under CI=true it fails."""
    if path := find_chromium():
        return path
    sentence = f"no Chromium on PATH ({', '.join(CHROMIUMS)}): install one to run the browser tests"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
