"""Wrong input, all over the public surface: each gets one sentence with the value, what was expected and what to do."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn, zeros
from typer.testing import CliRunner

import kdtutor as kd
from kdtutor import ConfigError, DataError, DivergedError, Error, ShapeError, UnknownName, data, nets, train
from kdtutor.cli.app import app
from kdtutor.data import Batches, Split
from kdtutor.papers import (
    adversarial,
    attention,
    boundaries,
    contrastive,
    data_free,
    fitnets,
    fsp,
    gan,
    ghost,
    hinton,
    matching,
    overhaul,
    related,
    related_methods,
    relational,
    spot_adaptive,
)
from kdtutor.settings import gan as gan_setting
from kdtutor.train import Alone, History, Recipe

LONGEST = 320


class Exit1(Error):
    """A command said its sentence and ended with exit code 1: something is wrong."""


class Exit2(Error):
    """… with exit code 2: it was called wrongly."""


@dataclass(frozen=True)
class Bad:
    """What is done, which error it must raise, and what the sentence must say. `call` gets an empty folder."""

    call: Callable[[Path], Any]
    error: type[Error]
    says: tuple[str, ...]


def digits() -> kd.Data:
    return data.load("digits")


def maker(**options: Any) -> nets.Generator:
    return nets.generator(**({"name": "dcganx0.125", "latent": 5, "size": 16} | options))


def net(**options: Any) -> kd.Net:
    return nets.build("resnet8x0.25", **({"classes": 10, "channels": 1} | options))


def fit(student: kd.Net, epochs: int = 1, **options: Any) -> History:
    return kd.fit(Alone(student), digits(), epochs, progress=False, device="cpu", **options)


def cli(*arguments: str) -> None:
    result = CliRunner().invoke(app, arguments)
    if result.exit_code:
        raise (Exit1 if result.exit_code == 1 else Exit2)(result.stderr.removeprefix("kdtutor: ").removesuffix("\n"))


def damaged(source: Path, folder: Path, *others: str) -> Path:
    """A copy of a file in `folder` with its last byte flipped, and whole copies of the files beside it."""
    for name in others:
        shutil.copy(source.parent / name, folder)
    content = bytearray(source.read_bytes())
    content[-1] ^= 1
    (folder / source.name).write_bytes(content)
    return folder / source.name


def same_twice() -> None:
    one = net()
    hinton.Hinton(one, one)


def contrast(rows: torch.Tensor) -> None:
    """A batch that names these rows, for the contrastive memory of the digits."""
    method = contrastive.Contrastive(net(), net())
    method.begin(digits())
    images = zeros(2, 1, 28, 28)
    method.features(method.student.trace(images), method.teach(images), data.Batch(images, rows, rows))


def wrapped(**options: Any) -> kd.Net:
    return nets.wrap(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(1), nn.Linear(4 * 36, 10)), **options)


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


PIXELS = zeros(3, 1, 2, 2)
BAD: dict[str, Bad] = {
    # data
    "unknown data set": Bad(
        lambda _: data.load("cifar1000"), UnknownName,
        ("'cifar1000' is not a known data set", "Did you mean 'cifar100'?", "cifar10, cifar100, cub, digits"),
    ),
    "absent data set": Bad(
        lambda tmp: data.load("cifar100", root=tmp), DataError,
        ("cifar100: nothing at", "cifar-100-python", "KDTUTOR_DATA", 'load("cifar100", download=True)'),
    ),
    "absent tiny-imagenet": Bad(
        lambda tmp: data.load("tiny-imagenet", root=tmp), DataError, ("tiny-imagenet-200.zip", "KDTUTOR_DATA"),
    ),
    "damaged digits": Bad(
        lambda tmp: data.digits.digits(damaged(data.root() / "digits/digits.npz", tmp, "card.json").parent), DataError,
        ("digits.npz is damaged", "its sha256 begins with", "git checkout -- data"),
    ),
    "image folder without a root": Bad(
        lambda _: data.load("image-folder"), DataError, ("needs root=", "train/ and test/"),
    ),
    "image folder without train": Bad(
        lambda tmp: data.load("image-folder", root=tmp), DataError,
        ("is not a folder", "expected train/<class>/<image>"),
    ),
    "unknown toy set": Bad(lambda _: data.toy("moon"), UnknownName, ("'moon'", "'moons'", "rings, spirals")),
    "toy set of one point": Bad(lambda _: data.toy("moons", n=1), ConfigError, ("n=1", "n must be at least 2")),
    "no label at all": Bad(
        lambda _: digits().few_labels(0), ConfigError, ("per_class=0", "class '0' has 350", "choose 1…350"),
    ),
    "more labels than images": Bad(lambda _: digits().few_labels(351), ConfigError, ("per_class=351", "choose 1…350")),
    "a class that is not there": Bad(
        lambda _: digits().without_class(10), ConfigError, ("without_class(10)", "the classes are 0…9"),
    ),
    "more images than labels": Bad(
        lambda _: Split(PIXELS, zeros(2)), ShapeError, ("3 images and 2 labels", "one label per image"),
    ),
    "labels out of range": Bad(
        lambda _: kd.Data("mine", Split(PIXELS, torch.tensor([0, 1, 7])), None, Split(PIXELS, zeros(3).long()),
                          ("a", "b"), (0.0,), (1.0,)),
        ConfigError, ("the train labels run from 0 to 7", "with 2 classes they must lie in 0…1"),
    ),
    "batches of nothing": Bad(
        lambda _: Batches(digits().train[:0], digits(), 8), ConfigError, ("digits", "no training image left"),
    ),
    "batch size 0": Bad(lambda _: Batches(digits().train, digits(), 0), ConfigError, ("batch size 0", "at least 1")),
    # nets
    "unknown net": Bad(
        lambda _: nets.build("resnt20"), UnknownName, ("'resnt20'", "Did you mean 'resnet20'?", "wrn_16_2"),
    ),
    "a depth that no ResNet has": Bad(
        lambda _: nets.build("resnet21"), UnknownName, ("'resnet21'", "6n+2 layers", "8, 14, 20"),
    ),
    "a depth that no wide ResNet has": Bad(
        lambda _: nets.build("wrn_17_2"), UnknownName, ("'wrn_17_2'", "6n+4 layers"),
    ),
    "a ghost ResNet of no known depth": Bad(
        lambda _: nets.build("ghost_resnet9"), UnknownName, ("'ghost_resnet9'", "6n+2 layers"),
    ),
    "ghosts without a ratio": Bad(lambda _: nets.build("ghost_vgg8_s0"), ConfigError, ("ratio=0", "at least 1")),
    "a cheap filter without a middle": Bad(
        lambda _: ghost.GhostModule(3, 4, cheap_kernel=2), ConfigError, ("cheap_kernel=2", "odd"),
    ),
    "GhostNet of no width": Bad(lambda _: nets.ghostnet(0.0), ConfigError, ("width=0.0", "above 0")),
    "the cost without a ratio": Bad(lambda _: ghost.ghost_cost(3, 4, 3, s=0), ConfigError, ("s=0", "at least 1")),
    "correlation of one image": Bad(
        lambda _: ghost.correlation(zeros(3, 4, 4)), ShapeError, ("(B, C, H, W)", "(3, 4, 4)"),
    ),
    "a filter between maps of different sizes": Bad(
        lambda _: ghost.fit_depthwise(zeros(1, 4, 4), zeros(1, 4, 5), 3), ShapeError, ("(1, 4, 4)", "(1, 4, 5)"),
    ),
    "more pairs than there are": Bad(
        lambda _: ghost.nearest_pairs(zeros(2, 2), 2), ConfigError, ("2 pairs", "2 maps make 1"),
    ),
    "a depth that no VGG has": Bad(lambda _: nets.build("vgg9"), UnknownName, ("'vgg9'", "8, 11, 13, 16, 19")),
    "no classes": Bad(lambda _: net(classes=0), ConfigError, ("classes is 0", "at least 1")),
    "a stem where there is none": Bad(
        lambda _: nets.build("lenet5", stem_stride=2), ConfigError,
        ("stem_stride is 2", "lenet5 has no stem", "leave it at 1"),
    ),
    "images with other channels": Bad(
        lambda _: net(channels=3)(zeros(1, 2, 28, 28)), ShapeError,
        ("expected images with 3 channels", "got (1, 2, 28, 28)", "channels=2"),
    ),
    "an image without a batch": Bad(
        lambda _: net()(zeros(1, 28, 28)), ShapeError, ("expected images (B, 1, H, W)", "got (1, 28, 28)"),
    ),
    "a segment too many": Bad(
        lambda _: net().run(zeros(1, 1, 28, 28), 4), ConfigError, ("segment 4 does not exist", "segments 0 to 3"),
    ),
    "a map of another stage": Bad(
        lambda _: net().run(zeros(1, 9, 7, 7), 1), ShapeError, ("reads maps (B, 4, H, W)", "got (1, 9, 7, 7)"),
    ),
    "a mask of another batch": Bad(
        lambda _: net().trace(zeros(2, 1, 28, 28))[torch.tensor([True])], ShapeError, ("shape (1,)", "holds 2 samples"),
    ),
    "unknown teacher": Bad(
        lambda _: nets.teacher("digits-resnet41"), UnknownName,
        ("'digits-resnet41'", "Did you mean 'digits-resnet14'?"),
    ),
    "absent teacher": Bad(
        lambda tmp: nets.teacher(tmp / "t.safetensors"), DataError, ("t.safetensors cannot be read", "restore it"),
    ),
    "damaged teacher": Bad(
        lambda tmp: nets.teacher(
            damaged(data.root() / "teachers/digits-lenet5.safetensors", tmp, "digits-lenet5.json")
        ),
        DataError, ("digits-lenet5.safetensors is damaged", "its card says", "restore it"),
    ),
    "a teacher with half a card": Bad(
        lambda tmp: nets.save_teacher(net(), "mine", {"seed": 0}, tmp), ConfigError,
        ("the card of 'mine' lacks data, recipe",),
    ),
    "a net is wrapped": Bad(lambda _: nets.wrap(net()), ConfigError, ("is a Net already", "use it as it is")),
    "a stage that is not there": Bad(
        lambda _: wrapped(stages=["layer9"], example=zeros(1, 3, 8, 8)), UnknownName,
        ("'layer9' is not a node of Sequential", "nets.node_names(model) lists all"),
    ),
    # train
    "no learning": Bad(lambda _: Recipe(lr=0), ConfigError, ("lr=0", "must be a positive number")),
    "unknown optimiser": Bad(lambda _: Recipe(optimiser="adamw"), UnknownName, ("'adamw'", "Choose from: adam, sgd")),
    "unknown preset": Bad(
        lambda _: kd.preset("papr"), UnknownName, ("'papr'", "Did you mean 'paper'?", "minute, paper"),
    ),
    "unknown pair": Bad(
        lambda _: kd.preset("paper", pair="a-b"), UnknownName, ("'a-b' is not a known pair", "resnet56"),
    ),
    "a teacher that is not trained": Bad(
        lambda _: kd.preset("paper").teacher(), DataError,
        ("'cifar100-resnet56' is not in runs", "`kdtutor teach cifar100-resnet56`"),
    ),
    "unknown device": Bad(lambda _: kd.device("gpu"), UnknownName, ("'gpu' is not a known device", "cpu, cuda, mps")),
    "unknown precision": Bad(
        lambda _: fit(net(), precision="fp16"), UnknownName, ("'fp16' is not a known precision", "bf16, float32"),
    ),
    "no epoch": Bad(lambda _: fit(net(), epochs=0), ConfigError, ("epochs=0", "at least one epoch")),
    "a loss that explodes": Bad(
        lambda _: fit(net(), recipe=Recipe(lr=1e30)), DivergedError,
        ("the term 'task' became", "in step 2", "lower the learning rate (now 1e+30)"),
    ),
    "its own teacher": Bad(lambda _: same_twice(), ConfigError, ("the same object", "build the student on its own")),
    "nothing to predict": Bad(
        lambda _: train.predict(net(), digits().train[:0], digits()), ConfigError, ("no image to predict", "empty"),
    ),
    "unknown term": Bad(
        lambda _: _history().curve("los"), UnknownName, ("'los' is not a known term", "Did you mean 'loss'?"),
    ),
    "absent history": Bad(
        lambda tmp: History.load(tmp / "no.json"), DataError, ("no.json does not exist", "History.save writes"),
    ),
    "damaged history": Bad(
        lambda tmp: History.load(text(tmp / "h.json", '{"rows": ')), DataError,
        ("h.json is not a history", "remove it or name another"),
    ),
    # papers
    "unknown method": Bad(
        lambda _: kd.papers.method("hinto"), UnknownName,
        ("'hinto' is not a known method", "Did you mean 'hinton' (KD)?"),
    ),
    "temperature 0": Bad(
        lambda _: hinton.kd_loss(zeros(2, 3), zeros(2, 3), T=0), ConfigError,
        ("T=0", "the temperature must be positive"),
    ),
    "logits over other classes": Bad(
        lambda _: hinton.kd_loss(zeros(2, 3), zeros(2, 4)), ShapeError, ("(2, 3)", "(2, 4)", "must be equal"),
    ),
    "logits without a batch": Bad(
        lambda _: hinton.kd_loss(zeros(3), zeros(3)), ShapeError, ("shape (3,)", "expected (B, K)"),
    ),
    "more than all of the teacher": Bad(
        lambda _: hinton.Hinton(net(), net(), alpha=2), ConfigError, ("alpha=2", "must lie in 0…1"),
    ),
    "a teacher of other classes": Bad(
        lambda _: hinton.Hinton(net(), net(classes=5)), ConfigError,
        ("5 classes", "the student 10", "the same classes"),
    ),
    "maps without channels": Bad(
        lambda _: fsp.fsp_matrix(zeros(2, 4, 4), zeros(2, 3, 4, 4)), ShapeError, ("(2, 4, 4)", "expected (B, C, H, W)"),
    ),
    "maps of two batches": Bad(
        lambda _: fsp.fsp_matrix(zeros(2, 3, 4, 4), zeros(3, 3, 4, 4)), ShapeError,
        ("(2, 3, 4, 4)", "(3, 3, 4, 4)", "with one B"),
    ),
    "unknown pooling": Bad(
        lambda _: fsp.fsp_matrix(zeros(2, 3, 4, 4), zeros(2, 3, 2, 2), pool="mean"), ConfigError,
        ("pool='mean'", "'max'", "'avg'"),
    ),
    "one map is no flow": Bad(
        lambda _: fsp.fsp_loss([zeros(2, 3, 4, 4)], [zeros(2, 3, 4, 4)]), ShapeError, ("1 student maps", "≥ 2"),
    ),
    "maps of other widths": Bad(
        lambda _: fsp.fsp_loss([zeros(2, 3, 4, 4)] * 2, [zeros(2, 5, 4, 4)] * 2), ShapeError,
        ("(2, 3, 3)", "(2, 5, 5)"),
    ),
    "nets with other stages": Bad(
        lambda _: fsp.FSP(net(), nets.build("lenet5", classes=10, channels=1)), ConfigError,
        ("the student has 4 taps, the teacher 3", "the same number of stages"),
    ),
    "nothing but the first phase": Bad(
        lambda _: fsp.FSP(net(), net(), flow_epochs=8).phases(8), ConfigError,
        ("flow_epochs=8 of 8", "at least one epoch"),
    ),
    "another map than the hint": Bad(
        lambda _: fitnets.hint_loss(zeros(2, 3, 4, 4), zeros(2, 5, 4, 4)), ShapeError,
        ("(2, 3, 4, 4)", "(2, 5, 4, 4)", "must be equal"),
    ),
    "no convolution between two sizes": Bad(
        lambda _: fitnets.Regressor(3, 5, (4, 9), (5, 3)), ShapeError, ("4×9 to 5×3", "bring both to one size first"),
    ),
    "a layer that is not there": Bad(
        lambda _: fitnets.FitNets(net(), net(), layer=4), ConfigError, ("layer=4", "layers 0 to 3", "0 is the stem"),
    ),
    "a hint that learns backwards": Bad(
        lambda _: fitnets.FitNets(net(), net(), hint_lr=-1.0), ConfigError, ("hint_lr=-1.0", "a positive number"),
    ),
    "a root of the activations": Bad(
        lambda _: attention.Attention(net(), net(), p=0.5), ConfigError, ("p=0.5", "at least 1", "2 is the paper's"),
    ),
    "attention of a vector": Bad(
        lambda _: attention.attention_map(zeros(2, 3)), ShapeError, ("(2, 3)", "expected (B, C, H, W)"),
    ),
    "a negative weight": Bad(
        lambda _: attention.Attention(net(), net(), beta=-1), ConfigError, ("beta=-1", "must not be negative"),
    ),
    "features and other classes": Bad(
        lambda _: attention.Attention(net(), net(classes=5), alpha=0.5), ConfigError,
        ("5 classes", "the student 10", "set alpha=0"),
    ),
    "no margin": Bad(
        lambda _: boundaries.boundary_loss(zeros(1, 1), zeros(1, 1), margin=0), ConfigError,
        ("margin=0", "the paper's is 1"),
    ),
    "logits of other classes": Bad(
        lambda _: adversarial.discrepancy(zeros(2, 3), zeros(2, 4)), ShapeError, ("(2, 3)", "(2, 4)", "must be equal"),
    ),
    "an adversarial student of other classes": Bad(
        lambda _: adversarial.Logits(net(), net(classes=7)), ConfigError, ("7 classes", "10", "same classes"),
    ),
    "an unknown distance": Bad(
        lambda _: adversarial.Adversarial(
            adversarial.Logits(net(), net()), nets.generator("deconvolutionx0.25", size=28), distance="l2"
        ),  # type: ignore[arg-type]
        UnknownName, ("'l2'", "l1"),
    ),
    "logits that are no batch": Bad(
        lambda _: data_free.entropy_loss(zeros(10)), ShapeError, ("entropy_loss", "(10,)", "expected (B, ·)"),
    ),
    "a generator that nobody tells anything": Bad(
        lambda _: data_free.DataFree(
            adversarial.Logits(net(), net()), nets.generator("deconvolutionx0.25", size=28),
            one_hot=0, activation=0, entropy=0,
        ),
        ConfigError, ("all three weights are 0", "learn nothing"),
    ),
    "no memory to replay from": Bad(
        lambda _: data_free.DataFree(
            adversarial.Logits(net(), net()), nets.generator("deconvolutionx0.25", size=28), replay=4, memory=0
        ),
        ConfigError, ("memory=0", "at least one image"),
    ),
    "a memory of rows without rows": Bad(
        lambda _: data_free.DataFree(
            contrastive.Contrastive(net(), net()), nets.generator("deconvolutionx0.25", size=28)
        ),
        ConfigError, ("Contrastive", "rows in a training split", "choose another method"),
    ),
    "a generator that never moves": Bad(
        lambda _: adversarial.Adversarial(
            adversarial.Logits(net(), net()), nets.generator("deconvolutionx0.25", size=28), k=0
        ),
        ConfigError, ("k=0", "at least 1"),
    ),
    "a student that imitates nobody": Bad(
        lambda _: gan.Distil(maker(), alpha=1), ConfigError, ("alpha=1", "no teacher", "alpha=0 needs none"),
    ),
    "a game without a critic": Bad(
        lambda _: gan.Distil(maker(), alpha=0), ConfigError, ("alpha=0 asks for a critic", "nets.critic"),
    ),
    "a penalty under batch norm": Bad(
        lambda _: gan.Distil(maker(), critic=nets.critic(norm="batch"), alpha=0, game="wasserstein"),
        ConfigError, ("batch norm mixes", "norm='layer'"),
    ),
    "a teacher with another z": Bad(
        lambda _: gan.Distil(maker(), maker(latent=6), alpha=1), ShapeError, ("reads 6 numbers", "the same z"),
    ),
    "images that a generator cannot make": Bad(
        lambda _: gan.Distil(maker(), critic=nets.critic(), alpha=0).check(digits()), ShapeError,
        ("(1, 28, 28)", "(1, 16, 16)", "data.for_generators"),
    ),
    "sharpness of two channels": Bad(
        lambda _: gan.laplacian_variance(zeros(1, 2, 5, 5)), ShapeError, ("(1, 2, 5, 5)", "1 or 3"),
    ),
    "a set that the paper does not have": Bad(
        lambda _: gan_setting.paper("cifar100"), UnknownName, ("'cifar100'", "cifar10"),
    ),
    "a student larger than its teacher": Bad(
        lambda _: gan_setting.paper("cifar10").student(2), ConfigError, ("scale=2", "(0, 1]"),
    ),
    "an unknown critic": Bad(lambda _: nets.critic("resnet"), UnknownName, ("'resnet'", "dcgan")),
    "a critic of another size": Bad(lambda _: nets.critic(size=28), ConfigError, ("size is 28", "8, 16, 32")),
    "large pictures of small ones": Bad(
        lambda _: data.for_generators(digits(), 64), ShapeError, ("28×28", "mostly padding"),
    ),
    "absent faces": Bad(lambda tmp: data.load("celeba", tmp), DataError, ("celeba", "nothing at", "KDTUTOR_DATA")),
    "a distance of unlike embeddings": Bad(
        lambda _: train.frechet_distance(zeros(3, 4), zeros(3, 5)), ShapeError, ("(3, 4)", "(3, 5)", "N, M ≥ 2"),
    ),
    "points that are images": Bad(
        lambda _: nets.generator("points", channels=2, size=28), ConfigError, ("size is 28", "1"),
    ),
    "decisions about two answers": Bad(
        lambda _: spot_adaptive.decide(zeros(4, 6)), ShapeError, ("(4, 6)", "(B, spots, 2)"),
    ),
    "coins without a temperature": Bad(
        lambda _: spot_adaptive.decide(zeros(4, 3, 2), tau=0), ConfigError, ("tau=0", "must be positive"),
    ),
    "a strategy that is none": Bad(
        lambda _: spot_adaptive.SpotAdaptive(attention.Attention(net(), net()), "sometimes"), UnknownName,
        ("sometimes", "adaptive"),
    ),
    "spots of a method without any": Bad(
        lambda _: spot_adaptive.SpotAdaptive(Alone(net())), ConfigError, ("Alone", "no teacher or no spots"),
    ),
    "all epochs for the boundaries": Bad(
        lambda _: boundaries.ActivationBoundaries(net(), net(), boundary_epochs=4).phases(4), ConfigError,
        ("boundary_epochs=4 of 4", "at least one epoch must be left"),
    ),
    "margins without a batch norm": Bad(
        lambda _: overhaul.Overhaul(net(), nets.build("lenet5", classes=10, channels=1)), ConfigError,
        ("stage 1 of lenet5", "overhaul.measured_margin"),
    ),
    "margins of another net": Bad(
        lambda _: overhaul.Overhaul(net(), net(), margins=[zeros(3)]), ConfigError, ("(3,) values", "(4, 8, 16)"),
    ),
    "unknown position": Bad(
        lambda _: overhaul.Overhaul(net(), net(), position="per"), UnknownName, ("'per'", "Did you mean 'pre'?"),
    ),
    "a teacher with fewer channels": Bad(
        lambda _: matching.MatchingGuided(nets.build("resnet8", classes=10, channels=1), net()), ConfigError,
        ("resnet8 has 16 channels", "resnet8x0.25 has 4", "the teacher needs as many"),
    ),
    "costs that are no numbers": Bad(
        lambda _: matching.assign(torch.full((2, 2), torch.nan)), ConfigError, ("NaN", "diverging"),
    ),
    "a flow of another width": Bad(
        lambda _: matching.reduce(zeros(1, 4, 2, 2), zeros(2, 5)), ShapeError, ("(1, 4, 2, 2)", "(2, 5)"),
    ),
    "never matched": Bad(
        lambda _: matching.MatchingGuided(net(), net(), every=0), ConfigError, ("every=0", "at least 1"),
    ),
    "embeddings of two batches": Bad(
        lambda _: relational.rkd_loss(zeros(2, 3), zeros(4, 3)), ShapeError, ("(2, 3)", "(4, 3)", "the same samples"),
    ),
    "no relation": Bad(
        lambda _: relational.Relational(net(), net(), distance=0, angle=0), ConfigError,
        ("distance=0, angle=0", "one must be positive"),
    ),
    "scales of other channels": Bad(
        lambda _: related.variational_loss(zeros(2, 3), zeros(2, 3), zeros(4)), ShapeError, ("(2, 3)", "(4,)"),
    ),
    "a kernel without width": Bad(
        lambda _: related.correlation_loss(zeros(2, 3), zeros(2, 3), gamma=0), ConfigError,
        ("gamma=0", "a positive number"),
    ),
    "unknown form": Bad(
        lambda _: related_methods.Correlation(net(), net(), form="kernle"), UnknownName,
        ("'kernle'", "Did you mean 'kernel'?"),
    ),
    "a factor of nothing": Bad(
        lambda _: related_methods.Factor(net(), net(), rate=0), ConfigError, ("rate=0", "0.5 is usual"),
    ),
    "no negatives": Bad(
        lambda _: contrastive.Contrastive(net(), net(), negatives=0), ConfigError,
        ("negatives=0", "at least one other"),
    ),
    "nothing to contrast": Bad(
        lambda _: contrastive.Negatives(torch.tensor([1])), ConfigError, ("1 images", "at least 2"),
    ),
    "rows that the memory lacks": Bad(
        lambda _: contrast(torch.tensor([-1, 3])), ConfigError,
        ("from -1 to 3", "the rows 0 to 3499", "a source whose batches name those"),
    ),
    # figures
    "a figure without words": Bad(
        lambda _: kd.figures.Picture(alt=" "), ConfigError, ("needs alternative text", "pass alt='…'"),
    ),
    "five colours": Bad(
        lambda _: kd.figures.show_images(zeros(2, 5, 4, 4), alt="x"), ShapeError,
        ("shape (5, 4, 4)", "expected (H, W)"),
    ),
    # command line
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


def _history() -> History:
    history = History()
    history.add("alone", 1, loss=1.0)
    return history


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_clear_sentence(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bad, folder = BAD[name], tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(Error) as caught:
        bad.call(folder)
    sentence = str(caught.value)
    assert type(caught.value) is bad.error
    assert [part for part in bad.says if part not in sentence] == [], sentence
    assert "\n" not in sentence and 10 < len(sentence) <= LONGEST


def test_python_users_find_the_errors_they_expect():
    assert (
        issubclass(ShapeError, ValueError)
        and issubclass(ConfigError, ValueError)
        and issubclass(UnknownName, ValueError)
    )
    assert issubclass(DataError, FileNotFoundError) and issubclass(DivergedError, RuntimeError)
