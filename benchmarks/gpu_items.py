"""What `benchmarks.gpu` measures, the most valuable first; it runs this in a process of its own.

An item is a function of a setting that returns what its row says. Modules are imported by the items that use them: a
machine without Jupyter, torchvision or pytest runs the others.
"""

import os
import platform
import shlex
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from kdtutor import methods
from kdtutor.errors import Error, require

from .gpu_rows import Row, add, read
from .gpu_setting import ADAPTIVE, EPOCHS, ITERATIONS, Setting

REFUSED = 3  # exit code: nothing can be measured, and the last line says why
ROOT = Path(__file__).parent.parent
STUDENTS = ("alone", "hinton", "attention", "fsp", "relational", ADAPTIVE)
STEPS = (("eager_ms", "float32", "0"), ("graphed_ms", "float32", "1"), ("graphed_bf16_ms", "bf16", "1"))
PACKED = (*STUDENTS, "similarity", "probabilistic")


def card(setting: Setting) -> Row:
    """Which packages of the course are there."""
    wanted = ("numpy", "safetensors", "tqdm", "jaxtyping", "pillow", "torchvision", "pandas", "pytest", "ipywidgets")
    return {"missing": [name for name in wanted if not _version(name)], "versions": {n: _version(n) for n in wanted}}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def gpu_tests(setting: Setting) -> Row:
    """The tests that are marked `gpu`; without a GPU they skip."""
    files = [str(path) for path in (ROOT / "tests").rglob("test_*.py") if "mark.gpu" in path.read_text("utf-8")]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "gpu",
            "--confcutdir=tests",
        ]  # the hooks above are for notebooks
        told = subprocess.run([*command, f"--junitxml={report}", *files], cwd=ROOT, capture_output=True, text=True)
        if not report.exists():
            raise RuntimeError(f"pytest wrote no report: {(told.stdout + told.stderr).strip().splitlines()[-1]}")
        suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    counts = {key: int(suite.attrib[key]) for key in ("tests", "failures", "errors", "skipped")}
    bad = [
        f"{case.attrib['classname']}.{case.attrib['name']}: {fault.attrib.get('message', '')[:200]}"
        for case in suite.iter("testcase")
        for fault in (*case.findall("failure"), *case.findall("error"))
    ]
    return {"passed": counts["tests"] - sum(counts[key] for key in counts if key != "tests"), **counts, "bad": bad}


def step(setting: Setting, name: str) -> Row:
    """A step of a method as the loop takes it, batch included: milliseconds, eager and replayed as a CUDA graph, beside
    what its nets alone cost on a batch that lies there. The first phase counts."""
    from kdtutor.train import steps

    from .timing import medians
    from .training import floor

    warm_up, count = (1, 2) if setting.small else (20, 60)
    student, teacher = setting.net(setting.pair[1]), setting.net(setting.pair[0])
    nets = {"floor_ms": floor(student, teacher, setting.data, setting.device, setting.recipe.batch_size)}
    row: Row = medians(nets, count, warm_up, setting.device)
    for key, precision, graphs in STEPS:
        os.environ["KDTUTOR_GRAPHS"] = graphs
        run = steps(
            setting.distiller(name, teacher, EPOCHS), setting.data, EPOCHS, recipe=setting.timed,
            device=setting.device, precision=precision,
        )  # fmt: skip
        row[key] = _each(setting, run, warm_up, count)
    return row


def zoo(setting: Setting, name: str) -> Row:
    """An epoch of the zoo's loop and one of ours: milliseconds a step, all included but what measures the student."""
    import torch

    from .timing import medians
    from .zoo import epochs, shortened

    batches, rounds = (4, 1) if setting.small else (100, 3)
    data = shortened(setting.data, batches * setting.recipe.batch_size)
    student, teacher = setting.net(setting.pair[1]), setting.net(setting.pair[0])
    workers = 0 if setting.small else min(8, os.cpu_count() or 1)
    clocks = epochs(name, student, teacher, data, torch.device(setting.device), setting.recipe, workers)
    took = {f"{who}_ms": ms / batches for who, ms in medians(clocks, rounds, 1, setting.device).items()}
    return {**took, "ratio": took["zoo_ms"] / took["ours_ms"], "workers": workers}


def packed(setting: Setting, precision: str) -> Row:
    """Runs of `PACKED` one after another and all in one process: milliseconds that each step of all of them takes."""
    import kdtutor as kd
    from kdtutor.train import steps
    from kdtutor.train.together import Entry, together

    warm_up, count = (1, 2) if setting.small else (60, 200)
    teacher, recipe = setting.net(setting.pair[0]), setting.timed
    options: dict[str, Any] = {"device": setting.device, "precision": precision}
    alone = {}
    for name in PACKED:
        distiller = setting.distiller(name, teacher, EPOCHS)
        alone[name] = _each(setting, steps(distiller, setting.data, EPOCHS, recipe=recipe, **options), warm_up, count)
    entries = [Entry(setting.distiller(name, teacher, EPOCHS), EPOCHS, recipe) for name in PACKED]
    run = together(entries, setting.data, **options)
    all_of_them = _each(setting, run, warm_up * len(PACKED), count * len(PACKED)) * len(PACKED)
    before = setting.now()
    kd.evaluate(setting.net(setting.pair[1]).to(setting.device), setting.data.test, setting.data)
    measuring = setting.now() - before
    return {
        "one_by_one_ms": alone,
        "packed_ms": all_of_them,
        "ratio": sum(alone.values()) / all_of_them,
        "minutes_a_run": EPOCHS * (ITERATIONS * alone["hinton"] / 1000 + measuring) / 60,
        "minutes_a_packed_run": EPOCHS * (ITERATIONS * all_of_them / len(PACKED) / 1000 + measuring) / 60,
    }


def _each(setting: Setting, run: Generator[object], warm_up: int, count: int) -> float:
    """Milliseconds of each of `count` steps of a run, after the first ones."""
    with closing(run):
        for _ in range(warm_up):
            next(run)
        before = setting.now()
        for _ in range(count):
            next(run)
        return 1000 * (setting.now() - before) / count


def teacher(setting: Setting) -> Row:
    """A teacher at a short schedule, kept for the students."""
    import kdtutor as kd

    net, epochs = setting.net(setting.pair[0]), 1 if setting.small else 12
    recipe = kd.Recipe(lr=0.1, batch_size=128, augment=setting.recipe.augment, channels_last=True)
    out = setting.folder / "teacher.run"
    history = kd.fit(
        kd.Alone(net), setting.data, epochs, recipe=recipe, device=setting.device, precision=setting.half, out=out,
        progress=False,
    )  # fmt: skip
    answers = kd.evaluate(net, setting.data.test, setting.data)
    told = {"data": setting.data.name, "seed": 0, "command": "python -m benchmarks.gpu", "recipe": {"epochs": epochs}}
    counted = {"accuracy": answers.accuracy, "correct": answers.correct, "total": len(setting.data.test)}
    kd.nets.save_teacher(net, "teacher", {**told, **counted}, folder=setting.folder, overwrite=True)
    return {"net": net.name, "epochs": epochs, "test_accuracy": history.last("test_accuracy")}


def students(setting: Setting) -> Row:
    """Students of that teacher, all in one process, at a short schedule."""
    import kdtutor as kd
    from kdtutor.train.together import Entry, fit_together

    path = setting.folder / "teacher.safetensors"
    if not path.exists():
        raise FileNotFoundError("there is no teacher yet: the item `teacher` trains it")
    of, epochs = kd.nets.teacher(path), 2 if setting.small else 5
    recipe = kd.Recipe(lr=0.05, augment=setting.recipe.augment, channels_last=True)
    entries = [
        Entry(setting.distiller(name, of, epochs), epochs, recipe, setting.folder / f"{name}.run") for name in STUDENTS
    ]
    histories = fit_together(entries, setting.data, device=setting.device, precision=setting.half, progress=False)
    scores = {name: history.last("test_accuracy") for name, history in zip(STUDENTS, histories, strict=True)}
    return {"epochs": epochs, "teacher_accuracy": of.card["accuracy"] if of.card else None, "test_accuracy": scores}


def minute(setting: Setting, name: str) -> Row:
    """A run of the lessons' preset, from the command line's own parts."""
    import kdtutor as kd
    from kdtutor.jobs.job import Job
    from kdtutor.jobs.setup import prepare

    out = setting.folder / f"minute-{name}"  # not written: only named
    setup = prepare(Job(method=name, device=setting.device, epochs=2 if setting.small else None, out=str(out)))
    history = kd.fit(
        setup.distiller, setup.data, setup.epochs, recipe=setup.recipe, device=setting.device, progress=False
    )
    return {"data": setup.data.name, "epochs": setup.epochs, "test_accuracy": history.last("test_accuracy")}


def explorers(setting: Setting) -> Row:
    """Every explorer of every lesson, each of its controls moved once: milliseconds of a redraw, the slowest first."""
    from .explorers import explorers as every

    took: dict[str, float] = {}
    for explorer in every():
        for settings in explorer.corners():
            before = setting.now()
            explorer.set(**settings)
            name = type(explorer).__name__
            took[name] = max(took.get(name, 0.0), 1000 * (setting.now() - before))
    return {"data": "what ships", "redraw_ms": dict(sorted(took.items(), key=lambda pair: -pair[1]))}


@dataclass(frozen=True)
class Item:
    """What is measured, and the seconds after which it is given up."""

    measure: Callable[[Setting], Row]
    seconds: int = 120


ZOO, FIRST = ("hinton", "attention"), ("hinton", "attention", "fsp", "relational")
OTHERS = tuple(name for name in methods.names() if name not in FIRST)
ITEMS: dict[str, Item] = {
    "card": Item(card),
    "gpu tests": Item(gpu_tests, 180),
    **{f"step: {name}": Item(partial(step, name=name)) for name in FIRST},
    **{f"zoo: {name}": Item(partial(zoo, name=name)) for name in ZOO},
    **{f"packed: {precision}": Item(partial(packed, precision=precision), 180) for precision in ("bf16", "float32")},
    **{f"step: {name}": Item(partial(step, name=name)) for name in OTHERS},
    "teacher": Item(teacher, 300),
    "students": Item(students, 400),
    **{f"minute: {row.name}": Item(partial(minute, name=row.name)) for row in methods.RUNNABLE},
    "explorers": Item(explorers),
}
"""By name, the most valuable first."""


def main() -> int:
    """`FILE DEVICE DATA ITEM …`: a row for each item, until one fails; its failure is a row as well."""
    file, device, root, *names = sys.argv[1:]
    setting = Setting(device, root or None, Path(f"{file}.runs"))
    try:
        here = machine(setting)
        strange = [row["card"] for row in read(Path(file)).values() if row.get("card", here["card"]) != here["card"]]
        require(not strange, f"{file} holds rows of {strange[:1]}, and this is {here['card']}: choose another --out")
    except Error as error:
        print(error, file=sys.stderr)
        return REFUSED
    for name in names:
        row: Row = {"item": name}
        started = setting.now()
        signal.alarm(ITEMS[name].seconds)  # ends the process, also within a call that never returns
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                row |= ITEMS[name].measure(setting)
            except Exception as error:  # a row like the others; the next item gets a process that has seen no failure
                row["failed"] = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
                row["traceback"] = traceback.format_exc()
        signal.alarm(0)
        row["warnings"] = list(dict.fromkeys(str(warning.message)[:300] for warning in told))
        command = shlex.join(["python", "-m", "benchmarks.gpu", "--only", name])
        add(Path(file), {**here, **row, "seconds": round(setting.now() - started, 2), "command": command})
        if "failed" in row:
            break
    return 0


def machine(setting: Setting) -> Row:
    """What every row tells of where it was measured. Raises `ConfigError` without the device."""
    import torch

    import kdtutor as kd
    from kdtutor.train.devices import describe

    on = kd.device(setting.device)
    os.environ["KDTUTOR_DEVICE"] = setting.device
    named = describe(on) if not setting.small else f"{platform.machine()} CPU"
    return {
        "card": named, "torch": torch.__version__, "cuda": torch.version.cuda, "python": platform.python_version(),
        "data": "CIFAR-100" if setting.root else "noise of the shape of CIFAR-100", "rehearsal": setting.small,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
