import asyncio
import statistics
import subprocess
import sys
import threading
import time

import pytest

from kdtutor.errors import BusyError, StoppedError, UnknownName
from kdtutor.widgets import LiveRun
from kdtutor.widgets.live_curves import POINTS, LiveCurves, Trail

from .fake import fake_history, fake_steps


def until(condition, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


def status(run: LiveRun) -> str:
    return run._status.value.removeprefix("<span class='kd-status'>").removesuffix("</span>")


def test_a_run_to_its_end():
    run = LiveRun(fake_steps, name="whole", terms=(("task", "kd"), "val_accuracy"))
    assert not run.running
    assert run.start() is run
    history = run.wait(30)
    assert history.curve("val_accuracy")[1] == pytest.approx([0.225, 0.45, 0.675, 0.9])
    assert status(run) == "finished: learn, epoch 4 of 4, step 20 of 20, loss 0.15"
    assert (run._bar.value, run._bar.bar_style) == (1, "success")
    assert [button.disabled for button in (run._start, run._pause, run._stop)] == [False, True, True]
    drawn = run.curves._panels[1][1][0]
    assert list(drawn.epochs.get_ydata()) == history.curve("val_accuracy")[1]


def test_start_again_begins_anew():
    made = []

    def steps():
        made.append(1)
        return fake_steps()

    run = LiveRun(steps, name="again")
    first = run.start().wait(30)
    second = run.start().wait(30)
    assert len(made) == 2
    assert first is not second
    assert first.rows == second.rows


def test_a_second_start_does_nothing():
    made = []

    def steps():
        made.append(1)
        return fake_steps(pause=0.005)

    run = LiveRun(steps, name="twice").start()
    until(lambda: made)
    threads = threading.active_count()
    run.start()
    run._start.click()
    assert threading.active_count() == threads
    run.wait(30)
    assert len(made) == 1


def test_pause_and_resume():
    run = LiveRun(lambda: fake_steps(pause=0.005), name="pause").start()
    until(lambda: run.history.rows)
    run._pause.click()
    until(lambda: status(run).startswith("paused"))
    assert run.paused
    assert run._pause.description == "Resume"
    held = status(run)
    time.sleep(0.1)
    assert status(run) == held
    run._pause.click()
    assert not run.paused
    assert run.wait(30).last("val_accuracy") == 0.9
    assert status(run).startswith("finished")


def test_wait_resumes_because_nobody_could():
    run = LiveRun(lambda: fake_steps(pause=0.005), name="resumed").start()
    until(lambda: run.history.rows)
    run.pause()
    assert run.wait(30).last("val_accuracy") == 0.9


@pytest.mark.parametrize("paused", [False, True])
def test_stop_closes_the_generator_and_keeps_the_history(paused):
    closed: list[int] = []
    run = LiveRun(lambda: fake_steps(pause=0.005, per_epoch=10, closed=closed), name="stop").start()
    until(lambda: run.history.rows)
    if paused:
        run.pause()
        until(lambda: status(run).startswith("paused"))
    run._stop.click()
    history = run.wait(30)
    assert len(closed) == 1
    assert 1 <= len(history.curve("val_accuracy")[0]) < 4
    assert status(run).startswith("stopped: ")
    run.start()  # and again from the beginning
    assert run.wait(30).last("val_accuracy") == 0.9


def test_a_run_that_was_told_to_stop_cannot_be_paused():
    run = LiveRun(lambda: fake_steps(pause=0.2), name="halted").start()
    until(lambda: status(run).startswith("training"))
    run.stop()
    assert run._pause.disabled
    run.pause()
    assert not run.paused
    run.wait(30)
    assert status(run).startswith("stopped")


def test_start_right_after_stop_waits_for_the_end_of_the_first():
    alive = []

    def steps():
        assert not alive
        alive.append(1)
        try:
            yield from fake_steps(pause=0.005)
        finally:
            time.sleep(0.05)
            alive.clear()

    run = LiveRun(steps, name="quick").start()
    until(lambda: run.history.rows)
    run.stop()
    run.start()
    assert run.wait(30).last("val_accuracy") == 0.9
    assert run._start.disabled is False


@pytest.mark.parametrize("at", [1, 7])
def test_an_exception_is_shown_and_raised(at):
    run = LiveRun(lambda: fake_steps(fail_at=at), name="fails").start()
    for _ in range(2):
        with pytest.raises(RuntimeError, match=f"broke in step {at}"):
            run.wait(30)
    with pytest.raises(RuntimeError, match="broke"):
        asyncio.run(run.finished())
    assert status(run) == f"error: RuntimeError: it broke in step {at}"
    assert run._bar.bar_style == "danger"
    assert run._start.disabled is False


def test_an_exception_of_the_factory_is_raised_too_and_a_later_run_forgets_it():
    answers = [BusyError("this student is already being trained"), None]

    def steps():
        if error := answers.pop(0):
            raise error
        return fake_steps()

    run = LiveRun(steps, name="busy").start()
    with pytest.raises(BusyError):
        run.wait(30)
    assert status(run) == "error: this student is already being trained"
    assert run.start().wait(30).rows


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


def test_stop_in_the_last_step_lets_the_run_end():
    run = LiveRun(lambda: fake_steps(), name="last")
    steps = run._make_steps

    def stop_in_the_last():
        for progress in steps():
            if progress.step == progress.total_steps:
                run.stop()
            yield progress

    run._make_steps = stop_in_the_last
    assert not run.start().wait(30).stopped
    assert status(run).startswith("finished")


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


def test_wait_with_a_time_limit():
    run = LiveRun(lambda: fake_steps(pause=0.05), name="long").start()
    with pytest.raises(TimeoutError, match="'long' has not ended"):
        run.wait(0.01)
    run.stop()
    run.wait(30)


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


def test_at_most_four_pictures_a_second():
    run = LiveRun(lambda: fake_steps(pause=0.002, per_epoch=60), name="rate")
    seen: list[float] = []
    run.curves.figure.image.observe(lambda _: seen.append(time.monotonic()), "value")
    start = time.monotonic()
    run.start().wait(30)
    assert len(seen) <= 2 + 4 * (time.monotonic() - start)


def test_only_the_thread_writes_the_status():
    run = LiveRun(lambda: fake_steps(pause=0.002), name="writer")
    writers = set()
    run._status.observe(lambda _: writers.add(threading.current_thread().name), "value")
    run.start()
    run.pause()
    run.resume()
    run.stop()
    run.wait(30)
    assert writers == {"kd-writer"}


def test_the_text_holds_nothing_of_the_training():
    run = LiveRun(fake_steps, name="text", alt="Two curves.")
    before = repr(run)
    assert before == "<LiveRun text: Two curves.>"
    run.start().wait(30)
    data, metadata = run._repr_mimebundle_()
    assert data["text/plain"] == repr(run) == before
    assert metadata["image/png"]["alt"] == "Two curves."
    assert len(data["image/png"]) < 40_000
    assert "kd-text" in run._dom_classes


def test_earlier_runs_stay_in_broken_lines():
    run = LiveRun(fake_steps, name="overlay", terms=("val_accuracy", ("task", "kd")), overlay={"alone": fake_history()})
    run.start().wait(30)
    left, right = run.curves.figure.axes
    assert left.get_legend_handles_labels()[1] == ["this run", "alone"]
    assert [line.get_linestyle() for line in left.lines if line.get_label() == "alone"] == ["--"]
    assert right.get_legend_handles_labels()[1] == ["task", "kd", "alone, task", "alone, kd"]
    run.compare({f"{n}": fake_history(level=n / 10, epochs=12) for n in range(3)})
    assert left.get_legend_handles_labels()[1] == ["this run", "0", "1", "2"]
    assert left.get_xlim()[1] >= 12
    assert len({line.get_color() for line in run.curves._earlier[left]}) == 3
    run.compare({})
    assert left.get_legend() is None


def test_phases_are_marked_once_and_forgotten_by_the_next_run():
    run = LiveRun(fake_steps, name="phases")
    for _ in range(2):
        run.start().wait(30)
        assert [text.get_text() for text in run.curves.figure.axes[0].texts] == ["learn"]


def test_limits_follow_the_data_whatever_their_size():
    for scale in (1e-3, 1.0, 1e4):
        curves = LiveCurves("loss")
        for progress in fake_steps(scale=scale):
            curves.add(progress)
        curves.redraw(progress)
        trail = curves._trails["loss"].y
        low, high = curves.figure.axes[0].get_ylim()
        assert low <= min(trail) < max(trail) <= high < 2.5 * max(trail)


def test_a_nan_does_not_break_the_picture():
    curves = LiveCurves("loss")
    for progress in fake_steps(scale=float("nan")):
        curves.add(progress)
    curves.redraw(progress)


def test_a_trail_stays_short_and_reaches_its_end():
    trail = Trail()
    for i in range(10_000):
        trail.add(i, 1.0)
    assert POINTS / 3 < len(trail.x) <= POINTS
    assert trail.x == sorted(trail.x)
    assert trail.x[-1] > 9_900
    assert trail.y == pytest.approx([1.0] * len(trail.y))


def test_a_redraw_of_live_curves_is_quick():
    curves = LiveCurves((("task", "kd"), "val_accuracy"))
    times = []
    for progress in fake_steps(per_epoch=30):
        curves.add(progress)
        start = time.perf_counter()
        curves.redraw(progress)
        times.append(time.perf_counter() - start)
    assert statistics.median(times) < 0.06


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
