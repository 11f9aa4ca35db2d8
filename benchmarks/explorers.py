"""One instance of every explorer of every lesson, over what ships."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from kdtutor import data, nets, train, widgets
from kdtutor.data import Data, Split
from kdtutor.figures.adversarial import border, frame, still
from kdtutor.figures.boundaries import over_the_plane
from kdtutor.methods import taught
from kdtutor.nets import Net, Trace
from kdtutor.papers.matching import assign, flow_cost
from kdtutor.widgets import Explorer, data_free, gan
from kdtutor.widgets.adversarial import ChaseFilm, GapExplorer, ImageFilm
from kdtutor.widgets.amalgamation import KernelExplorer, ScaleExplorer, SpecialistExplorer
from kdtutor.widgets.boundaries import BoundaryFilm, HingeExplorer, LineExplorer
from kdtutor.widgets.fitnets import AttentionExplorer, DepthExplorer, HintExplorer
from kdtutor.widgets.fsp import FlowExplorer, MatrixExplorer
from kdtutor.widgets.ghost import CostExplorer, PairExplorer
from kdtutor.widgets.hinton import BiasExplorer, TemperatureExplorer
from kdtutor.widgets.matching import MatchingsExplorer, ReductionExplorer
from kdtutor.widgets.mutual import NoiseExplorer
from kdtutor.widgets.overhaul import DistanceExplorer, MarginExplorer, PullExplorer
from kdtutor.widgets.pairing import PairingExplorer
from kdtutor.widgets.relational import NeighbourExplorer, StructureExplorer
from kdtutor.widgets.spot_adaptive import GumbelExplorer, WayExplorer, WeightExplorer
from kdtutor.widgets.start import OpinionExplorer, ShiftExplorer

Maps = Sequence[Float[Tensor, "B C H W"]]
LAYERS = ("stem", "stage 1", "stage 2", "stage 3")


class Shipped:
    """What several lessons show: the digits, four of them, their teacher, and two students that have learnt nothing."""

    def __init__(self) -> None:
        self.digits: Data = data.load("digits")
        assert self.digits.val is not None
        self.val: Split = self.digits.val
        self.pixels = self.val.images[:4]
        self.teacher = nets.teacher("digits-resnet14")
        self.alone, self.taught = self.student("resnet8"), self.student("resnet8")
        self.moons: Split = data.load("moons").test[::4]

    def student(self, name: str) -> Net:
        return nets.build(name, classes=10, channels=1, stem_stride=2).eval()

    @torch.no_grad()
    def trace(self, net: Net) -> Trace:
        return net.eval().trace(self.digits.normalise(self.pixels))

    @cached_property
    def taps(self) -> dict[str, Maps]:
        """Of each net by its role."""
        by_role = {"teacher": self.teacher, "alone": self.alone, "taught": self.taught}
        return {role: self.trace(net).taps for role, net in by_role.items()}

    @cached_property
    def stages(self) -> Maps:
        """The teacher's maps before the last ReLU of each stage."""
        return self.trace(self.teacher).stages

    @cached_property
    def lowest(self) -> list[Float[Tensor, " C"]]:
        """A number below zero for each channel of each stage."""
        return [maps.amin((0, 2, 3)) / 2 for maps in self.stages]


def of_start_and_hinton(here: Shipped) -> Iterator[Explorer]:
    asked = train.evaluate(here.teacher, here.val, here.digits)
    classes = here.digits.classes
    yield widgets.Alive()
    yield ShiftExplorer(here.digits)
    yield OpinionExplorer(here.val, asked.logits, classes)
    yield TemperatureExplorer(here.val.images[:6], asked.logits[:6], asked.labels[:6], classes)
    yield BiasExplorer({"teacher": asked.logits}, asked.labels, 3, classes)


def of_fsp(here: Shipped) -> Iterator[Explorer]:
    yield FlowExplorer()
    yield MatrixExplorer(here.pixels, here.taps, LAYERS, "abcd")


def of_fitnets(here: Shipped) -> Iterator[Explorer]:
    students = {role: maps for role, maps in here.taps.items() if role != "teacher"}
    yield DepthExplorer(here.pixels, students, dict.fromkeys(students, (0.7, 0.6, 0.5, 0.4)))
    sizes = [(maps.shape[2], maps.shape[3]) for maps in here.taps["teacher"]]
    yield HintExplorer(here.alone, here.teacher, sizes, {2: 0.5})
    yield AttentionExplorer(here.pixels, here.taps, LAYERS)


def of_overhaul(here: Shipped) -> Iterator[Explorer]:
    yield MarginExplorer()
    yield DistanceExplorer()
    yield PullExplorer(here.pixels, here.stages, {"itself": here.stages}, here.lowest, "abcd")


def of_boundaries(here: Shipped) -> Iterator[Explorer]:
    yield HingeExplorer()
    yield LineExplorer(here.moons)
    films = {who: [over_the_plane(nets.build("mlp8", classes=2)) for _ in range(3)] for who in "ab"}
    yield BoundaryFilm(films["a"][0], films, (0, 10, 20), here.moons)


def of_adversarial(here: Shipped) -> Iterator[Explorer]:
    yield GapExplorer()
    student, teacher = (nets.build("mlp8", classes=2).eval() for _ in "st")
    points, z = nets.generator("points", latent=2, channels=2, size=1), torch.randn(100, 2)
    chase = [frame(step, student, teacher, points, z) for step in (0, 10, 20)]
    yield ChaseFilm(chase, border(teacher), here.moons)
    student, teacher = (nets.build("lenet5x0.5", classes=10, channels=1).eval() for _ in "st")
    images, z = nets.generator("deconvolutionx0.25", size=28), torch.randn(12, 100)
    yield ImageFilm([still(step, student, teacher, images, z) for step in (0, 10, 20)])


def of_data_free(here: Shipped) -> Iterator[Explorer]:
    generator, teacher = nets.trained_generator("digits-dafl"), nets.teacher("digits-lenet5-plain")
    yield data_free.WalkExplorer(generator, teacher, here.digits.classes)
    yield data_free.LossExplorer()
    frames = [data_free.Frame(here.val.images[:32].float(), torch.randn(64, 10)) for _ in range(3)]
    on_or_off = (False, True)
    toggles = [(a, b, c) for a in on_or_off for b in on_or_off for c in on_or_off if a or b or c]
    yield data_free.TogglesExplorer(dict.fromkeys(toggles, frames), range(3))


def of_matching(here: Shipped) -> Iterator[Explorer]:
    yield PairingExplorer()
    small = here.trace(here.student("resnet8x0.25")).stages
    flows = [assign(flow_cost(f_s, f_t)) for f_s, f_t in zip(small, here.stages, strict=True)]
    sparse = assign(flow_cost(small[0], here.stages[0]), sparse=True)
    yield ReductionExplorer(here.pixels, small[0], here.stages[0], flows[0], sparse, here.lowest[0], "abcd")
    mine, theirs = ([maps[0] for maps in both] for both in (small, here.stages))
    yield MatchingsExplorer([flows] * 3, [mine] * 3, theirs, LAYERS[1:])


def of_relational(here: Shipped) -> Iterator[Explorer]:
    yield StructureExplorer()
    images = here.val.images[:60]
    flat = {who: images.flatten(1)[:, :width].float() for who, width in (("wide", 784), ("narrow", 300))}
    yield NeighbourExplorer(images, here.val.labels[:60], flat, range(20))


def of_amalgamation(here: Shipped) -> Iterator[Explorer]:
    yield ScaleExplorer()
    yield KernelExplorer()
    p = {who: torch.rand(60, 10) for who in ("teacher 1", "teacher 2", "student")}
    yield SpecialistExplorer(here.val.images[:60], here.val.labels[:60], p, here.digits.classes)


def of_gan_and_ghost(here: Shipped) -> Iterator[Explorer]:
    yield gan.HillsExplorer()
    small = data.load("digits-16")
    yield gan.BlurExplorer(small.normalise(small.train.images[::7]), small.train.labels[::7])
    makers = {name: nets.trained_generator(name) for name in ("digits-dcgan", "digits-dcgan-small")}
    judge = train.Judge(nets.teacher("digits-16-resnet8"))
    yield gan.WalkExplorer(makers, torch.eye(32)[:2], torch.randn(2, 32), judge)
    yield PairExplorer(here.pixels, here.taps["teacher"][0])
    yield CostExplorer()


def of_spot_adaptive(here: Shipped) -> Iterator[Explorer]:
    yield GumbelExplorer()
    said, spots = torch.randn(3, 4, 4, 2), ("stage1", "stage2", "stage3", "logits")
    yield WayExplorer(here.pixels, said, torch.randn(4, 4, 2), spots, "abcd", ["It is sure."] * 4)
    grid = [(strategy, beta, tau) for strategy in ("always", "adaptive") for beta in (50, 1000) for tau in (1, 5)]
    rows = pd.DataFrame(grid, columns=["strategy", "beta", "tau"])
    yield WeightExplorer(rows.assign(test=0.9, probability_stage1=0.4, probability_logits=1.0))


def of_mutual(here: Shipped) -> Iterator[Explorer]:
    sigmas = torch.linspace(0, 0.1, 7)
    losses = {name: sigmas[:, None] * torch.rand(7, 5) for name in ("alone", "together")}
    yield NoiseExplorer({"absolute": (sigmas, losses), "relative": (5 * sigmas, losses)})


def explorers() -> Iterator[Explorer]:
    """All of them; weights and numbers from one seed."""
    torch.manual_seed(0)
    shown = set()
    for explorer in fed(Shipped()):
        shown.add(type(explorer))
        yield explorer
    for row in taught():  # of lessons that are not in `fed`; what needs data has to be there
        module = import_module(f"{widgets.__name__}.{row.name}")
        parts: list[Any] = [part for part in vars(module).values() if isinstance(part, type)]
        own = [part for part in parts if part.__module__ == module.__name__ and issubclass(part, Explorer)]
        yield from (part() for part in own if part not in shown)


def fed(here: Shipped) -> Iterator[Explorer]:
    """Those that are given what they show, lesson by lesson."""
    yield from of_start_and_hinton(here)
    yield from of_fitnets(here)
    yield from of_fsp(here)
    yield from of_matching(here)
    yield from of_overhaul(here)
    yield from of_boundaries(here)
    yield from of_gan_and_ghost(here)
    yield from of_adversarial(here)
    yield from of_data_free(here)
    yield from of_relational(here)
    yield from of_spot_adaptive(here)
    yield from of_mutual(here)
    yield from of_amalgamation(here)
