"""What each of several runs has of the process for itself, and how one of them is given what another one has made."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from torch import Tensor


class RunStream:
    """Entered around all that a run does: it then has torch's random numbers, and on a GPU a stream, for itself."""

    def __init__(self, device: torch.device) -> None:
        self.random: Tensor | None = None  # where torch's generator stands; None before the first step, which seeds it
        self.stream = stream_beside(device)
        if self.stream is not None:
            # A state of its own and not only its numbers: all graphs of one state read them in the same memory.
            self.random_on_gpu = torch.cuda.default_generators[self.stream.device_index].clone_state()

    def __enter__(self) -> None:
        if self.random is not None:
            torch.set_rng_state(self.random)
        if self.stream is not None:
            self.outer = torch.cuda.current_stream(self.stream.device)
            self.stream.wait_stream(self.outer)
            torch.cuda.set_stream(self.stream)
            generator = torch.cuda.default_generators[self.stream.device_index]
            self.random_of_outer = generator.graphsafe_get_state()
            generator.graphsafe_set_state(self.random_on_gpu)

    def __exit__(self, *_: object) -> None:
        self.random = torch.get_rng_state()
        if self.stream is not None:
            generator = torch.cuda.default_generators[self.stream.device_index]
            self.random_on_gpu = generator.graphsafe_get_state()
            generator.graphsafe_set_state(self.random_of_outer)
            torch.cuda.set_stream(self.outer)


def stream_beside(device: torch.device) -> torch.cuda.Stream | None:
    """A stream of its own, after what is queued on the present one; None but on a GPU.

    >>> stream_beside(torch.device("cpu")) is None
    True
    """
    if device.type != "cuda":
        return None
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    return stream


@dataclass(frozen=True)
class Made:
    """Where on a GPU something was made, and when it was done. Whoever needs it waits for that alone, and not for what
    its maker has queued since: a whole step, mostly."""

    stream: torch.cuda.Stream
    done: torch.cuda.Event


def made_here(x: Shaped[Tensor, "..."]) -> Made | None:
    """For x and all else that is queued on the present stream; None but on a GPU.

    >>> made_here(torch.zeros(1)) is None
    True
    """
    if not x.is_cuda:
        return None
    stream = torch.cuda.current_stream(x.device)
    return Made(stream, stream.record_event())


def hand_over(tensors: Iterable[Shaped[Tensor, "..."]], made: Made | None) -> None:
    """Let the present stream read tensors that another one has made: after they are made, and before they are freed.

    >>> hand_over([torch.zeros(1)], None)  # nothing to do but on a GPU
    """
    if made is None:
        return
    here = torch.cuda.current_stream(made.stream.device)
    if here != made.stream:
        here.wait_event(made.done)
        for tensor in tensors:
            tensor.record_stream(here)
