import torch

import kdtutor as kd

digits, teacher = kd.data.load("digits"), kd.preset("minute").teacher()
x, other = digits.normalise(digits.val.images[:128]).split(64)
share = torch.rand(64, 1, generator=torch.Generator().manual_seed(0))
asked = teacher(share[..., None, None] * x + (1 - share[..., None, None]) * other).softmax(1)  # about what both see
stored = share * teacher(x).softmax(1) + (1 - share) * teacher(other).softmax(1)
print(f"stored answers are off by {(asked - stored).abs().sum(1).mean().item() / 2:.0%} of the probability")
