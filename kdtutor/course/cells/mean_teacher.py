import copy

import kdtutor as kd

digits, student = kd.data.load("digits"), kd.preset("minute").student()
teacher, optimiser = copy.deepcopy(student), kd.Recipe(lr=0.2).optimise(student.parameters())
for step in range(20):
    x, y = digits.normalise(digits.train.images[64 * step :][:64]), digits.train.labels[64 * step :][:64]
    steady = (student(x).softmax(1) - teacher(x).detach().softmax(1)).square().mean()
    kd.train.minimise(
        {"task": kd.train.task_loss(student(x), y), "steady": steady}, {"task": 1.0, "steady": 10.0}, optimiser
    )
    for slow, fast in zip(teacher.parameters(), student.parameters(), strict=True):
        slow.data.lerp_(fast.data, 0.05)  # the teacher is a running mean of its student
print(f"after 20 steps their answers differ by {steady.item():.4f}")
