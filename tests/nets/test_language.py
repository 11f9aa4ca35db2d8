"""Language models: what they may see, what they keep, and how text is drawn from them."""

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.nets.sampling import continued, drawn, probabilities


def model(seed=0, name="gpt2x32", **options):
    kd.seed_everything(seed)
    return kd.nets.language_model(name, **{"vocabulary": 11, "context": 12, **options})


def tokens(B=3, L=12, seed=0):
    return torch.randint(11, (B, L), generator=torch.Generator().manual_seed(seed))


def test_no_place_sees_what_comes_after_it():
    net, x = model(), tokens()
    changed = x.clone()
    changed[:, 7] = (x[:, 7] + 1) % 11
    before, after = net(x), net(changed)
    torch.testing.assert_close(before[:, :7], after[:, :7])
    assert (before[:, 7:] != after[:, 7:]).any(-1).all()


def test_one_character_at_a_time_gives_the_same_logits():
    net, x = model().double(), tokens()
    z, past = net.extend(x[:, :4])
    found = [z]
    for place in range(4, 12):
        z, past = net.extend(x[:, place : place + 1], past)
        found.append(z)
    torch.testing.assert_close(torch.cat(found, 1), net(x), rtol=1e-10, atol=1e-12)


def test_the_names_say_blocks_and_width():
    net = model(name="gpt3x16", dropout=0.1)
    assert len(net.blocks) == 3 and net.head.in_features == 16
    again = kd.nets.language_model(**net.config)
    assert again.load_state_dict(net.state_dict()) and kd.nets.count_parameters(again) == kd.nets.count_parameters(net)
    for wrong in ("gpt2", "gpt0x16", "gpt2x20", "resnet8"):
        with pytest.raises(ConfigError, match="names no language model"):
            kd.nets.language_model(wrong, 11)
    with pytest.raises(ConfigError, match="vocabulary=0"):
        kd.nets.language_model("gpt1x16", 0)
    with pytest.raises(ConfigError, match="dropout=1"):
        kd.nets.language_model("gpt1x16", 11, dropout=1)


def test_too_long_a_text_is_refused():
    net = model()
    with pytest.raises(ShapeError, match="L ≤ 12, got L = 13"):
        net(tokens(L=13))
    with pytest.raises(ShapeError, match=r"got \(12,\)"):
        net(tokens()[0])
    with pytest.raises(ShapeError, match="one at a time"):
        net.extend(tokens(L=2), net.extend(tokens(L=3))[1])
    with pytest.raises(ShapeError, match="1 to 13 in all"):
        continued(net, tokens(L=3), torch.rand(3, 11))


def test_equal_numbers_draw_equal_text_whatever_the_mode():
    net, u = model(dropout=0.5), torch.rand(3, 9, generator=torch.Generator().manual_seed(1))
    net.train()
    first = continued(net, tokens(L=4), u)
    assert torch.equal(first, continued(net, tokens(L=4), u)) and net.training
    assert first.shape == (3, 13) and torch.equal(first[:, :4], tokens(L=4)) and not first.requires_grad


def test_drawing_follows_the_probabilities():
    p = torch.tensor([[0.1, 0.0, 0.6, 0.3]])
    u = (torch.arange(1000) + 0.5) / 1000
    shares = drawn(p.expand(1000, 4), u).bincount(minlength=4) / 1000
    torch.testing.assert_close(shares, p[0], rtol=0, atol=0.002)
    assert drawn(p, torch.zeros(1)).item() == 0 and drawn(p, torch.ones(1)).item() == 3


def test_temperature_and_top_k():
    z = torch.tensor([[2.0, 1.0, 0.0, 1.5]])
    torch.testing.assert_close(probabilities(z, T=2.0), (z / 2).softmax(-1))
    assert probabilities(z, T=0).tolist() == [[1, 0, 0, 0]]
    two = probabilities(z, top_k=2)
    torch.testing.assert_close(two[0, [0, 3]], torch.tensor([2.0, 1.5]).softmax(0))
    assert two[0, [1, 2]].sum() == 0
    with pytest.raises(ConfigError, match="T=-1"):
        probabilities(z, T=-1)
    with pytest.raises(ConfigError, match="top_k=0"):
        probabilities(z, top_k=0)


def test_a_mixture_of_two_writers():
    student, teacher = model(0), model(1)
    prompts, u = tokens(L=4), torch.rand(3, 3, generator=torch.Generator().manual_seed(2))
    assert torch.equal(continued(student, prompts, u, other=teacher, share=0.0), continued(student, prompts, u))
    assert torch.equal(continued(student, prompts, u, other=teacher, share=1.0), continued(teacher, prompts, u))
    p = 0.7 * student(prompts)[:, -1].softmax(-1) + 0.3 * teacher(prompts)[:, -1].softmax(-1)
    mixed = continued(student, prompts, u[:, :1], other=teacher, share=0.3)
    assert torch.equal(mixed[:, -1], drawn(p, u[:, 0]))


def test_a_saved_model_comes_back_in_full_precision(tmp_path):
    net = model()
    told = dict.fromkeys(("data", "recipe", "seed", "command"), "…")
    path = kd.nets.save_language_model(net, "mine", told, tmp_path)
    back = kd.nets.trained_language_model(path)
    assert next(back.parameters()).dtype == next(net.parameters()).dtype == torch.float32 and not back.training
    assert back.card["parameters"] == kd.nets.count_parameters(net)
    torch.testing.assert_close(back(tokens()), net(tokens()), rtol=0, atol=2e-3)
    assert path.stat().st_size < 2.3 * kd.nets.count_parameters(net) + 5000
