"""Recording what a function does on a device, to do it again by one call: on CUDA a CUDA graph.

What of torch (2.11 to 2.14) this relies on: its generator on the GPU is registered with every graph and goes on in a
replay as in an eager step; what is freed during a recording stays in the graph's own memory; autograd works on the
stream of the forward pass, if no earlier pass on another stream has left anything behind. If a recording fails,
`torch.cuda.graph` leaves its stream current and that generator unusable, which is mended here.

This has not run on a GPU yet: the tests put a stand-in into `CAPTURES` that replays a function's operations on the CPU,
and those marked `gpu` wait for a card.
"""

import gc
import warnings
from collections.abc import Callable

import torch

from .objective import Terms

Replay = Callable[[], Terms]
Capture = Callable[[Callable[[], Terms], torch.device], Replay]
"""Records what a function does on a device; the replay does it again on the same tensors and gives what it gave. The
function may run any number of times for that, and may have failed halfway where an error is raised."""


def cuda_graph(function: Callable[[], Terms], device: torch.device) -> Replay:
    """A `Capture` by a CUDA graph with memory of its own, so that other graphs may run at the same time."""
    here = torch.cuda.current_stream(device)
    # The default stream cannot be recorded; on another one no second run writes to the workspace of cuBLAS meanwhile.
    aside = torch.cuda.Stream(device) if here == torch.cuda.default_stream(device) else here
    generator = torch.cuda.default_generators[here.device_index]
    sound = generator.clone_state()
    graph = torch.cuda.CUDAGraph()
    gc.collect()  # what an earlier backward pass has left in a cycle would lead back to its stream
    with torch.cuda.stream(here):  # which is current again afterwards, whatever happens
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            _rehearse(function)
        here.wait_stream(aside)
        try:
            with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
                terms = function()
        except BaseException:
            generator.graphsafe_set_state(sound)  # the other one waits for the end of this recording
            raise

    def replay() -> Terms:
        graph.replay()
        return terms

    return replay


def _rehearse(function: Callable[[], Terms]) -> None:
    """Call the function. Raises `RuntimeError` if it waits for the GPU."""
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as told:  # an error might hit another thread, which may well wait
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            function()
        finally:
            torch.cuda.set_sync_debug_mode(before)
    for wait in told:
        if "called a synchronizing" in str(wait.message):
            raise RuntimeError(f"it waits for the GPU in {wait.filename}, line {wait.lineno}")


CAPTURES: dict[str, Capture] = {"cuda": cuda_graph}
"""How the steps of a run are recorded, by the type of its device."""


def first_cause(error: BaseException) -> str:
    """What went wrong first, in a line.

    >>> first_cause(ValueError("this\\nand that"))
    'this'
    """
    while error.__context__ is not None:
        error = error.__context__
    return (str(error).strip() or type(error).__name__).splitlines()[0]
