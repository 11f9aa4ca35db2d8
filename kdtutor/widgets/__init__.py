"""What you touch: explorers whose picture follows the controls, and training runs with buttons."""

from collections.abc import Iterator

from .alive import Alive
from .explorer import Explorer
from .live import Board, LiveFigure
from .retrain import Retrain
from .run import LiveRun

__all__ = ["Alive", "Board", "Explorer", "LiveFigure", "LiveRun", "Retrain", "explorers"]


def explorers() -> Iterator[Explorer]:
    """One instance of every explorer of every lesson, over what ships: for tests and the redraw benchmark."""
    import pandas as pd
    import torch

    from .. import data, nets, train
    from ..figures.adversarial import border, frame, still
    from ..figures.boundaries import over_the_plane
    from ..papers.matching import assign, flow_cost
    from . import (
        adversarial,
        boundaries,
        data_free,
        fitnets,
        fsp,
        gan,
        ghost,
        hinton,
        matching,
        overhaul,
        pairing,
        relational,
        spot_adaptive,
        start,
    )

    digits = data.load("digits")
    val = digits.val
    assert val is not None
    asked = train.evaluate(nets.teacher("digits-resnet14"), val, digits)
    yield Alive()
    yield start.ShiftExplorer(digits)
    yield start.OpinionExplorer(val, asked.logits, digits.classes)
    yield hinton.TemperatureExplorer(val.images[:6], asked.logits[:6], asked.labels[:6], digits.classes)
    yield hinton.BiasExplorer({"teacher": asked.logits}, asked.labels, 3, digits.classes)
    yield fsp.FlowExplorer()
    few = digits.normalise(val.images[:4])
    nets_by_role = {
        "teacher": nets.teacher("digits-resnet14"),
        **{role: nets.build("resnet8", classes=10, channels=1, stem_stride=2) for role in ("alone", "taught")},
    }
    with torch.no_grad():
        taps = {role: net.eval().trace(few).taps for role, net in nets_by_role.items()}
    yield fsp.MatrixExplorer(val.images[:4], taps, ("stem", "stage 1", "stage 2", "stage 3"), "abcd")
    layers = {role: maps for role, maps in taps.items() if role != "teacher"}
    yield fitnets.DepthExplorer(val.images[:4], layers, dict.fromkeys(layers, (0.7, 0.6, 0.5, 0.4)))
    sizes = [(maps.shape[2], maps.shape[3]) for maps in taps["teacher"]]
    yield fitnets.HintExplorer(nets_by_role["alone"], nets_by_role["teacher"], sizes, {2: 0.5})
    yield fitnets.AttentionExplorer(val.images[:4], taps, ("stem", "stage 1", "stage 2", "stage 3"))
    with torch.no_grad():
        stages = nets_by_role["teacher"].trace(few).stages
    yield overhaul.MarginExplorer()
    yield overhaul.DistanceExplorer()
    lowest = [maps.amin((0, 2, 3)) / 2 for maps in stages]
    yield overhaul.PullExplorer(val.images[:4], stages, {"itself": stages}, lowest, "abcd")
    yield boundaries.HingeExplorer()
    moons = data.load("moons").test[::4]
    yield boundaries.LineExplorer(moons)
    films = {who: [over_the_plane(nets.build("mlp8", classes=2)) for _ in range(3)] for who in "ab"}
    yield boundaries.BoundaryFilm(films["a"][0], films, (0, 10, 20), moons)
    yield adversarial.GapExplorer()
    student, teacher = (nets.build("mlp8", classes=2).eval() for _ in "st")
    points, z = nets.generator("points", latent=2, channels=2, size=1), torch.randn(100, 2)
    chase = [frame(step, student, teacher, points, z) for step in (0, 10, 20)]
    yield adversarial.ChaseFilm(chase, border(teacher), moons)
    student, teacher = (nets.build("lenet5x0.5", classes=10, channels=1).eval() for _ in "st")
    images, z = nets.generator("deconvolutionx0.25", size=28), torch.randn(12, 100)
    yield adversarial.ImageFilm([still(step, student, teacher, images, z) for step in (0, 10, 20)])
    yield pairing.PairingExplorer()
    with torch.no_grad():
        small = nets.build("resnet8x0.25", classes=10, channels=1, stem_stride=2).eval().trace(few).stages
    flows = [assign(flow_cost(f_s, f_t)) for f_s, f_t in zip(small, stages, strict=True)]
    sparse = assign(flow_cost(small[0], stages[0]), sparse=True)
    yield matching.ReductionExplorer(val.images[:4], small[0], stages[0], flows[0], sparse, lowest[0], "abcd")
    mine, theirs = ([maps[0] for maps in both] for both in (small, stages))
    yield matching.MatchingsExplorer([flows] * 3, [mine] * 3, theirs, ("stage 1", "stage 2", "stage 3"))
    yield relational.StructureExplorer()
    flat = {who: val.images[:60].flatten(1)[:, :width].float() for who, width in (("wide", 784), ("narrow", 300))}
    yield relational.NeighbourExplorer(val.images[:60], val.labels[:60], flat, range(20))
    yield gan.HillsExplorer()
    small_digits = data.load("digits-16")
    yield gan.BlurExplorer(small_digits.normalise(small_digits.train.images[::7]), small_digits.train.labels[::7])
    makers = {name: nets.trained_generator(name) for name in ("digits-dcgan", "digits-dcgan-small")}
    judge = train.Judge(nets.teacher("digits-16-resnet8"))
    yield gan.WalkExplorer(makers, torch.eye(32)[:2], torch.randn(2, 32), judge)
    yield ghost.PairExplorer(val.images[:4], taps["teacher"][0])
    yield ghost.CostExplorer()
    yield spot_adaptive.GumbelExplorer()
    said, spots = torch.randn(3, 4, 4, 2), ("stage1", "stage2", "stage3", "logits")
    yield spot_adaptive.WayExplorer(val.images[:4], said, torch.randn(4, 4, 2), spots, "abcd", ["It is sure."] * 4)
    grid = [(strategy, beta, tau) for strategy in ("always", "adaptive") for beta in (50, 1000) for tau in (1, 5)]
    rows = pd.DataFrame(grid, columns=["strategy", "beta", "tau"])
    yield spot_adaptive.WeightExplorer(rows.assign(test=0.9, probability_stage1=0.4, probability_logits=1.0))
    yield data_free.WalkExplorer(
        nets.trained_generator("digits-dafl"), nets.teacher("digits-lenet5-plain"), digits.classes
    )
    yield data_free.LossExplorer()
    frames = [data_free.Frame(val.images[:32].float(), torch.randn(64, 10)) for _ in range(3)]
    toggles = [(True, True, True), (True, True, False), (False, True, True), (True, False, True), (True, False, False)]
    yield data_free.TogglesExplorer(
        dict.fromkeys([*toggles, (False, True, False), (False, False, True)], frames), range(3)
    )
