"""Is this machine ready for the course? One line per question: ok, or what to do."""

import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

PYTHONS = ((3, 11), (3, 13))
NEEDED_GB = 2.0  # one paper-preset run with its checkpoints, or CIFAR-100 unpacked, and room to spare
INSTALL = "run `make lab`, or `pip install -c constraints.txt -e .` in this environment"
BRING_BACK = "`git checkout data/{}`, or install kdtutor again"


@dataclass(frozen=True)
class Finding:
    """The answer to one question: `detail` says what is there, `advice` what to do about it (empty if nothing)."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


def diagnose() -> list[Finding]:
    """Ask every question. Never raises: a check that breaks is a finding that is not ok."""
    return [_ask(name, question) for name, question in QUESTIONS.items()]


def healthy(findings: Iterable[Finding]) -> bool:
    """Whether nothing needs doing."""
    return all(finding.ok for finding in findings)


def report(findings: Iterable[Finding]) -> str:
    """One line per finding: name, ok or TO DO, what was found, and what to do."""
    return "\n".join(
        f"{f.name:<12} {'ok' if f.ok else 'TO DO':<6} {f.detail}{'. To do: ' + f.advice if f.advice else ''}"
        for f in findings
    )


def as_json(findings: Iterable[Finding]) -> str:
    """The findings for a machine: `{"ok": …, "findings": [{"name", "ok", "detail", "advice"}, …]}`."""
    findings = list(findings)
    return json.dumps({"ok": healthy(findings), "findings": [asdict(f) for f in findings]}, indent=2)


# An answer is (ok, detail, advice).
Answer = tuple[bool, str, str]


def _ask(name: str, question: Callable[[], Answer]) -> Finding:
    try:
        return Finding(name, *question())
    except Exception as error:  # whatever is broken here, the other questions still deserve an answer
        first_line = str(error).partition("\n")[0]
        return Finding(name, False, f"{type(error).__name__}: {first_line}", INSTALL)


def _python() -> Answer:
    here = ".".join(map(str, sys.version_info[:3]))
    low, high = (".".join(map(str, v)) for v in PYTHONS)
    ok = PYTHONS[0] <= tuple(sys.version_info[:2]) <= PYTHONS[1]
    return ok, here, "" if ok else f"kdtutor runs on Python {low} to {high}: make lab PYTHON=python{low}"


def _torch() -> Answer:
    import torch

    ok, detail, advice = _versions("torch")
    torch.ones(2, 2) @ torch.ones(2, 2)
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "ROCm" if torch.version.hip else "CPU"
    return ok, f"{detail} ({build} build)", advice


def _device() -> Answer:
    import torch

    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        others = torch.cuda.device_count() - 1
        more = f" and {others} more" if others else ""
        return True, f"CUDA: {gpu.name}, {gpu.total_memory / 2**30:.0f} GB{more}", ""
    if torch.backends.mps.is_available():
        return True, "MPS (Apple)", ""
    cpu = f"CPU, torch uses {torch.get_num_threads()} of {os.cpu_count()} cores"
    if not shutil.which("nvidia-smi"):
        return True, cpu, ""
    if torch.version.cuda:
        return True, cpu, f"an NVIDIA driver is here, but CUDA {torch.version.cuda} finds no GPU: update the driver"
    return True, cpu, "an NVIDIA driver is here; a CUDA build of torch would use it (see README, GPU)"


def _cpu() -> Answer:
    """Which instructions torch's own kernels use; those of oneDNN, its convolutions, have a limit of their own."""
    import torch

    limit = os.environ.get("ONEDNN_MAX_CPU_ISA")
    held = f"; ONEDNN_MAX_CPU_ISA holds its convolutions to {limit}" if limit else ""
    return True, f"{platform.machine()}, torch uses {torch.backends.cpu.get_cpu_capability()}{held}", ""


def _torchvision() -> Answer:
    import torchvision  # noqa: F401  # the question is whether this works

    import kdtutor_torchvision

    ok, detail, advice = _versions("torchvision")
    if kdtutor_torchvision.status() == "declared":
        detail += " (without its compiled operators, which the course does not need)"
    return ok, detail, advice


def _jupyter() -> Answer:
    from jupyter_client.kernelspec import KernelSpecManager

    ok, detail, advice = _versions("jupyterlab", "ipykernel", "nbval")
    if ok and "python3" not in KernelSpecManager().find_kernel_specs():
        return False, f"{detail}, but no kernel named python3", f"{sys.executable} -m ipykernel install --sys-prefix"
    return ok, detail, advice


def _widgets() -> Answer:
    from jupyter_core.paths import jupyter_path

    ok, detail, advice = _versions("ipywidgets")
    manager = Path("@jupyter-widgets", "jupyterlab-manager", "package.json")
    if ok and not any(Path(folder, manager).is_file() for folder in jupyter_path("labextensions")):
        again = "pip install --force-reinstall --no-deps jupyterlab_widgets"
        return False, f"{detail}, but JupyterLab's widget extension is absent", again
    return ok, detail, advice


def _data() -> Answer:
    from .. import data

    files = {**{name: f"{name}.npz" for name in data.SHIPPED}, data.BOOK: f"{data.BOOK}.txt"}
    found = {
        name: _damage(*(data.root() / name / part for part in (file, "card.json"))) for name, file in files.items()
    }
    if damaged := [name for name, problem in found.items() if problem]:
        return False, "; ".join(filter(None, found.values())), BRING_BACK.format(" data/".join(damaged))
    return True, ", ".join(found), ""


def _nets(folder: str) -> Answer:
    """Are the nets of a folder that ships as their cards say?"""
    from .. import data

    cards = sorted((data.root() / folder).glob("*.json"))
    problems = [p for card in cards if (p := _damage(card.with_suffix(".safetensors"), card))]
    if problems or not cards:
        return (
            False,
            "; ".join(problems) or f"none of the {folder.replace('_', ' ')} is here",
            BRING_BACK.format(folder),
        )
    return True, ", ".join(card.stem for card in cards), ""


def _results() -> Answer:
    from .. import data
    from ..course.studies import stored_results
    from ..errors import Error

    names = [path.stem for path in sorted((data.root() / "results").glob("*.json"))]
    problems = []
    for name in names:
        try:
            stored_results(name, data.root() / "results")
        except Error as error:
            problems.append(str(error).split(";")[0])
    if problems or not names:
        return False, "; ".join(problems) or "no stored result is here", BRING_BACK.format("results")
    return True, f"{len(names)} stored studies", ""


def _disk() -> Answer:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    ok = free >= NEEDED_GB
    return ok, f"{free:.1f} GB free", "" if ok else f"make room: a long run wants {NEEDED_GB:.0f} GB"


QUESTIONS: dict[str, Callable[[], Answer]] = {
    "Python": _python,
    "torch": _torch,
    "device": _device,
    "CPU": _cpu,
    "torchvision": _torchvision,
    "Jupyter": _jupyter,
    "widgets": _widgets,
    "data": _data,
    "teachers": partial(_nets, "teachers"),
    "generators": partial(_nets, "generators"),
    "language models": partial(_nets, "language_models"),
    "students": partial(_nets, "students"),
    "results": _results,
    "disk": _disk,
}


def _versions(*names: str) -> Answer:
    """Are these installed, in the versions that kdtutor's own metadata admits?"""
    from packaging.requirements import Requirement

    admitted = {r.name: r.specifier for r in map(Requirement, requires("kdtutor") or [])}
    found, wrong = [], []
    for name in names:
        try:
            here = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is not installed")
            continue
        found.append(f"{name} {here}")
        if not admitted[name].contains(here, prereleases=True):
            wrong.append(f"{name} {here} is not {admitted[name]}")
    return not wrong, ", ".join(wrong or found), INSTALL if wrong else ""


def _damage(file: Path, card: Path) -> str:
    """What is wrong with a file that ships, by the sha256 on its card; empty if nothing is."""
    for path in (file, card):
        if not path.is_file():
            return f"{path.name} is absent"
    expected = json.loads(card.read_text(encoding="utf-8")).get("sha256")
    return "" if hashlib.sha256(file.read_bytes()).hexdigest() == expected else f"{file.name} is damaged"
