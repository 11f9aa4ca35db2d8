"""Methods around methods, and nets inside nets: what choosing spots, making images and ghosts cost.

Each beside its floor or its plain form in the same run. What decides is CPU time of one thread, as everywhere here.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import kdtutor as kd
from kdtutor.data import Batches
from kdtutor.nets import Generator, Net
from kdtutor.nets.ghost import GhostModule
from kdtutor.nets.layers import conv, named
from kdtutor.papers.adversarial import Adversarial, Logits
from kdtutor.papers.data_free import DataFree
from kdtutor.papers.routing import Place, advance, at
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.train import Recipe, eval_mode

from .timing import Line, medians
from .training import cifar, digits, one_step

HOSTS = ("attention", "similarity", "hint")
BATCH, LATENT = 64, 100


def spot_lines(rounds: int = 7) -> list[Line]:
    """A step with the policy beside one that distils everything everywhere, and beside the floor of what it adds.

    What it adds is the routing network: at the least one more pass, forwards and backwards, through both nets from the
    first spot on, and the student, whose norms are in eval mode there, up to it. A host that matches the first stage
    (attention) pays for nearly all of both nets, so its only limit is that floor. On the digits' small nets the
    adapters' own arithmetic shows: no limit there.
    """
    lines = []
    pairs = {"digits": (digits("resnet8x0.25"), None, None), "resnet56 → resnet20": (cifar(), 1.8, 1.25)}
    for pair, ((student, teacher, data), limit, over_floor) in pairs.items():
        clocks, hosts = {}, {}
        images = next(Batches(data.train, data, BATCH).epoch(0, 0)).images
        for name in HOSTS:
            for strategy in ("adaptive", "always"):
                distiller = SpotAdaptive(kd.papers.method(name)(student, teacher), strategy)
                distiller.begin(data)
                clocks[f"{name} {strategy}"] = one_step(distiller, distiller.phases(9)[-1], data)
            hosts[name] = distiller.places[0]
            clocks[f"{name} pass"] = _one_more_pass(student, teacher, images, hosts[name])
        took = medians(clocks, rounds, warm_up=1)
        for name, first in hosts.items():
            ours, always, more = (took[f"{name} {what}"] for what in ("adaptive", "always", "pass"))
            what = f"{name}, adaptive spots, {pair}"
            lines += [
                Line(what, ours, "all spots", always, None if first.layer == 1 else limit),
                Line(what, ours, "all spots + one more pass", always + more, over_floor),
            ]
    return lines


def _one_more_pass(student: Net, teacher: Net, images: Tensor, first: Place) -> Callable[[], None]:
    """Both nets in eval mode from the first spot on, forwards and back to the map they start from."""
    h = {
        student: at(student.trace(images), first.student).detach().requires_grad_(),
        teacher: at(teacher.trace(images), first.teacher).detach().requires_grad_(),
    }

    def run() -> None:
        with eval_mode(student), eval_mode(teacher):
            with torch.no_grad():
                advance(student, images, 0, first.student)
            for net, start in ((student, first.student), (teacher, first.teacher)):
                z = advance(net, h[net], start, len(net.widths) + 2)
                torch.autograd.grad(z.sum(), h[net])

    return run


def generated_lines(rounds: int = 15) -> list[Line]:
    """A step of both data-free papers, in which student and generator move once, beside what the nets alone cost."""
    teacher, data = kd.nets.teacher("digits-lenet5"), kd.data.load("digits")
    student = kd.nets.build("lenet5_half", classes=10, channels=1)
    generator = kd.nets.generator("deconvolution", LATENT, 1, 28)
    made = {
        "DFAD, k = 1": Adversarial(Logits(student, teacher), generator, k=1),
        "DAFL": DataFree(Logits(student, teacher, "kl"), generator),
    }
    clocks: dict[str, Callable[[], object]] = {
        "DFAD, k = 1, floor": _adversarial_floor(student, teacher, generator),
        "DAFL, floor": _data_free_floor(student, teacher, generator),
    }
    for name, distiller in made.items():
        recipe = Recipe(lr=1e-4, batch_size=BATCH)
        clocks[name] = one_step(distiller, distiller.phases(9)[-1], data, distiller.source(data, recipe))
    took = medians(clocks, rounds)
    return [
        Line(f"{name}, a step, lenet5 → lenet5_half", took[name], "the nets alone", took[f"{name}, floor"])
        for name in made
    ]


def _adversarial_floor(student: Net, teacher: Net, generator: Generator) -> Callable[[], None]:
    """Generator forward, student both ways beside the teacher; then all three, back to the generator's weights."""
    of_student, of_generator = (Recipe(lr=1e-4).optimise(net.parameters()) for net in (student, generator))

    def run() -> None:
        with torch.no_grad():
            images = generator(torch.randn(BATCH, LATENT))
            answers = teacher(images)
        _learn(student, images, answers, of_student)
        images = generator(torch.randn(BATCH, LATENT))
        _move(generator, -F.l1_loss(student(images), teacher(images)), of_generator)

    return run


def _data_free_floor(student: Net, teacher: Net, generator: Generator) -> Callable[[], None]:
    """Generator and teacher both ways, once; the student both ways on the same images and answers."""
    of_student, of_generator = (Recipe(lr=1e-4).optimise(net.parameters()) for net in (student, generator))

    def run() -> None:
        images = generator(torch.randn(BATCH, LATENT))
        answers = teacher(images)
        _move(generator, F.cross_entropy(answers, answers.argmax(1)), of_generator)
        _learn(student, images.detach(), answers.detach(), of_student)

    return run


def _learn(student: Net, images: Tensor, answers: Tensor, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad()
    F.l1_loss(student(images), answers).backward()
    optimiser.step()


def _move(generator: Generator, loss: Tensor, optimiser: torch.optim.Optimizer) -> None:
    parameters = list(generator.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimiser.step()


def ghost_lines(rounds: int = 9) -> list[Line]:
    """Half of the maps computed by cheap filters, beside the plain layer or net: fewer multiplications, more layers.

    Shown without a limit: on a CPU a filter of one channel is slow for the little that it computes.
    """
    x = torch.randn(BATCH, 64, 16, 16)
    plain = named(conv=conv(64, 64), norm=nn.BatchNorm2d(64), relu=nn.ReLU())
    layers: dict[str, Callable[[], object]] = {
        "module": partial(_both_ways, GhostModule(64, 64, kernel=3), x),
        "plain module": partial(_both_ways, plain, x),
    }
    images = torch.randn(BATCH, 3, 32, 32)
    layers |= {name: partial(_both_ways, kd.nets.build(name), images) for name in ("ghost_resnet20", "resnet20")}
    took = medians(layers, rounds, warm_up=1)
    return [
        Line(
            "GhostModule 64 → 64, 3×3 on 16×16, both ways",
            took["module"],
            "convolution, norm, ReLU",
            took["plain module"],
        ),
        Line("ghost_resnet20, both ways", took["ghost_resnet20"], "resnet20", took["resnet20"]),
    ]


def _both_ways(net: nn.Module, x: Tensor) -> None:
    net(x).square().mean().backward()
