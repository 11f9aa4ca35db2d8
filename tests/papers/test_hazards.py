"""Every loss on input that breaks naive code: zeros, duplicates, constants, offsets, tiny batches, half precision."""

from importlib import import_module
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kdtutor import ShapeError

from . import losses
from .losses import Loss

HERE = Path(__file__).parent


def all_losses() -> dict[str, Loss]:
    """Those of the course, and those in the tests of other methods."""
    tests = [path.stem for path in sorted(HERE.glob("test_*.py")) if "\nLOSSES: " in path.read_text(encoding="utf-8")]
    tables = [losses.LOSSES, *(import_module(f"{__package__}.{test}").LOSSES for test in tests)]
    return {name: loss for table in tables for name, loss in table.items()}


LOSSES = all_losses()
EVERY = pytest.mark.parametrize("name", LOSSES)
LARGEST = 1e6  # of a gradient; careless code gives 1e10 and more on the same input


def zero_row(x: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(x[:1]), x[1:]])


def zero_channels(x: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(x[:, :2]), x[:, 2:]], 1)


def alternating(x: Tensor) -> Tensor:
    """One sample and its opposite, in turn."""
    signs = 1 - 2 * (torch.arange(len(x)) % 2)
    return x[:1] * signs.view(-1, *[1] * (x.ndim - 1)).to(x)


HAZARDS = {
    "zeros": torch.zeros_like,
    "a sample of zeros": zero_row,
    "channels of zeros": zero_channels,
    "ones": torch.ones_like,
    "one sample again and again": lambda x: x[:1].expand_as(x).clone(),
    "two of each": lambda x: x[torch.arange(len(x)) // 2],
    "opposite samples": alternating,
    "constant maps": lambda x: x.flatten(2).mean(2)[..., None, None].expand_as(x).clone() if x.ndim == 4 else x,
    "a common offset": lambda x: 100 + 0.01 * x,
    "a large offset": lambda x: 1e4 + x,
    "all negative": lambda x: -x.abs() - 1,
}


def gradients(name: str, s: list[Tensor], t: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
    s = [x.detach().requires_grad_() for x in s]
    loss = LOSSES[name].call(s, t)
    return loss, list(torch.autograd.grad(loss, s))


@EVERY
@pytest.mark.parametrize("hazard", HAZARDS)
def test_value_and_gradient_stay_finite(name, hazard):
    spoil = HAZARDS[hazard]
    for batch in (1, 2, 5):
        s, t = LOSSES[name].tensors(batch)
        spoilt_s, spoilt_t = ([spoil(x) for x in side] for side in (s, t))
        sides = {"student": (spoilt_s, t), "teacher": (s, spoilt_t), "both": (spoilt_s, spoilt_t)}
        for spoilt, pair in sides.items():
            loss, grads = gradients(name, *pair)
            assert loss.isfinite() and loss.ndim == 0, (batch, spoilt)
            assert all(g.isfinite().all() for g in grads), (batch, spoilt)
            if hazard != "a large offset":  # which a loss of the fourth degree rightly turns into a large gradient
                assert all(g.abs().max() < LARGEST for g in grads), (batch, spoilt)


@EVERY
def test_float32_agrees_with_float64_under_a_common_offset(name):
    """Half of the digits are gone in the input already; the loss must not lose the others."""
    s, t = ([100 + 0.5 * x for x in side] for side in LOSSES[name].tensors(6, seed=1))
    single, double = (
        gradients(name, [x.to(d) for x in s], [x.to(d) for x in t]) for d in (torch.float32, torch.float64)
    )
    torch.testing.assert_close(single[0].double(), double[0], rtol=1e-3, atol=1e-6)
    for a, b in zip(single[1], double[1], strict=True):
        assert (a.double() - b).norm() <= 1e-2 * b.norm() + 1e-6


@EVERY
def test_the_memory_format_does_not_change_the_value(name):
    s, t = LOSSES[name].tensors(3, seed=2)
    last = [[x.to(memory_format=torch.channels_last) if x.ndim == 4 else x for x in side] for side in (s, t)]
    torch.testing.assert_close(gradients(name, *last), gradients(name, s, t), rtol=1e-4, atol=1e-6)


@EVERY
def test_half_precision_nets_get_a_loss_in_full_precision(name):
    s, t = ([x.bfloat16() for x in side] for side in LOSSES[name].tensors(4, seed=3))
    with torch.autocast("cpu", torch.bfloat16):
        half, grads = gradients(name, s, t)
    full, _ = gradients(name, [x.float() for x in s], [x.float() for x in t])
    assert half.dtype == torch.float32 and all(g.isfinite().all() for g in grads)
    torch.testing.assert_close(half, full, rtol=1e-5, atol=1e-6)


@EVERY
def test_the_gradient_is_that_of_the_value(name):
    s, t = LOSSES[name].tensors(4, seed=4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda *x: LOSSES[name].call(list(x), t), [x.requires_grad_() for x in s])


@EVERY
def test_the_teacher_gets_no_gradient(name):
    s, t = LOSSES[name].tensors(3, seed=5)
    LOSSES[name].call([x.requires_grad_() for x in s], [x.requires_grad_() for x in t]).backward()
    assert all(x.grad is not None for x in s) and all(x.grad is None for x in t)


@EVERY
def test_wrong_shapes_name_both_sides(name):
    loss = LOSSES[name]
    _, t = loss.tensors(3)
    s = [torch.zeros(3, *shape) for shape in loss.error]
    t = t[: len(s)]
    with pytest.raises(ShapeError) as caught:
        loss.call(s, t)
    shapes = str(caught.value)
    assert shapes.count("(") >= 2 and "3" in shapes and "\n" not in shapes


@EVERY
def test_two_batches_are_refused(name):
    loss = LOSSES[name]
    with pytest.raises(ShapeError):
        loss.call(loss.tensors(3)[0], loss.tensors(4)[1])
