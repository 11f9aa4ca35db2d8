import torch
import torch.nn.functional as F

import kdtutor as kd

digits, net = kd.data.load("digits"), kd.preset("minute").student()
seven = digits.train.labels == 7
real, made = digits.normalise(digits.train.images[seven]), torch.randn(1, 1, 28, 28, requires_grad=True)
pull = torch.optim.Adam([made], lr=0.1)
for _ in range(10):  # one made image is to move the weights as all real sevens do
    losses = [F.cross_entropy(net(x), torch.full((len(x),), 7)) for x in (real, made)]
    goal, own = (torch.autograd.grad(loss, list(net.parameters()), create_graph=True) for loss in losses)
    distance = sum(1 - F.cosine_similarity(a.flatten(), b.flatten(), dim=0) for a, b in zip(goal, own, strict=True))
    pull.zero_grad(), distance.backward(), pull.step()
print(f"distance of the gradients after ten steps: {distance.item():.2f}")
