"""The vision transformer: its attention against torch's own, its tokens, its costs, and what it refuses."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, nets
from kdtutor.nets import vit
from kdtutor.nets.layout import lay_out
from kdtutor.nets.rollout import attentions, rollout, token_similarity

DIGITS = torch.randn(3, 1, 28, 28, generator=torch.Generator().manual_seed(1))


def net(name: str = "deit7_2", **options: int) -> vit.ViT:
    kd.seed_everything(0)
    made = nets.build(name, **{"classes": 10, "channels": 1, **options})
    assert isinstance(made, vit.ViT)
    return made


def test_patches_are_cut_row_by_row_as_unfold_does():
    x = torch.randn(2, 3, 8, 12, generator=torch.Generator().manual_seed(0))
    cut = vit.patches(x, 4)
    assert torch.equal(cut, F.unfold(x, 4, stride=4).mT) and torch.equal(vit.from_patches(cut, 4, (2, 3)), x)
    with pytest.raises(ShapeError, match="8 × 12 pixels cannot be cut into patches of 5"):
        vit.patches(x, 5)


def test_attention_is_torchs_own_with_its_gradient():
    q, k, v = torch.randn(3, 2, 3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64).unbind()
    inputs = [x.requires_grad_() for x in (q, k, v)]
    ours, weights = vit.attention(*inputs)
    theirs = F.scaled_dot_product_attention(*inputs)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    push = torch.randn_like(ours)
    for a, b in zip(*(torch.autograd.grad(x, inputs, push) for x in (ours, theirs)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))


def test_a_block_is_torchs_encoder_layer():
    block, width = net("vit7_2").double().stages[1], 48
    theirs = nn.TransformerEncoderLayer(
        width, 3, 4 * width, dropout=0.0, activation="gelu", layer_norm_eps=vit.EPS, batch_first=True, norm_first=True
    ).double()
    parts = {
        "self_attn.in_proj_": block.attention.qkv, "self_attn.out_proj.": block.attention.projection,
        "linear1.": block.mlp.linear1, "linear2.": block.mlp.linear2, "norm1.": block.norm1, "norm2.": block.norm2,
    }  # fmt: skip
    theirs.load_state_dict(
        {name + end: getattr(part, end) for name, part in parts.items() for end in ("weight", "bias")}
    )
    x = torch.randn(2, 6, width, dtype=torch.float64)
    torch.testing.assert_close(block(x), theirs(x), rtol=1e-10, atol=1e-10)


def test_a_trace_has_the_patches_as_maps_and_two_answers():
    made = net()
    trace = made.trace(DIGITS)
    assert [tuple(h.shape) for h in trace.taps] == [(3, 48, 4, 4)] * 3
    assert all(torch.equal(a, b) for a, b in zip(trace.active, trace.stages, strict=True)), "no ReLU follows"
    tokens, _ = made.embedded(DIGITS)
    torch.testing.assert_close(made.stages[0](tokens)[:, 2:], trace.stages[0].flatten(2).mT)
    z_class, z_distillation = made.heads(trace.embedding)
    assert torch.equal(trace.logits, (z_class + z_distillation) / 2) and torch.equal(made(DIGITS), trace.logits)
    assert not torch.equal(z_class, z_distillation)
    assert torch.equal(made.run(DIGITS, 0), trace.stages[0])
    plain = net("vit7_2").trace(DIGITS)
    assert plain.embedding.shape == (3, 48) and trace.embedding.shape == (3, 96)


def test_first_weights_are_cut_off_normals_and_equal_seeds_give_equal_nets():
    made = net("deit4")
    for layer in (m for m in made.stages.modules() if isinstance(m, nn.Linear)):
        assert layer.weight.std().item() == pytest.approx(layer.in_features**-0.5, rel=0.05)
    assert made.tokens.std() > 0 and made.positions.std().item() == pytest.approx(vit.STD, rel=0.05)
    assert all(not m.bias.any() for m in made.modules() if isinstance(m, nn.Linear))
    assert all(torch.equal(a, b) for a, b in zip(made.parameters(), net("deit4").parameters(), strict=True))


@pytest.mark.parametrize(("name", "patch", "depth", "w", "extra"), [("vit4", 4, 4, 48, 1), ("deit7_2x2", 7, 2, 96, 2)])
def test_costs_are_those_that_one_counts_by_hand(name, patch, depth, w, extra):
    made = net(name)
    n = (28 // patch) ** 2
    tokens = n + extra
    a_block = 12 * tokens * w**2 + 2 * tokens**2 * w  # four linear layers, and the two products of attention
    assert nets.count_multiply_adds(made, DIGITS[:1]) == depth * a_block + n * patch**2 * w + extra * 10 * w
    numbers = depth * (12 * w**2 + 13 * w) + (patch**2 + 1 + tokens) * w + 2 * w + extra * 10 * (w + 1)
    assert nets.count_parameters(made) == numbers


def test_other_sizes_are_read_and_float64_and_layouts_change_nothing():
    made = net(channels=3).double().eval()
    for size in ((28, 28), (32, 32), (24, 40), (5, 7)):
        assert made(torch.zeros(2, 1, *size, dtype=torch.float64)).shape == (2, 10)
    x = torch.randn(2, 3, 28, 28, dtype=torch.float64)
    want = made(x)
    lay_out(made, channels_last=True)
    assert torch.equal(made(x.contiguous(memory_format=torch.channels_last)), want)
    shifted = net(size=35).positions
    assert shifted.shape == (25, 48) and nets.build(**net(size=35).config).grid == (5, 5)


def test_attention_of_each_block_and_what_it_comes_to():
    made = net()
    layers = attentions(made, DIGITS)
    assert [tuple(weights.shape) for weights in layers] == [(3, 3, 18, 18)] * 2
    tokens, _ = made.embedded(DIGITS)
    by_hand = made.stages[0](tokens)
    q, k, _ = made.stages[1].attention.qkv(made.stages[1].norm1(by_hand)).chunk(3, 2)
    first = (q[0, :, :16] @ k[0, :, :16].T / 4).softmax(1)
    torch.testing.assert_close(layers[1][0, 0], first)
    whole = rollout(layers)
    a, b = ((weights.mean(1) + torch.eye(18)) / 2 for weights in layers)
    torch.testing.assert_close(whole, b @ a)
    torch.testing.assert_close(whole.sum(-1), torch.ones(3, 18))
    likeness = token_similarity(made, DIGITS)
    torch.testing.assert_close(likeness[0], F.cosine_similarity(*made.tokens, dim=0))
    with pytest.raises(ShapeError, match="there is no attention"):
        rollout([])


def test_what_a_map_does_not_hold_is_refused():
    made = net("vit7_2")
    h = made.trace(DIGITS).active[-1]
    for call in (lambda: made.run(h, 2), lambda: made.embed(h)):
        with pytest.raises(ConfigError, match="cannot be computed from a map: the class token is missing"):
            call()
    for call in (lambda: made.heads(torch.zeros(1, 48)), lambda: token_similarity(made, DIGITS)):
        with pytest.raises(ConfigError, match=r"vit7_2 has no distillation token.*nets.build\('deit7_2'\)"):
            call()
    with pytest.raises(ConfigError, match="'vit0': a vit needs patches of 1 pixel"):
        nets.build("vit0")
    with pytest.raises(ConfigError, match="stem_stride is 2, but vit4 has no stem"):
        nets.build("vit4", stem_stride=2)


def test_its_weights_are_kept_and_exported(tmp_path):
    made = net().eval()
    told = dict.fromkeys(nets.models.TOLD, "…")
    again = nets.teacher(nets.save_model(made, tmp_path / "kept", told))
    assert torch.equal(again(DIGITS), made(DIGITS))
    for form in ("safetensors", "torch-export"):
        assert nets.export(made, form, tmp_path / form, DIGITS, {"mean": [0.5], "std": [0.2]}).is_dir()


def test_without_positions_an_image_is_a_bag_of_patches():
    made = net("vit7_2")
    turned = DIGITS.flip(2).unflatten(2, (4, 7)).flip(3).flatten(2, 3)  # rows of patches in the opposite order
    assert not torch.allclose(made(turned), made(DIGITS), atol=1e-3)
    nn.init.zeros_(made.positions)
    torch.testing.assert_close(made(turned), made(DIGITS))
