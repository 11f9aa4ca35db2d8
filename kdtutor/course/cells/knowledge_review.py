import torch.nn.functional as F

import kdtutor as kd

digits, minute = kd.data.load("digits"), kd.preset("minute")
x = digits.normalise(digits.val.images[:64])
f_s, f_t = (net.trace(x).active[1].mean(1, keepdim=True) for net in (minute.student(), minute.teacher()))
parts = {f_s.shape[-1]: F.mse_loss(f_s, f_t).item()}
for size in (4, 2, 1):  # the same two maps from further and further away, each for half as much
    parts[size] = F.mse_loss(*(F.adaptive_avg_pool2d(f, size) for f in (f_s, f_t))).item()
print("hierarchical context loss:", " + ".join(f"{0.5**n:g} · {part:.3f}" for n, part in enumerate(parts.values())))
