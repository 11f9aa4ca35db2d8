"""What a teacher was trained on, by its card, and whether that is the data it is to teach on."""

import re
import warnings

from torch import nn

from ..data import Data, names

SAME = {"digits": "mnist"}  # the digits that ship are a part of MNIST


def family(name: str) -> str:
    """The data set that `name` is a form of: "digits-16" are small digits, and the digits are a part of MNIST.

    >>> family("digits-16"), family("cifar100")
    ('mnist', 'cifar100')
    """
    plain = re.sub(r"-\d+$", "", name)
    return SAME.get(plain, plain)


def taught_on(teacher: nn.Module | None) -> str | None:
    """The data that the teacher's card names; None without a card, or if it says nothing that can be compared.

    >>> taught_on(kd.nets.teacher("digits-resnet14"))
    'digits'
    """
    told = getattr(teacher, "card", {}).get("data")
    return told if isinstance(told, str) else None


def strange_data(teacher: nn.Module | None, *data: str) -> str:
    """The data on the teacher's card if it is none of `data`, the names of what it is to teach on; else "".

    >>> strange_data(kd.nets.teacher("digits-resnet14"), "digits")
    ''
    """
    told = taught_on(teacher)
    return told if told is not None and family(told) not in map(family, data) else ""


def warn_of_strange_data(teacher: nn.Module | None, data: Data) -> None:
    """Warn of a teacher whose card names other data. Programs put data together and name them as they like, so only
    what is sure is said: both names are known, or the classes are not as many.

    >>> warn_of_strange_data(kd.nets.teacher("digits-resnet14"), kd.data.load("digits"))  # silent: it learned on them
    """
    told = strange_data(teacher, data.name)
    known = told in names() and data.name in names()
    if told and (known or getattr(teacher, "num_classes", None) not in (None, data.num_classes)):
        sentence = f"the teacher was trained on {told}, by its card, and is to teach on {data.name}; is that meant?"
        warnings.warn(sentence, stacklevel=4)
