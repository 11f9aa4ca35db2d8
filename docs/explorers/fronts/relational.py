"""Fronts of the lesson on relations between samples."""

from typing import Any

import torch

from kdtutor.papers.relational import angle_loss, distance_loss, distances
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.relational import HOME, PAIRS, NeighbourExplorer, StructureExplorer, _cosines, student_space

from .front import Front, Numbers, packed, unpacked


def _structure(_: StructureExplorer, settings: Settings) -> Numbers:
    e_s, e_t = student_space(**settings), torch.tensor(HOME, dtype=torch.float64)
    first, second = zip(*PAIRS, strict=True)
    return {
        "places": e_s.flatten().tolist(),
        "distances": distances(e_s)[first, second].tolist(),
        "cosines": _cosines(e_s).tolist(),
        "distance": distance_loss(e_s, e_t).item(),
        "angle": angle_loss(e_s, e_t).item(),
    }


def _neighbours(explorer: NeighbourExplorer) -> dict[str, Any]:
    """The images that some row shows, and who stands beside whom."""
    shown = sorted({*explorer._queries, *torch.cat([rows.flatten() for rows in explorer._nearest.values()]).tolist()})
    place = {row: i for i, row in enumerate(shown)}
    nearest = {name: [[place[n] for n in row] for row in rows.tolist()] for name, rows in explorer._nearest.items()}
    return {
        "images": packed(torch.from_numpy(explorer._pixels[shown])),
        "labels": [explorer._labels[row] for row in shown],
        "queries": [place[row] for row in explorer._queries],
        "nearest": nearest,
    }


def _neighbours_again(data: dict[str, Any]) -> NeighbourExplorer:
    nearest = {name: torch.tensor(rows) for name, rows in data["nearest"].items()}
    images, labels = unpacked(data["images"])[:, None], torch.tensor(data["labels"])
    anywhere = {name: torch.zeros(len(images), 1) for name in nearest}
    explorer = NeighbourExplorer(images, labels, anywhere, data["queries"], next(iter(nearest.values())).shape[1])
    explorer._nearest = nearest
    return explorer


def _found(explorer: NeighbourExplorer, settings: Settings) -> Numbers:
    labels, asked = torch.tensor(explorer._labels), explorer._queries[settings["query"]]
    found = [rows[settings["query"]] for rows in explorer._nearest.values()]
    return {
        "found": torch.cat(found).tolist(),
        "right": [int((labels[rows] == labels[asked]).sum()) for rows in found],
    }


FRONTS = {
    StructureExplorer: Front("structure", lambda _: {}, lambda _: StructureExplorer(), _structure),
    NeighbourExplorer: Front("neighbours", _neighbours, _neighbours_again, _found),
}
