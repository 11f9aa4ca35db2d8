"""One command, one table: `python -m benchmarks`. Exit code 1 if a limit is missed."""

import statistics
import subprocess
import sys
import time

import torch

from kdtutor.widgets import Explorer

from . import folder, losses, packed, training, wrapping, zoo
from .timing import HEADER, Line, one_thread


def import_lines() -> list[Line]:
    def milliseconds(modules: str) -> float:
        code = f"import time; t = time.perf_counter(); import {modules}; print(time.perf_counter() - t)"
        runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(5)]
        return 1000 * statistics.median(float(run.stdout) for run in runs)

    floor = milliseconds("torch")
    every_method = "import kdtutor.papers"
    return [
        Line("import kdtutor", milliseconds("torch, kdtutor"), "import torch", floor, 1.5),
        Line(every_method, milliseconds("torch, kdtutor.papers"), "import torch", floor, 1.5),
    ]


def redraw_lines() -> list[Line]:
    """Every explorer of every lesson: the median wall time of a redraw in the kernel when its slowest control moves."""
    from .explorers import explorers

    def milliseconds(explorer: Explorer, control: str, rounds: int = 20) -> float:
        values = list(dict.fromkeys(settings[control] for settings in explorer.corners()))
        times = []
        for i in range(rounds):
            before = time.perf_counter()
            explorer.set(**{control: values[i % len(values)]})
            times.append(1000 * (time.perf_counter() - before))
        return statistics.median(times)

    lines = []
    for explorer in explorers():
        redraw, control = max((milliseconds(explorer, control), control) for control in explorer.controls)
        what = f"redraw of {type(explorer).__name__}, {control}"
        lines.append(Line(what, redraw, "what a redraw may take (wall)", 30.0, 1.0))
    return lines


def main() -> int:
    one_thread()
    print(f"torch {torch.__version__}, one thread, milliseconds of CPU time unless said otherwise\n\n{HEADER}")
    missed = 0
    parts = (
        losses.lines,
        training.step_lines,
        training.stored_lines,
        zoo.lines,
        packed.lines,
        training.batch_lines,
        training.option_lines,
        wrapping.spot_lines,
        wrapping.generated_lines,
        wrapping.ghost_lines,
        folder.lines,
        import_lines,
        redraw_lines,
    )
    for part in parts:
        for line in part():
            print(line, flush=True)
            missed += not line.kept
    print(f"\n{missed} limit(s) missed" if missed else "\nevery limit kept")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
