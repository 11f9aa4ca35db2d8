"""Where a run looks into its nets, in words: for a look before it trains."""

from ..nets import Net, stage_table
from ..nets.ordered import Ordered
from ..nets.wrapped import Wrapped
from .job import Teaching
from .setup import Setup


def stages_found(setup: Setup) -> str:
    """The stages of the nets from elsewhere that a run looks into, which were found or named; "" where it does not
    look: of the student alone, unless it is to be a teacher, and of a method that matches no maps.
    """
    student, teacher = setup.distiller.student, setup.distiller.teacher
    looks = teacher is None or any(isinstance(layer, int) for spot in setup.distiller.spots() for layer in spot.layers)
    role = "teacher" if isinstance(setup.job, Teaching) else "student"
    shown = {role: student} if teacher is None else {"teacher": teacher, "student": student}
    plain = {role: _plain(net) for role, net in shown.items()}
    if not looks or not any(isinstance(net, Wrapped) for net in plain.values()):
        return ""
    images = setup.data.normalise(setup.data.test.images[:1])
    return "\n".join(f"{role} {net.name}\n{stage_table(net, images)}\n" for role, net in plain.items())


def _plain(net: Net) -> Net:
    return _plain(net.net) if isinstance(net, Ordered) else net
