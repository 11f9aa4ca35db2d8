"""What may be given to methods and measurements. Anything else gets one sentence, before anything is computed."""

import math
import warnings
from collections.abc import Mapping
from inspect import signature
from numbers import Integral, Real
from types import UnionType
from typing import Any, get_args

from jaxtyping import Float
from torch import Tensor, nn

from ..data import Data, Split
from ..errors import ConfigError, require
from ..nets import LanguageModel, Net

CLOSE = 1e-3  # of a sum of probabilities to 1


def check_net(net: Any, role: str, kind: type[nn.Module] = Net) -> None:
    """`net` is one net of `kind`, with numbers in it. Raises `ConfigError`.

    >>> check_net(kd.nets.build("resnet8", classes=10), "student")  # silent: it is a net
    """
    inside = next((name for name in ("module", "_orig_mod") if isinstance(getattr(net, name, None), nn.Module)), None)
    if isinstance(net, list | tuple | dict):
        wrong = f"{len(net)} {role}s in a {type(net).__name__}: a method takes one {role}; run one after the other"
    elif isinstance(net, str):
        wrong = f"the {role} is the text {net!r}; pass a net, such as nets.build({net!r}) or nets.teacher({net!r}) make"
    elif isinstance(net, type):
        wrong = f"the {role} is the class {net.__name__}; pass a net, made by calling it"
    elif not isinstance(net, nn.Module):
        wrong = f"the {role} is {net!r:.40}; expected a net, made by nets.build, nets.wrap or nets.teacher"
    elif isinstance(net, kind):
        empty = any(parameter.is_meta for parameter in net.parameters())
        wrong = f"the {role} is on the meta device and holds no numbers; build it on the CPU" if empty else ""
    elif inside:
        wrong = f"the {role} is wrapped in {type(net).__name__}; pass {role}.{inside}: a run uses one device"
    else:
        make = "wrap it: kd.nets.wrap(model)" if kind is Net else f"a {kind.__name__} is needed"
        if isinstance(net, LanguageModel) and kind is Net:
            make = "it learns by kd.train.LanguageDistiller and those derived from it"
        wrong = f"the {role} is a {type(net).__name__} and no {kind.__name__} of kdtutor; {make}"
    if wrong:
        raise ConfigError(wrong)


def check_apart(student: nn.Module, teacher: nn.Module) -> None:
    """Freezing and keeping the teacher leaves the student free. Raises `ConfigError`.

    >>> student, teacher = (kd.nets.build("resnet8", classes=10) for _ in "st")
    >>> check_apart(student, teacher)  # silent: they share nothing
    """
    require(teacher is not student, "teacher and student are the same object; build the student on its own")
    kept = set(teacher.parameters())
    shared = [name for name, p in student.named_parameters() if p in kept and p.requires_grad]
    require(
        not shared,
        f"teacher and student share {len(shared)} weights, such as {shared[:1]}: to train the one would change the "
        "other; build the student on its own, or make it of copy.deepcopy(model)",
    )


def same_classes(student: Net, teacher: Net, remedy: str = "") -> None:
    """The logits of both nets are about the same classes. Raises `ConfigError`.

    >>> student, teacher = (kd.nets.build("resnet8", classes=10) for _ in "st")
    >>> same_classes(student, teacher)  # silent: ten each
    """
    told = f"{teacher.name} and {student.name}: one answers for each pixel and the other for whole images"
    require(teacher.per_pixel == student.per_pixel, f"{told}; take two of one kind{remedy}")
    require(
        teacher.num_classes == student.num_classes,
        f"the teacher tells {teacher.num_classes} classes apart and the student {student.num_classes}; "
        f"logits can be matched only over the same classes{remedy}",
    )


def check_numbers(owner: type, values: Mapping[str, Any]) -> None:
    """What the constructor of `owner` annotates as `float` or `int` is a finite number. Raises `ConfigError`.

    >>> check_numbers(kd.papers.get("KD"), {"T": 4.0, "alpha": 0.9})  # silent: finite numbers
    """
    for name, parameter in signature(owner).parameters.items():
        kind = parameter.annotation
        kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
        if name in values and (int in kinds or float in kinds) and not (values[name] is None and type(None) in kinds):
            check_number(name, values[name], whole=float not in kinds)


def check_number(name: str, value: Any, whole: bool = False) -> None:
    """`value` is a finite number, and a whole one if asked for. Raises `ConfigError`.

    >>> check_number("T", 4.0)  # silent: a finite number
    """
    number = not isinstance(value, bool) and isinstance(value, Integral if whole else Real)
    if not number or not math.isfinite(value):
        raise ConfigError(f"{name}={value!r:.60}: expected a {'whole' if whole else 'finite'} number")


def check_data(data: Any) -> None:
    """`data` is a data set of kdtutor. Raises `ConfigError`.

    >>> check_data(kd.data.load("moons"))  # silent: data of kdtutor
    """
    made = "make one of tensors: kd.data.Data(name, train=kd.data.Split(images, labels), …)"
    if isinstance(data, str):
        made = f"load it: kd.data.load({data!r})"
    require(isinstance(data, Data), f"the data are a {type(data).__name__}, expected a kd.data.Data; {made}")


def check_split(split: Any) -> None:
    """`split` is a part of a data set. Raises `ConfigError`.

    >>> check_split(kd.data.load("moons").test)  # silent: a split of kdtutor
    """
    told = f"expected a split is a {type(split).__name__}"
    require(isinstance(split, Split), f"what is {told}; pass data.train, data.val or data.test, or make one: "
            "kd.data.Split(images, labels)")  # fmt: skip


def warn_of_probabilities(logits: Float[Tensor, "B K ..."], what: str) -> None:
    """Warn where every row of `logits` lies in 0…1 and sums to 1: a softmax has been applied already.

    >>> warn_of_probabilities(torch.tensor([[2.0, -1.0]]), "the logits")  # silent: they are logits
    """
    z = logits.detach()
    wide = z.ndim >= 2 and z.shape[1] > 1 and z.numel() > 0
    if wide and bool(z.min() >= 0) and bool(((z.sum(1) - 1).abs() < CLOSE).all()):  # the first alone is asked mostly
        warnings.warn(
            f"{what} look like probabilities: each row lies in 0…1 and sums to 1. Logits are expected, which a softmax "
            "turns into probabilities only later; leave the softmax out of the model",
            stacklevel=3,
        )
