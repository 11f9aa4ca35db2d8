"""A training run without a network: the same shape as `train.steps`, as quick as wanted; and waiting for it."""

import time
from collections.abc import Callable, Iterator

from kdtutor.train import History, Progress
from kdtutor.widgets import LiveRun


def fake_steps(
    epochs: int = 4,
    per_epoch: int = 5,
    pause: float = 0.0,
    fail_at: int | None = None,
    phases: tuple[str, ...] = ("match", "learn"),
    level: float = 0.9,
    scale: float = 1.0,
    closed: list[int] | None = None,
) -> Iterator[Progress]:
    """Falling losses, rising accuracy. `closed` gets the step at which the generator was closed before its end."""
    order = [phases[epoch * len(phases) // epochs] for epoch in range(epochs)]
    history = History({"seed": 0, "phases": [[phase, order.count(phase)] for phase in dict.fromkeys(order)]})
    total = epochs * per_epoch
    step = 0
    try:
        for epoch in range(1, epochs + 1):
            phase = order[epoch - 1]
            for i in range(per_epoch):
                time.sleep(pause)
                step += 1
                if step == fail_at:
                    raise RuntimeError(f"it broke in step {step}\nwith details")
                terms = {
                    "task": 2 * scale / step,
                    "kd": scale / step,
                    "loss": 3 * scale / step,
                    "train_accuracy": step / total,
                }
                ended = i == per_epoch - 1
                if ended:
                    history.add(phase, epoch, **terms, val_accuracy=level * epoch / epochs)
                yield Progress(phase, epoch, epochs, step, total, terms, history, ended)
    except GeneratorExit:
        if closed is not None:
            closed.append(step)
        raise


def fake_history(**options: object) -> History:
    """The history of a whole fake run."""
    return list(fake_steps(**options))[-1].history  # type: ignore[arg-type]


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


def status(run: LiveRun) -> str:
    """What the run says below its picture."""
    return run._status.value.removeprefix("<span class='kd-status'>").removesuffix("</span>")
