"""`LiveRun`: Start, Pause and Stop for a training run, which goes on in a thread while the page stays alive."""

import asyncio
import atexit
import html
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping

from ipywidgets import HTML, Button, FloatProgress, HBox, Layout

from ..errors import StoppedError, require
from ..figures.history import Terms
from ..train import History, Progress
from .controls import FITS
from .explorer import sentence_of
from .live import Board
from .live_curves import LiveCurves

REDRAW = 0.25  # seconds between two pictures, at least: four a second are smooth enough
SHARE = 0.1  # of the time that drawing may take, at most: on a busy machine the pictures become fewer

# The one thing that outlives its cell: which run holds a name. Running a cell again makes a second LiveRun, and the
# training that the first one started must end before the second begins, or both would go on side by side.
_HOLDERS: "weakref.WeakValueDictionary[str, LiveRun]" = weakref.WeakValueDictionary()


class LiveRun(Board):
    """A training run with buttons and live curves.

        run = LiveRun(lambda: kd.train.steps(FSP(build(), teacher), digits, epochs=8), name="fsp")
        run.start()                          # shows itself; or a click on Start
        history = await run.finished()       # in the next cell: the buttons stay alive meanwhile
        assert history.stopped or history.last("val_accuracy") > 0.9     # whoever pressed Stop may go on

    make_steps: called at each start; returns an iterator of `train.Progress`. Stop closes it, so that the loop can save
    its checkpoint. It should build its student anew, or a second start continues with trained weights.
    name: the page's class is kd-<name>. A second LiveRun of the same name (the cell was run again) stops the first.
    terms: an entry for each pair of axes, see `LiveCurves`. alt: written from the terms if not given.
    overlay: {label: earlier run}, drawn in broken lines. role: whose look the curves have.
    on_start, on_end: called when a run is asked for, before its thread begins; and in the thread, with its history.

    The thread sets traits and never prints, and it alone writes the status. An exception is shown there, kept in
    `error` and raised by `wait` and `finished`. Needs no front end.
    """

    def __init__(
        self,
        make_steps: Callable[[], Iterator[Progress]],
        *,
        name: str,
        terms: Terms | None = None,
        alt: str | None = None,
        overlay: Mapping[str, History] | None = None,
        role: str = "taught",
        size: tuple[float, float] | None = None,
        on_start: Callable[[], None] | None = None,
        on_end: Callable[[History], None] | None = None,
    ) -> None:
        self._make_steps = make_steps
        self._on_start, self._on_end = on_start, on_end
        self.curves = LiveCurves(terms, alt=alt, role=role, size=size)
        self.history = History()
        self.error: BaseException | None = None
        self._at: Progress | None = None  # the last step
        self._thread: threading.Thread | None = None
        self._go, self._halt, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self._start = _button("Start", "Start training", self.start)
        self._pause = _button("Pause", "Pause between two steps, or go on", self._toggle, disabled=True)
        self._stop = _button("Stop", "Stop training and keep what was learnt", self.stop, disabled=True)
        self._bar = FloatProgress(
            min=0, max=1, description="Progress", tooltip="Share of the steps done", layout=Layout(max_width=FITS)
        )
        self._status = HTML(_status("ready"))
        buttons = HBox((self._start, self._pause, self._stop, self._bar), layout=Layout(flex_flow="row wrap"))
        figure = self.curves.figure
        super().__init__((buttons, self._status, figure.image), name=name, alt=figure.alt)
        self.compare(overlay or {})
        self._predecessor = self._take_name()

    @property
    def running(self) -> bool:
        """Whether the training goes on, or is paused."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def paused(self) -> bool:
        """Whether the run waits for the button."""
        return self.running and not self._go.is_set()

    def start(self) -> "LiveRun":
        """Start from the beginning. Goes on if paused; does nothing if running."""
        with self._lock:
            if self.running and not self._halt.is_set():
                self.resume()
                return self
            earlier = (self._thread, self._predecessor, self._take_name())
            # Events of its own: a run that was stopped a moment ago must not see that the next one goes.
            self._go, self._halt, self._predecessor = threading.Event(), threading.Event(), None
            self._go.set()
            self._enable(running=True)
            if self._on_start:
                self._on_start()
            arguments = ([thread for thread in earlier if thread is not None], self._go, self._halt)
            self._thread = threading.Thread(target=self._work, args=arguments, name=f"kd-{self.name}", daemon=True)
            self._thread.start()
        return self

    def pause(self) -> None:
        """Hold the training after the current step; a run that was told to stop is not held."""
        if self.running and not self._halt.is_set():
            self._go.clear()
            self._pause.description = "Resume"

    def resume(self) -> None:
        """Go on after a pause."""
        self._go.set()
        self._pause.description = "Pause"

    def stop(self) -> None:
        """End the training after the current step; the history so far is kept."""
        self._halt.set()
        self._go.set()
        self._pause.disabled = True

    def allow(self, start: bool) -> None:
        """Whether Start can be pressed, where nothing runs."""
        self._start.disabled = self.running or not start

    def on_turn(self, action: Callable[[bool], None]) -> None:
        """Call `action(running)` whenever a run begins, and when it has ended, however it ended."""
        self._stop.observe(lambda change: action(not change.new), "disabled")

    def wait(self, timeout: float | None = None) -> History:
        """Block until the end, return the history, or raise what the training raised.

        Starts a run that was never started and resumes a paused one: while a cell blocks, no click arrives.
        Raises `TimeoutError` after `timeout` seconds; the training goes on. Interrupting the kernel stops it.
        """
        if self._thread is None or self.paused:
            self.start()
        assert self._thread is not None
        try:
            self._thread.join(timeout)
        except KeyboardInterrupt:
            self.stop()
            raise
        if self.running:
            raise TimeoutError(f"the run {self.name!r} has not ended after {timeout} s; wait longer or stop() it")
        return self._result()

    async def finished(self) -> History:
        """As `wait`, for `await run.finished()` in a cell: clicks arrive meanwhile, and a paused run stays paused.

        The page then keeps the finished picture. Of a stopped run the cell says where it was stopped, and returns the
        shorter history; raises `StoppedError` if nothing was measured yet.
        """
        if self._thread is None:
            self.start()
        try:
            while self.running:
                await asyncio.sleep(0.05)
        except (KeyboardInterrupt, asyncio.CancelledError):
            self.stop()
            raise
        finally:
            self.keep()
        history = self._result()
        self.show_where_nothing_moves()
        where = (
            f"The run was stopped in {_place(self._at)}" if self._at else "The run was stopped before its first step"
        )
        again = "press Start and run this cell again."
        require(bool(history.rows), f"{where}, too early to have measured anything: {again}", StoppedError)
        if history.stopped:
            print(f"{where}. The cells below show what was learnt until then; for the whole run, {again}")
        return history

    def compare(self, overlay: Mapping[str, History]) -> None:
        """Draw these runs in broken lines beside the live one, in place of those drawn so far."""
        self.curves.compare(overlay)

    def png(self) -> bytes:
        return self.curves.figure.png()

    def _result(self) -> History:
        if self.error is not None:
            raise self.error
        return self.history

    def _take_name(self) -> threading.Thread | None:
        """Hold the name; stop the run that held it and return its thread if it has not ended."""
        holder = _HOLDERS.get(self.name)
        _HOLDERS[self.name] = self
        if holder is None or holder is self or not holder.running:
            return None
        holder.stop()
        return holder._thread

    def _toggle(self) -> None:
        if self.paused:
            self.resume()
        else:
            self.pause()

    def _enable(self, running: bool) -> None:
        self._start.disabled, self._pause.disabled, self._stop.disabled = running, not running, not running
        self._pause.description = "Pause"

    # From here on: the thread.

    def _work(self, earlier: list[threading.Thread], go: threading.Event, halt: threading.Event) -> None:
        if any(thread.is_alive() for thread in earlier):
            self._say("waiting for the earlier run to stop")
        for thread in earlier:
            thread.join()
        self.error, self.history, self._at = None, History(), None
        self._enable(running=True)
        try:
            outcome = self._train(go, halt)
            if self._on_end:
                self._on_end(self.history)
        except BaseException as error:  # not only Exception: whatever ends the thread must reach the reader
            self.error, outcome = error, f"error: {sentence_of(error)}"
        self._bar.bar_style = "danger" if self.error else "success" if self._bar.value == 1 else "warning"
        self._enable(running=False)
        self._say(outcome)

    def _train(self, go: threading.Event, halt: threading.Event) -> str:
        """Drain the steps; return how it ended."""
        if halt.is_set():
            return "stopped"
        self._say("starting")
        self.curves.begin()
        self._bar.value, self._bar.bar_style = 0, ""
        steps = iter(self._make_steps())
        progress, due, outcome = None, 0.0, "error"
        try:
            for progress in steps:
                self.history, self._at = progress.history, progress
                self.curves.add(progress)
                if not go.is_set():
                    self._show(progress, "paused")
                    go.wait()
                elif (began := time.monotonic()) >= due:
                    self._show(progress, "training")
                    took = time.monotonic() - began
                    due = began + max(REDRAW, took / SHARE)
                if halt.is_set() and progress.step < progress.total_steps:  # after the last one only a number is due
                    outcome = "stopped"
                    break
            else:
                outcome = "finished"
        finally:
            if close := getattr(steps, "close", None):
                close()
            if progress is not None:
                self._show(progress, outcome)
        return f"{outcome}: {_place(progress)}" if progress else outcome

    def _show(self, progress: Progress, word: str) -> None:
        self._bar.value = progress.fraction
        self._say(f"{word}: {_place(progress)}")
        self.curves.redraw(progress)

    def _say(self, text: str) -> None:
        self._status.value = _status(text)


def _button(word: str, tooltip: str, action: Callable[[], object], disabled: bool = False) -> Button:
    button = Button(description=word, tooltip=tooltip, disabled=disabled, layout=Layout(width="90px"))
    button.on_click(lambda _: action())
    return button


def _status(text: str) -> str:
    return f"<span class='kd-status'>{html.escape(text)}</span>"


def _place(progress: Progress) -> str:
    """Where a run stands, in words."""
    epoch = f"epoch {progress.epoch} of {progress.epochs}"
    loss = f", loss {progress.terms['loss']:.4g}" if "loss" in progress.terms else ""
    return f"{progress.phase}, {epoch}, step {progress.step} of {progress.total_steps}{loss}"


@atexit.register
def _end_all() -> None:
    """Let the runs save and end before the interpreter goes; never hold it up for long."""
    runs = list(_HOLDERS.values())
    for run in runs:
        run.stop()
    deadline = time.monotonic() + 2
    for run in runs:
        if run._thread is not None:
            run._thread.join(max(0.0, deadline - time.monotonic()))
