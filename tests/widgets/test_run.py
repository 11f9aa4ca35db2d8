"""A run with its buttons: start, pause, stop, what it shows and what it raises."""

import asyncio
import threading
import time

import pytest

from kdtutor.errors import BusyError
from kdtutor.widgets import LiveRun

from .fake import fake_history, fake_steps, status, until


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


def test_wait_with_a_time_limit():
    run = LiveRun(lambda: fake_steps(pause=0.05), name="long").start()
    with pytest.raises(TimeoutError, match="'long' has not ended"):
        run.wait(0.01)
    run.stop()
    run.wait(30)


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
