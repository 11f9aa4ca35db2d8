"""The command line."""

from typer.testing import CliRunner

from kdtutor import Error
from kdtutor.cli.app import app

from .kinds import Bad, text


class Exit1(Error):
    """A command said its sentence and ended with exit code 1: something is wrong."""


class Exit2(Error):
    """… with exit code 2: it was called wrongly."""


def cli(*arguments: str) -> None:
    result = CliRunner().invoke(app, arguments)
    if result.exit_code:
        raise (Exit1 if result.exit_code == 1 else Exit2)(result.stderr.removeprefix("kdtutor: ").removesuffix("\n"))


BAD: dict[str, Bad] = {
    "command: method": Bad(
        lambda _: cli("distil", "fps"), Exit2,
        ("'fps' is not a known method", "Did you mean 'fsp'?", "Choose from: alone"),
    ),
    "command: data": Bad(
        lambda _: cli("distil", "alone", "--data", "digit"), Exit2, ("'digit'", "Did you mean 'digits'?"),
    ),
    "command: absent data": Bad(
        lambda tmp: cli("distil", "alone", "--preset", "paper", "--root", str(tmp)), Exit1, ("cifar100: nothing at",),
    ),
    "command: student": Bad(
        lambda _: cli("distil", "alone", "--student", "resnet9"), Exit2, ("'resnet9'", "6n+2 layers"),
    ),
    "command: device": Bad(
        lambda tmp: cli("distil", "alone", "--device", "gpu", "--out", str(tmp)), Exit2,
        ("'gpu' is not a known device",),
    ),
    "command: folder": Bad(
        lambda tmp: cli("distil", "alone", "--out", str(text(tmp / "mine.txt", "").parent)), Exit2,
        ("holds other files and no run", "name an empty or new folder with --out"),
    ),
    "command: seeds": Bad(
        lambda _: cli("compare", "fsp", "--seeds", "0;1"), Exit2, ("--seeds '0;1'", "such as 0,1,2"),
    ),
    "command: teacher": Bad(
        lambda _: cli("teach", "cifar100-resnet20"), Exit2,
        ("'cifar100-resnet20' is not a known teacher", "`kdtutor teachers` lists them"),
    ),
    "command: no notebook": Bad(lambda tmp: cli("check", str(tmp)), Exit1, ("holds no notebook (*.ipynb)",)),
}  # fmt: skip
