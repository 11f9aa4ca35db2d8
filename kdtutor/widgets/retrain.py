"""`Retrain`: try a setting, train with it, and see the run beside those before."""

import html
from collections.abc import Callable, Iterator, Mapping

from ipywidgets import HTML, VBox

from ..figures.history import Terms, words_of
from ..train import History, Progress
from .controls import Controls, Settings, apply, in_words, labelled, settings_of
from .live import Board
from .run import LiveRun


class Retrain(Board):
    """Controls over a method's hyperparameters, a run that uses them, and a table of what came of each setting.

        retrain = Retrain(
            lambda T, alpha: kd.train.steps(Hinton(build(), teacher, T=T, alpha=alpha), digits, epochs=2),
            {"T": FloatSlider(4, min=1, max=20, description="T"), "alpha": FloatSlider(0.9, max=1, description="α")},
            name="explore-hinton", alt="Validation accuracy of this setting and of earlier ones.",
        )

    make_steps: gets the value of each control by name, returns an iterator of `train.Progress`.
    measure: the term of the table. baseline: {label: run} that is always drawn. keep: how many earlier runs are drawn;
    the table keeps all. size: of the picture, in inches. Start takes the settings of that moment; tests call
    `run_once`.
    """

    def __init__(
        self,
        make_steps: Callable[..., Iterator[Progress]],
        controls: Controls,
        *,
        name: str,
        alt: str,
        terms: Terms = ("loss", "val_accuracy"),
        measure: str = "val_accuracy",
        baseline: Mapping[str, History] | None = None,
        keep: int = 5,
        size: tuple[float, float] | None = None,
    ) -> None:
        self.controls = labelled(controls)
        self.measure = measure
        self.runs: list[tuple[str, History]] = []
        self._make_steps = make_steps
        self._baseline = dict(baseline or {})
        self._keep = keep
        self._asked: tuple[str, Settings] = ("", {})
        self._current = ""
        self._table = HTML()
        self.run = LiveRun(
            self._begin,
            name=f"{name}-run",
            terms=terms,
            alt=alt,
            overlay=self._baseline,
            size=size,
            on_start=self._ask,
            on_end=self._record,
        )
        super().__init__((VBox(tuple(controls.values())), self.run, self._table), name=name, alt=alt)
        self._tabulate()

    @property
    def settings(self) -> Settings:
        """The value of each control."""
        return settings_of(self.controls)

    def run_once(self, timeout: float | None = None, **settings: object) -> History:
        """Set controls, train to the end, return the history, or raise what the training raised."""
        apply(self.controls, settings)
        self.run.start()
        return self.run.wait(timeout)

    async def finished(self) -> History:
        """Wait for the current run, with the controls alive, as `LiveRun.finished`; starts one if none was started."""
        try:
            return await self.run.finished()
        finally:
            self.keep()

    def png(self) -> bytes:
        return self.run.png()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {in_words(self.controls)}: {self.alt}>"

    def _ask(self) -> None:
        self._asked = in_words(self.controls), self.settings

    # In the thread of the run.

    def _begin(self) -> Iterator[Progress]:
        """Earlier runs go into the background, and the run of the setting at Start begins."""
        earlier = {f"{number}: {label}": run for number, (label, run) in enumerate(self.runs, start=1)}
        shown = dict(list(earlier.items())[-self._keep :])
        self.run.compare({**self._baseline, **shown})
        self._current, settings = self._asked
        return self._make_steps(**settings)

    def _record(self, history: History) -> None:
        if self.measure in history.terms:  # a run stopped in its first epoch has measured nothing
            self.runs.append((self._current, history))
            self._tabulate()

    def _tabulate(self) -> None:
        rows = [*((label, run) for label, run in self._baseline.items()), *self._numbered()]
        body = "".join(
            f"<tr><td style='text-align:left'>{html.escape(label)}</td><td>{len(run.curve(self.measure)[0])}</td>"
            f"<td>{run.last(self.measure):.3f}</td><td>{run.best(self.measure):.3f}</td></tr>"
            for label, run in rows
            if self.measure in run.terms
        )
        empty = "<tr><td colspan='4'>no run yet: choose a setting and press Start</td></tr>"
        columns = ("epochs", f"{words_of(self.measure)}, last", "best")
        head = "<th style='text-align:left'>setting</th>" + "".join(f"<th>{column}</th>" for column in columns)
        self._table.value = (
            f"<table class='kd-runs' style='border-spacing:1em 0.1em'><tr>{head}</tr>{body or empty}</table>"
        )

    def _numbered(self) -> list[tuple[str, History]]:
        return [(f"{number}: {label}", run) for number, (label, run) in enumerate(self.runs, start=1)]
