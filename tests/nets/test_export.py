"""What is exported answers as the net does, says what it needs, and is used without kdtutor."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import kdtutor as kd
from kdtutor import files
from kdtutor.nets import export as exported
from kdtutor.nets.export import FORMATS
from kdtutor.nets.export_script import TOLD

BLOCKED = (
    "import runpy, sys; sys.modules['kdtutor'] = None; sys.argv = sys.argv[1:]; "
    "runpy.run_path(sys.argv[0], {}, '__main__')"
)


def told(net, size, channels, task="classification", **more):
    return {
        "task": task, "classes": [f"class {k}" for k in range(net.num_classes)], "size": [size, size],
        "channels": channels, "mean": [0.4] * channels, "std": [0.3] * channels, **more,
    }  # fmt: skip


def made(name, channels=3, size=None):
    torch.manual_seed(0)
    net = kd.nets.build(name, classes=3, channels=channels, **({} if size is None else {"size": size}))
    for parameter in net.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)  # fresh heads can be zero
    return net.requires_grad_(False)


ONNX = pytest.mark.extra("onnx", "onnxscript", "onnxruntime")


def used(folder, image):
    """What use.py prints of an image, as {name: number}, in a process that cannot import kdtutor."""
    command = [sys.executable, "-c", BLOCKED, str(folder / "use.py"), str(image)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name: float(number) for number, name in (line.split("  ") for line in done.stdout.splitlines())}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "to", "channels"),
    [
        pytest.param("lenet5", "onnx", 1, marks=ONNX),
        ("lenet5", "torch-export", 1),
        ("torchvision.mobilenet_v3_small", "safetensors", 3),
    ],
)
def test_it_is_used_without_kdtutor(name, to, channels, tmp_path):
    net = made(name, channels)
    card = told(net, 28, channels, resample="bilinear")
    folder = kd.nets.export(net, to, tmp_path / "out", torch.rand(3, channels, 28, 28), card)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    shown = Image.fromarray(pixels).convert("L" if channels == 1 else "RGB")
    square = shown.resize((28, 28), Image.Resampling.BILINEAR, (5, 0, 45, 40))
    x = torch.from_numpy(np.array(square)).view(28, 28, channels).permute(2, 0, 1)[None] / 255
    wanted = net.eval()((x - 0.4) / 0.3).softmax(1)[0]
    assert used(folder, tmp_path / "image.png") == pytest.approx(
        {name: p.item() for name, p in zip(card["classes"], wanted, strict=True)}, abs=1e-4
    )
    if to == "onnx":
        alone = subprocess.run([sys.executable, folder / "use.py"], capture_output=True, text=True)
        assert (alone.returncode, alone.stderr) == (1, "name one image: python use.py photo.jpg\n")
    stored = json.loads((folder / "model.json").read_text())
    assert stored["difference"] <= 1e-4 and stored["images checked"] == 3
    assert {"sha256", "classes", "mean", "std", "size", "parameters"} <= stored.keys()


def test_a_wrapped_model_keeps_its_own_names(tmp_path):
    from safetensors.torch import load_file
    from torchvision.models import mobilenet_v3_small

    net = made("torchvision.mobilenet_v3_small")
    folder = kd.nets.export(net, "safetensors", tmp_path / "out", torch.rand(2, 3, 32, 32), told(net, 32, 3))
    assert load_file(folder / "model.safetensors").keys() == mobilenet_v3_small(num_classes=3).state_dict().keys()


@pytest.mark.slow
@ONNX
@pytest.mark.parametrize("name", ["resnet8x0.25", pytest.param("timm.test_vit", marks=pytest.mark.extra("timm"))])
def test_any_batch_of_any_family(name, tmp_path):
    size = 64
    net = made(name, size=size if "vit" in name else None)
    folder = kd.nets.export(net, "onnx", tmp_path / "out", torch.rand(2, 3, size, size), told(net, size, 3))
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / FORMATS["onnx"])
    x = torch.rand(5, 3, size, size)
    assert np.abs(session.run(["logits"], {"images": x.numpy()})[0] - net.eval()(x).numpy()).max() <= 1e-4


def test_each_task_is_told_in_its_own_terms():
    """A row of `use.py` is a number and the name of an output."""
    card = {"classes": ["a", "b"], "task options": {"mean": [5.0, 0.0], "std": [2.0, 1.0]}}
    z = {"classification": [0.0, np.log(3)], "multi-label": [0.0, np.log(3)], "regression": [1.0, -1.0]}
    lines = {
        "classification": ["0.7500  b", "0.2500  a"],
        "multi-label": ["0.5000  a", "0.7500  b"],
        "regression": ["7.0000  a", "-1.0000  b"],
        "dense": ["0.7500  a", "0.2500  b"],
    }
    z["dense"] = [[[1.0, 1.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]]
    for task, code in TOLD.items():
        scope = {"np": np, "CARD": card}
        exec(code, scope)
        assert scope["told"](np.array(z[task])) == lines[task]


def test_what_answers_otherwise_is_not_kept(tmp_path, monkeypatch):
    net = made("lenet5", 1)
    other = made("lenet5", 1).eval()
    other.load_state_dict({name: 1.1 * value for name, value in net.state_dict().items()})
    module = sys.modules[exported.__module__]
    monkeypatch.setitem(
        module._WRITERS, "safetensors", lambda net, path, images: (path.write_bytes(b"") and other) or other
    )
    with pytest.raises(kd.Error, match=r"answers otherwise: by .* on real images, allowed is 0.0001; nothing is kept"):
        kd.nets.export(net, "safetensors", tmp_path / "out", torch.rand(2, 1, 28, 28), told(net, 28, 1))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    module = sys.modules[exported.__module__]

    def full(*_):
        raise OSError(28, "No space left on device")

    net = made("lenet5", 1)
    for owner, lacking, name in ((files, "_flush", "/model.safetensors"), (module, "script", "")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, lacking, full)
            with pytest.raises(
                kd.Error, match=rf"/out{name} cannot be written \(No space left on device\); make"
            ) as caught:
                kd.nets.export(net, "safetensors", tmp_path / "out", torch.rand(2, 1, 28, 28), told(net, 28, 1))
        assert ".part" not in str(caught.value) and list(tmp_path.iterdir()) == []


def test_whoever_reads_the_card_reads_the_weights(tmp_path):
    net = made("lenet5", 1)
    out = kd.nets.export(net, "safetensors", tmp_path / "out", torch.rand(2, 1, 28, 28), told(net, 28, 1))
    assert len({path.stat().st_mode for path in out.iterdir()}) == 1


def test_without_the_extra(monkeypatch):
    module = sys.modules[exported.__module__]
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(
        kd.Error, match=r"ONNX needs onnx and onnxscript and onnxruntime, not installed here: pip install"
    ):
        module.require_format("onnx")
