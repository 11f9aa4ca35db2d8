"""`use.py`, which lies beside an exported net: what an image is to the net, without kdtutor."""

from collections.abc import Mapping
from typing import Any

HEAD = '''"""What the net beside this file says of an image: python use.py photo.jpg

Needs numpy, Pillow and {needs}; everything else is in model.json.
"""

import json
import sys
from pathlib import Path

import numpy as np
{imports}
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent
CARD = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
RESAMPLE = {{"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}}


def prepared(path):
    """The image as the net reads it: upright, the largest square in its middle, scaled, normalised; (1, C, H, W)."""
    image = ImageOps.exif_transpose(Image.open(path)).convert("L" if CARD["channels"] == 1 else "RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    height, width = CARD["size"]
    way, box = RESAMPLE[CARD.get("resample", "bilinear")], (left, top, left + side, top + side)
    image = image.resize((width, height), way, box)
    pixels = np.asarray(image, dtype=np.float32).reshape(height, width, -1) / 255
    pixels = (pixels - np.float32(CARD["mean"])) / np.float32(CARD["std"])
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


'''
RUN = {
    "onnx": """def logits(images):
    session = onnxruntime.InferenceSession(HERE / "model.onnx", providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"images": images})[0]
""",
    "torch-export": """def logits(images):
    net = torch.export.load(HERE / "model.pt2").module()
    with torch.no_grad():
        return net(torch.from_numpy(images)).numpy()
""",
    "safetensors": """def logits(images):
    net = {build}
    net.load_state_dict(load_file(HERE / "model.safetensors"))
    x = torch.from_numpy(images){repeated}
    with torch.no_grad():
        return net.eval()(x).numpy()
""",
}
TOLD = {
    "classification": '''def told(z):
    """Probabilities of the classes, the likeliest first."""
    p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    return [f"{p[k]:.4f}  {CARD['classes'][k]}" for k in np.argsort(-p)[:5]]
''',
    "multi-label": '''def told(z):
    """Probabilities of the labels, each by itself."""
    return [f"{p:.4f}  {name}" for p, name in zip(1 / (1 + np.exp(-z)), CARD["classes"])]
''',
    "regression": '''def told(z):
    """The numbers, in their own unit."""
    options = CARD["task options"]
    values = z * np.array(options["std"]) + np.array(options["mean"])
    return [f"{value:.4f}  {name}" for value, name in zip(values, CARD["classes"])]
''',
    "dense": '''def told(z):
    """The share of the pixels that each class takes."""
    share = np.bincount(z.argmax(0).ravel(), minlength=len(CARD["classes"])) / z[0].size
    return [f"{value:.4f}  {name}" for value, name in zip(share, CARD["classes"])]
''',
}
MAIN = """

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("name one image: python use.py photo.jpg")
    print("\\n".join(told(logits(prepared(sys.argv[1]))[0])))
"""


def script(card: Mapping[str, Any]) -> str:
    """The text of `use.py` for a net with this card.

    >>> "import kdtutor" in script({"format": "onnx", "task": "classification"})
    False
    """
    to = card["format"]
    needs, imports, build = {
        "onnx": ("onnxruntime", "import onnxruntime", ""),
        "torch-export": ("torch", "import torch", ""),
    }.get(to) or _rebuilt(card["net"])
    repeated = ".repeat(1, 3, 1, 1)" if card.get("channels") == 1 and build.startswith(("timm", "torchvision")) else ""
    body = RUN[to].replace("{build}", build).replace("{repeated}", repeated)
    head = HEAD.format(needs=needs, imports=imports)
    return f"{head}{body}\n\n{TOLD[card.get('task', 'classification')]}{MAIN}"


def _rebuilt(config: Mapping[str, Any]) -> tuple[str, str, str]:
    """Who else can make the net of this config: what that needs, its imports, and the call."""
    library, _, name = str(config["name"]).partition(".")
    imports = "import torch\nfrom safetensors.torch import load_file"
    classes, size = config["classes"], config.get("size")
    if library == "torchvision":
        options = f"{name!r}, num_classes={classes}"
        if size and name.startswith("vit_"):
            options += f", image_size={size}"
        elif size and name.startswith("maxvit"):
            options += f", input_size=({size}, {size})"
        elif name in ("googlenet", "inception_v3"):
            options += ", aux_logits=False, init_weights=True"
        call = f"torchvision.models.get_model({options})"
        return "torch, torchvision and safetensors", f"import torch\nimport torchvision\n{imports[13:]}", call
    if library == "timm":
        return "torch, timm and safetensors", f"import timm\n{imports}", _of_timm(name, classes, config)
    made = ", ".join(f"{key}={value!r}" for key, value in config.items() if value is not None)
    return "kdtutor", f"import kdtutor\n{imports}", f"kdtutor.nets.build({made})"


def _of_timm(name: str, classes: int, config: Mapping[str, Any]) -> str:
    channels = config.get("channels")
    options = f"{name!r}, num_classes={classes}" + (f", in_chans={channels}" if channels not in (None, 1, 3) else "")
    return f"timm.create_model({options})"
