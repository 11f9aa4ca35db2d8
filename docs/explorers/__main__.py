"""Run lessons and store the explorers that their cells show: python -m docs.explorers [LESSON …]"""

import sys

from .capture import NOTEBOOKS, STORED, capture


def main(names: list[str]) -> None:
    """Capture the lessons named, 01_hinton for instance, or all of them."""
    for name in names or sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb")):
        capture(name, STORED)
        files = [path for path in (STORED / name).rglob("*") if path.is_file()]
        shown = sum(path.suffix == ".json" for path in files)
        print(f"{name}: {shown} explorers, {sum(path.stat().st_size for path in files) / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
