"""A run and the cell that shows it: awaited, cancelled, run again, left behind."""

import asyncio
import subprocess
import sys
import threading

import pytest

from kdtutor.errors import StoppedError, UnknownName
from kdtutor.widgets import LiveRun

from .fake import fake_steps, status, until


def test_finished_starts_waits_and_lets_others_work():
    async def cell():
        ticks = 0
        run = LiveRun(lambda: fake_steps(pause=0.01), name="await")
        task = asyncio.ensure_future(run.finished())
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return await task, ticks

    history, ticks = asyncio.run(cell())
    assert history.last("val_accuracy") == 0.9
    assert ticks > 5


def test_a_cell_that_waits_for_a_stopped_run_says_so_and_goes_on(capsys):
    run = LiveRun(lambda: fake_steps(pause=0.005, per_epoch=10), name="short").start()
    until(lambda: run.history.rows)
    run.stop()
    history = asyncio.run(run.finished())
    said = capsys.readouterr().out
    assert said.startswith(("The run was stopped in match, epoch", "The run was stopped in learn, epoch"))
    assert f"step {run._at.step} of 40" in said and "press Start and run this cell again" in said
    assert history.stopped and history.last("val_accuracy") < 0.9
    with pytest.raises(StoppedError, match=r"stopped after epoch \d of 4, before it measured 'test_accuracy'"):
        history.last("test_accuracy")
    with pytest.raises(StoppedError, match="before it measured 'test_accuracy'"):
        history.plot("test_accuracy")
    whole = asyncio.run(run.start().finished())
    assert not whole.stopped and not capsys.readouterr().out
    with pytest.raises(UnknownName):
        whole.last("test_accuracy")


def test_a_run_stopped_before_its_first_epoch_ended_has_nothing_to_go_on_with():
    run = LiveRun(lambda: fake_steps(pause=0.005, per_epoch=1000), name="shorter").start()
    until(lambda: run._at is not None)
    run.stop()
    with pytest.raises(StoppedError, match=r"stopped in match, epoch 1 of 4, step \d+ of 4000") as stopped:
        asyncio.run(run.finished())
    assert stopped.value._render_traceback_() == [str(stopped.value)]  # on a page: the sentence, and nothing else


def test_cancelling_the_cell_stops_the_run():
    async def cell(run):
        task = asyncio.ensure_future(run.finished())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run = LiveRun(lambda: fake_steps(pause=0.02, per_epoch=100), name="cancel")
    asyncio.run(cell(run))
    run.wait(30)
    assert status(run).startswith("stopped")


def test_running_the_cell_again_stops_the_first_run():
    closed: list[int] = []
    busy = threading.Lock()

    def steps(pause):
        assert busy.acquire(blocking=False), "two trainings at once"
        try:
            yield from fake_steps(pause=pause, per_epoch=50, closed=closed)
        finally:
            busy.release()

    first = LiveRun(lambda: steps(0.01), name="cell").start()
    until(lambda: first.history.rows)
    second = LiveRun(lambda: steps(0.0), name="cell").start()
    assert second.wait(30).last("val_accuracy") == 0.9
    assert not first.running
    assert len(closed) == 1
    third = LiveRun(lambda: steps(0.01), name="cell").start()
    first._start.click()  # the old buttons, still on a page somewhere
    first.stop()
    first.wait(30)
    third.wait(30)
    assert status(third).startswith("stopped")


def test_runs_of_other_names_go_on():
    one = LiveRun(lambda: fake_steps(pause=0.005), name="one").start()
    two = LiveRun(lambda: fake_steps(pause=0.005), name="two").start()
    assert one.wait(30).rows == two.wait(30).rows


@pytest.mark.slow
def test_leaving_during_a_run_does_not_hang():
    code = (
        "import time; from tests.widgets.fake import fake_steps; from kdtutor.widgets import LiveRun\n"
        "closed = []\n"
        "import atexit; atexit.register(lambda: print('end', time.monotonic() - left < 10))\n"
        "run = LiveRun(lambda: fake_steps(pause=0.01, per_epoch=100000), name='exit').start()\n"
        "time.sleep(0.2)\nassert run.running\nleft = time.monotonic()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end True\n", "")
