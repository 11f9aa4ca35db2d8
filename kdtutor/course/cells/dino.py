import torch

import kdtutor as kd

digits, net = kd.data.load("digits"), kd.preset("minute").student()
z = net(digits.normalise(digits.train.images[:64])).detach()
for name, centre, T in (("neither", 0.0, 1.0), ("sharpened", 0.0, 0.04), ("and centred", 1.0, 0.04)):
    p = ((z - centre * z.mean(0)) / T).softmax(1)  # the teacher's side; no labels anywhere
    one, mean = torch.special.entr(p).sum(1).mean(), torch.special.entr(p.mean(0)).sum()
    print(f"{name:11}  entropy of one answer {one:.2f}, of the mean answer {mean:.2f}")
