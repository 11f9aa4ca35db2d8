import torch


def step(z, a, b):  # one DDIM step for data of mean 2 and variance 0.1, from angle a to angle b
    x = 2 + 0.1 * a.cos() / (0.1 * a.cos() ** 2 + a.sin() ** 2) * (z - 2 * a.cos())
    return b.cos() * x + b.sin() * (z - a.cos() * x) / a.sin()


z, (a, middle, b) = torch.randn(1000), torch.tensor([1.5, 1.0, 0.5])
goal = step(step(z, a, middle), middle, b)  # where two steps of the teacher lead, its student is to go in one
x = (goal - b.sin() / a.sin() * z) / (b.cos() - b.sin() / a.sin() * a.cos())
print(f"so it has to predict {x.mean().item():.2f} ± {x.std().item():.2f}; one step of the teacher would be")
print(f"off by {(step(z, a, b) - goal).abs().mean().item():.3f}")
