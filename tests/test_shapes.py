"""The shapes that annotations tell are checked while the tests run, and every public tensor tells one."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from jaxtyping import Float, Int
from torch import Tensor, fx, nn

import kdtutor as kd
from kdtutor.papers import attention, fsp, relational

from .shapes import CHECKED, ShapeMismatch, checked

LAYERS = ("papers", "nets", "train", "data")
MAPS = [torch.rand(2, 3, 8, 8), torch.rand(2, 5, 4, 4)]
DIGITS = torch.rand(2, 1, 28, 28)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_module_is_checked(layer):
    loaded = getattr(kd, layer)
    assert getattr(loaded, CHECKED) is checked


def test_a_result_of_another_shape_than_the_annotation_fails(monkeypatch):
    embeddings = torch.rand(3, 4)
    assert relational.distances(embeddings).shape == (3, 3)
    monkeypatch.setattr(relational, "_distances", lambda _: torch.rand(3, 2))
    with pytest.raises(ShapeMismatch, match=r"relational.distances: return is torch.float32 \(3, 2\)"):
        relational.distances(embeddings)


def test_a_method_a_property_and_a_data_class_are_checked(monkeypatch):
    net = kd.nets.build("resnet8x0.25", classes=10, channels=1)
    monkeypatch.setattr(net, "classifier", nn.Flatten(0))
    with pytest.raises(ShapeMismatch, match=r"Staged\.classify: return"):
        net.classify(torch.rand(4, net.embedding_dim))
    trace = kd.Trace(None, [], torch.rand(2, 4), torch.rand(2, 10))
    vars(trace)["active_stem"] = torch.rand(2)
    with pytest.raises(ShapeMismatch, match=r"Trace\.taps: return"):
        _ = trace.taps
    with pytest.raises(ShapeMismatch, match=r"Trace\.__init__: logits"):
        kd.Trace(None, MAPS, torch.rand(2, 4), torch.rand(3, 10))


def test_every_item_of_a_sequence_is_looked_at():
    @checked
    def first(maps: list[Float[Tensor, "B C"]], of: dict[str, Int[Tensor, " B"]]) -> tuple[Float[Tensor, "B C"], int]:
        return maps[0], len(of)

    good, number = torch.rand(2, 3), torch.tensor([1, 2])
    assert first([good, good], {"a": number})[1] == 1
    with pytest.raises(ShapeMismatch, match="maps"):
        first([good, good, good[:1]], {"a": number})
    with pytest.raises(ShapeMismatch, match="of"):
        first([good], {"a": number, "b": good})
    with pytest.raises(ShapeMismatch, match="of"):
        first([good, good], {"a": number.double()})  # the shapes have been there, the kind has not


def test_a_data_class_of_ones_own():
    @checked
    @dataclass
    class Pair:
        a: Float[Tensor, " n"]
        b: Float[Tensor, " n"] | None = None

    assert Pair(torch.rand(2)).b is None
    with pytest.raises(ShapeMismatch, match=r"Pair\.__init__: b"):
        Pair(torch.rand(2), torch.rand(3))


def test_a_refusal_comes_before_the_check():
    with pytest.raises(kd.ShapeError, match="expected"):
        attention.attention_map(torch.rand(2, 3, 4))


def test_maps_of_different_channels_and_sizes_are_valid():
    assert attention.at_loss(MAPS, MAPS) == fsp.fsp_loss(MAPS, MAPS) == 0


def test_a_net_is_still_traced_and_compiled():
    net = kd.nets.build("resnet8x0.25", classes=10, channels=1).eval()
    want = net(DIGITS)
    traced = fx.symbolic_trace(nn.Sequential(net.stem, net.stages[0]))
    torch.testing.assert_close(traced(DIGITS), net.run(DIGITS, 0), rtol=0, atol=0)
    torch.testing.assert_close(torch.compile(net, backend="eager", fullgraph=True)(DIGITS), want)


def bare_tensors(path: Path) -> Iterator[str]:
    """`function.argument` of every public signature, and `Class.field`, whose annotation has a bare Tensor in it; but
    for mappings of names to tensors, a state, whose tensors have no shape in common."""

    def bare(annotation: ast.expr | None) -> bool:
        if isinstance(annotation, ast.Subscript):
            name, inner = ast.unparse(annotation.value), annotation.slice
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if name in ("dict", "Mapping") or (
                isinstance(parts[-1], ast.Constant) and isinstance(parts[-1].value, str)
            ):
                return False  # the latter is Float[Tensor, "B C"] and its like
            return any(map(bare, parts))
        if isinstance(annotation, ast.BinOp):
            return bare(annotation.left) or bare(annotation.right)
        if isinstance(annotation, ast.List):
            return any(map(bare, annotation.elts))
        return isinstance(annotation, ast.Name) and annotation.id == "Tensor"

    def walk(body: list[ast.stmt], prefix: str) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.AnnAssign) and bare(node.annotation):
                yield f"{prefix}{ast.unparse(node.target)}"
            if not isinstance(node, ast.ClassDef | ast.FunctionDef):
                continue
            if node.name.startswith("_") and not node.name.endswith("__"):
                continue
            if isinstance(node, ast.ClassDef):
                yield from walk(node.body, f"{prefix}{node.name}.")
                continue
            args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
            yield from (f"{prefix}{node.name}.{a.arg}" for a in args if a is not None and bare(a.annotation))
            if bare(node.returns):
                yield f"{prefix}{node.name}.return"

    return walk(ast.parse(path.read_text(encoding="utf-8")).body, f"{path.parent.name}/{path.name}: ")


def test_every_public_tensor_tells_its_shape(tmp_path):
    (tmp_path / "sample.py").write_text(
        "def f(a: Tensor, b: Float[Tensor, ''], c: dict[str, Tensor]) -> tuple[Tensor, int]: ...\n"
        "class A:\n    x: Tensor | None\n    def _g(self, x: Tensor): ...\n"
    )
    assert [found.split(": ")[1] for found in bare_tensors(tmp_path / "sample.py")] == ["f.a", "f.return", "A.x"]
    modules = [path for layer in LAYERS for path in Path(kd.__file__).parent.joinpath(layer).glob("*.py")]
    assert len(modules) > 40
    assert [found for path in modules for found in bare_tensors(path)] == []
