"""Front of the toy of the lesson on matching."""

from kdtutor.papers.matching import flow_cost
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.pairing import STUDENTS, TEACHER, PairingExplorer, directions, paired_off

from .front import Front, Numbers


def _pairs(_: PairingExplorer, settings: Settings) -> Numbers:
    cost = flow_cost(directions([settings[name] for name in STUDENTS]), directions(TEACHER))
    M = paired_off(cost, settings["pairing"])
    return {"cost": cost.flatten().tolist(), "total": (M * cost).sum().item(), "owners": M.argmax(0).tolist()}


FRONTS = {PairingExplorer: Front("pairing", lambda _: {}, lambda _: PairingExplorer(), _pairs)}
