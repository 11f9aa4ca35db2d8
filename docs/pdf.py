"""A lesson on paper: python -m docs.pdf LESSON prints its page of the site with Chromium, without a network."""

import shutil
import subprocess
import sys
from pathlib import Path

from kdtutor.course.map import LESSONS
from kdtutor.errors import DataError, choose, require

from .lessons import FOLDER
from .names import ROOT

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--virtual-time-budget=20000")


def pdf(lesson: str, site: Path = ROOT / "site", folder: Path = ROOT / "build/pdf") -> Path:
    """Print a lesson, all that folds open. Raises `DataError` where the site is not built or no Chromium is on PATH."""
    choose("lesson", lesson, [each.name for each in LESSONS])
    page = (site / FOLDER / f"{lesson}.html").resolve()
    require(page.is_file(), f"{page} is not there: `make site` builds it", DataError)
    chromium = next((path for name in CHROMIUMS if (path := shutil.which(name))), "")
    require(
        chromium != "", f"none of {', '.join(CHROMIUMS)} is on PATH: install one, or print {page} yourself", DataError
    )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{lesson}.pdf"
    printing = [chromium, *OPTIONS, f"--print-to-pdf={target}", page.as_uri()]
    subprocess.run(printing, check=True, capture_output=True, timeout=120)
    return target


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(pdf(name))
