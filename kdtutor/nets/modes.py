"""Modes of a net: evaluation for a while, and what its user has frozen."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from weakref import WeakSet

import torch
from torch import nn

_FROZEN: WeakSet[nn.Module] = WeakSet()
"""Parts found in eval mode inside a net in train mode. A run leaves all of its student in eval mode, and the next one
has to tell which parts were so before; nothing is written into the net."""


@contextmanager
def modes_kept(model: nn.Module) -> Iterator[None]:
    """Leave every part of the model in the mode, training or evaluation, in which it was found.

    >>> net = torch.nn.Dropout()
    >>> with modes_kept(net):
    ...     net.eval().training
    False
    >>> net.training
    True
    """
    modes = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def eval_mode(net: nn.Module) -> Iterator[None]:
    """Eval mode; afterwards every module is back in the mode it had.

    >>> net = torch.nn.Dropout()
    >>> with eval_mode(net):
    ...     net.training
    False
    >>> net.training
    True
    """
    with modes_kept(net):
        net.eval()
        yield


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Eval mode without gradients; afterwards every module is back in the mode it had.

    >>> net = torch.nn.Linear(1, 1)
    >>> with evaluating(net):
    ...     net(torch.zeros(1)).requires_grad
    False
    """
    with modes_kept(net), torch.no_grad():
        net.eval()
        yield


@contextmanager
def frozen_parts_kept(nets: Iterable[nn.Module]) -> Iterator[None]:
    """Whatever modes are set meanwhile, what the user of `nets` has frozen is in eval mode afterwards.

    >>> net = torch.nn.Sequential(torch.nn.BatchNorm2d(1), torch.nn.Dropout().eval())
    >>> with frozen_parts_kept([net]):
    ...     _ = net.train()
    >>> [part.training for part in net]
    [True, False]
    """
    frozen = [part for net in nets for part in frozen_parts(net)]
    try:
        yield
    finally:
        for part in frozen:
            part.training = False
        _FROZEN.update(part for part in frozen if not _frozen_norm(part))


def frozen_parts(net: nn.Module) -> list[nn.Module]:
    """The modules of `net` that stay in eval mode while it trains: those that its user has put there, one by one, and
    the norms all of whose parameters are frozen, since moving statistics would change what they compute.

    Where `net` as a whole is in eval mode, its modes say nothing; then what they said last counts.

    >>> net = torch.nn.Sequential(torch.nn.BatchNorm2d(1), torch.nn.Dropout())
    >>> _ = net[1].eval()
    >>> frozen_parts(net)
    [Dropout(p=0.5, inplace=False)]
    """
    parts = [module for module in net.modules() if module is not net]
    if net.training:
        _FROZEN.difference_update(parts)
        _FROZEN.update(part for part in parts if not part.training and not _frozen_norm(part))
    return [part for part in parts if part in _FROZEN or _frozen_norm(part)]


def _frozen_norm(module: nn.Module) -> bool:
    own = list(module.parameters(recurse=False))
    return isinstance(module, nn.modules.batchnorm._NormBase) and bool(own) and not any(p.requires_grad for p in own)
