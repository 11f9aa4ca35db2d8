"""An explorer that only a kernel can compute, as pictures: for the values of each control, the others left alone."""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from kdtutor.widgets.explorer import Explorer
from kdtutor.widgets.film import Film

from .controls import described

FEW, MOMENTS = 9, 24  # pictures of one control; of a film's first control
TEN = 10  # a menu of the ten classes is not cut


def frames(explorer: Explorer, folder: Path, name: str) -> dict[str, Any]:
    """Controls with the values that are kept, and for each a file in folder/name and its sentence."""
    from .shown import sentence

    (folder / name).mkdir(parents=True)
    before, size = explorer.settings, None
    controls, files = [control for control in described(explorer) if len(control["values"]) > 1], {}
    pictures: dict[str, list[dict[str, str]]] = {}
    for control in controls:
        film = isinstance(explorer, Film) and control is controls[0]
        kept = few(control["values"], before[control["name"]], MOMENTS if film else FEW)
        control.update({what: [control[what][k] for k in kept] for what in ("values", "texts")})
        pictures[control["name"]] = []
        for k, value in enumerate(control["values"]):
            explorer.set(**{**before, control["name"]: value})
            drawn = bytes(explorer.image.value)
            if drawn not in files:
                files[drawn] = f"{name}/{control['name']}-{k}.webp"
                small, size = webp(drawn)
                (folder / files[drawn]).write_bytes(small)
            pictures[control["name"]].append({"file": files[drawn], "sentence": sentence(explorer)})
    explorer.set(**before)
    return {"controls": controls, "frames": pictures, "size": size}


def few(values: list[Any], chosen: Any, most: int) -> list[int]:
    """The places of at most `most` values, both ends and the chosen one among them, the others evenly between."""
    last = len(values) - 1
    if len(values) <= max(most, TEN):
        return list(range(len(values)))
    here = values.index(chosen)
    places = {round(k * last / (most - 1)) for k in range(most)}
    if here not in places:
        places.remove(min(places - {0, last}, key=lambda place: abs(place - here)))
    return sorted({*places, here})


def webp(png: bytes) -> tuple[bytes, tuple[int, int]]:
    """A picture as the smaller of two WebPs, one exact and one that nobody tells apart from it; and its size."""
    picture = Image.open(io.BytesIO(png))
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    found = []
    for options in ({"lossless": True}, {"quality": 60}):
        buffer = io.BytesIO()
        flat.save(buffer, "WEBP", method=6, **options)
        found.append(buffer.getvalue())
    return min(found, key=len), flat.size
