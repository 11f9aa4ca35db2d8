"""Build the documentation: python -m docs [FOLDER]"""

import sys
from os.path import relpath
from pathlib import Path

from sphinx.cmd.build import build_main

from .included import included
from .names import ROOT
from .pages import pages


def write(folder: Path) -> None:
    """Write all pages into a folder, and touch none that is as it was."""
    root = Path(relpath(ROOT, folder)).as_posix()
    told = {**pages(root), **included()}
    for name, text in told.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in folder.rglob("*.*"):
        if path.relative_to(folder).as_posix() not in told:
            path.unlink()


def main(target: Path = ROOT / "build/docs") -> int:
    """Pages, then HTML of them; a warning is an error."""
    write(target / "pages")
    options = ["-W", "--keep-going", "-q", "-b", "html", "-c", str(ROOT / "docs"), "-d", str(target / "doctrees")]
    done = build_main([*options, str(target / "pages"), str(target / "html")])
    if done == 0:
        print(f"{relpath(target / 'html/index.html')}")
    return done


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
