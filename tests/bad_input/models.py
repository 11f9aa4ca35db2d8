"""Models that are asked about, exported and measured on the command line."""

import json
from pathlib import Path

import torch

import kdtutor as kd
from kdtutor.files import sealed

from .commands import Exit1, Exit2, cli
from .kinds import Bad, damaged, text

CARD = dict.fromkeys(("data", "recipe", "seed", "protocol", "command"), "none")
BATCH = torch.rand(2, 1, 28, 28)
TOLD = {"task": "classification", "classes": ["a", "b"], "size": [28, 28], "channels": 1, "mean": [0.5], "std": [0.2]}


def model(folder: Path, classes: str = "ab", channels: int = 1, task: str = "classification", **more: object) -> str:
    """A fresh net with its card."""
    net = kd.nets.build("resnet8x0.25", classes=len(classes), channels=channels)
    about = {"task": task, "classes": list(classes), "mean": [0.5] * channels, "std": [0.2] * channels}
    return str(
        kd.nets.save_model(net, folder / "mine", {**CARD, **about, "size": [28, 28], "channels": channels, **more})
    )


def flowers(folder: Path) -> str:
    return str(kd.data.write_flowers(folder / "flowers", images=15, size=16))


def of_flowers(folder: Path, **options: object) -> str:
    mine = model(folder, "abcde", 3)
    path = Path(mine) / "last.json"
    card = json.loads(path.read_text()) | {"classes": sorted(kd.data.load(flowers(folder), size=16).classes)} | options
    del card["digest"]
    path.write_text(json.dumps(sealed(card)))
    return mine


def without_card(folder: Path) -> str:
    mine = model(folder)
    (Path(mine) / "last.json").unlink()
    return mine


def broken(folder: Path) -> str:
    mine = Path(model(folder))
    (folder / "other").mkdir()
    return str(damaged(mine / "last.safetensors", folder / "other", "last.json").parent)


def locked(folder: Path) -> Path:
    """A file where a folder would have to be: nobody may write below it, not even root."""
    return text(folder / "file", "") / "out"


def exported(folder: Path, to: str = "safetensors", net: kd.Net | None = None, x: torch.Tensor = BATCH) -> None:
    kd.nets.export(net or kd.nets.build("lenet5", classes=2, channels=1), to, folder / "out", x, TOLD)


def bare() -> kd.Net:
    """A net that no name builds again."""
    return kd.nets.wrap(
        torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(1352, 2)), [], example=BATCH
    )


BAD: dict[str, Bad] = {
    "model: no such folder": Bad(
        lambda tmp: cli("evaluate", str(tmp / "studnet")), Exit1, ("there is no ", "studnet", "`kdtutor teach --out`"),
    ),
    "model: no such name": Bad(
        lambda _: cli("measure", "digits-resnet41"),
        Exit2, ("'digits-resnet41' is not a known teacher", "digits-resnet14"),
    ),
    "model: an empty folder": Bad(
        lambda tmp: cli("export", str(tmp), "--to", "safetensors"), Exit1,
        ("holds no model (last.safetensors and its card last.json)",),
    ),
    "model: another file": Bad(
        lambda tmp: cli("evaluate", str(text(tmp / "net.txt", ""))), Exit1, ("net.txt is no folder of a model",),
    ),
    "model: no card": Bad(lambda tmp: cli("measure", without_card(tmp)), Exit1, ("has no card", "`kdtutor card`")),
    "model: damaged weights": Bad(lambda tmp: cli("evaluate", broken(tmp)), Exit1, ("is damaged: its sha256",)),
    "model: its data are not here": Bad(
        lambda tmp: cli("evaluate", model(tmp, data="my_cats")), Exit1, ("'my_cats', are not here", "--data PATH"),
    ),
    "model: other classes": Bad(
        lambda tmp: cli("evaluate", model(tmp, "abcde", 3), "--data", flowers(tmp)), Exit2,
        ("mine does not know clematis", "take a net of the same classes"),
    ),
    "model: other channels": Bad(
        lambda tmp: cli("evaluate", model(tmp, "abcde"), "--data", flowers(tmp)), Exit2,
        ("mine reads images of 1 channel", "flowers have 3", "name data of the same kind"),
    ),
    "model: another task": Bad(
        lambda tmp: cli("evaluate", model(tmp, "abcde", 3, "multi-label"), "--data", flowers(tmp)), Exit2,
        ("mine was trained for multi-label; flowers is a set for classification",),
    ),
    "evaluate: split": Bad(
        lambda _: cli("evaluate", "digits-lenet5", "--split", "tset"), Exit2, ("'tset' is not a known split", "'test'"),
    ),
    "evaluate: a size of its own": Bad(
        lambda _: cli("evaluate", "digits-lenet5", "--size", "32"), Exit2, ("--size 32: digits has a size of its own",),
    ),
    "evaluate: nowhere to write": Bad(
        lambda tmp: cli("evaluate", "digits-lenet5", "--out", str(locked(tmp))), Exit1, ("cannot be written",),
    ),
    "evaluate: against a net of other images": Bad(
        lambda tmp: cli("evaluate", of_flowers(tmp), "--against", "digits-lenet5", "--data", str(tmp / "flowers")),
        Exit2, ("digits-lenet5 reads images of 1 channel", "flowers have 3"),
    ),
    "export: format": Bad(
        lambda _: cli("export", "digits-lenet5", "--to", "onx"),
        Exit2, ("'onx' is not a known format", "Did you mean 'onnx'?"),
    ),
    "export: the folder is not empty": Bad(
        lambda tmp: cli("export", "digits-lenet5", "--to", "safetensors", "--out", str(text(tmp / "a.txt", "").parent)),
        Exit2,
        ("is not empty; name a new folder",),
    ),
    "export: a file is in the way": Bad(
        lambda tmp: cli("export", "digits-lenet5", "--to", "safetensors", "--out", str(text(tmp / "a.txt", ""))), Exit2,
        ("a.txt is a file; name a new folder",),
    ),
    "export: nowhere to write": Bad(
        lambda tmp: cli("export", "digits-lenet5", "--to", "safetensors", "--out", str(locked(tmp))),
        Exit1, ("cannot be written",),
    ),
    "export: no image": Bad(lambda tmp: exported(tmp, x=BATCH[:0]), kd.ConfigError, ("expected some (N, C, H, W)",)),
    "export: a net of no name": Bad(
        lambda tmp: exported(tmp, net=bare()), kd.ConfigError, ("was not made by nets.build", "export it to onnx"),
    ),
    "export: numbers that are none": Bad(
        lambda tmp: exported(tmp, x=BATCH * torch.nan),
        kd.DivergedError, ("answers otherwise: by nan", "nothing is kept"),
    ),
    "measure: device": Bad(
        lambda _: cli("measure", "digits-lenet5", "--device", "gpu"), Exit2, ("'gpu' is not a known device",),
    ),
    "measure: no time": Bad(
        lambda _: cli("measure", "digits-lenet5", "--seconds", "0"),
        Exit2, ("seconds=0.0: expected a positive number",),
    ),
    "example: too few": Bad(
        lambda tmp: cli("example", str(tmp / "new"), "--images", "3"), Exit2, ("images=3: at least 15 are needed",),
    ),
    "example: too small": Bad(
        lambda tmp: cli("example", str(tmp / "new"), "--size", "4"),
        Exit2, ("size=4: a flower needs 16 to 1,024 pixels",),
    ),
    "example: the folder is not empty": Bad(
        lambda tmp: cli("example", str(text(tmp / "a.txt", "").parent)), Exit2, ("is not empty; name a new folder",),
    ),
}  # fmt: skip
