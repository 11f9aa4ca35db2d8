"""Why a job cannot be run, asked before anything is trained of the code that would refuse to run it."""

import warnings
from dataclasses import dataclass, field

import torch

from ..data import Data
from ..errors import Error
from ..nets import Net
from ..train.ready import check_role
from .job import Job
from .setup import Setup, prepare


@dataclass
class Refusals:
    """Why jobs cannot be run; what was asked before is remembered, and so are data and teachers.

    Nothing is trained: data, nets and method are put together, and both nets are shown a few images.
    """

    data: dict[tuple[object, ...], Data] = field(default_factory=dict)
    teachers: dict[str | None, dict[str, Net]] = field(default_factory=dict)  # of each data set
    told: dict[Job, str] = field(default_factory=dict)
    seen: set[tuple[str, str, str]] = field(default_factory=set)  # nets that have read images of these data

    def why_not(self, job: Job) -> str:
        """The sentence by which `job` is refused; "" for one that can be run. Random numbers stay as they are.

        >>> Refusals().why_not(Job("hinton"))
        ''
        """
        if job not in self.told:
            self.told[job] = self._ask(job)
        return self.told[job]

    def _ask(self, job: Job) -> str:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                setup = self.prepared(job)
                setup.check()
                self._look(setup)
            except Error as error:
                return str(error)
        return ""

    def _look(self, setup: Setup) -> None:
        """Show each net a few of the images, once: most jobs differ in something else."""
        for role, net in (("student", setup.distiller.student), ("teacher", setup.distiller.teacher)):
            key = (role, str(net and net.config), setup.data.name)
            if net is not None and key not in self.seen:
                check_role(net, role, setup.data)
                self.seen.add(key)

    def prepared(self, job: Job) -> Setup:
        """`prepare` with the data and the teachers that are there already."""
        setup = prepare(job, self.data.get(job.sees), self.teachers.setdefault(job.data, {}))
        self.data[job.sees] = setup.data
        return setup
