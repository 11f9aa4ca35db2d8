"""What a net has and does, counted: numbers to learn, and multiply-adds of a pass."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def count_parameters(net: nn.Module) -> int:
    """How many numbers the net has to learn: elements of all its parameters, buffers not counted.

    >>> count_parameters(torch.nn.Linear(3, 2))  # 3 · 2 weights and 2 biases
    8
    """
    return sum(parameter.numel() for parameter in net.parameters())


def count_multiply_adds(net: nn.Module, x: Float[Tensor, "B ..."]) -> int:
    """Multiply-adds of all convolutions and linear layers in a forward pass of x, by torch's counter of operations.

    A multiply-add is a multiplication and an addition, which torch counts as two operations. Norms, ReLUs and poolings
    are not counted, as papers do it. The net and x may lie on the device "meta": then nothing is computed.

    >>> count_multiply_adds(torch.nn.Linear(3, 2), torch.zeros(1, 3))
    6
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(x)
    return int(counter.get_total_flops()) // 2
