"""Build the site: python -m docs [FOLDER]"""

import shutil
import sys
from os.path import relpath
from pathlib import Path

from sphinx.cmd.build import build_main

from kdtutor.errors import DataError, require

from .included import included
from .lessons import entries, lessons
from .map import course_map
from .names import ROOT
from .outputs import explorers
from .pages import Pages, pages

WORK = ROOT / "build/site"
"""Pages as sphinx reads them, and what it has understood of them."""


def write(folder: Path, files: dict[str, str] | dict[str, bytes]) -> None:
    """Write all files into a folder, touch none that is as it was, and leave no other there."""
    for name, content in files.items():
        path, data = folder / name, content.encode() if isinstance(content, str) else content
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    for path in folder.rglob("*.*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()


def build(site: Path, work: Path, told: Pages, files: dict[str, bytes]) -> int:
    """HTML of pages, with the files beside them; a warning is an error. Returns sphinx's status.

    Sphinx and its extensions write within `work`; the site becomes a copy, in which nothing of an earlier one is left.
    Raises `DataError` for a folder that holds anything else.
    """
    ours = not site.exists() or (site / ".buildinfo").is_file() or not any(site.iterdir())
    require(ours, f"{site} holds other files, which would be lost: name a folder for the site alone", DataError)
    write(work / "pages", told)
    write(work / "files", files)
    options = ["-W", "--keep-going", "-q", "-b", "html", "-j", "2", "-c", str(ROOT / "docs")]
    options += ["-d", str(work / "doctrees"), "-D", f"html_extra_path={work / 'files'}"]
    done = build_main([*options, str(work / "pages"), str(work / "html")])
    if done == 0:
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(work / "html", site)
    return done


def front() -> str:
    """The page one comes to, with the lessons in its table of contents."""
    return (ROOT / "docs/index.md").read_text(encoding="utf-8").replace("LESSONS", "\n".join(entries()))


def main(site: Path = ROOT / "site", work: Path = WORK) -> int:
    """The whole site: lessons, map, glossary, cheat sheet, reference."""
    root = Path(relpath(ROOT, work / "pages")).as_posix()
    taught = lessons(ROOT / "notebooks", root)
    told = {"index.md": front(), "map.md": course_map(), **pages(root), **included(), **taught.pages}
    done = build(site, work, told, {**taught.pictures, **dict(explorers())})
    if done == 0:
        print(f"{relpath(site / 'index.html')}: open it, or have it served: python -m http.server -d {relpath(site)}")
    return done


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
