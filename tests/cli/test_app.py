"""The command line as a user meets it: help, sentences, exit codes, and what a machine reads."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kdtutor as kd
from kdtutor import methods
from kdtutor.cli import doctor
from kdtutor.cli.app import app
from kdtutor.course import generators
from kdtutor.course.map import FOLDER
from kdtutor.course.studies import Study

COMMANDS = (
    "lab", "distil", "compare", "teachers", "teach", "check", "notebooks", "results", "doctor", "map", "cite",
    "version",
)  # fmt: skip
KDTUTOR = [sys.executable, "-c", "from kdtutor.cli.app import app; app()"]
MLP = ["alone", "--data", "moons", "--student", "mlp", "--no-progress"]


def call(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_help_lists_every_command():
    lines = call("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == list(COMMANDS)
    assert all(line.endswith(".") and not line.endswith("...") for line in lines), "a first sentence is too long"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    result = call(command, "--help")
    assert result.exit_code == 0 and result.stdout.startswith("Usage: ")


def test_help_imports_nothing_heavy():
    heavy = "torch numpy pandas matplotlib ipywidgets IPython nbformat jupyterlab rich"
    code = (
        "import sys; from kdtutor.cli.app import app; app(['--help'], standalone_mode=False); "
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version():
    assert call("version").stdout.strip() == kd.__version__


@pytest.mark.parametrize(
    "arguments, code, sentence",
    [
        (["distil", "fps"], 2, "'fps' is not a known method. Did you mean 'fsp'? Choose from: alone, attention"),
        (["distil", "alone", "--preset", "papr"], 2, "'papr' is not a known preset. Did you mean 'paper'?"),
        (
            ["distil", "fsp", "--spots", "adaptve"],
            2,
            "'adaptve' is not a known choice of spots. Did you mean 'adaptive'",
        ),
        (
            ["distil", "hinton", "--batches", "datafree"],
            2,
            "'datafree' is not a known source of batches. Did you mean 'data-free'? Choose from: adversarial, data",
        ),
        (["distil", "alone", "--spots", "always"], 2, "the student alone has no spots to choose from"),
        (["distil", "hinton", "--preset", "paper", "--pair", "vgg13-mobilenet"], 2, "Did you mean 'vgg13-mobilenetv2'"),
        (["distil", "fsp", "--pair", "resnet110-resnet32"], 2, "--pair resnet110-resnet32 belongs to --preset paper"),
        (["distil", "alone", "--epochs", "0"], 2, "epochs=0: at least one epoch is needed"),
        (["compare", "fsp", "--epochs", "1"], 2, "at least one epoch must be left for the second phase"),
        (["compare", "hinton", "--spots", "adaptve"], 2, "'adaptve' is not a known choice of spots"),
        (["compare", "contrastive", "--batches", "adversarial"], 2, "Contrastive knows its images by their rows"),
        (["distil", "alone", "--data", "cifar100", "--root", "nowhere"], 1, "cifar100: nothing at nowhere/cifar-100"),
        (["distil", "hinton", "--teacher", "cifar100-resnet56"], 1, "with `kdtutor teach cifar100-resnet56`"),
        (["compare", "fsp", "--seeds", "1,x"], 2, "--seeds '1,x': expected whole numbers with commas"),
        (["teach", "digits-lenet5"], 2, "pass --overwrite to train it again"),
        (["check", "nowhere"], 1, "nowhere does not exist; name a notebook"),
        (["results", "nothing"], 2, "'nothing' is not a known study"),
    ],
)
def test_an_error_is_one_sentence_and_a_code(arguments, code, sentence):
    result = call(*arguments)
    assert result.exit_code == code and sentence in result.stderr
    assert result.stderr.startswith("kdtutor: ") and result.stderr.count("\n") == 1 and not result.stdout


@pytest.mark.parametrize("arguments", [["nothing"], ["distil"], ["distil", "fsp", "--seed", "x"], ["compare", "--no"]])
def test_bad_usage_has_exit_code_2(arguments):
    result = call(*arguments)
    assert result.exit_code == 2 and "Usage: " in result.stderr and "Traceback" not in result.stderr


def test_distil_prints_a_table_and_leaves_a_report():
    result = call("distil", *MLP, "--epochs", "2")
    assert result.exit_code == 0 and "test accuracy" in result.stdout
    report = Path(result.stdout.splitlines()[-1].removeprefix("report: "))
    assert report.is_file() and report.parent.parent == Path("runs")


def test_distil_speaks_json():
    result = call("distil", *MLP, "--epochs", "1", "--json", "--seed", "7", "--out", "here")
    summary = json.loads(result.stdout)
    assert summary["seed"] == 7 and summary["folder"] == "here" and 0 <= summary["test_accuracy"] <= 1


def test_distil_at_spots_that_a_policy_chooses():
    result = call("distil", "hinton", "--spots", "adaptive", "--epochs", "1", "--json", "--no-progress")
    summary = json.loads(result.stdout)
    assert summary["spots"] == "adaptive" and {"kd", "routing", "rate_logits"} <= set(summary["last"])
    assert summary["folder"] == "runs/hinton-adaptive_spots-minute-1epochs-seed0"
    assert summary["command"] == "kdtutor distil hinton --epochs 1 --spots adaptive"
    assert "adaptive, always, random, anti or never" in " ".join(call("distil", "--help").stdout.split())


def test_distil_on_batches_that_a_generator_makes():
    result = call("distil", "logits", "--batches", "adversarial", "--epochs", "1", "--json", "--no-progress")
    summary = json.loads(result.stdout)
    assert summary["batches"] == "adversarial" and {"logits", "disagreement"} <= set(summary["last"])
    assert summary["command"] == "kdtutor distil logits --epochs 1 --batches adversarial"
    assert "logits, adversarial batches" in (Path(summary["folder"]) / "report.md").read_text()


def test_the_help_names_every_method():
    labels = ", ".join(row.label for row in methods.matched())
    assert "relational (RKD)" in labels
    for command in ("distil", "compare"):
        assert labels in " ".join(call(command, "--help").stdout.split())


@pytest.mark.parametrize(
    "arguments", [["results", "--workers", "0"], ["check", "--seconds", "0"], ["notebooks", "--seconds", "0"]]
)
def test_numbers_out_of_range_are_refused(arguments):
    result = call(*arguments)
    assert result.exit_code == 2 and "greater than or equal to 1" in result.stderr


def test_compare_needs_the_teacher_of_its_data():
    result = call("compare", "hinton", "--data", "moons", "--student", "mlp", "--epochs", "1", "--no-progress")
    assert result.exit_code == 2 and "10 classes" in result.stderr


def heed_ctrl_c() -> None:
    """A shell that starts the tests in the background lets its children ignore Ctrl-C; a terminal does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C as POSIX does")
def test_ctrl_c_tells_how_to_go_on_and_the_same_command_does():
    command = ["distil", *MLP, "--epochs", "150"]
    process = subprocess.Popen(
        [*KDTUTOR, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
    )
    folder = Path("runs/alone-minute-moons-mlp-150epochs-seed0")
    for _ in range(600):
        if (folder / "checkpoint.pt").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and not out and "Traceback" not in err
    assert err.strip() == (
        f"kdtutor: interrupted; the run is kept in {folder} to its last whole epoch: "
        "continue with `kdtutor distil alone --data moons --student mlp --epochs 150`"
    )
    result = call("distil", *MLP, "--epochs", "150", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["phases"] == [{"name": "alone", "epochs": 150}]


def test_ctrl_c_before_the_first_epoch_keeps_nothing(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("kdtutor.cli.distil.fit", interrupted)
    kept = {
        "distil": "no epoch was whole yet, so nothing is kept",
        "compare": "finished runs and whole epochs are kept",
    }
    for command in (["distil", *MLP], ["compare", "hinton", "--no-progress"]):
        result = call(*command)
        assert result.exit_code == 130 and result.stderr.startswith(f"\nkdtutor: interrupted; {kept[command[0]]}")


def test_teachers_are_listed_with_their_command():
    lines = call("teachers").stdout.splitlines()
    assert lines[0].split() == ["teacher", "data", "test", "accuracy", "parameters", "command"]
    assert any(line.startswith("digits-resnet14") and "174,970" in line for line in lines)
    assert any("not trained here" in line and "kdtutor teach cifar100-resnet56" in line for line in lines)
    assert any(line.startswith("digits-dcgan-small") and "distance 2.38" in line for line in lines)
    listed = json.loads(call("teachers", "--json").stdout)
    assert {card["name"] for card in listed["generators"]} == set(generators.PLANS)
    assert {card["name"] for card in listed["teachers"]} >= {"digits-lenet5", "digits-resnet14"}
    assert "cifar100-resnet56" in listed["untrained"]


def test_a_teacher_trained_here_is_found(monkeypatch):
    card = dict.fromkeys(("data", "recipe", "seed", "command"), "x") | {"accuracy": 0.7, "correct": 7, "total": 10}
    net = kd.nets.build("resnet8")
    monkeypatch.setattr("kdtutor.cli.teachers.train_teacher", lambda name, folder, *_: _saved(net, name, card, folder))
    result = call("teach", "cifar100-resnet56")
    assert result.stdout == "cifar100-resnet56: test accuracy 70.00 % (7 of 10)\n"
    assert Path("runs/teachers/cifar100-resnet56.safetensors").is_file()
    assert kd.settings.presets.find_teacher("cifar100-resnet56").card["name"] == "cifar100-resnet56"
    assert kd.preset("paper").teacher().name == "resnet8"
    assert "70.00 %" in call("teachers").stdout
    assert call("teach", "cifar100-resnet56").exit_code == 2


def _saved(net, name, card, folder):
    return kd.nets.teacher(kd.nets.save_teacher(net, name, card, folder=folder))


def test_results_run_the_studies_that_are_named(monkeypatch):
    ran = []
    known = {name: Study(name, f"{name}?", (), lambda case, seed: []) for name in ("one", "two")}
    monkeypatch.setattr("kdtutor.course.studies.studies", lambda: known)
    monkeypatch.setattr("kdtutor.course.studies.conduct", lambda study, workers, say: ran.append((study.name, workers)))
    assert call("results", "--list").stdout == "one: one?\ntwo: two?\n" and not ran
    assert call("results", "two", "--workers", "1").exit_code == 0 and ran == [("two", 1)]
    assert call("results").exit_code == 0 and [name for name, _ in ran] == ["two", "one", "two"]


@pytest.mark.parametrize("ok", [True, False])
def test_the_doctors_answer_is_the_exit_code(monkeypatch, ok):
    monkeypatch.setattr(doctor, "diagnose", lambda: [doctor.Finding("Python", ok, "3.11")])
    assert call("doctor").exit_code == (0 if ok else 1)
    assert json.loads(call("doctor", "--json").stdout)["ok"] is ok


def test_the_map_is_shown():
    assert "The flow between two layers" in call("map").stdout


@pytest.fixture
def lab(tmp_path):
    """`kdtutor lab` without a browser, in a process group of its own."""
    if not FOLDER.is_dir():
        pytest.fail("no notebooks here")
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")}
    env |= {"JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    process = subprocess.Popen(
        [*KDTUTOR, "lab"], env=env, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C as POSIX does")
def test_lab_prints_an_address_that_answers_and_ends_with_ctrl_c(lab, tmp_path):
    address = lab.stdout.readline().split()[-1]
    assert "/lab/tree/notebooks/00_start.ipynb?token=" in address
    assert "Open this address" in lab.stdout.readline()
    with urllib.request.urlopen(address, timeout=30) as page:
        text = page.read().decode()
    assert "<title>JupyterLab" in text
    assert '"disabledExtensions": ["@jupyterlab/apputils-extension:announcements"]' in text
    os.killpg(lab.pid, signal.SIGINT)
    assert lab.wait(30) == 0 and not lab.stdout.read()
    assert not list((tmp_path / "runtime").iterdir())


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads the process list of Linux")
def test_other_users_do_not_see_the_token_of_lab(lab, tmp_path):
    address = lab.stdout.readline().split()[-1]
    url, token = address.partition("/lab/")[0], address.partition("?token=")[2]
    request = urllib.request.Request(f"{url}/api/kernels?token={token}", b"{}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201  # a kernel, to look at a child of the server as well
    commands = [line for _, line in processes_of(lab.pid)]
    assert any("jupyterlab" in line for line in commands) and any("ipykernel" in line for line in commands)
    assert len(token) >= 32 and not [line for line in commands if token in line]
    told = [path for path in tmp_path.rglob("*") if path.is_file() and token in path.read_text(errors="ignore")]
    assert told and all(any(not part.stat().st_mode & 0o077 for part in within(path, tmp_path)) for path in told)


def processes_of(session: int) -> list[tuple[int, str]]:
    """Numbers and command lines, as every user can read them, of the processes of a session and of their children."""
    found, inside = [], {session}
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            line = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it has ended meanwhile
            continue
        if int(folder.name) in inside or parent in inside:
            inside.add(int(folder.name))
            found.append((int(folder.name), line))
    return found


def within(path: Path, top: Path) -> list[Path]:
    """A file and the folders around it up to `top`, which itself does not count."""
    return [path, *(folder for folder in path.parents if folder.is_relative_to(top) and folder != top)]
