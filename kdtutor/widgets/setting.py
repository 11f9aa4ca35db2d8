"""The controls of the lab: what, where, on what data and between which nets, and the jobs that they ask for."""

import asyncio
import html
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ipywidgets import HTML, BoundedIntText, Dropdown, HBox, Layout, Select, Text, VBox

from .. import nets
from ..data import SHIPPED
from ..errors import ConfigError, Error, require
from ..jobs.job import Job, label, partner, seed_list
from ..jobs.refusals import Refusals
from ..jobs.result import Result
from ..methods import ALONE, MAKERS, RUNNABLE
from ..papers.spot_adaptive import STRATEGIES
from ..settings import Preset, preset
from ..settings.teachers import teacher_folders
from .controls import FITS, apply, labelled
from .menus import OWN_KEYS, Menu, Option, greyed, reasons

STUDENTS = (
    "resnet8x0.25", "resnet8x0.5", "resnet8", "ghost_resnet8", "plain8x0.25", "lenet5_half", "lenet5",
)  # fmt: skip
"""Nets that a laptop trains in seconds on the digits."""
LABELS = (1, 2, 5, 10, 20, 50, 100)
USUAL = ""  # the choice that asks for nothing special; a menu shows None as an empty line
WIDTH = "340px"
PAUSE = 0.4  # seconds without a change, after which it is worked out what goes with the values


class SettingPanel(VBox):
    """Controls in four groups, the four questions of the course. What does not compose is grey, and below is said why.

    `jobs` are what they ask for, kept in `folder`; `why_not` is the sentence by which that is refused, from the code
    that would have to run it. More data sets, teachers (names or files) and students can be given to choose from.
    """

    def __init__(
        self, folder: Path, name: str, data: Sequence[str], teachers: Sequence[str], students: Sequence[str]
    ) -> None:
        self.folder, self.preset, self.refusals = folder, preset(name), Refusals()
        self.why_not = ""
        told = (
            f"the preset {name} has no data set of its own: name yours, data=['my_images'], and the folder of a teacher"
        )
        require(bool(self.preset.data_name or data), f"{told} of them, teachers=[…]")
        known = [card["name"] for card in nets.teachers()]
        here = [path.stem for place in teacher_folders() for path in sorted(place.glob("*.safetensors"))]
        taught = (known, here, teachers) if self.preset.teacher_name else (teachers, here, known)
        methods = [("alone, without a teacher", ALONE), *((row.label, row.name) for row in RUNNABLE)]
        spots = [("as the method does it", USUAL), *((word, word) for word in STRATEGIES)]
        sources = [("training split", USUAL), *((f"generator of {row.acronym}", row.name) for row in MAKERS)]
        labels = [("all", USUAL), *((str(count), count) for count in LABELS)]
        self.menus = {
            "method": Menu(Select(description="method", rows=9), methods),
            "spots": Menu(Dropdown(description="spots"), spots),
            "source": Menu(Dropdown(description="images from"), sources),
            "data": Menu(Dropdown(description="data set"), _names(self.preset.data_name, data)),
            "labels": Menu(Dropdown(description="labels a class"), labels),
            "teacher": Menu(Dropdown(description="teacher"), _names(self.preset.teacher_name, *taught)),
            "student": Menu(Dropdown(description="student"), _names(self.preset.student_name, STUDENTS, students)),
        }
        numbers = {
            "epochs": BoundedIntText(self.preset.epochs, min=1, max=10_000, description="epochs"),
            "seeds": Text("0,1,2", description="seeds", continuous_update=False),
        }
        self.controls = {name: menu.control for name, menu in self.menus.items()} | numbers
        for name, menu in self.menus.items():
            menu.control.options = tuple(menu.options)
            menu.control.value = menu.options[0][1]
            menu.control.add_class(f"kd-lab-{name}")
        self.controls["method"].value = "hinton"
        for control in self.controls.values():
            control.layout.width = WIDTH
        labelled(self.controls)
        self._style, self._told, self._reasons = HTML(), HTML(), HTML()
        columns = [
            VBox([_group("What is matched?", self._those("method")), _group("Where?", self._those("spots"))]),
            VBox(
                [
                    _group("On what data?", self._those("source", "data", "labels")),
                    _group("Between which networks?", self._those("teacher", "student")),
                    _group("How long, how often?", self._those("epochs", "seeds")),
                ]
            ),
        ]
        grid = HBox(columns, layout=Layout(flex_flow="row wrap", grid_gap="0 24px"))
        super().__init__((grid, self._told, self._reasons, self._style, HTML(OWN_KEYS)), layout=Layout(max_width=FITS))
        self._held = False
        self._due: asyncio.TimerHandle | None = None
        for control in self.controls.values():
            control.observe(self._follow, "value")
        self.follow()

    @property
    def values(self) -> dict[str, Any]:
        """What the controls show, by their names."""
        return {name: control.value for name, control in self.controls.items()}

    def choose(self, **values: Any) -> None:
        """Move several controls at once."""
        with self._quiet():
            apply(self.controls, values)
        self.follow()

    def job(self, seed: int, **changes: Any) -> Job:
        """What the controls, or `changes` of them, ask for with this seed. What the preset has anyway is left to it, so
        that equal runs have equal names."""
        at = {**self.values, **changes}
        usual = self._usual(at["data"])
        asked = Job(
            at["method"], seed, preset=usual.name, spots=at["spots"] or None, data_free=at["source"] or None,
            labels=at["labels"] or None,
            data=_unless(at["data"], preset(usual.name).data_name), student=_unless(at["student"], usual.student_name),
            teacher=None if at["method"] == ALONE else _unless(at["teacher"], usual.teacher_name),
            epochs=_unless(at["epochs"], usual.epochs),
        )  # fmt: skip
        return self._placed(asked)

    def jobs(self) -> list[Job]:
        """All that is asked for: with each seed the student alone, and the student that is taught.

        Raises a sentence where it cannot be run.
        """
        seeds = seed_list(self.values["seeds"])
        require(len(set(seeds)) == len(seeds) > 0, f"seeds {self.values['seeds']!r}: give at least one, and none twice")
        asked = [job for seed in seeds for job in (self._placed(partner(self.job(seed))), self.job(seed))]
        asked = list(dict.fromkeys(asked))
        for job in (asked[-1], asked[0]):
            require(not (told := self._refusal(job)), told)
        return asked

    def lock(self, locked: bool) -> None:
        """While a run goes on nothing is asked of its nets."""
        self._put_off()
        if not locked:
            self.follow()
        for control in self.controls.values():
            control.disabled = locked

    def follow(self) -> None:
        """Say what goes with the values of the controls, and what does not."""
        self._put_off()
        self._tell()
        refused = {name: self._refused(name) for name in self.menus}
        with self._quiet():  # new words for the same options are no new choice
            for name, menu in self.menus.items():
                menu.refuse(refused[name])
        self._reasons.value, self._style.value = reasons(self.menus, self.why_not), greyed(self.menus)

    def _tell(self) -> None:
        """Say what Start would train, or why it cannot."""
        try:
            jobs, self.why_not = self.jobs(), ""
        except Error as error:
            jobs, self.why_not = [], str(error)
        self._told.value = f"<b>Not with these:</b> {html.escape(self.why_not)}" if self.why_not else self._plan(jobs)

    def _plan(self, jobs: Sequence[Job]) -> str:
        there = [job for job in jobs if ended(job)]
        seeds = len({job.seed for job in jobs})
        what = label(jobs[-1].method) + jobs[-1].composition
        who = "the student alone" if jobs[-1].method == ALONE else f"the student alone, and taught by {what}"
        each = f", each with {seeds} seeds" if seeds > 1 else ""
        verb = "is" if len(there) == 1 else "are"
        known = f" {len(there)} of them {verb} on the board already, and not trained again." if there else ""
        command = html.escape(replace(jobs[-1], out=None).command)
        return (
            f"<b>Start</b> trains {len(jobs)} run{'s' if len(jobs) > 1 else ''}: {html.escape(who)}{each}.{known}<br>"
            f"In a terminal, the last of them: <code>{command}</code>"
        )

    def _refusal(self, job: Job) -> str:
        told = self.refusals.why_not(job)
        if not told:
            try:
                self.refusals.data[job.sees].require_classes("the lab compares classifiers")
            except ConfigError as error:
                told = str(error)
        return told

    def _refused(self, name: str) -> dict[Hashable, str]:
        """Why the current setting cannot have this or that value there. Where it cannot run whatever the value is, the
        fault lies elsewhere, and nothing is said."""
        told = {value: self._with(name, value) for _, value in self.menus[name].options}
        return {} if set(told.values()) == {self.why_not} else told

    def _with(self, name: str, value: Any) -> str:
        """Why the current setting cannot have `value` there."""
        try:
            return self._refusal(self.job(0, **{name: value}))
        except Error as error:
            return str(error)

    def _placed(self, job: Job) -> Job:
        return replace(job, out=str(self.folder / job.folder.name))

    def _usual(self, data: str) -> Preset:
        """The preset on these data, where it has several sets: each has a teacher of its own."""
        several = self.preset.name == "minute" and data in SHIPPED
        return preset(self.preset.name, data=data) if several else self.preset

    def _those(self, *names: str) -> list[Any]:
        return [self.controls[name] for name in names]

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def _follow(self, _: Any) -> None:
        """A control was moved. Whoever runs through a menu with the arrow keys is not held up at each choice: what else
        goes with it is worked out in a pause, where there is an event loop to wait for one."""
        if self._held:
            return
        self._put_off()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.follow()
            return
        self._tell()
        self._due = loop.call_later(PAUSE, self.follow)

    def _put_off(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._due = None


def _group(question: str, controls: Sequence[Any]) -> VBox:
    return VBox([HTML(f"<h4 class='kd-question' style='margin:8px 0 2px'>{question}</h4>"), *controls])


def _names(first: str, *others: Sequence[str]) -> list[Option]:
    names = dict.fromkeys(name for group in ([first], *others) for name in group if name)  # a preset may name none
    return [(Path(name).stem if name.endswith(".safetensors") else name, name) for name in names]


def _unless(value: Any, usual: Any) -> Any:
    return None if value == usual else value


def ended(job: Job) -> bool:
    """Whether the run of `job` has ended."""
    try:
        return Result.load(job.folder).accuracy is not None
    except Error:
        return False
