"""The folder of a table: which table it is, and what is in it now."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import __version__
from ...errors import ConfigError, DataError, require
from ...files import read_json, require_sealed, sealed, visible, write_whole
from ...nets.digest import digest
from . import diary
from .filled import Filled
from .plan import Cell, Plan

TABLE, FORMAT = "table.json", 1
ELSEWHERE = "choose another folder with --out"


def setting_of(plan: Plan) -> dict[str, Any]:
    """What all cells of a table must have in common, or their numbers could not stand beside each other."""
    import torch

    return {
        "preset": plan.preset,
        "epochs": plan.epochs,
        "images": plan.images,
        "precision": plan.precision,
        "data": digest(plan.data),
        "torch": torch.__version__.split("+")[0],
        "kdtutor": __version__,
    }


def opened(folder: Path, plan: Plan) -> dict[str, Any]:
    """What the table in `folder` holds, now also asked for what `plan` asks; a new one where there is none.

    Raises `ConfigError` for a folder of other things or of a table with another setting, `DataError` for a damaged one.
    """
    setting, path = setting_of(plan), folder / TABLE
    asked: dict[str, list[Any]] = {"pairs": list(plan.pairs), "methods": list(plan.methods), "seeds": list(plan.seeds)}
    if not path.exists():
        told = f"{folder} holds other files and no table; name an empty or new folder with --out"
        require(not visible(folder), told)
        return {"format": FORMAT, "setting": setting, "asked": asked, "unfit": {}, "teachers": {}, "cells": []}
    stored = _read(path)
    for key, value in setting.items():
        then = stored["setting"].get(key)
        if then != value:
            what = "other training or test images" if key == "data" else f"{key} {_word(then)}, not {_word(value)}"
            raise ConfigError(f"{folder} holds a table with {what}, and tables do not mix; {ELSEWHERE}")
    union = {key: list(dict.fromkeys(stored["asked"][key] + values)) for key, values in asked.items()}
    return {**stored, "asked": union}


def _word(value: Any) -> str:
    return "as the preset has them" if value is None else str(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        stored = read_json(path.read_bytes())
        require_sealed(stored)
        require(stored["format"] == FORMAT, f"{path} was written by a newer kdtutor; update kdtutor")
        return stored
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, ConfigError):
            raise
        raise DataError(f"{path} is damaged ({error}); {ELSEWHERE}, or put back a copy of it") from None


def written(folder: Path, content: Mapping[str, Any]) -> Filled:
    """The table with the records of its cells as they are now, written down with its page."""
    from .page import html, markdown, pictures

    asked = content["asked"]
    every = [Cell(p, m, s) for p in asked["pairs"] for s in asked["seeds"] for m in asked["methods"]]
    found = [record for cell in every if (record := record_of(folder, cell)) is not None]
    filled = Filled(folder, {**content, "cells": found})
    filled = Filled(folder, sealed({**filled.content, "rows": filled.summary_rows()}))
    write_whole(folder / TABLE, json.dumps(filled.content, indent=1) + "\n")
    drawn = pictures(filled)
    for name, picture in drawn.items():
        write_whole(folder / name, picture.png)
    write_whole(folder / "table.md", markdown(filled, drawn))
    write_whole(folder / "table.html", html(filled, drawn))
    return filled


def record_of(folder: Path, cell: Cell) -> diary.Record | None:
    return diary.read(folder / "cells" / cell.name)
