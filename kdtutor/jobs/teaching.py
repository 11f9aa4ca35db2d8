"""What is asked of a net that is to be a teacher."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from ..errors import require
from .job import Teaching
from .options import Arch, Device, Images, Log, Memory, Precision, Root, Size, Stages, Task, Weights
from .recipe_options import ADJUSTMENTS, Adjusted

PLANNED = {"epochs", "images", "device", "root", "precision", "size", "weights"}
"""What may be asked of a teacher that is planned, too."""


@dataclass(frozen=True, kw_only=True)
class TeacherSetting(Adjusted):
    """Everything that is asked of a teacher but its folder; None leaves the choice to the plan or the preset."""

    data: Annotated[
        str | None,
        typer.Option(
            help="Your images: a folder of class folders, or a CSV of files and labels; or a data set by name.",
            show_default=False,
        ),
    ] = None
    arch: Arch = None
    weights: Weights = None
    epochs: Annotated[int | None, typer.Option(help="Other than planned; with --data 30.", show_default=False)] = None
    images: Images = None
    device: Device = None
    precision: Precision = "float32"
    root: Root = None
    size: Size = None
    task: Task = None
    memory: Memory = None
    stages: Stages = None
    seed: int = 0
    log: Log = None

    def job(self, out: str | None) -> Teaching:
        """The job on one's own data. Raises `ConfigError` where data or net are not named."""
        told = (
            "name a teacher that is planned (`kdtutor teachers` lists them), or your images and a net: --data, --arch"
        )
        require(bool(self.data or self.arch), told)
        require(self.arch is not None, f"--data {self.data}: name a net for them with --arch, such as resnet18")
        require(self.data is not None, f"--arch {self.arch}: name its images with --data, a folder or a CSV")
        asked: dict[str, Any] = {name: value for name, value in vars(self).items() if name != "arch"}
        return Teaching(**asked, student=self.arch, out=out)

    def planned(self, name: str) -> dict[str, Any]:
        """What is asked of the teacher `name` that is planned. Raises `ConfigError` for what its plan decides."""
        usual = {each: getattr(TeacherSetting, each) for each in vars(self)}
        strange = [each for each, value in vars(self).items() if each not in PLANNED and value != usual[each]]
        options = ", ".join(f"--{each.replace('_', '-')}" for each in sorted(strange, key=ADJUSTMENTS.__contains__))
        told = f"{name} is trained as it is planned: leave {options} out, or name no teacher"
        require(not strange, f"{told} but your images, with --data, and a net, with --arch")
        return {each: value for each, value in vars(self).items() if each in PLANNED}
