import torch

import kdtutor as kd

digits, minute = kd.data.load("digits"), kd.preset("minute")
teacher, student, x = minute.teacher(), minute.student(), digits.normalise(digits.val.images)
e_t, e_s = teacher.trace(x).embedding.detach(), student.trace(x).embedding.detach()
fitted = torch.linalg.lstsq(e_s, e_t).solution  # a projector, in closed form; the student has no classifier to train
right = teacher.classifier(e_s @ fitted).argmax(1) == digits.val.labels
print(f"an untrained student under its teacher's classifier: {right.float().mean().item():.0%}")
