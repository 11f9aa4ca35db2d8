"""The loop beside its floor: what the nets alone would cost, and batches beside a DataLoader."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import torch
from torch.utils.data import DataLoader, TensorDataset

import kdtutor as kd
from kdtutor.data import Augment, Batches, Data, Source
from kdtutor.nets import Net
from kdtutor.train import Distiller, Phase, Recipe, task_loss

from .timing import Line, medians
from .zoo import Pictures


def one_step(
    distiller: Distiller, phase: Phase, data: Data, source: Source | None = None, device: str = "cpu"
) -> Callable[[], None]:
    """A step of `distiller` on the first batch of `source`, the training split by default."""
    recipe = Recipe(lr=1e-4)
    distiller.to(device)
    optimisers = {name: recipe.optimise(group) for name, group in distiller.parameter_groups(phase).items()}
    batch = next(iter((source or Batches(data.train, data, 64)).epoch(0, 0))).to(device)
    distiller.train()

    def run() -> None:
        distiller.step(batch, phase, optimisers)

    return run


def floor(student: Net, teacher: Net, data: Data, device: str = "cpu", size: int = 64) -> Callable[[], None]:
    """What any distillation step has to do: teacher forward, student forward and backward, weights moved."""
    batch = next(Batches(data.train, data, size).epoch(0, 0)).to(device)
    optimiser = Recipe(lr=1e-4).optimise(student.to(device).parameters())
    student.train()
    teacher.to(device).eval()

    def run() -> None:
        with torch.no_grad():
            teacher(batch.images)
        optimiser.zero_grad()
        task_loss(student(batch.images), batch.labels).backward()
        optimiser.step()

    return run


def digits(student: str) -> tuple[Net, Net, Data]:
    minute = kd.preset("minute", data="digits")
    return kd.nets.build(student, **minute.net_options), minute.teacher(), minute.data()


def cifar() -> tuple[Net, Net, Data]:
    """The paper preset's nets over noise: what a step costs does not depend on the pixels."""
    return kd.nets.build("resnet20"), kd.nets.build("resnet56"), noise()


def noise() -> Data:
    """Noise of the shape of CIFAR-100, whose labels say nothing: 500 pictures, over and over."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (500, 3, 32, 32), dtype=torch.uint8, generator=generator).repeat(100, 1, 1, 1)
    split = kd.data.Split(images, torch.arange(50_000) % 100)
    return Data("noise", split, None, split[:10_000], tuple(map(str, range(100))), (0.5,) * 3, (0.25,) * 3)


def step_lines(device: str = "cpu") -> list[Line]:
    """A whole step of every method beside what its nets alone cost, without the reading of its numbers.

    On the digits' small nets the arithmetic of the losses themselves shows, and adapters are trained as well: no limit
    there. On the nets of the paper preset the limit holds for every method that trains no adapter, except the
    contrastive one: it compares each image with a memory of all 50,000, twice, and that is its arithmetic.
    """
    pairs = {
        "digits": (digits("resnet8x0.25"), 9, None),
        "resnet56 → resnet20": (cifar(), 5, 1.15),
    }
    lines = []
    for pair, ((student, teacher, data), rounds, limit) in pairs.items():
        clocks = {"floor": floor(student, teacher, data, device)}
        phases = {}
        for name, method in kd.papers.METHODS.items():
            distiller = method(student, teacher)
            distiller.begin(data)
            for phase in distiller.phases(9):
                if phase.needs_teacher:
                    phases[name, phase.name] = distiller
                    clocks[f"{name}: {phase.name}"] = one_step(distiller, phase, data, device=device)
        took = medians(clocks, rounds, warm_up=1, device=device)
        for (name, phase_name), distiller in phases.items():
            what = f"{name}: {phase_name}"
            lines.append(
                Line(
                    f"{what}, {pair}",
                    took[what],
                    "teacher forward + student both ways",
                    took["floor"],
                    None if _adapted(distiller) or name == "contrastive" else limit,
                )
            )
    return lines


def stored_lines(device: str = "cpu") -> list[Line]:
    """A step by a teacher whose answers are stored, beside the step of a student that has no teacher."""
    lines = []
    pairs = {"digits": (digits("resnet8x0.25"), 41), "resnet56 → resnet20": (cifar(), 9)}
    with tempfile.TemporaryDirectory() as folder:
        for pair, ((student, teacher, data), rounds) in pairs.items():
            few = replace(data, train=data.train[:256])
            stored = kd.cache(teacher, few, folder=f"{folder}/{data.name}", device=device, progress=False)
            taught, alone = kd.papers.method("hinton")(student, teacher), kd.Alone(student)
            clocks = {
                "stored": one_step(taught, taught.phases(1)[0], few, stored, device),
                "alone": one_step(alone, alone.phases(1)[0], few, device=device),
            }
            took = medians(clocks, rounds, device=device)
            what = f"hinton by a stored teacher, {pair}"
            lines.append(Line(what, took["stored"], "the student alone", took["alone"], 1.1))
    return lines


def _adapted(distiller: Distiller) -> bool:
    """Whether maps pass through layers that are trained beside the student."""
    return any(p.ndim == 4 for name, p in distiller.named_parameters() if not name.startswith(("student.", "teacher.")))


class _Shifted(TensorDataset):
    """Tensors with a random shift, image by image."""

    def __getitem__(self, row: int) -> tuple[torch.Tensor, ...]:
        image, label = super().__getitem__(row)
        dy, dx = torch.randint(5, (2,)).tolist()
        return torch.nn.functional.pad(image, [2] * 4)[:, dy : dy + 28, dx : dx + 28], label


def batch_lines() -> list[Line]:
    whole = kd.data.load("digits")
    ours = Batches(whole.train, whole, 64, Augment(pad=2))
    tensors = whole.normalise(whole.train.images), whole.train.labels
    loaders = {
        "torchvision": DataLoader(Pictures(whole.train, whole, pad=2), 64, shuffle=True, drop_last=True),
        "shifted": DataLoader(_Shifted(*tensors), 64, shuffle=True, drop_last=True),
    }
    clocks: dict[str, Callable[[], object]] = {"ours": lambda: _drain(ours.epoch(0, 0))}
    clocks |= {name: partial(_drain, loader) for name, loader in loaders.items()}
    took = medians(clocks, rounds=5, warm_up=1)
    what = "an epoch of digits, shifted"
    return [
        Line(what, took["ours"], "DataLoader, torchvision transforms", took["torchvision"], 0.2),
        Line(what, took["ours"], "DataLoader of tensors, bare shift", took["shifted"]),
    ]


def _drain(batches: Iterable[object]) -> None:
    for _ in batches:
        pass


def option_lines() -> list[Line]:
    """Options that are on where they help: each beside the plain form, without a bound."""
    lines = []
    for name, (student, _, data) in {"digits": digits("resnet8x0.25"), "resnet20": cifar()}.items():
        student.train()
        images = next(Batches(data.train, data, 64).epoch(0, 0)).images
        took = medians(
            {"plain": partial(_both_ways, student, images), "bf16": partial(_both_ways, student, images, True)}, 5, 1
        )
        for parameter in student.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        last = images.contiguous(memory_format=torch.channels_last)
        took |= medians({"channels last": partial(_both_ways, student, last)}, 5, 1)
        lines += [
            Line(f"{name} both ways, {option}", took[option], "float32, contiguous", took["plain"])
            for option in ("channels last", "bf16")
        ]
    return lines


def _both_ways(net: Net, images: torch.Tensor, half: bool = False) -> None:
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        loss = net(images).float().square().mean()
    loss.backward()
